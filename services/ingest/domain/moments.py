"""Times that a platform may tell: what lies outside is a mistake, and would break arithmetic or the database.

The first and the last days of the calendar cannot be moved to another zone.
"""

from datetime import UTC, datetime

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9998, 12, 31, tzinfo=UTC)


def plausible(moment: datetime) -> datetime | None:
    """``moment`` in UTC; None for one that nobody can have meant. ``moment`` has an offset."""
    return moment.astimezone(UTC) if EARLIEST <= moment <= LATEST else None
