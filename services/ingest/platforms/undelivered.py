"""Word that a reply has not arrived, as far as the platforms that give it share it.

What must stay true: none of it says that there is nothing left to answer (``not_possible``): the platform had taken the
reply, so a person looks at it again. Of what platforms say in words only what names no citizen is passed on.
"""

import re
from datetime import datetime

from services.ingest.domain.entries import Entry, Undelivered, Unused
from services.ingest.domain.text import clean_name

BLOCKED = "blocked"
"""The person, or whoever guards them, does not want it, or the platform keeps it from them."""
NOT_PERMITTED = "not_permitted"
REJECTED = "rejected"
WINDOW_CLOSED = "window_closed"

_KEY = re.compile(r"pub_[0-9a-f]{32}(\.[1-9][0-9]{0,3})?")


def undelivered(account: str, native_id: str | None, carried: object, reason: str, detail: str, at: datetime) -> Entry:
    """The entry for it. ``carried`` is what the platform gives back of what was sent along: passed on if it is a
    publication's key. What neither names is not ours: others may send from the same account."""
    publication = carried if isinstance(carried, str) and _KEY.fullmatch(carried) else None
    if native_id is None and publication is None:
        return Unused(account, "foreign")
    return Undelivered(account, native_id, publication, reason, clean_name(detail) or reason, at)
