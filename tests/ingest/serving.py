"""A small HTTP server on a free port of this machine, for fakes of platforms."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from tests.support.ports import free_port


@asynccontextmanager
async def serving(routes: Sequence[Route]) -> AsyncIterator[str]:
    """The address of a server with these routes."""
    port = free_port()
    server = _Quiet(uvicorn.Config(Starlette(routes=routes), port=port, log_level="error", lifespan="off"))
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await running


class _Quiet(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
