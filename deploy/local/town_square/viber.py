"""Viber's REST API, as far as a bot needs it to answer.

Sources: Viber, "REST API" (send message, get account info, error codes). HTTP says 200 to everything that reached the
API; nothing is idempotent, nothing can be read back, edited or deleted.
"""

import json
from collections.abc import Callable
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .accounts import Account, Accounts
from .bot_messages import BotMessages
from .faults import Failures, Faults

_MOST_CHARACTERS: Final = 7000
_MOST_BYTES: Final = 30_000
_MOST_OF_NAME: Final = 28


class ViberError(Exception):
    """A call that Viber would refuse, with its status and its word for it."""

    def __init__(self, status: int, message: str) -> None:
        """Keep what to answer."""
        super().__init__(message)
        self._body = {"status": status, "status_message": message, "chat_hostname": "SN-CHAT-05_"}

    def answer(self) -> JSONResponse:
        """Write the error as Viber does."""
        return JSONResponse(self._body)


async def answer_viber_error(_: Request, error: Exception) -> JSONResponse:
    """Answer an error in Viber's shape."""
    assert isinstance(error, ViberError)
    return error.answer()


def _html(status: int, words: str) -> Response:
    return Response(f"<html><body><h1>{status} {words}</h1></body></html>", status, media_type="text/html")


_FAILURES: Failures = {
    "accept_then_500": lambda: _html(500, "Internal Server Error"),
    "throttle": lambda: ViberError(12, "tooManyRequests").answer(),
    "down": lambda: _html(503, "Service Temporarily Unavailable"),
    "token_dead": lambda: ViberError(2, "invalidAuthToken").answer(),
    "parent_gone": lambda: ViberError(5, "receiverNotRegistered").answer(),
}


class ViberRoutes:
    """`/viber/pa` for agencies' bots."""

    def __init__(self, accounts: Accounts, messages: BotMessages, faults: Faults) -> None:
        """Serve the bots among these accounts."""
        self._accounts = accounts
        self._messages = messages
        self._faults = faults

    def router(self) -> APIRouter:
        """Bind the routes."""
        router = APIRouter(prefix="/viber/pa", include_in_schema=False)
        routes: list[tuple[str, Callable[..., object]]] = [
            ("/send_message", self.send),
            ("/get_account_info", self.info),
        ]
        for path, route in routes:
            router.add_api_route(path, route, methods=["POST"])
        return router

    async def send(self, request: Request) -> Response:
        """Take a message to one person; in the record it answers them, since Viber knows no parent of it."""
        bot, content = await self._call(request)
        receiver, text = _needed(content, "receiver"), _needed(content, "text")
        sender = content.get("sender")
        name = sender.get("name") if isinstance(sender, dict) else None
        if not isinstance(name, str) or not name:
            raise ViberError(4, "missingData: sender.name")
        if len(name) > _MOST_OF_NAME or content.get("type") != "text" or len(text) > _MOST_CHARACTERS:
            raise ViberError(3, "badData")

        async def accept() -> Response:
            message = self._messages.take(bot, receiver, self._messages.next_id(), text, answers=receiver)
            return _ok({"message_token": int(message.id), "billing_status": 1})

        return await self._faults.meet("viber", accept, _FAILURES)

    async def info(self, request: Request) -> Response:
        """Describe the bot."""
        bot, _ = await self._call(request)
        return _ok(
            {
                "id": bot.id,
                "name": bot.name,
                "uri": bot.agency,
                "country": "LK",
                "webhook": "https://parley.example/webhooks/viber",
                "event_types": ["delivered", "seen", "failed", "subscribed", "unsubscribed", "conversation_started"],
                "subscribers_count": 1,
            }
        )

    async def _call(self, request: Request) -> tuple[Account, dict[str, Any]]:
        body = await request.body()
        try:
            content = json.loads(body or b"{}")
        except ValueError as unreadable:
            raise ViberError(3, "badData") from unreadable
        if not isinstance(content, dict) or len(body) > _MOST_BYTES:
            raise ViberError(3, "badData")
        token = request.headers.get("x-viber-auth-token") or str(content.get("auth_token", ""))
        bot = self._accounts.with_token("viber", token)
        if bot is None:
            raise ViberError(2, "invalidAuthToken")
        return bot, content


def _ok(more: dict[str, Any]) -> Response:
    return JSONResponse({"status": 0, "status_message": "ok", "chat_hostname": "SN-CHAT-05_"} | more)


def _needed(content: dict[str, Any], name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str) or not value:
        raise ViberError(4, f"missingData: {name}")
    return value
