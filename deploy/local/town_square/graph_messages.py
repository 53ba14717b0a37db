"""Messenger's and Instagram's private messages in the Graph API: the Send API and the Conversations API.

Sources: Meta, "Messenger Platform: Send API", "Message tags", "Error codes"; "Conversations API".
"""

from typing import Any, Final

from starlette.responses import JSONResponse, Response

from .accounts import Account
from .clock import Clock, graph_time
from .faults import Faults
from .graph_calls import Call, picked
from .graph_errors import THROTTLED_HEADERS, GraphError, bad, failures, missing
from .private_messages import Private, PrivateMessage, PrivateMessages

READABLE: Final = 20
MOST_CHARACTERS: Final = 2000
MOST_INSTAGRAM_BYTES: Final = 1000
_HOUR: Final = 3_600_000
_WINDOW: Final = 24 * _HOUR
_AGENT_WINDOW: Final = 7 * _WINDOW
_CLOSED: Final[dict[Private, int]] = {"messenger": 2018278, "instagram": 2534022}


def _throttled() -> GraphError:
    return GraphError(613, None, "(#613) Calls to this api have exceeded the rate limit.", headers=THROTTLED_HEADERS)


def _nobody() -> GraphError:
    return GraphError(100, 2018001, "(#100) No matching user found")


class MessagesRoom:
    """The private messages of Pages and of Instagram accounts."""

    def __init__(self, messages: PrivateMessages, faults: Faults, clock: Clock) -> None:
        """Serve these messages."""
        self._messages = messages
        self._faults = faults
        self._clock = clock

    async def send(self, call: Call, speaker: str) -> Response:
        """Take a message to a person who has written lately."""
        platform, account = _speaking(call, speaker)
        message, person = call.part("message"), str(call.part("recipient").get("id", ""))
        text, metadata = message.get("text"), message.get("metadata")
        if not person:
            raise bad("The parameter recipient is required")
        _check_text(platform, text)
        self._check_window(call, platform, account, person)

        async def accept() -> Response:
            sent = self._messages.send(platform, account, person, str(text), metadata, person)
            return JSONResponse({"recipient_id": person, "message_id": sent.id})

        return await self._faults.meet(platform, accept, failures(_throttled, _nobody))

    async def conversations(self, call: Call, speaker: str) -> Response:
        """Show the conversation with one person."""
        platform, account = _speaking(call, speaker, call.fields.get("platform", "messenger"))
        person = call.fields.get("user_id")
        if not person:
            raise bad("The parameter user_id is required")
        listed = self._messages.newest(platform, account.id, person)
        if not any(each.by_person for each in listed):
            listed.append(self._opening(platform, account, person, listed))
        shown: dict[str, Any] = {
            "id": f"t_{account.id}{person}",
            "updated_time": graph_time(listed[0].at),
        }
        edge = call.edge("messages")
        if edge is not None:
            limit, wanted = edge
            piece = [picked(_shown(each), wanted) for each in listed[: min(limit, READABLE)]]
            shown = {"messages": {"data": piece}, "id": shown["id"]}
        return JSONResponse({"data": [shown]})

    async def read(self, call: Call, message: str) -> Response:
        """Show one message of the account's; WhatsApp's cannot be read."""
        own = {(platform, account.id) for platform, account in call.accounts.items() if platform != "whatsapp"}
        found = self._messages.find(message)
        if found is None or (found.platform, found.account) not in own:
            raise missing(message)
        return JSONResponse(picked(_shown(found), call.wanted("id,created_time")))

    def _check_window(self, call: Call, platform: Private, account: Account, person: str) -> None:
        is_agent = (call.fields.get("messaging_type"), call.fields.get("tag")) == ("MESSAGE_TAG", "HUMAN_AGENT")
        silence = self._messages.silent_for(platform, account.id, person)
        if silence > (_AGENT_WINDOW if is_agent else _WINDOW):
            words = "(#10) This message is sent outside of allowed window."
            raise GraphError(10, _CLOSED[platform], words)

    def _opening(
        self, platform: Private, account: Account, person: str, listed: list[PrivateMessage]
    ) -> PrivateMessage:
        """What a person must have written elsewhere, or there would be no conversation."""
        began = (listed[-1].at if listed else self._clock()) - _HOUR
        return PrivateMessage(f"m_opening{person}", platform, account.id, person, True, "", None, began)


def _speaking(call: Call, speaker: str, wished: str | None = None) -> tuple[Private, Account]:
    """Find who speaks: the Page of the token by its id, the Instagram account by its id, or whoever the token is."""
    order: tuple[Private, ...] = ("instagram", "messenger") if speaker == "me" else ("messenger", "instagram")
    for platform in order:
        account = call.accounts.get(platform)
        if account is not None and speaker in ("me", account.id) and wished in (None, platform):
            return platform, account
    raise missing(speaker)


def _check_text(platform: Private, text: object) -> None:
    if not isinstance(text, str) or not text.strip():
        raise bad("Param message[text] must be a non-empty string")
    if platform == "instagram" and len(text.encode()) > MOST_INSTAGRAM_BYTES:
        raise bad(f"Length of param message[text] must be less than or equal to {MOST_INSTAGRAM_BYTES}")
    if len(text) > MOST_CHARACTERS:
        raise bad(f"Length of param message[text] must be less than or equal to {MOST_CHARACTERS}")


def _shown(message: PrivateMessage) -> dict[str, Any]:
    sender, receiver = message.person, message.account
    if not message.by_person:
        sender, receiver = receiver, sender
    return {
        "id": message.id,
        "created_time": graph_time(message.at),
        "from": {"id": sender},
        "to": {"data": [{"id": receiver}]},
        "message": message.text,
    }
