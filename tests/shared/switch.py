"""A TCP switch in front of a server: cut it, and mend it to the same server or to another one."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.ports import free_port


class Switch:
    """Listens at ``port`` and passes everything to ``target`` for as long as it is not cut."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self._target: int | None = target
        self._open: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        """Break every connection; new ones are closed at once."""
        self._target = None
        self.drop()

    def mend(self, target: int) -> None:
        """Pass new connections to ``target``; those that are open stay where they are."""
        self._target = target

    def drop(self) -> None:
        """Break every connection that is open."""
        for writer in self._open:
            writer.transport.abort()

    async def serve(self) -> asyncio.Server:
        return await asyncio.start_server(self._pass, "127.0.0.1", self.port)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._target is None:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, far_writer}
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        self._open -= {writer, far_writer}


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()


@asynccontextmanager
async def switch_to(target: int) -> AsyncIterator[Switch]:
    """A switch that serves while the test runs."""
    switch = Switch(target)
    server = await switch.serve()
    try:
        yield switch
    finally:
        server.close()
        switch.cut()
        await asyncio.sleep(0.01)
