"""A hint from Postgres that there is work: LISTEN and NOTIFY.

It is a hint and nothing more. Whoever waits for it also looks by itself after a while, so a lost notification (or a
pooler in between that does not pass it on) costs time, never work.
"""

import asyncio
import contextlib

import asyncpg
from sqlalchemy.engine import make_url

from shared import telemetry

RECONNECT_SECONDS = 1.0


class Wakeup:
    """Listens to one channel for one payload and lets one waiter at a time sleep until it comes."""

    def __init__(self, url: str, channel: str, payload: str) -> None:
        self._url = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._channel = channel
        self._payload = payload
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake the waiter from within this process."""
        self._rung.set()

    def clear(self) -> None:
        """Forget earlier rings; call it before looking for work, so that none is missed after the look."""
        self._rung.clear()

    async def wait(self, seconds: float) -> None:
        """Sleep until there may be work, at most ``seconds``."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung.wait()

    async def run(self) -> None:
        """Keep listening; connects again whenever the connection is lost."""
        while True:
            try:
                await self._listen()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
                telemetry.logger().debug("wakeup.lost", channel=self._channel, error=type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self) -> None:
        connection = await asyncpg.connect(self._url, timeout=5)
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        try:
            await connection.add_listener(self._channel, self._heard)
            self._rung.set()  # something may have come while nobody listened
            await lost.wait()
        finally:
            connection.terminate()

    def _heard(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        if payload == self._payload:
            self._rung.set()
