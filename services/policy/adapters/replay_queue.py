"""Replays that were asked for are done one after the other: by one replica at a time, each in a process of its own.

The lease says whose turn it is. A replay that is running while nobody holds the lease was left by a replica that died,
and is taken up again; one that took its process with it time and again is given up. A replica that is told to stop,
or whose database is away, lets it wait again, and that does not count.
"""

import asyncio
import contextlib
import time
from multiprocessing import get_context
from multiprocessing.context import SpawnProcess

from services.policy.adapters import replay_process
from services.policy.adapters.store import replays
from services.policy.adapters.store.replays import MOST_TRIES, UnderWay
from services.policy.domain.composing.composition import Above
from shared import telemetry
from shared.clock import Clock
from shared.database import EVERY_AGENCY, Database, is_passing
from shared.lease import Lease

LOOK_SECONDS = 5.0
LEASE_SECONDS = 15.0
RENEW_SECONDS = 3.0

_spawning = get_context("spawn")


class ReplayQueue:
    """Takes up replays for as long as the service runs."""

    def __init__(self, database: Database, url: str, above: Above, clock: Clock) -> None:
        self._database, self._url, self._above, self._clock = database, url, above, clock
        self._lease = Lease(database, "replays", seconds=LEASE_SECONDS)
        self._asked = asyncio.Event()

    def nudge(self) -> None:
        """Something was asked for: look at once."""
        self._asked.set()

    async def run(self) -> None:
        """Look for replays, and do them."""
        while True:
            while await self._is_wanted() and await self._lease.take() is not None:
                try:
                    ended = await self._do_next()
                finally:
                    await self._lease.give_back()
                if not ended:
                    break
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), LOOK_SECONDS)
            self._asked.clear()

    async def _is_wanted(self) -> bool:
        async with self._database.begin(EVERY_AGENCY) as connection:
            return await replays.count_open(connection) > 0

    async def _do_next(self) -> bool:
        """Do the replay that waits longest; False if it must wait."""
        async with self._database.begin(EVERY_AGENCY) as connection:
            under_way = await replays.take_up(connection)
        if under_way is None:
            return True
        if under_way.tries > MOST_TRIES:
            await self._give_up(under_way)
            return True
        given = (self._url, self._above, under_way)
        process = _spawning.Process(target=replay_process.work, args=given, daemon=True)
        try:
            await asyncio.to_thread(process.start)
            await self._watch(process)
        except asyncio.CancelledError:
            _end(process)
            await self._put_back(under_way)
            raise
        finally:
            _end(process)
        telemetry.logger().info("replay.ended", replay=under_way.id, tries=under_way.tries, code=process.exitcode)
        if process.exitcode == replay_process.TRY_AGAIN:
            await self._put_back(under_way)
            return False
        return True

    async def _watch(self, process: SpawnProcess) -> None:
        """Wait for the end of a process, and hold the lease meanwhile; without it, another replica's turn has come."""
        until = time.monotonic() + LEASE_SECONDS
        while process.is_alive():
            await asyncio.to_thread(process.join, RENEW_SECONDS)
            asked_at = time.monotonic()
            try:
                if process.is_alive() and await self._lease.take() is None:
                    return
                until = asked_at + LEASE_SECONDS
            except Exception as error:
                if not is_passing(error):
                    raise
                if time.monotonic() > until - RENEW_SECONDS:
                    return

    async def _put_back(self, under_way: UnderWay) -> None:
        try:
            async with self._database.begin(EVERY_AGENCY) as connection:
                await replays.put_back(connection, under_way)
        except Exception as error:  # it is taken up again all the same, and the try counts
            if not is_passing(error):
                raise

    async def _give_up(self, under_way: UnderWay) -> None:
        async with self._database.begin(EVERY_AGENCY) as connection:
            last = await replays.last_error(connection, under_way)
            sentence = f"It was tried {MOST_TRIES} times, and its process ended each time."
            error = {"detail": f"{sentence} The last error: {last}." if last else sentence, "errors": []}
            await replays.end(connection, under_way, "failed", {"error": error}, self._clock())
        telemetry.logger().error("replay.given_up", replay=under_way.id)


def _end(process: SpawnProcess) -> None:
    if process.pid is not None:
        process.kill()
        process.join()
