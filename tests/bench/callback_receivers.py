"""The subscribers of the benchmark: fifty doors of one process that take whatever comes, as lean as can be."""

import asyncio
from collections.abc import Sequence
from typing import cast

import httptools

_TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"


class Receivers:
    """Counts what arrives at each door, and the ids that it came under."""

    def __init__(self) -> None:
        self.ids: list[set[bytes]] = []
        self.requests = 0
        self._servers: list[asyncio.Server] = []

    async def listen(self, ports: Sequence[int]) -> None:
        """Open a door on each of these ports of the loopback address."""
        loop = asyncio.get_running_loop()
        for number, port in enumerate(ports):
            self.ids.append(set())
            server = await loop.create_server(lambda number=number: _Door(self, number), "127.0.0.1", port)
            self._servers.append(server)

    def forget(self) -> None:
        """Begin to count anew."""
        self.requests = 0
        for ids in self.ids:
            ids.clear()

    def close(self) -> None:
        """Take no more connections."""
        for server in self._servers:
            server.close()


class _Door(asyncio.Protocol):
    """One connection of the publisher."""

    _transport: asyncio.WriteTransport

    def __init__(self, receivers: Receivers, number: int) -> None:
        self._receivers = receivers
        self._ids = receivers.ids[number]
        self._parser = httptools.HttpRequestParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods of this class without being of it.
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        if name == b"webhook-id":
            self._ids.add(value)

    def on_message_complete(self) -> None:
        self._receivers.requests += 1
        self._transport.write(_TAKEN)
