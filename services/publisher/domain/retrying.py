"""When a callback is tried again: the schedule of Standard Webhooks, and what the receiver may change about it.

Waits are seconds. Chance is an argument (a number from 0 to 1), so that a test can name it.
"""

import math
from dataclasses import dataclass
from datetime import timedelta

MINUTE = 60.0
HOUR = 60 * MINUTE
WAITS = (0.0, 5.0, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)


@dataclass(frozen=True, slots=True)
class Schedule:
    """``waits`` has the wait before each attempt: as many attempts as it is long.

    Each is moved by at most ``jitter`` of itself. What a receiver asks for with ``Retry-After`` is held between the
    wait itself and the greater of its double and ``honoured``. After a time-out or a 429 nobody is asked again sooner
    than ``rest``.
    """

    waits: tuple[float, ...] = WAITS
    jitter: float = 0.2
    honoured: float = HOUR
    rest: float = MINUTE

    def first(self) -> timedelta:
        """How long a new delivery waits: not at all, unless the schedule says otherwise."""
        return timedelta(seconds=self.waits[0])

    def after(
        self, failures: int, chance: float, *, retry_after: float | None = None, overloaded: bool = False
    ) -> timedelta | None:
        """The wait after the ``failures``-th failure (from 1); None once every attempt was made.

        ``overloaded`` is whether the receiver was too slow or said that it has too much to do.
        """
        if failures >= len(self.waits):
            return None
        base = self.waits[failures]
        wait = base * (1 + self.jitter * (2 * chance - 1)) if retry_after is None else self._held(retry_after, base)
        return timedelta(seconds=max(wait, self.rest) if overloaded else wait)

    def _held(self, retry_after: float, base: float) -> float:
        # A header may say "nan", which is neither more nor less than anything.
        wish = base if math.isnan(retry_after) else retry_after
        return min(max(wish, base), max(2 * base, self.honoured))
