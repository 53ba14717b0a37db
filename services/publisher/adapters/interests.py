"""What anybody wants to be told: so that records nobody waits for are passed over unread.

What the publisher itself must hear of is always read, whoever else wants to be told.

Most of what happens concerns no subscriber, and reading a record costs more than looking at its headers. Interests are
read anew each second and whenever a subscription changes in this process: another process may pass over what
happens in the first second of a subscription that was made elsewhere.
"""

import time
from collections.abc import Collection, Sequence
from typing import Any

from shared import topics
from shared.database import Database
from shared.events import EventType

EVERYTHING = frozenset({"*"})
FRESH_SECONDS = 1.0
_ALWAYS_READ = frozenset({topics.RESPONSES.name, topics.ACCOUNTS.name})


class Interests:
    """Knows for which agencies' events of which types there is a subscription."""

    def __init__(self, database: Database, heard: Collection[EventType] = ()) -> None:
        """``heard`` are the events that are read for every agency."""
        self._database = database
        self._heard = frozenset(event.__name__ for event in heard)
        self._types: dict[str, frozenset[str]] = {}
        self._read_at = float("-inf")
        self._outdated = True

    def forget(self) -> None:
        """Somebody may want something else from now on."""
        self._outdated = True

    async def wanted(self, records: Sequence[Any]) -> Sequence[Any]:
        """Those of a batch of records that are to be read."""
        if time.monotonic() - self._read_at >= FRESH_SECONDS:
            self._outdated = True
        while self._outdated:
            await self._read()
        return [record for record in records if self._is_wanted(record)]

    async def _read(self) -> None:
        # What is said while we read may be missing in what we read.
        self._outdated, read_at = False, time.monotonic()
        try:
            rows = await self._database.run(_INTERESTS)
        except BaseException:
            self._outdated = True
            raise
        self._types = {
            row["agency"]: EVERYTHING if row["everything"] else frozenset(row["types"] or ()) for row in rows
        }
        self._read_at = read_at

    def _is_wanted(self, record: Any) -> bool:
        if record.topic in _ALWAYS_READ or record.value is None:
            return True
        headers = dict(record.headers)
        kind = headers.get("ce_type", b"").decode("utf-8", "replace")
        types = self._types.get(headers.get("ce_agency", b"").decode("utf-8", "replace"), frozenset())
        if kind in self._heard or types is EVERYTHING or kind in types:
            return True
        if record.topic == topics.COMMENTS.name:
            return b'"callback":"' in record.value
        # Clients of our own API are told of their comments' replies without a subscription.
        return record.topic == topics.PUBLICATIONS.name and b'"platform":"rest"' in record.value


_INTERESTS = """
    SELECT agency, bool_or(types = '{}') AS everything,
           array_agg(DISTINCT type) FILTER (WHERE type IS NOT NULL) AS types
    FROM subscription LEFT JOIN LATERAL unnest(types) AS of_it (type) ON true
    WHERE kind = 'subscription' AND deleted_at IS NULL GROUP BY agency
"""
