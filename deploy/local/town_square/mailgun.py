"""A piece of Mailgun: sending one mail through a domain, and the events of what was sent.

Nothing here is idempotent, and the errors have nothing but words. A key that begins with `sending-` is a domain's
sending key: it may send, and is a stranger everywhere else.
"""

import base64
import binascii
import re
import secrets
from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from .accounts import Account, Accounts
from .faults import Failures, Faults
from .fields import Unreadable, read_fields
from .paging import number
from .sent_mail import Mail, SentMail

_ADDRESS: Final = re.compile(r"[^\s<>@,]+@[^\s<>@,]+")
_SENDING_KEY: Final = "sending-"
_NOBODY: Final = "to parameter is not a valid address. please check documentation"


class MailgunError(Exception):
    """A call that Mailgun would refuse."""

    def __init__(self, status: int, message: str) -> None:
        """Keep what to answer."""
        super().__init__(message)
        self._status, self._message = status, message

    def answer(self) -> Response:
        """Write the error as Mailgun does: who is not known gets a bare word."""
        if self._status == 401:
            return PlainTextResponse(self._message, 401, {"WWW-Authenticate": 'Basic realm="MG API"'})
        return JSONResponse({"message": self._message}, self._status)


async def answer_mailgun_error(_: Request, error: Exception) -> Response:
    """Answer an error in Mailgun's shape."""
    assert isinstance(error, MailgunError)
    return error.answer()


def _failures() -> Failures:
    return {
        "accept_then_500": lambda: MailgunError(500, "Internal Server Error").answer(),
        "throttle": lambda: JSONResponse({"message": "Too many requests"}, 429, {"Retry-After": "1"}),
        "down": lambda: PlainTextResponse("Service Unavailable", 503),
        "token_dead": lambda: MailgunError(401, "Forbidden").answer(),
        "parent_gone": lambda: MailgunError(400, _NOBODY).answer(),
    }


class MailgunRoutes:
    """`/mailgun/v3/{domain}`."""

    def __init__(self, accounts: Accounts, mail: SentMail, faults: Faults) -> None:
        """Send for the accounts among these that have a key."""
        self._accounts = accounts
        self._mail = mail
        self._faults = faults

    def router(self) -> APIRouter:
        """Bind the routes."""
        router = APIRouter(prefix="/mailgun/v3/{domain}", include_in_schema=False)
        router.add_api_route("/messages", self.send, methods=["POST"])
        router.add_api_route("/events", self.events, methods=["GET"])
        return router

    async def send(self, request: Request, domain: str) -> Response:
        """Take a mail."""
        account = self._caller(request, domain)
        try:
            fields = await read_fields(request)
        except Unreadable as unreadable:
            raise MailgunError(400, str(unreadable)) from unreadable
        mail = _mail_of(account, domain, fields)

        async def accept() -> Response:
            self._mail.send(mail)
            return JSONResponse({"id": f"<{mail.message_id}>", "message": "Queued. Thank you."})

        return await self._faults.meet("mailgun", accept, _failures())

    async def events(self, request: Request, domain: str) -> Response:
        """List what became of mail, newest first, of one Message-ID if asked so."""
        account, query = self._caller(request, domain, sends=False), request.query_params
        wanted = query.get("message-id")
        found = [one for one in self._mail.of("mailgun", account.id) if wanted in (None, one.message_id)]
        piece = found[: max(1, min(number(query.get("limit", "")) or 100, 300))]
        address = str(request.url.replace(query=""))
        paging = {name: f"{address}/{name}" for name in ("first", "last", "next", "previous")}
        return JSONResponse({"items": [_event(one) for one in piece], "paging": paging})

    def _caller(self, request: Request, domain: str, *, sends: bool = True) -> Account:
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            user, _, key = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            user, key = "", ""
        account = self._accounts.with_token("mailgun", key)
        may = sends or not key.startswith(_SENDING_KEY)
        if account is None or user != "api" or scheme.lower() != "basic" or not may:
            raise MailgunError(401, "Forbidden")
        if account.id.rpartition("@")[2].lower() != domain.lower():
            raise MailgunError(404, f"Domain not found: {domain}")
        return account


def _mail_of(account: Account, domain: str, fields: Mapping[str, str]) -> Mail:
    for name in ("from", "to"):
        if not fields.get(name):
            raise MailgunError(400, f"{name} parameter is missing")
    if not _ADDRESS.fullmatch(fields["to"]):
        raise MailgunError(400, _NOBODY)
    if not fields.get("text", "").strip():
        raise MailgunError(400, "Need at least one of 'text', 'html', 'amp-html' or 'template' parameters specified")
    headers = {name[2:]: value for name, value in fields.items() if name.startswith("h:")}
    message_id = headers.get("Message-Id") or f"<{secrets.token_hex(8)}@{domain}>"
    return Mail(
        platform="mailgun",
        account=account.id,
        id=secrets.token_urlsafe(16),
        message_id=message_id.strip("<>"),
        recipient=fields["to"],
        subject=fields.get("subject", ""),
        text=fields["text"],
        headers=headers | {"Message-Id": message_id},
        variables={name[2:]: value for name, value in fields.items() if name.startswith("v:")},
    )


def _event(mail: Mail) -> dict[str, Any]:
    named = {"from": mail.account, "to": mail.recipient, "subject": mail.subject, "message-id": mail.message_id}
    return {
        "event": "accepted",
        "id": mail.id,
        "timestamp": mail.at / 1000,
        "log-level": "info",
        "method": "HTTP",
        "recipient": mail.recipient,
        "recipient-domain": mail.recipient.rpartition("@")[2],
        "message": {"headers": named, "attachments": [], "size": len(mail.text.encode())},
        "user-variables": dict(mail.variables),
        "tags": None,
    }
