"""The way to Jetstream: one WebSocket for all accounts of this process that listen. Nothing above it knows aiohttp.

Every post of the network comes by, so it comes by once; each account picks out what concerns it. A connection that
ends, ends for all of them. What must stay true:

- A connection begins a little before where the account that is farthest behind has heard everything, because events of
  one moment may come in any order. It goes back for hours at most: what is older the list has, and reading again.
- An account that joins an open connection hears from then on.
- An account that is slower than the network is let go of, and comes back at the place where it was.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final, NamedTuple

import aiohttp

from services.ingest.adapters import metrics
from services.ingest.adapters.polling.answers import Throttled, Unavailable
from services.ingest.adapters.polling.feed import NoStream, NotNow
from services.ingest.domain.refusals import Unreadable
from services.ingest.platforms.bluesky_events import PostEvent, read_frame
from services.ingest.platforms.bluesky_posts import COLLECTION
from shared.clock import Clock

REWIND_US: Final = 5_000_000
LOOK_BACK_US: Final = 6 * 3600 * 1_000_000
GATHER_SECONDS: Final = 0.5
"""Accounts that begin to listen together get a connection that begins early enough for all of them."""
HEARTBEAT_SECONDS: Final = 20.0
OPEN_SECONDS: Final = 10.0
MOST_WAITING: Final = 1_000
THROTTLED_SECONDS: Final = 60.0


class Heard(NamedTuple):
    """An event that concerns an account, and the frame as it came."""

    event: PostEvent
    frame: bytes


class Ear:
    """One account, listening. ``authors`` are those whose edits and deletions matter to it."""

    def __init__(self, did: str, since_us: int | None) -> None:
        self.did = did
        self.since_us = since_us
        self.authors: set[str] = set()
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting: asyncio.Queue[Heard | None] = asyncio.Queue(MOST_WAITING + 1)
        self._passed_us: int | None = since_us
        self._over = False

    @property
    def reached_us(self) -> int | None:
        """Up to where everything that concerns the account has been taken out, in microseconds; None before that."""
        return self._passed_us if self._waiting.empty() else None

    def hear(self, time_us: int, heard: Heard | None) -> None:
        """Take note of a frame, and of the event in it if that concerns this account."""
        if heard is not None and self._concerns(heard.event) and not self._over:
            if self._waiting.qsize() >= MOST_WAITING:
                self.end()
                return
            self._waiting.put_nowait(heard)
        if not self._over:
            self._passed_us = max(time_us, self._passed_us or time_us)

    def end(self) -> None:
        """Say that nothing more comes."""
        if not self._over:
            self._over = True
            self._waiting.put_nowait(None)

    async def next(self, seconds: float) -> Heard | None:
        """The next event, or None after so many seconds without one. Raises ``StreamEnded``."""
        try:
            async with asyncio.timeout(seconds):
                heard = await self._waiting.get()
        except TimeoutError:
            return None
        if heard is None:
            raise StreamEnded(StreamEnded.__doc__)
        return heard

    def _concerns(self, event: PostEvent) -> bool:
        if event.operation != "create":
            return event.author in self.authors
        if self.did in event.concerns:
            self.authors.add(event.author)
            return True
        return event.author == self.did


class StreamEnded(Exception):
    """The connection ended, or this account could not keep up."""


class Jetstream:
    """Opens a connection when somebody listens, and closes it when nobody does any more."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._url = url
        self._clock = clock
        self._line: _Line | None = None

    @asynccontextmanager
    async def ear(self, did: str, since_us: int | None) -> AsyncIterator[Ear]:
        """Listen for an account, from a place in the stream on. Raises ``NotNow`` or ``NoStream``."""
        ear = Ear(did, since_us)
        line = self._joined(ear)
        try:
            await ear.opened
            yield ear
        finally:
            if await line.leave(ear) and self._line is line:
                self._line = None

    def _joined(self, ear: Ear) -> "_Line":
        if self._line is None or not self._line.join(ear):
            self._line = _Line(self._url, self._clock)
            self._line.join(ear)
        return self._line


class _Line:
    """One connection, and who listens to it."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._url = url
        self._clock = clock
        self._ears: set[Ear] = set()
        self._is_open = False
        self._task = asyncio.create_task(self._run())

    def join(self, ear: Ear) -> bool:
        """Let somebody listen too; False where the connection has ended."""
        if self._task.done() or self._task.cancelling():
            return False
        self._ears.add(ear)
        if self._is_open:
            ear.opened.set_result(None)
        return True

    async def leave(self, ear: Ear) -> bool:
        """Let somebody go; whether that was the last one, and the connection is closed."""
        self._ears.discard(ear)
        if self._ears:
            return False
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        return True

    async def _run(self) -> None:
        trouble: Exception = NotNow(Unavailable("stream_ended"))
        try:
            await asyncio.sleep(GATHER_SECONDS)
            await self._listen()
        except aiohttp.WSServerHandshakeError as error:
            trouble = _refusal(error.status)
        except (aiohttp.ClientError, OSError) as error:
            trouble = NotNow(Unavailable(type(error).__name__))
        finally:
            for ear in tuple(self._ears):
                if not ear.opened.done():
                    ear.opened.set_exception(trouble)
                ear.end()

    async def _listen(self) -> None:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=OPEN_SECONDS)
        headers = {"User-Agent": "Parley"}
        async with (
            aiohttp.ClientSession(trust_env=False, timeout=timeout, headers=headers) as session,
            session.ws_connect(self._url, params=self._params(), heartbeat=HEARTBEAT_SECONDS) as socket,
        ):
            self._is_open = True
            for ear in self._ears:
                ear.opened.set_result(None)
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._spread(message.data.encode("utf-8", "replace"))

    def _params(self) -> dict[str, str]:
        places = [ear.since_us for ear in self._ears if ear.since_us is not None]
        if not places:
            return {"wantedCollections": COLLECTION}
        oldest = int(self._clock().timestamp() * 1_000_000) - LOOK_BACK_US
        return {"wantedCollections": COLLECTION, "cursor": str(max(min(places) - REWIND_US, oldest))}

    def _spread(self, data: bytes) -> None:
        try:
            frame = read_frame(data)
        except Unreadable:
            metrics.UNUSED.labels("bluesky", "frame").inc()
            return
        heard = Heard(frame.event, data) if frame.event is not None else None
        for ear in tuple(self._ears):
            ear.hear(frame.time_us, heard)


def _refusal(status: int) -> Exception:
    if status == 404:
        return NoStream(NoStream.__doc__)
    return NotNow(Throttled(THROTTLED_SECONDS) if status == 429 else Unavailable(f"status_{status}"))
