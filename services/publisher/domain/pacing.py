"""How fast to go on: back-off after a failure, and how many attempts an account may have under way.

Chance is an argument (a number from 0 to 1), so that a test can name it.
"""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits that double from ``first`` to ``most`` seconds, each moved by at most ``jitter`` of itself."""

    first: float
    most: float
    jitter: float = 0.2

    def wait(self, failures: int, chance: float) -> timedelta:
        """How long to wait after the ``failures``-th failure in a row (from 1)."""
        # 2 ** 40 seconds is beyond every cap; a larger power would only overflow.
        base = min(self.first * 2 ** min(max(failures - 1, 0), 40), self.most)
        return timedelta(seconds=base * (1 + self.jitter * (2 * chance - 1)))


def honour(retry_after: float, base: timedelta, most: timedelta = timedelta(hours=1)) -> timedelta:
    """The platform's wish, held between our own wait and the greater of its double and ``most``.

    A platform can neither make us hammer it nor silence an agency for days.
    """
    longest = max(2 * base, most)
    # Compared as numbers first: a header may say "nan" or more seconds than a timedelta holds.
    if not retry_after > base.total_seconds():
        return base
    return longest if retry_after >= longest.total_seconds() else timedelta(seconds=retry_after)


FIRST_ROOM = 16
"""How many attempts an account may have under way of which nothing is known yet."""


class Pace:
    """How many attempts one account may have under way at once.

    Begins at ``FIRST_ROOM`` and doubles with each attempt that goes well, so that a platform which is dead from the
    start holds few slots until that is known. Falls to one as soon as the account is in trouble (no answer, throttled,
    locked out), so that it keeps a single slot from the others. Times are seconds of a monotonic clock.
    """

    __slots__ = ("_limit", "_most", "_used_at", "under_way")

    def __init__(self, most: int, first: int = FIRST_ROOM) -> None:
        self._most = most
        self._limit = min(first, most)
        self._used_at = 0.0
        self.under_way = 0

    @property
    def room(self) -> int:
        """How many more attempts may start now."""
        return max(self._limit - self.under_way, 0)

    def is_outdated(self, now: float, after: float = 60.0) -> bool:
        """Whether what was learnt is so old that a new pace would know as much."""
        return self.under_way == 0 and now - self._used_at > after

    def start(self, now: float = 0.0) -> None:
        """An attempt begins."""
        self._used_at = now
        self.under_way += 1

    def end(self, went_well: bool | None) -> None:
        """An attempt is over; it went well if the account may be used as before, None where that was not learnt."""
        self.under_way -= 1
        if went_well is not None:
            self._limit = min(self._limit * 2, self._most) if went_well else self._after_trouble()

    def _after_trouble(self) -> int:
        return 1


PROBES = 4
"""How many attempts a platform that gives no answer may have under way: on several accounts, for one may be unlike."""


class PlatformPace(Pace):
    """How many attempts all accounts of one platform may have under way at once.

    It is halved with each attempt that the platform gives no answer to and doubles with each that it answers: so ten
    thousand accounts of one dead platform, each of which would have to find that out, leave room for all others.
    """

    __slots__ = ()

    def _after_trouble(self) -> int:
        return max(self._limit // 2, min(PROBES, self._most))
