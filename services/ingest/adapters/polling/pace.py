"""When a platform is asked: often enough to be quick, seldom enough to stay welcome."""

from dataclasses import dataclass
from datetime import datetime, timedelta

LONGEST_RETRY_SECONDS = 60.0
LONGEST_RECONNECT_SECONDS = 300.0
FIRST_LOOK = timedelta(hours=24)
"""How far back a platform that pushes is asked at the very first time."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often the accounts of one platform are asked. All numbers are seconds, hours or comments, as named.

    ``least_seconds`` lie between two polls however often a stream wakes them. ``retry_seconds`` and
    ``reconnect_seconds`` are the first pauses after trouble; they grow. ``patience_seconds`` of trouble without a break
    degrade an account. ``deaf_seconds`` pass before a server without a stream is asked for one again.
    """

    poll_seconds: float
    least_seconds: float
    reread_seconds: float
    reread_batch: int
    reread_hours: float
    backlog_hours: float
    grace_seconds: float
    retry_seconds: float
    reconnect_seconds: float
    patience_seconds: float
    deaf_seconds: float

    def since(self, connected_at: datetime, now: datetime, *, reconciles: bool, first: bool) -> datetime:
        """How old what is read may be: a new account does not answer what was said years ago.

        A platform that pushes has told all since the account was connected; its first look back is a short one,
        because the token may have come long after the account.
        """
        oldest = connected_at - timedelta(hours=self.backlog_hours)
        return max(oldest, now - FIRST_LOOK) if reconciles and first else oldest

    def until(self, now: datetime, *, reconciles: bool) -> datetime | None:
        """Up to when what was said is read; what is younger may be on its way by webhook."""
        return now - timedelta(seconds=self.grace_seconds) if reconciles else None


def growing(first: float, failures: int, longest: float, chance: float) -> float:
    """The pause after so many failures in a row: doubled each time up to ``longest``, half of it left to ``chance``.

    ``chance`` is between 0 and 1, so that many accounts on one server do not come back at the same moment.
    """
    pause = min(first * 2.0 ** min(failures - 1, 32), max(longest, first))
    return pause * (0.5 + 0.5 * chance)
