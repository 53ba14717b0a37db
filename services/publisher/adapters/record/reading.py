"""Routes of what anybody may read: whoever asks for the head of it gets what a GET would, without the body."""

from typing import Any

from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Receive, Scope, Send


class Readable(APIRoute):
    """A GET that answers HEAD as well (RFC 9110, 9.3.2); the server leaves the body out."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return super().matches(_as_get(scope))

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await super().handle(_as_get(scope), receive, send)


def _as_get(scope: Scope) -> dict[str, Any]:
    """A copy, since the server goes by its own what it leaves out."""
    return {**scope, "method": "GET"} if scope.get("method") == "HEAD" else dict(scope)
