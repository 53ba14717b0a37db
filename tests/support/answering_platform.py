"""A platform that answers in turn what a test tells it to, on a real socket: for what is to be checked on the wire."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from services.publisher.adapters.http import TOTAL_SECONDS, Http
from services.publisher.ports import Credentials
from tests.support.platform_stand_in import Answer, PlatformStandIn, Request

Channel = TypeVar("Channel")


@dataclass
class AnsweringPlatform(PlatformStandIn):
    """Gives its answers one after the other, each after ``seconds``; a request too many is a test that fails."""

    answers: deque[Answer] = field(default_factory=deque)
    seconds: float = 0.0

    def answer(self, status: int, content: Any, **headers: str) -> None:
        """Answer the next request that is not answered yet; ``_`` stands for ``-`` in names of headers."""
        self.answers.append((status, content, {name.replace("_", "-"): said for name, said in headers.items()}))

    async def _serve(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        await asyncio.sleep(self.seconds)
        return await super()._serve(request, writer)

    def _dialect(self) -> Callable[[Request], Answer]:
        return lambda _: self.answers.popleft()


@asynccontextmanager
async def answering(
    channel: Callable[[Http], Channel], token: str, *, attempt_seconds: float = TOTAL_SECONDS, **secrets: str
) -> AsyncIterator[tuple[AnsweringPlatform, Channel, Credentials]]:
    """A platform, a channel that speaks to it, and the credentials for that."""
    http = Http(total_seconds=attempt_seconds)
    async with AnsweringPlatform("any") as platform:
        try:
            yield platform, channel(http), Credentials(token, platform.url, secrets=secrets)
        finally:
            await http.close()
