"""Replays that were asked for are done one after the other: by one replica at a time, each in a process of its own.

The lease says whose turn it is. A replay that is running while nobody holds the lease was left by a replica that died,
and is taken up again; one that took its process with it time and again is given up.
"""

import asyncio
import contextlib
from multiprocessing import get_context
from multiprocessing.context import SpawnProcess

from services.policy.adapters import replay_process
from services.policy.adapters.store import replays
from services.policy.adapters.store.replays import MOST_TRIES, UnderWay
from services.policy.domain.composing.composition import Above
from shared import telemetry
from shared.clock import Clock
from shared.database import EVERY_AGENCY, Database
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
                    await self._do_next()
                finally:
                    await self._lease.give_back()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), LOOK_SECONDS)
            self._asked.clear()

    async def _is_wanted(self) -> bool:
        async with self._database.begin(EVERY_AGENCY) as connection:
            return await replays.count_open(connection) > 0

    async def _do_next(self) -> None:
        async with self._database.begin(EVERY_AGENCY) as connection:
            under_way = await replays.take_up(connection)
        if under_way is None:
            return
        if under_way.tries > MOST_TRIES:
            await self._give_up(under_way)
            return
        given = (self._url, self._above, under_way)
        process = _spawning.Process(target=replay_process.work, args=given, daemon=True)
        try:
            await asyncio.to_thread(process.start)
            await self._watch(process)
        finally:
            if process.pid is not None:
                process.kill()
                process.join()
        telemetry.logger().info("replay.ended", replay=under_way.id, tries=under_way.tries, code=process.exitcode)

    async def _watch(self, process: SpawnProcess) -> None:
        """Wait for the end of a process, and hold the lease meanwhile; without it, another replica's turn has come."""
        while process.is_alive():
            await asyncio.to_thread(process.join, RENEW_SECONDS)
            if process.is_alive() and await self._lease.take() is None:
                return

    async def _give_up(self, under_way: UnderWay) -> None:
        error = {"detail": f"It was tried {MOST_TRIES} times, and its process ended each time.", "errors": []}
        async with self._database.begin(EVERY_AGENCY) as connection:
            await replays.end(connection, under_way, "failed", {"error": error}, self._clock())
        telemetry.logger().error("replay.given_up", replay=under_way.id)
