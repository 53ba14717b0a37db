"""A breath between batches: the more there is to do, the longer, so that batches grow instead of multiplying.

A transaction has a cost of its own, whatever it carries: for a handful of rows it is nearly all of the cost. Whoever
begins a batch the moment the last one ended keeps it at a handful. A lone record never waits: below ``FROM_RATE`` there
is no breath.
"""

import asyncio
import math
import time

LONGEST_SECONDS = 0.025
FROM_RATE = 120.0
FULL_RATE = 360.0
MEMORY_SECONDS = 0.5


class Breath:
    """Knows how many items a second came lately, and how long to rest for it."""

    def __init__(self, longest: float = LONGEST_SECONDS) -> None:
        self._longest = longest
        self._rate = 0.0
        self._last = time.monotonic()

    async def take(self, items: int) -> None:
        """Rest after a batch of ``items``; what the batch itself took counts as rest."""
        now = time.monotonic()
        passed, self._last = now - self._last, now
        self._rate = self._rate * math.exp(-passed / MEMORY_SECONDS) + items / MEMORY_SECONDS
        share = min(max((self._rate - FROM_RATE) / (FULL_RATE - FROM_RATE), 0.0), 1.0)
        if (rest := self._longest * share - passed) > 0:
            await asyncio.sleep(rest)
            self._last = time.monotonic()
