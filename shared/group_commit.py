"""Write together what arrives together.

A commit costs a disk write, whether it carries one row or five hundred. So while one transaction is being committed,
whatever else arrives is gathered for the next. Nobody waits for a timer: a lone item is written at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from shared.breath import Breath
from shared.database import is_passing

Item = TypeVar("Item")
Result = TypeVar("Result")


class Closed(Exception):
    """This service is stopping and takes nothing new."""


class GroupCommit(Generic[Item, Result]):
    """Gathers items and hands them to ``write``, which returns a result for each, in order.

    Where ``write`` fails for a reason that will pass (the database is away), everyone in the group learns so. Where
    it fails for another reason the group is halved until the one bad item stands alone.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        *,
        most: int = 500,
        lanes: int = 1,
        breath: Breath | None = None,
    ) -> None:
        """``lanes`` groups may be written at a time; then no order holds between them. ``breath`` is taken between
        groups where nobody waits for the answer."""
        self._write = write
        self._most = most
        self._lanes = lanes
        self._breath = breath
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._writers: set[asyncio.Task[None]] = set()
        self._busy = 0
        self._closed = False

    async def submit(self, item: Item) -> Result:
        """Have ``item`` written with its neighbours; returns once that is committed, or raises what failed."""
        if self._closed:
            raise Closed(Closed.__doc__)
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._busy < self._lanes:
            self._busy += 1
            writer = asyncio.create_task(self._write_all(), name="group-commit")
            self._writers.add(writer)
            writer.add_done_callback(self._writers.discard)
        # A caller that goes away cancels only its own waiting: the item may be half written already.
        return await future

    async def close(self) -> None:
        """Write what is waiting, then take nothing more."""
        self._closed = True
        if self._writers:
            await asyncio.wait(self._writers)

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                await self._write_group(group)
                if self._breath is not None:
                    await self._breath.take(len(group))
        finally:
            # In the same step as the look that found nothing waiting: what comes after it starts a writer of its own.
            self._busy -= 1

    async def _write_group(self, group: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._write([item for item, _ in group])
        except Exception as error:
            if len(group) == 1 or is_passing(error):
                for _, future in group:
                    _settle(future, error)
                return
            middle = len(group) // 2
            await self._write_group(group[:middle])
            await self._write_group(group[middle:])
            return
        if len(results) != len(group):
            # Written already, so not to be written again in halves; but nobody may wait for ever.
            for _, future in group:
                _settle(future, AssertionError("write must return a result for each item"))
            return
        for (_, future), result in zip(group, results, strict=True):
            if not future.done():
                future.set_result(result)


def _settle(future: "asyncio.Future[Result]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
        future.exception()  # a caller that went away must not turn this into a warning
