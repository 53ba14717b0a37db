"""Connections that end without an answer.

ASGI has no word for closing the line: a server that gets no answer from its application makes one up. So
the protocol below gives every request the means to cut its own transport, and two responses use it
instead of sending.
"""

import asyncio
from collections.abc import Callable
from typing import Final, cast

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_EXTENSION: Final = "town_square.connection"


class CuttableProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with the means to cut the connection put into the scope of each request."""

    def on_message_begin(self) -> None:
        """Prepare the scope of the next request on this connection."""
        super().on_message_begin()
        self.scope["extensions"] = {_EXTENSION: {"cut": self.cut}}

    def cut(self) -> None:
        """Close at once, with whatever is still to be written left unwritten."""
        self.transport.abort()


class CannotCut(RuntimeError):
    """The server was not started with CuttableProtocol, so no connection can be cut."""


class Dropped(Response):
    """No answer at all: the connection is closed with nothing sent."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Cut, then wait until the server has noticed; it would answer 500 in our name otherwise."""
        _cut(scope)
        await _client_gone(receive)


class Held(Dropped):
    """Silence for a while, then no answer at all."""

    def __init__(self, seconds: float) -> None:
        """Hold the connection this long, or until the client has gone."""
        super().__init__()
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait, then cut."""
        try:
            await asyncio.wait_for(_client_gone(receive), self._seconds)
        except TimeoutError:
            await super().__call__(scope, receive, send)


def _cut(scope: Scope) -> None:
    extension = scope.get("extensions", {}).get(_EXTENSION)
    if extension is None:
        raise CannotCut(CannotCut.__doc__)
    cast(Callable[[], None], extension["cut"])()


async def _client_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
