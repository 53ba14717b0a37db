"""A piece of Meta's Graph API: one address for Pages, Messenger, Instagram and WhatsApp, each in a room of its own.

Which room a node belongs to is told by its id and by the token: comments of a Page have an underscore, those of
Instagram are numbers, messages have letters.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from .graph_calls import Call, GraphCalls
from .graph_errors import missing
from .graph_instagram import InstagramRoom
from .graph_messages import MessagesRoom
from .graph_pages import PageRoom
from .graph_tokens import TokensRoom
from .graph_whatsapp import WhatsAppRoom

Action = Callable[[Call, str], Awaitable[Response]]


class Comments(Protocol):
    """A room whose nodes are comments."""

    async def read(self, call: Call, comment: str) -> Response:
        """Show one."""

    async def change(self, call: Call, comment: str) -> Response:
        """Change one."""

    async def delete(self, call: Call, comment: str) -> Response:
        """Take one away."""


class GraphRoutes:
    """`/graph/{version}`."""

    def __init__(
        self,
        calls: GraphCalls,
        tokens: TokensRoom,
        pages: PageRoom,
        messages: MessagesRoom,
        instagram: InstagramRoom,
        whatsapp: WhatsAppRoom,
    ) -> None:
        """Serve these rooms."""
        self._calls = calls
        self._tokens = tokens
        self._pages = pages
        self._messages = messages
        self._instagram = instagram
        self._whatsapp = whatsapp

    def router(self) -> APIRouter:
        """Bind the routes."""
        router = APIRouter(prefix="/graph/{version}", include_in_schema=False)
        routes: list[tuple[str, str, Callable[..., object]]] = [
            ("GET", "/me", self.me),
            ("GET", "/debug_token", self.debug_token),
            ("POST", "/{node}/comments", self._acting(self._pages.reply)),
            ("GET", "/{node}/comments", self._acting(self._pages.replies)),
            ("POST", "/{node}/replies", self._acting(self._instagram.reply)),
            ("GET", "/{node}/replies", self._acting(self._instagram.replies)),
            ("POST", "/{node}/messages", self._acting(self._send)),
            ("GET", "/{node}/conversations", self._acting(self._messages.conversations)),
            ("GET", "/{node}", self._acting(self._read)),
            ("POST", "/{node}", self._acting(self._change)),
            ("DELETE", "/{node}", self._acting(self._delete)),
        ]
        for method, path, route in routes:
            router.add_api_route(path, route, methods=[method])
        return router

    async def me(self, request: Request) -> Response:
        """Say whom the token speaks for."""
        return await self._tokens.me(await self._calls.read(request))

    async def debug_token(self, request: Request) -> Response:
        """Say what a token allows."""
        return await self._tokens.debug(await self._calls.read_any(request))

    def _acting(self, action: Action) -> Callable[..., object]:
        async def act(request: Request, node: str) -> Response:
            return await action(await self._calls.read(request), node)

        return act

    async def _send(self, call: Call, node: str) -> Response:
        is_whatsapp = call.fields.get("messaging_product") == "whatsapp"
        return await (self._whatsapp.send(call, node) if is_whatsapp else self._messages.send(call, node))

    async def _read(self, call: Call, node: str) -> Response:
        if "whatsapp" in call.accounts and call.accounts["whatsapp"].id == node:
            return await self._whatsapp.read(call, node)
        if node[:1].isalpha():
            return await self._messages.read(call, node)
        return await self._room_of(call, node).read(call, node)

    async def _change(self, call: Call, node: str) -> Response:
        return await self._room_of(call, node).change(call, node)

    async def _delete(self, call: Call, node: str) -> Response:
        return await self._room_of(call, node).delete(call, node)

    def _room_of(self, call: Call, node: str) -> Comments:
        if "instagram" in call.accounts and node.isdigit():
            return self._instagram
        if "facebook" in call.accounts:
            return self._pages
        raise missing(node)
