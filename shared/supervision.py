"""Loops that must not end: each is started again when it fails, a little later each time."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping

from shared import telemetry

Loop = Callable[[], Awaitable[None]]

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0
HEALTHY_SECONDS = 30.0


class Supervisor:
    """Runs named loops until told to stop."""

    def __init__(self, service: str, loops: Mapping[str, Loop]) -> None:
        self._service = service
        self._loops = loops
        self._tasks: list[asyncio.Task[None]] = []
        self.failed: dict[str, str] = {}
        """Loops that failed last time they ran, with what they raised; emptied when one runs well again."""

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._keep(name, loop), name=name) for name, loop in self._loops.items()]

    async def stop(self, seconds: float) -> None:
        """Cancel the loops and give them ``seconds`` to finish what must not be cut off."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=seconds)
            for task in late:
                telemetry.logger().warning("loop.abandoned", loop=task.get_name())

    async def _keep(self, name: str, loop: Loop) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            began = time.monotonic()
            forgiven = asyncio.get_running_loop().call_later(HEALTHY_SECONDS, self.failed.pop, name, None)
            try:
                await loop()
                error: Exception = RuntimeError("the loop ended")
            except Exception as failure:
                error = failure
            finally:
                forgiven.cancel()
            self.failed[name] = type(error).__name__
            telemetry.LOOP_RESTARTS.labels(self._service, name).inc()
            telemetry.logger().warning("loop.restarted", loop=name, error=type(error).__name__, said=str(error)[:300])
            if time.monotonic() - began > HEALTHY_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
