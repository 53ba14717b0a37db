"""Telegram's Bot API, as far as a bot needs it to answer and to put its answers right.

Sources: Telegram, "Bot API" (making requests, sendMessage, editMessageText, deleteMessage, deleteBusinessMessages,
getMe), and the server's own descriptions of errors (tdlib/telegram-bot-api). Nothing is idempotent, nothing can be read
back. ``POST /telegram/moves`` is the square's own: it makes a supergroup with another id of a group.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .accounts import Account, Accounts
from .bot_messages import BotMessage, BotMessages
from .clock import Clock
from .faults import Failures, Faults
from .fields import Unreadable, read_fields
from .store import Store

_MOST_UNITS: Final = 4096
_DELETABLE: Final = 48 * 3600 * 1000

Fields = Mapping[str, str]


class TelegramError(Exception):
    """A call that Telegram would refuse, with its code and its description."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        """Keep what to answer."""
        super().__init__(description)
        self._code = code
        self._body: dict[str, Any] = {"ok": False, "error_code": code, "description": description}
        if parameters:
            self._body["parameters"] = parameters

    def answer(self) -> JSONResponse:
        """Write the error as Telegram does."""
        return JSONResponse(self._body, self._code)


class Move(BaseModel):
    """A group that became a supergroup."""

    chat: int
    moved_to: int


async def answer_telegram_error(_: Request, error: Exception) -> JSONResponse:
    """Answer an error in Telegram's shape."""
    assert isinstance(error, TelegramError)
    return error.answer()


def _bad(description: str, **parameters: int) -> TelegramError:
    return TelegramError(400, f"Bad Request: {description}", **parameters)


_FAILURES: Failures = {
    "accept_then_500": lambda: TelegramError(500, "Internal Server Error").answer(),
    "throttle": lambda: TelegramError(429, "Too Many Requests: retry after 1", retry_after=1).answer(),
    "down": lambda: Response("<html><body><h1>503 Service Unavailable</h1></body></html>", 503, media_type="text/html"),
    "token_dead": lambda: TelegramError(401, "Unauthorized").answer(),
    "parent_gone": lambda: _bad("message to be replied not found").answer(),
}


class TelegramRoutes:
    """`/telegram/bot{token}/{method}` for agencies' bots."""

    def __init__(self, store: Store, accounts: Accounts, messages: BotMessages, faults: Faults, clock: Clock) -> None:
        """Serve the bots among these accounts."""
        self._store = store
        self._accounts = accounts
        self._messages = messages
        self._faults = faults
        self._clock = clock
        self._methods: dict[str, Callable[[Account, Fields], Awaitable[Response]]] = {
            "getme": self._get_me,
            "sendmessage": self._send,
            "editmessagetext": self._edit,
            "deletemessage": self._delete,
            "deletebusinessmessages": self._delete_of_business,
        }

    def router(self) -> APIRouter:
        """Bind the routes."""
        router = APIRouter(prefix="/telegram", include_in_schema=False)
        router.add_api_route("/moves", self.move, methods=["POST"], status_code=204)
        router.add_api_route("/bot{token}/{method}", self.call, methods=["GET", "POST"])
        return router

    async def move(self, move: Move) -> None:
        """Make a supergroup of a group; who writes to the old id is told the new one."""
        self._store.change(
            "INSERT OR REPLACE INTO telegram_move (chat, moved_to) VALUES (?, ?)", str(move.chat), str(move.moved_to)
        )

    async def call(self, request: Request, token: str, method: str) -> Response:
        """Call a method of the Bot API; names are read without regard to case."""
        bot = self._accounts.with_token("telegram", token)
        if bot is None:
            raise TelegramError(401, "Unauthorized")
        called = self._methods.get(method.lower())
        if called is None:
            raise TelegramError(404, "Not Found")
        try:
            fields = dict(request.query_params) | await read_fields(request)
        except Unreadable as unreadable:
            raise _bad("can't parse JSON object") from unreadable
        return await called(bot, fields)

    async def _get_me(self, bot: Account, _: Fields) -> Response:
        return _ok(
            {
                "id": int(bot.id),
                "is_bot": True,
                "first_name": bot.name,
                "username": bot.agency.replace("-", "_") + "_bot",
                "can_join_groups": True,
                "can_read_all_group_messages": False,
                "supports_inline_queries": False,
                "can_connect_to_business": True,
            }
        )

    async def _send(self, bot: Account, fields: Fields) -> Response:
        chat, text = self._chat(fields), _text(fields)
        answered, anyway = _answered(fields)
        if answered is not None and self._messages.is_deleted(bot, chat, answered):
            if not anyway and "business_connection_id" not in fields:
                raise _bad("message to be replied not found")
            answered = None

        async def accept() -> Response:
            message = self._messages.next_number(bot, chat, after=int(answered or 0))
            name = f"{chat}:{message}"
            answers = chat if answered is None else f"{chat}:{answered}"
            return _ok(_shown(bot, self._messages.take(bot, chat, str(message), text, answers=answers, name=name)))

        return await self._faults.meet("telegram", accept, _FAILURES)

    async def _edit(self, bot: Account, fields: Fields) -> Response:
        chat, text = self._chat(fields), _text(fields)
        message = self._messages.find(bot, chat, _message(fields))
        if message is None:
            raise _bad("message to edit not found")
        if message.text == text:
            raise _bad(
                "message is not modified: specified new message content and reply markup are exactly the same as a"
                " current content and reply markup of the message"
            )
        self._messages.edit(message, text)
        return _ok(_shown(bot, message) | {"text": text, "edit_date": self._clock() // 1000})

    async def _delete(self, bot: Account, fields: Fields) -> Response:
        self._take_away(bot, self._chat(fields), _message(fields))
        return _ok(True)

    async def _delete_of_business(self, bot: Account, fields: Fields) -> Response:
        connection = fields.get("business_connection_id", "")
        try:
            messages = [int(each) for each in json.loads(fields.get("message_ids", ""))]
        except (ValueError, TypeError) as unreadable:
            raise _bad("message identifiers are not specified") from unreadable
        for message in messages:
            # The chat is not named in this call; a connection's messages have one count.
            for (chat,) in self._store.rows(
                "SELECT chat FROM bot_message WHERE platform = 'telegram' AND account = ? AND id = ? AND chat LIKE ?",
                (bot.id, str(message), f"{connection}:%"),
            ):
                self._take_away(bot, chat, str(message))
        return _ok(True)

    def _take_away(self, bot: Account, chat: str, message: str) -> None:
        if self._messages.is_deleted(bot, chat, message):
            raise _bad("message to delete not found")
        own = self._messages.find(bot, chat, message)
        if own is not None and own.created_at <= self._clock() - _DELETABLE:
            raise _bad("message can't be deleted for everyone")
        self._messages.delete(bot, chat, message)

    def _chat(self, fields: Fields) -> str:
        """The chat's name here: its id, behind that of the business connection that shows it."""
        chat = fields.get("chat_id", "")
        if not chat:
            raise _bad("chat_id is empty")
        if not chat.removeprefix("-").isdigit():
            raise _bad("chat not found")
        moved = self._store.row("SELECT moved_to FROM telegram_move WHERE chat = ?", (chat,))
        if moved is not None:
            raise _bad("group chat was upgraded to a supergroup chat", migrate_to_chat_id=int(moved[0]))
        connection = fields.get("business_connection_id")
        return f"{connection}:{chat}" if connection else chat


def _ok(result: object) -> Response:
    return JSONResponse({"ok": True, "result": result})


def _text(fields: Fields) -> str:
    text = fields.get("text", "").strip()
    if not text:
        raise _bad("message text is empty")
    if len(text.encode("utf-16-le")) // 2 > _MOST_UNITS:
        raise _bad("message is too long")
    return text


def _message(fields: Fields) -> str:
    message = fields.get("message_id", "")
    if not message.isdigit():
        raise _bad("message identifier is not specified")
    return message


def _answered(fields: Fields) -> tuple[str | None, bool]:
    """The message that `reply_parameters` names, and whether to send if it is not there."""
    said = fields.get("reply_parameters")
    if not said:
        return None, False
    try:
        reply = json.loads(said)
        return str(int(reply["message_id"])), reply.get("allow_sending_without_reply") is True
    except (ValueError, KeyError, TypeError) as unreadable:
        raise _bad("can't parse reply parameters JSON object") from unreadable


def _shown(bot: Account, message: BotMessage) -> dict[str, Any]:
    *connection, chat = message.chat.rsplit(":", 1)
    kind = "private" if not chat.startswith("-") else "supergroup" if chat.startswith("-100") else "group"
    shown = {
        "message_id": int(message.id),
        "from": {"id": int(bot.id), "is_bot": True, "first_name": bot.name},
        "chat": {"id": int(chat), "type": kind},
        "date": message.created_at // 1000,
        "text": message.text,
    }
    return shown | ({"business_connection_id": connection[0]} if connection else {})
