"""The WhatsApp Cloud API: messages from a business number.

Sources: Meta, "WhatsApp Cloud API: Messages", "Business-scoped user IDs", "Error codes".
"""

import json
import re
from typing import Final

from starlette.responses import JSONResponse, Response

from .accounts import Account
from .faults import Faults
from .graph_calls import Call
from .graph_errors import THROTTLED_HEADERS, GraphError, bad, failures, missing
from .private_messages import PrivateMessages

MOST_CHARACTERS: Final = 4096
MOST_REFERENCE: Final = 512
_WINDOW: Final = 24 * 3_600_000
_USER_ID: Final = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}")
_PHONE: Final = re.compile(r"\+?\d{6,15}")


def _throttled() -> GraphError:
    return GraphError(130429, None, "(#130429) Rate limit hit", headers=THROTTLED_HEADERS)


def _undeliverable() -> GraphError:
    return GraphError(131026, None, "(#131026) Message undeliverable")


def _unavailable() -> GraphError:
    return GraphError(131016, None, "(#131016) Service unavailable", status=503)


class WhatsAppRoom:
    """The messages of business numbers."""

    def __init__(self, messages: PrivateMessages, faults: Faults) -> None:
        """Serve these messages."""
        self._messages = messages
        self._faults = faults

    async def send(self, call: Call, number: str) -> Response:
        """Take a text to a person who has written lately."""
        account = _own(call, number)
        text, reference = _text(call), call.fields.get("biz_opaque_callback_data")
        if reference is not None and len(reference) > MOST_REFERENCE:
            raise bad(f"Param biz_opaque_callback_data must be at most {MOST_REFERENCE} characters long.")
        name, person = _recipient(call)
        answered = str(call.part("context").get("message_id") or person)
        if self._messages.silent_for("whatsapp", account.id, person) > _WINDOW:
            raise GraphError(131047, None, "(#131047) Re-engagement message")

        async def accept() -> Response:
            sent = self._messages.send("whatsapp", account, person, text, reference, answered)
            contact = {"input": person, name: person}
            body = {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": sent.id}]}
            return JSONResponse(body)

        wording = {**failures(_throttled, _undeliverable), "down": lambda: _unavailable().answer()}
        return await self._faults.meet("whatsapp", accept, wording)

    async def read(self, call: Call, number: str) -> Response:
        """Show the number itself."""
        account = _own(call, number)
        return JSONResponse({"verified_name": account.name, "quality_rating": "GREEN", "id": account.id})


def _own(call: Call, number: str) -> Account:
    account = call.on("whatsapp")
    if account.id != number:
        raise missing(number)
    return account


def _text(call: Call) -> str:
    if call.fields.get("type", "text") != "text":
        raise GraphError(131051, None, "(#131051) Unsupported message type")
    body = call.part("text").get("body")
    if not isinstance(body, str) or not body.strip():
        raise bad("The parameter text['body'] is required.")
    if len(body) > MOST_CHARACTERS:
        raise bad(f"Param text['body'] must be at most {MOST_CHARACTERS} characters long.")
    return body


def _recipient(call: Call) -> tuple[str, str]:
    """Find who is meant, and whether by phone number (`wa_id`), which comes first, or by `user_id`."""
    phone, user = call.fields.get("to"), call.fields.get("recipient")
    if phone is not None and _PHONE.fullmatch(phone):
        return "wa_id", phone.removeprefix("+")
    if phone is None and user is not None and _USER_ID.fullmatch(user):
        return "user_id", user
    raise bad(f"The parameter {'to' if phone is not None else 'recipient'} is not valid: {json.dumps(phone or user)}")
