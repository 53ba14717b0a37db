"""What a client asks when it lists requests: which ones, from when to when, how far they have come.

The protocol shows at most ninety days, and the latest ninety where none are named. A time without an offset is taken
as UTC, and a plus sign that an address turned into a space is put back.

Source: GeoReport v2, "GET Service Requests" (wiki.open311.org/GeoReport_v2).
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from services.ingest.adapters.open311.answers import Refused
from services.ingest.domain.reports import CLOSED, OPEN
from services.ingest.domain.statuses import Status

MOST_REQUESTS: Final = 1_000
LONGEST: Final = timedelta(days=90)

_LOST_PLUS: Final = re.compile(r"(?<=:\d\d) (?=\d\d:?\d\d$)")
_SECOND: Final = timedelta(seconds=1)
_STATUSES: Final = {"open": OPEN, "closed": CLOSED}


def listed(value: str | None) -> list[str]:
    """What stands between the commas. Raises ``Refused`` 400 for more than can be answered, and for what no id has."""
    found = [one.strip() for one in (value or "").split(",") if one.strip()]
    if len(found) > MOST_REQUESTS or not all(one.isprintable() for one in found):
        raise Refused(400, f"Send at most {MOST_REQUESTS} printable values in one list.")
    return found


def statuses(value: str | None) -> Sequence[Status]:
    """The statuses of comments that are meant; none for any. Raises ``Refused`` 400."""
    wanted = {word.lower() for word in listed(value)}
    if wanted - _STATUSES.keys():
        raise Refused(400, "status: send open, closed, or both with a comma between.")
    return [status for word in sorted(wanted) for status in _STATUSES[word]]


def span(start: str | None, end: str | None, now: datetime) -> tuple[datetime, datetime]:
    """From when (inclusive) to when (exclusive). Raises ``Refused`` 400.

    Answers tell whole seconds, so that what is asked for up to a second is asked for up to its end.
    """
    first, last = _moment("start_date", start), _moment("end_date", end)
    try:
        if first is None:
            first = (last or now) - LONGEST
        until = first + LONGEST if last is None else last
        if not timedelta() <= until - first <= LONGEST:
            raise Refused(400, f"start_date, end_date: send a span of at most {LONGEST.days} days, its start first.")
        return first, until.replace(microsecond=0) + _SECOND
    except OverflowError as error:
        raise Refused(400, "start_date, end_date: send dates of this age.") from error


def _moment(name: str, value: str | None) -> datetime | None:
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(_LOST_PLUS.sub("+", value.strip()))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Refused(400, f"{name}: send a date and time as 2026-01-31T00:00:00Z.") from error
