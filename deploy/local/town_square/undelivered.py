"""Word that something which was taken did not arrive: what the platforms push afterwards, signed as they sign.

Sources: Meta, "WhatsApp webhooks: messages" (statuses); Viber, "REST API" (failed callback); Postmark, "Bounce
webhook"; Mailgun, "Event types", "Securing Webhooks". The square knows no secrets of webhooks: whoever asks says where
to push and what to sign with, as both stand in `parley.json`.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Literal

import httpx
from fastapi import APIRouter
from pydantic import BaseModel, Field

from .bot_messages import BotMessages
from .clock import Clock, rfc3339
from .private_messages import PrivateMessages
from .refusals import Refused
from .sent_mail import SentMail

_PATIENCE_SECONDS: Final = 30.0
_JSON: Final = {"content-type": "application/json"}
_USUAL: Final = {
    "whatsapp": "131026",
    "viber": "failed to deliver",
    "postmark": "HardBounce",
    "mailgun": "suppress-bounce",
}

Word = Annotated[str, Field(min_length=1, max_length=300)]


class Failure(BaseModel):
    """A reply that shall be reported as not delivered, by the id that `/replies` knows it under, and to whom.

    `reason` is the platform's own: WhatsApp's code, Viber's description, Postmark's type of a bounce, Mailgun's reason.
    """

    platform: Literal["whatsapp", "viber", "postmark", "mailgun"]
    id: Word
    webhook: Annotated[str, Field(pattern=r"^http://(127\.0\.0\.1|localhost):\d{1,5}/", max_length=500)]
    secret: Word
    username: Word = "postmark"
    reason: Word | None = None


class UndeliveredRoutes:
    """`POST /undelivered`: push word of a reply that did not arrive."""

    def __init__(self, private: PrivateMessages, bots: BotMessages, mail: SentMail, clock: Clock) -> None:
        """Report what is among these."""
        self._private = private
        self._bots = bots
        self._mail = mail
        self._clock = clock

    def router(self) -> APIRouter:
        """Bind the route."""
        router = APIRouter()
        router.add_api_route("/undelivered", self.report, methods=["POST"])
        return router

    async def report(self, failure: Failure) -> dict[str, int]:
        """Push it once; answers the status that the webhook gave."""
        write: Mapping[str, Callable[[Failure, str], dict[str, Any] | None]] = {
            "whatsapp": self._whatsapp,
            "viber": self._viber,
            "postmark": self._postmark,
            "mailgun": self._mailgun,
        }
        said = write[failure.platform](failure, failure.reason or _USUAL[failure.platform])
        if said is None:
            raise Refused(404, "id", "nothing that was sent here has this id")
        body, headers = _sealed(failure, said, self._clock())
        async with httpx.AsyncClient(timeout=_PATIENCE_SECONDS, trust_env=False) as client:
            answer = await client.post(failure.webhook, content=body, headers=_JSON | headers)
        return {"status": answer.status_code}

    def _whatsapp(self, failure: Failure, reason: str) -> dict[str, Any] | None:
        message = self._private.find(failure.id)
        if message is None or message.by_person:
            return None
        status = {
            "id": message.id,
            "status": "failed",
            "timestamp": str(self._clock() // 1000),
            "recipient_id": message.person,
            "errors": [{"code": int(reason) if reason.isdecimal() else 131000, "title": "Message undeliverable"}],
        }
        if message.reference is not None:
            status["biz_opaque_callback_data"] = message.reference
        value = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "94112345678", "phone_number_id": message.account},
            "statuses": [status],
        }
        entry = {"id": "102290129340399", "changes": [{"value": value, "field": "messages"}]}
        return {"object": "whatsapp_business_account", "entry": [entry]}

    def _viber(self, failure: Failure, reason: str) -> dict[str, Any] | None:
        message = self._bots.called("viber", failure.id)
        if message is None:
            return None
        token = int(message.id)
        return {
            "event": "failed",
            "timestamp": self._clock(),
            "message_token": token,
            "user_id": message.chat,
            "desc": reason,
        }

    def _postmark(self, failure: Failure, reason: str) -> dict[str, Any] | None:
        mail = self._mail.called("postmark", failure.id)
        if mail is None:
            return None
        return {
            "RecordType": "Bounce",
            "MessageStream": "outbound",
            "ID": 42,
            "Type": reason,
            "MessageID": mail.id,
            "Metadata": dict(mail.variables),
            "Details": f"smtp;550 5.1.1 <{mail.recipient}> no such user",
            "Email": mail.recipient,
            "From": mail.account,
            "BouncedAt": rfc3339(self._clock()),
            "Subject": mail.subject,
        }

    def _mailgun(self, failure: Failure, reason: str) -> dict[str, Any] | None:
        mail = self._mail.called("mailgun", failure.id)
        if mail is None:
            return None
        headers = {"to": mail.recipient, "message-id": mail.message_id, "from": mail.account, "subject": mail.subject}
        event = {
            "event": "failed",
            "id": secrets.token_urlsafe(16),
            "timestamp": self._clock() / 1000,
            "log-level": "error",
            "severity": "permanent",
            "reason": reason,
            "recipient": mail.recipient,
            "delivery-status": {"code": 605, "description": "Not delivering to previously bounced address"},
            "message": {"headers": headers, "attachments": [], "size": len(mail.text.encode())},
            "user-variables": dict(mail.variables),
        }
        return {"event-data": event}


def _sealed(failure: Failure, said: dict[str, Any], now: int) -> tuple[bytes, dict[str, str]]:
    """Give the body as it goes over the wire, with the header fields that prove it; Mailgun's proof stands inside."""
    key = failure.secret.encode()
    if failure.platform == "mailgun":
        sent, token = str(now // 1000), secrets.token_hex(25)
        signature = hmac.new(key, f"{sent}{token}".encode(), hashlib.sha256).hexdigest()
        proof = {"timestamp": sent, "token": token, "signature": signature}
        return json.dumps({"signature": proof, **said}).encode(), {}
    body = json.dumps(said).encode()
    digest = hmac.new(key, body, hashlib.sha256).hexdigest()
    if failure.platform == "whatsapp":
        return body, {"x-hub-signature-256": f"sha256={digest}"}
    if failure.platform == "viber":
        return body, {"x-viber-content-signature": digest}
    pair = base64.b64encode(f"{failure.username}:{failure.secret}".encode()).decode()
    return body, {"authorization": f"Basic {pair}"}
