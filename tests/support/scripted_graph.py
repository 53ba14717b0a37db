"""A Graph API that answers what a test wrote down for it, in that order, and keeps what it was asked."""

from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from services.publisher.adapters.http import Http
from services.publisher.ports import Credentials
from tests.support.platform_stand_in import TOKEN, Answer, PlatformStandIn, Request


class ScriptedGraph(PlatformStandIn):
    """``misbehave`` works as ever; everything else is the script, which must be long enough."""

    def __init__(self) -> None:
        super().__init__("facebook")
        self.script: deque[Answer] = deque()

    def answers(self, status: int, content: Any, **headers: str) -> None:
        """Give this answer next, after those that were written down before."""
        self.script.append((status, content, {name.replace("_", "-"): value for name, value in headers.items()}))

    def refuses(self, code: int, subcode: int | None = None, status: int = 400, **headers: str) -> None:
        """Give this error next."""
        error = {"message": "…", "type": "OAuthException", "code": code, "error_subcode": subcode}
        self.answers(status, {"error": error}, **headers)

    @property
    def last(self) -> Request:
        """What was asked last."""
        return self.requests[-1]

    def _dialect(self) -> Callable[[Request], Answer]:
        return lambda request: self.script.popleft()


@asynccontextmanager
async def a_graph(**secrets: str) -> AsyncIterator[tuple[ScriptedGraph, Http, Credentials]]:
    """A running one, with what a channel needs to speak to it."""
    http = Http()
    async with ScriptedGraph() as graph:
        try:
            yield graph, http, Credentials(TOKEN, graph.url, secrets=secrets)
        finally:
            await http.close()
