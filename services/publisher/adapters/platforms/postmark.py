"""Answers to mail, sent by Postmark.

Sources: Postmark, "Email API", "Messages API" (outbound search), "API overview" (error codes), "Server API";
"Subject line and From address character limits"; django-anymail for what answers look like. What must stay true:

- Postmark knows no idempotency key. ``Message-ID`` is kept as we give it only with ``X-PM-KeepID``; ``MessageID`` in
  the answer is Postmark's own and names the mail to nobody else.
- The key goes along as metadata, by which the log of sent mail is searched. A mail may turn up there late, so that one
  that is not there may have been sent all the same.
- A subject has at most 2,000 UTF-16 units, as text: Postmark encodes it (RFC 2047). Ours are shorter.
- What was sent cannot be changed, and nobody can say whether it was read.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from services.publisher.adapters import metrics
from services.publisher.adapters.http import Answer, Http, NoAnswer, NothingSent
from services.publisher.adapters.platforms.base import Sparse
from services.publisher.adapters.platforms.email import Letter, letter_of, message_id_of
from services.publisher.domain.outcomes import (
    NOT_POSSIBLE,
    Absent,
    CannotSee,
    CredentialsDead,
    Found,
    Outcome,
    Probe,
    Probed,
    Published,
    Refused,
    Sighting,
    Throttled,
    Unavailable,
    Unknown,
)
from services.publisher.domain.publications import Nature, Publication
from services.publisher.ports import Credentials

PLATFORM = "postmark"
METADATA = "publication"
STREAM = "outbound"
"""The transactional stream that every server has; another one stands in the secrets as ``message_stream``."""
LISTED = 50

BAD_TOKEN = 10
MAINTENANCE = 100
INACTIVE = 406
"""The address bounced or its owner complained: Postmark will not send to it again."""
NEEDS_OWNER = {400: "sender unknown", 401: "sender unconfirmed", 405: "no credit", 412: "pending", 413: "may not send"}
"""The account may send nothing until its owner has put that right with Postmark."""
TOO_MANY = 429


class Postmark(Sparse):
    """Letters from the address that is the account, with its server token."""

    nature = Nature(can_look=True)
    needs_credentials = True

    def __init__(self, http: Http) -> None:
        self._http = http

    async def send(self, publication: Publication, credentials: Credentials | None) -> Outcome:
        """``POST /email``."""
        assert credentials is not None
        letter = letter_of(publication, credentials)
        if isinstance(letter, Refused):
            return letter
        content = mail_of(letter, publication.key, credentials.secrets.get("message_stream", STREAM))
        try:
            answer = await self._http.post(PLATFORM, f"{credentials.base_url}/email", _headers(credentials), content)
        except NothingSent as nothing:
            return Unavailable(str(nothing))
        except NoAnswer as unanswered:
            return Unknown(str(unanswered))
        return outcome_of(answer, letter.message_id)

    async def find(
        self, publication: Publication, sent_at: datetime, taken: Collection[str], credentials: Credentials | None
    ) -> Sighting:
        """``GET /messages/outbound``, by the key in the metadata."""
        assert credentials is not None
        query = {
            "count": str(LISTED),
            "offset": "0",
            "messagestream": credentials.secrets.get("message_stream", STREAM),
            "recipient": publication.mention or "",
            f"metadata_{METADATA}": publication.key,
        }
        try:
            answer = await self._http.get(
                PLATFORM, f"{credentials.base_url}/messages/outbound", _headers(credentials), query
            )
        except (NothingSent, NoAnswer) as unseen:
            return CannotSee(str(unseen))
        return sighting_of(answer, publication)

    async def probe(self, account: str, credentials: Credentials) -> Probe:
        """``GET /server``; which senders are confirmed, a server token does not tell."""
        try:
            answer = await self._http.get(PLATFORM, f"{credentials.base_url}/server", _headers(credentials), {})
        except NothingSent as nothing:
            return Unavailable(str(nothing))
        except NoAnswer as unanswered:
            return Unknown(str(unanswered))
        if answer.status == 401:
            return CredentialsDead("status 401: the server token is not known")
        if answer.status != 200:
            return Unknown(f"status {answer.status}")
        return Probed({"reply": True, "edit": False, "delete": False, "hide": False, "read": True, "reach": False})


def mail_of(letter: Letter, key: str, stream: str) -> dict[str, Any]:
    """The letter as ``POST /email`` takes it. Nothing of it is tracked."""
    headers = [*letter.headers, ("X-PM-KeepID", "true")]
    mail: dict[str, Any] = {
        "From": letter.sender,
        "To": letter.recipient,
        "Subject": letter.subject,
        "TextBody": letter.text,
        "Headers": [{"Name": name, "Value": value} for name, value in headers],
        "Metadata": {METADATA: key},
        "MessageStream": stream,
        "TrackOpens": False,
        "TrackLinks": "None",
    }
    return mail | ({"ReplyTo": letter.reply_to} if letter.reply_to else {})


def outcome_of(answer: Answer, message_id: str) -> Outcome:
    """What the answer to a letter means, by ``ErrorCode``; it is missing where Postmark says that delivery may wait."""
    body = answer.object()
    code = body.get("ErrorCode", 0)
    if answer.status == 200 and code == 0:
        if isinstance(body.get("MessageID"), str):
            return Published(message_id)
        metrics.UNREADABLE.labels(PLATFORM).inc()
        return Unknown("an answer without a MessageID")
    said = f"status {answer.status}, code {code}"
    if answer.status == 429 or code == TOO_MANY:
        return Throttled(answer.retry_after(), said)
    if answer.status == 401 or code == BAD_TOKEN:
        return CredentialsDead(said)
    if code == MAINTENANCE:
        return Unavailable(f"{said}: Postmark takes nothing during maintenance")
    if answer.status == 413:
        return Refused("too_long", said)
    return _refusal(answer, code, said)


def _refusal(answer: Answer, code: object, said: str) -> Outcome:
    if answer.status != 422:
        return Unknown(said)
    if code == INACTIVE:
        return Refused(NOT_POSSIBLE, f"{said}: the address takes no mail")
    if isinstance(code, int) and code in NEEDS_OWNER:
        return CredentialsDead(f"{said}: {NEEDS_OWNER[code]}")
    return Refused("rejected", said)


def sighting_of(answer: Answer, publication: Publication) -> Sighting:
    """Whether the log of sent mail shows the letter."""
    listed = answer.object().get("Messages")
    if answer.status != 200 or not isinstance(listed, list):
        return CannotSee(f"status {answer.status}")
    for mail in listed:
        metadata = mail.get("Metadata") if isinstance(mail, dict) else None
        if isinstance(metadata, dict) and metadata.get(METADATA) == publication.key:
            return Found(message_id_of(publication))
    return Absent("not in the log of sent mail so far")


def _headers(credentials: Credentials) -> dict[str, str]:
    return {"x-postmark-server-token": credentials.token, "accept": "application/json"}
