"""What the Bot API's answers mean, and how its messages are named.

Sources: Telegram, "Bot API" (making requests, ResponseParameters); the Bot API server (tdlib/telegram-bot-api,
``Client.cpp``) for the descriptions. An error is ``{"ok": false, "error_code", "description", "parameters"?}``. Its
code says little, so the description is read, without regard to case: both have changed over time.
"""

from dataclasses import dataclass, replace
from typing import Any, Self

from services.publisher.adapters import metrics
from services.publisher.adapters.http import Answer
from services.publisher.domain.outcomes import (
    NOT_POSSIBLE,
    CannotDo,
    CredentialsDead,
    Done,
    Effect,
    Outcome,
    Probe,
    Probed,
    Published,
    Refused,
    Throttled,
    Unavailable,
    Unknown,
)

Refusal = Throttled | Unavailable | Refused | CredentialsDead | Unknown

REASONS: tuple[tuple[str, str], ...] = (
    ("message to be replied not found", NOT_POSSIBLE),
    ("replied message not found", NOT_POSSIBLE),
    ("reply message not found", NOT_POSSIBLE),
    ("chat not found", NOT_POSSIBLE),
    ("group chat was deactivated", NOT_POSSIBLE),
    ("group chat was deleted", NOT_POSSIBLE),
    ("the group chat was deleted", NOT_POSSIBLE),
    ("user is deactivated", NOT_POSSIBLE),
    ("topic_deleted", NOT_POSSIBLE),
    ("message is too long", "too_long"),
    ("blocked by the user", "blocked"),
    ("business_peer_usage_missing", "window_closed"),
    ("not enough rights", "not_permitted"),
    ("have no rights", "not_permitted"),
    ("chat_write_forbidden", "not_permitted"),
    ("chat_restricted", "not_permitted"),
    ("topic_closed", "not_permitted"),
)
"""Parts of descriptions, in lower case, and what they mean for a message; what is not here is by code."""

AS_IT_SHOULD_BE = ("message is not modified", "message to delete not found")
NO_LONGER = (
    "message to edit not found",
    "message can't be edited",
    "message can't be deleted",
    "message_edit_time_expired",
    "group chat was upgraded",
)


@dataclass(frozen=True, slots=True)
class Place:
    """A message and the chat it stands in; ``connection`` where it is the chat of a business account."""

    chat: int
    message: int
    connection: str | None = None

    @classmethod
    def parse(cls, native_id: str) -> Self | None:
        """Read ``<chat>:<message>`` or ``<connection>:<chat>:<message>``; None where it is neither."""
        *connection, chat, message = native_id.rsplit(":", 2) if ":" in native_id else ("", "", "")
        try:
            return cls(int(chat), int(message), connection[0] if connection else None)
        except ValueError:
            return None

    def named(self, message: int) -> str:
        """The name of another message of this chat."""
        chat = f"{self.chat}:{message}"
        return chat if self.connection is None else f"{self.connection}:{chat}"

    def moved(self, chat: int) -> Self:
        """The same in the chat that took this one's place."""
        return replace(self, chat=chat)

    def chat_fields(self) -> dict[str, Any]:
        """What names the chat in a call."""
        fields: dict[str, Any] = {"chat_id": self.chat}
        return fields if self.connection is None else fields | {"business_connection_id": self.connection}


def outcome_of(answer: Answer, place: Place) -> Outcome:
    """What the answer to a message sent to the chat of ``place`` means."""
    body = answer.object()
    if body.get("ok") is not True:
        return _refusal(answer)
    message = body.get("result")
    if not isinstance(message, dict) or not isinstance(message.get("message_id"), int):
        metrics.UNREADABLE.labels("telegram").inc()
        return Unknown("a message without an id")
    return Published(place.named(message["message_id"]), _address(message))


def effect_of(answer: Answer) -> Effect:
    """What the answer to an edit or a deletion means."""
    if answer.object().get("ok") is True:
        return Done()
    description = _description(answer).lower()
    if any(words in description for words in AS_IT_SHOULD_BE):
        return Done(detail=description)
    if any(words in description for words in NO_LONGER):
        return CannotDo(description)
    refusal = _refusal(answer)
    return CannotDo(refusal.detail) if isinstance(refusal, Refused) and refusal.reason == NOT_POSSIBLE else refusal


def rights_of(answer: Answer, account: str) -> Probe:
    """What ``getMe`` says of the token. What the bot may do in a chat is up to that chat's administrators."""
    body = answer.object()
    bot = body.get("result")
    if body.get("ok") is not True or not isinstance(bot, dict):
        refusal = _refusal(answer)
        return Unavailable(refusal.detail) if isinstance(refusal, Throttled | Refused) else refusal
    ours = str(bot.get("id")) == account
    reads_all = bot.get("can_read_all_group_messages") is True
    rights = {
        "reply": ours,
        "edit": ours,
        "delete": ours,
        # In privacy mode it reads what is written to it, and in groups nothing else.
        "read": (True if reads_all else None) if ours else False,
        "remove": None if ours else False,
    }
    return Probed(rights, "" if ours else f"the token is that of bot {bot.get('id')}")


def migrated_to(answer: Answer) -> int | None:
    """The chat that took the place of the one addressed; nothing was sent then."""
    parameters = answer.object().get("parameters")
    chat = parameters.get("migrate_to_chat_id") if isinstance(parameters, dict) else None
    return chat if isinstance(chat, int) else None


def _refusal(answer: Answer) -> Refusal:
    body = answer.object()
    code = body.get("error_code", answer.status)
    description = _description(answer)
    said = f"code {code}: {description}"
    if body.get("ok") is not False:
        metrics.UNREADABLE.labels("telegram").inc()
        return Unknown(f"an answer that is not documented, status {answer.status}")
    match code:
        case 401 | 404:
            # A token that was revoked, and one that never was any.
            return CredentialsDead(said)
        case 400 | 403:
            reasons = [reason for words, reason in REASONS if words in description.lower()]
            return Refused(reasons[0] if reasons else "rejected" if code == 400 else "not_permitted", said)
        case 409:
            return Unavailable(said)
        case 420 | 429:
            return Throttled(_wait(body), said)
        case _:
            return Unknown(said)


def _wait(body: dict[str, Any]) -> float | None:
    parameters = body.get("parameters")
    wait = parameters.get("retry_after") if isinstance(parameters, dict) else None
    return float(wait) if isinstance(wait, int | float) else None


def _description(answer: Answer) -> str:
    return str(answer.object().get("description", ""))[:300]


def _address(message: dict[str, Any]) -> str | None:
    """Where anybody can read the message: in groups with a name."""
    chat = message.get("chat")
    name = chat.get("username") if isinstance(chat, dict) and chat.get("type") == "supergroup" else None
    return f"https://t.me/{name}/{message['message_id']}" if isinstance(name, str) else None
