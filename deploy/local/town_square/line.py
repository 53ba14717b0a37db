"""LINE's Messaging API, as far as an Official Account needs it to push.

Sources: LINE Developers, "Messaging API reference" (send push message, get bot info, quota), "Retry a failed API
request"; LINE's ``messaging-api.yml``. A retry key is good for 24 hours: the same key again is answered by 409, with
the request that was accepted and its messages. Nothing can be read back, edited or deleted.
"""

import json
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .accounts import Account, Accounts
from .bot_messages import BotMessage, BotMessages
from .clock import Clock
from .faults import Failures, Faults

_MOST_UNITS: Final = 5000
_KEY_LIFE: Final = 24 * 3600 * 1000
_MESSAGES_A_MONTH: Final = 1_000_000
_RECEIVER: Final = re.compile("[UCR][0-9a-f]{32}")
_UUID: Final = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class LineError(Exception):
    """A call that LINE would refuse, with its status and its words."""

    def __init__(self, status: int, message: str, details: list[dict[str, str]] | None = None) -> None:
        """Keep what to answer; ``details`` are what is wrong with which property."""
        super().__init__(message)
        self._status = status
        self._body: dict[str, Any] = {"message": message} | ({"details": details} if details else {})

    def answer(self) -> JSONResponse:
        """Write the error as LINE does."""
        return _answer(self._body, self._status)


async def answer_line_error(_: Request, error: Exception) -> JSONResponse:
    """Answer an error in LINE's shape."""
    assert isinstance(error, LineError)
    return error.answer()


def _wrong(prop: str, words: str) -> LineError:
    """Say what is wrong with one property of the body."""
    return LineError(400, "The request body has 1 error(s)", [{"message": words, "property": prop}])


def _token_dead() -> LineError:
    words = "Authentication failed. Confirm that the access token in the authorization header is valid."
    return LineError(401, words)


_FAILURES: Failures = {
    "accept_then_500": lambda: LineError(500, "Internal server error").answer(),
    "throttle": lambda: LineError(429, "The API rate limit has been exceeded. Try again later.").answer(),
    "down": lambda: LineError(503, "Service unavailable").answer(),
    "token_dead": lambda: _token_dead().answer(),
    "parent_gone": lambda: LineError(400, "Failed to send messages").answer(),
}


class LineRoutes:
    """`/line/v2/bot` for agencies' accounts."""

    def __init__(self, accounts: Accounts, messages: BotMessages, faults: Faults, clock: Clock) -> None:
        """Serve the accounts of LINE among these."""
        self._accounts = accounts
        self._messages = messages
        self._faults = faults
        self._clock = clock

    def router(self) -> APIRouter:
        """Bind the routes."""
        router = APIRouter(prefix="/line/v2/bot", include_in_schema=False)
        routes: list[tuple[str, str, Callable[..., object]]] = [
            ("GET", "/info", self.info),
            ("POST", "/message/push", self.push),
            ("GET", "/message/quota", self.quota),
            ("GET", "/message/quota/consumption", self.consumption),
        ]
        for method, path, route in routes:
            router.add_api_route(path, route, methods=[method])
        return router

    async def info(self, request: Request) -> Response:
        """Describe the account."""
        account = self._account(request)
        return _answer(
            {
                "userId": account.id,
                "basicId": f"@{account.agency}",
                "displayName": account.name,
                "chatMode": "bot",
                "markAsReadMode": "auto",
            }
        )

    async def push(self, request: Request) -> Response:
        """Take a message to a person, a group or a room, which it answers in the record."""
        account = self._account(request)
        receiver, text = _message(await request.body())
        key = request.headers.get("x-line-retry-key")
        if key is not None and not _UUID.fullmatch(key):
            raise LineError(400, "The value for the 'X-Line-Retry-Key' header is invalid")

        async def accept() -> Response:
            since = self._clock() - _KEY_LIFE
            known = None if key is None else self._messages.with_key(account, key, since)
            if known is not None:
                accepted = {"x-line-accepted-request-id": str(uuid.uuid5(uuid.NAMESPACE_OID, known.id))}
                return _answer({"message": "The retry key is already accepted"} | _sent(known), 409, accepted)
            message = self._messages.next_id()
            return _answer(_sent(self._messages.take(account, receiver, message, text, answers=receiver, key=key)))

        return await self._faults.meet("line", accept, _FAILURES)

    async def quota(self, request: Request) -> Response:
        """Say how many messages a month the account may send."""
        self._account(request)
        return _answer({"type": "limited", "value": _MESSAGES_A_MONTH})

    async def consumption(self, request: Request) -> Response:
        """Say how many of them it has sent."""
        return _answer({"totalUsage": self._messages.count(self._account(request))})

    def _account(self, request: Request) -> Account:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        account = self._accounts.with_token("line", token.strip()) if scheme.lower() == "bearer" else None
        if account is None:
            raise _token_dead()
        return account


def _answer(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(body, status, {"x-line-request-id": str(uuid.uuid4())} | dict(headers or {}))


def _sent(message: BotMessage) -> dict[str, Any]:
    return {"sentMessages": [{"id": message.id, "quoteToken": f"quote-{message.id}"}]}


def _message(body: bytes) -> tuple[str, str]:
    """Receiver and text of a push with one text message."""
    try:
        content = json.loads(body)
        receiver, (message,) = content["to"], content["messages"]
        kind, text = message["type"], message["text"]
    except (ValueError, KeyError, TypeError) as unreadable:
        raise _wrong("messages", "May not be empty") from unreadable
    if not isinstance(receiver, str) or not _RECEIVER.fullmatch(receiver):
        raise LineError(400, "The property, 'to', in the request body is invalid (line: -, column: -)")
    if kind != "text" or not isinstance(text, str) or not text:
        raise _wrong("messages[0].text", "May not be empty")
    if len(text.encode("utf-16-le")) // 2 > _MOST_UNITS:
        raise _wrong("messages[0].text", f"Length must be between 0 and {_MOST_UNITS}")
    return receiver, text
