"""Durations and moments as people write them on a command line."""

import re
from datetime import UTC, datetime, timedelta

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def read_duration(given: str, now: datetime | None = None) -> timedelta:
    """``90s``, ``15m``, ``24h``, ``2d``, or the time that has passed since an RFC 3339 moment.

    Raises ``ValueError`` with a sentence for people.
    """
    if found := re.fullmatch(r"(\d{1,6})([smhd])", given):
        return timedelta(**{_UNITS[found[2]]: int(found[1])})
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise ValueError(f"{given!r} is no duration such as 90s, 15m, 24h or 2d, and no moment") from None
    if moment.tzinfo is None:
        raise ValueError(f"{given!r} has no time zone; write for example 2026-11-22T08:00:00Z")
    return (now or datetime.now(UTC)) - moment
