"""A piece of Postmark: sending one mail, searching what was sent, and asking whose token it is.

Nothing here is idempotent. A Message-ID is kept only with `X-PM-KeepID`.
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
from .clock import rfc3339
from .faults import Failures, Faults
from .paging import number
from .sent_mail import Mail, SentMail

_ADDRESS: Final = re.compile(r"[^\s<>@,]+@[^\s<>@,]+")
_MOST_TEXT: Final = 5 * 1024 * 1024
_MOST_METADATA: Final = 80
_MOST_SUBJECT_UNITS: Final = 2000
"""Of UTF-16."""


class PostmarkError(Exception):
    """A call that Postmark would refuse; callers branch on `ErrorCode`."""

    def __init__(self, status: int, code: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        """Keep what to answer."""
        super().__init__(message)
        self._status, self._code, self._message, self._headers = status, code, message, headers

    def answer(self) -> JSONResponse:
        """Write the error as Postmark does."""
        return JSONResponse({"ErrorCode": self._code, "Message": self._message}, self._status, self._headers)


async def answer_postmark_error(_: Request, error: Exception) -> JSONResponse:
    """Answer an error in Postmark's shape."""
    assert isinstance(error, PostmarkError)
    return error.answer()


def _bad_token() -> PostmarkError:
    return PostmarkError(401, 10, "Request does not contain a valid Server token.")


def _invalid(words: str) -> PostmarkError:
    return PostmarkError(422, 300, words)


def _failures(recipient: str) -> Failures:
    inactive = (
        "You tried to send to recipient(s) that have been marked as inactive. "
        f"Found inactive addresses: {recipient}. "
        "Inactive recipients are ones that have generated a hard bounce, a spam complaint, or a manual suppression."
    )
    wait = {"Retry-After": "1"}
    return {
        "accept_then_500": lambda: PostmarkError(500, 0, "Internal Server Error").answer(),
        "throttle": lambda: PostmarkError(429, 429, "Rate Limit Exceeded", wait).answer(),
        "down": lambda: PostmarkError(503, 100, "The Postmark API is offline for maintenance.").answer(),
        "token_dead": lambda: _bad_token().answer(),
        "parent_gone": lambda: PostmarkError(422, 406, inactive).answer(),
    }


class PostmarkRoutes:
    """`/postmark`."""

    def __init__(self, accounts: Accounts, mail: SentMail, faults: Faults) -> None:
        """Send for the accounts among these that have a server token."""
        self._accounts = accounts
        self._mail = mail
        self._faults = faults

    def router(self) -> APIRouter:
        """Bind the routes."""
        router = APIRouter(prefix="/postmark", include_in_schema=False)
        routes: list[tuple[str, str, Callable[..., object]]] = [
            ("POST", "/email", self.send),
            ("GET", "/messages/outbound", self.search),
            ("GET", "/messages/outbound/{message}/details", self.details),
            ("GET", "/server", self.server),
        ]
        for method, path, route in routes:
            router.add_api_route(path, route, methods=[method])
        return router

    async def send(self, request: Request) -> Response:
        """Take a mail."""
        account = self._caller(request)
        mail = _mail_of(account, await _body(request))

        async def accept() -> Response:
            at = self._mail.send(mail)
            answer = {"To": mail.recipient, "SubmittedAt": rfc3339(at), "MessageID": mail.id}
            return JSONResponse(answer | {"ErrorCode": 0, "Message": "OK"})

        return await self._faults.meet("postmark", accept, _failures(mail.recipient))

    async def search(self, request: Request) -> Response:
        """List what was sent, newest first, by recipient and by metadata."""
        account, query = self._caller(request), dict(request.query_params)
        if not 0 < (number(query.get("count", "")) or 0) <= 500 or number(query.get("offset", "")) is None:
            raise PostmarkError(422, 600, "The count and offset query parameters are required.")
        found = [one for one in self._mail.of("postmark", account.id) if _fits(one, query)]
        start = number(query["offset"]) or 0
        piece = found[start : start + (number(query["count"]) or 0)]
        return JSONResponse({"TotalCount": len(found), "Messages": [_shown(one) for one in piece]})

    async def details(self, request: Request, message: str) -> Response:
        """Show one sent mail whole, with its source."""
        account = self._caller(request)
        found = next((one for one in self._mail.of("postmark", account.id) if one.id == message), None)
        if found is None:
            raise PostmarkError(422, 701, "This message was not found.")
        source = "\r\n".join(f"{name}: {value}" for name, value in found.headers.items())
        return JSONResponse(_shown(found) | {"TextBody": found.text, "Body": f"{source}\r\n\r\n{found.text}"})

    async def server(self, request: Request) -> Response:
        """Say whose token it is."""
        account = self._caller(request)
        return JSONResponse({"ID": 1, "Name": account.name, "Color": "blue", "DeliveryType": "Live"})

    def _caller(self, request: Request) -> Account:
        account = self._accounts.with_token("postmark", request.headers.get("x-postmark-server-token", ""))
        if account is None:
            raise _bad_token()
        return account


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except ValueError as broken:
        raise PostmarkError(422, 402, "Received invalid JSON input.") from broken
    if not isinstance(body, dict):
        raise PostmarkError(422, 403, "The fields given do not fit.")
    return body


def _mail_of(account: Account, body: dict[str, Any]) -> Mail:
    sender, recipient, text = (str(body.get(name, "")) for name in ("From", "To", "TextBody"))
    if not _ADDRESS.fullmatch(recipient):
        raise _invalid(f"Invalid 'To' address: '{recipient}'.")
    if sender.lower() != account.id.lower():
        raise PostmarkError(422, 400, f"The 'From' address you supplied ({sender}) is not a Sender Signature.")
    if not text.strip() or len(text.encode()) > _MOST_TEXT:
        raise _invalid("Provide either email TextBody or HtmlBody or both.")
    subject = str(body.get("Subject", ""))
    if len(subject.encode("utf-16-le")) // 2 > _MOST_SUBJECT_UNITS:
        raise _invalid("Invalid 'Subject': too long.")
    metadata = {str(name): str(value) for name, value in (body.get("Metadata") or {}).items()}
    if any(len(value) > _MOST_METADATA for value in metadata.values()):
        raise _invalid("Invalid metadata content.")
    headers = {
        str(one.get("Name")): str(one.get("Value")) for one in body.get("Headers") or [] if isinstance(one, dict)
    }
    if headers.pop("X-PM-KeepID", "") != "true" or "Message-ID" not in headers:
        headers["Message-ID"] = f"<{uuid.uuid4()}@mtasv.net>"
    if body.get("ReplyTo"):
        headers["Reply-To"] = str(body["ReplyTo"])
    message_id = headers["Message-ID"].strip("<>")
    return Mail("postmark", account.id, str(uuid.uuid4()), message_id, recipient, subject, text, headers, metadata)


def _fits(mail: Mail, query: Mapping[str, str]) -> bool:
    metadata = {name.removeprefix("metadata_"): value for name, value in query.items() if name.startswith("metadata_")}
    is_for = query.get("recipient", mail.recipient).lower() == mail.recipient.lower()
    return is_for and all(mail.variables.get(name) == value for name, value in metadata.items())


def _shown(mail: Mail) -> dict[str, Any]:
    return {
        "MessageID": mail.id,
        "MessageStream": "outbound",
        "From": mail.account,
        "To": [{"Email": mail.recipient, "Name": None}],
        "Cc": [],
        "Bcc": [],
        "Recipients": [mail.recipient],
        "Subject": mail.subject,
        "ReceivedAt": rfc3339(mail.at),
        "Status": "Sent",
        "Tag": "",
        "Metadata": dict(mail.variables),
    }
