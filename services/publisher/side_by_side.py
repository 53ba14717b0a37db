"""Errands side by side: claimed as there is room, none of which waits for another to end.

What must stay true: an account, and a platform, that gives no answer keeps few of the places, however much waits for
it; as soon as one errand has ended the next may begin.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from services.publisher.domain.pacing import Pace, PlatformPace
from services.publisher.ports import AccountKey, Bell, Rooms
from shared import telemetry

STUMBLE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Seconds: ``breath`` is the least between two looks, ``idle`` the most, ``drain`` how long what is under way may
    still take at the end."""

    breath: float
    idle: float
    drain: float


class SideBySide:
    """The errands under way. ``all``, ``each`` account's and ``each_on`` a platform's are the most at once."""

    def __init__(self, bell: Bell, *, all: int, each: int, each_on: int) -> None:
        self._bell = bell
        self._all = all
        self._each = each
        self._each_on = each_on
        self._of: dict[AccountKey, Pace] = {}
        self._on: dict[str, PlatformPace] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    async def go_on(self, begin_due: Callable[[], Awaitable[object]], rhythm: Rhythm) -> None:
        """Begin what is due whenever the bell rings. On cancellation nothing more is begun, and what is under way may
        still end."""
        try:
            while True:
                await self._go_round(begin_due, rhythm)
        finally:
            await self.finish(rhythm.drain)

    def rooms(self, now: float) -> Rooms:
        """What may begin now; ``now`` is in seconds of the clock that ``start`` is told."""
        self._of = {account: pace for account, pace in self._of.items() if not pace.is_outdated(now)}
        return Rooms(
            self._all - len(self._under_way),
            min(self._each, self._each_on),
            {account: pace.room for account, pace in self._of.items()},
            self._each_on,
            {platform: pace.room for platform, pace in self._on.items()},
        )

    def start(self, account: AccountKey, errand: Coroutine[Any, Any, bool], now: float) -> None:
        """Begin one; it says whether the platform gave an answer."""
        paces = (
            self._of.setdefault(account, Pace(self._each)),
            self._on.setdefault(account[1], PlatformPace(self._each_on, self._each_on)),
        )
        for pace in paces:
            pace.start(now)
        task = asyncio.create_task(self._carry_out(errand, paces))
        self._under_way.add(task)
        task.add_done_callback(self._ended)

    async def finish(self, seconds: float | None = None) -> None:
        """Wait until nothing is under way; what takes longer than ``seconds`` is cancelled."""
        if self._under_way:
            _, late = await asyncio.wait(set(self._under_way), timeout=seconds)
            for task in late:
                task.cancel()

    async def _go_round(self, begin_due: Callable[[], Awaitable[object]], rhythm: Rhythm) -> None:
        try:
            self._bell.clear()
            await begin_due()
            await asyncio.sleep(rhythm.breath)
            await self._bell.wait(rhythm.idle)
        except Exception as error:
            telemetry.logger().error("errands.stumbled", error=type(error).__name__, exc_info=error)
            await asyncio.sleep(STUMBLE_SECONDS)

    async def _carry_out(self, errand: Coroutine[Any, Any, bool], paces: tuple[Pace, ...]) -> None:
        answered = False
        try:
            answered = await errand
        finally:
            for pace in paces:
                pace.end(answered)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            telemetry.logger().error("errand.stumbled", error=type(error).__name__, exc_info=error)
        self._bell.ring()
