"""A platform that answers what a test tells it to, on a real socket, and remembers what it was asked."""

import asyncio
import json
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

Told = tuple[int, Any] | tuple[int, Any, dict[str, str]]
"""Status and content (JSON unless it is text or bytes), and headers if there are any."""


@dataclass
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.body)
        return value


@dataclass
class ToldPlatform:
    """``async with ToldPlatform() as platform``. What it was told for a path it answers in turn, and the last of it
    from then on; what it was told nothing about is a 404 that no platform would give."""

    asked: list[Asked] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)
    """Requests that end in one of these are read and never answered."""

    async def __aenter__(self) -> Self:
        self._told: defaultdict[str, deque[Told]] = defaultdict(deque)
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def tell(self, path: str, *answers: Told) -> None:
        """Answer requests that end in ``path`` like this from now on."""
        self._told[path] = deque(answers)

    def asked_for(self, path: str) -> list[Asked]:
        return [request for request in self.asked if request.path.endswith(path)]

    async def _answer(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append(Asked(request.method, request.path, query, headers, await request.read()))
        if any(request.path.endswith(path) for path in self.silent):
            await asyncio.sleep(3600)
        known = next((answers for path, answers in self._told.items() if request.path.endswith(path)), None)
        if known is None:
            return web.Response(status=404, text="nobody told")
        status, content, *more = known.popleft() if len(known) > 1 else known[0]
        text = content if isinstance(content, str) else json.dumps(content)
        return web.Response(status=status, text=text, headers=more[0] if more else None)
