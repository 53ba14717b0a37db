"""The load generator: a fixed number of connections that post requests made by others.

One process, no framework: a protocol for each connection, an HTTP parser in C for the answers. A connection takes the
next waiting request as soon as its last one is answered. One that the server closed is opened again; a request that
was under way on it is posted again, as a platform would.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import cast

import httptools

OnAnswer = Callable[[str, int], None]
"""Called with the key of a request and the status of its answer."""

OPEN_SECONDS = 10.0


class Posters:
    """Connections to one server. ``on_answer`` is called for each request once."""

    def __init__(self, host: str, port: int, connections: int, on_answer: OnAnswer) -> None:
        self.on_answer = on_answer
        self.posted_again = 0
        self._host = host
        self._port = port
        self._connections = connections
        self._free: deque[_Connection] = deque()
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._opening: set[asyncio.Task[None]] = set()
        self._is_open = False

    async def open(self) -> None:
        """Open all connections. Raises ``OSError`` where the server cannot be reached."""
        self._is_open = True
        await asyncio.gather(*(self._connect() for _ in range(self._connections)))

    def close(self) -> None:
        """Close all connections; what still waits is dropped."""
        self._is_open = False
        self._waiting.clear()
        for task in self._opening:
            task.cancel()
        while self._free:
            self._free.popleft().close()

    def post(self, key: str, request: bytes) -> None:
        """Write a request to a free connection, or to the next that becomes free."""
        if self._free:
            self._free.popleft().write(key, request)
        else:
            self._waiting.append((key, request))

    def freed(self, connection: "_Connection") -> None:
        """A connection has nothing to do: give it what waits, or keep it for later."""
        if not self._is_open:
            connection.close()
        elif self._waiting:
            connection.write(*self._waiting.popleft())
        else:
            self._free.append(connection)

    def lost(self, connection: "_Connection", unanswered: tuple[str, bytes] | None) -> None:
        """A connection is gone; open another one for it."""
        if not self._is_open:
            return
        if connection in self._free:
            self._free.remove(connection)
        if unanswered is not None:
            self.posted_again += 1
            self._waiting.appendleft(unanswered)
        task = asyncio.create_task(self._connect())
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _connect(self) -> None:
        async with asyncio.timeout(OPEN_SECONDS):
            while True:
                try:
                    await asyncio.get_running_loop().create_connection(
                        lambda: _Connection(self), self._host, self._port
                    )
                    return
                except OSError:
                    await asyncio.sleep(0.1)


class _Connection(asyncio.Protocol):
    """One connection with at most one request under way."""

    _transport: asyncio.WriteTransport

    def __init__(self, posters: Posters) -> None:
        self._posters = posters
        self._parser = httptools.HttpResponseParser(self)
        self._under_way: tuple[str, bytes] | None = None

    def write(self, key: str, request: bytes) -> None:
        self._under_way = (key, request)
        self._transport.write(request)

    def close(self) -> None:
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods of this class without being of it.
        self._transport = cast(asyncio.WriteTransport, transport)
        self._posters.freed(self)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        assert self._under_way is not None, "the server answers only what was asked"
        key, _ = self._under_way
        self._under_way = None
        self._posters.on_answer(key, self._parser.get_status_code())
        self._posters.freed(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._posters.lost(self, self._under_way)
