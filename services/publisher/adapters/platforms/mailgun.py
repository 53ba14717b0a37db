"""Answers to mail, sent by Mailgun.

Sources: Mailgun, "Messages", "Events", "API Response Codes", "Authentication" (domain sending keys); django-anymail for
what answers look like. What must stay true:

- Mailgun knows no idempotency key, and has taken mail that it answered with 5xx. Our Message-ID goes along as
  ``h:Message-Id``; the events are searched for it. They turn up late and are kept for a day at least, so that a mail
  that they do not show may have been sent all the same.
- Errors have no codes, only a status and English words.
- A domain's sending key may call ``/messages`` and nothing else: everywhere else it is refused like a key that is not
  known. So whether it lives is asked of ``/messages``, by a letter to nobody, which nothing can come of: a key that may
  send hears that a parameter is missing. With such a key nothing can be looked up.
- What was sent cannot be changed, and nobody can say whether it was read.
"""

import base64
from collections.abc import Collection, Mapping
from datetime import datetime
from urllib.parse import quote, urlencode

from services.publisher.adapters import metrics
from services.publisher.adapters.http import Answer, Http, NoAnswer, NothingSent
from services.publisher.adapters.platforms.base import Sparse
from services.publisher.adapters.platforms.email import Letter, domain_of, letter_of, message_id_of
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

PLATFORM = "mailgun"
NOBODY = "to parameter is not a valid address"
REJECTED = "rejected"
"""The event of a mail that Mailgun took and then would not send."""
LISTED = 25
TO_NOBODY = {"o:testmode": "yes"}
"""A letter without sender, recipient and text: Mailgun refuses it, and in test mode would send nothing anyway."""
RIGHTS = {"reply": True, "edit": False, "delete": False, "hide": False, "read": False, "reach": False}
"""Those of a key that may send and nothing else."""


class Mailgun(Sparse):
    """Letters from the address that is the account, through its domain or that in the secrets (``domain``)."""

    nature = Nature(can_look=True)
    needs_credentials = True

    def __init__(self, http: Http) -> None:
        self._http = http

    async def send(self, publication: Publication, credentials: Credentials | None) -> Outcome:
        """``POST /v3/{domain}/messages``, as a form."""
        assert credentials is not None
        letter = letter_of(publication, credentials)
        if isinstance(letter, Refused):
            return letter
        try:
            return outcome_of(await self._post(publication.account, credentials, form_of(letter, publication.key)))
        except NothingSent as nothing:
            return Unavailable(str(nothing))
        except NoAnswer as unanswered:
            return Unknown(str(unanswered))

    async def find(
        self, publication: Publication, sent_at: datetime, taken: Collection[str], credentials: Credentials | None
    ) -> Sighting:
        """``GET /v3/{domain}/events``, by our Message-ID."""
        assert credentials is not None
        query = {"message-id": message_id_of(publication), "limit": str(LISTED)}
        address = _address(publication.account, credentials, "events")
        try:
            answer = await self._http.get(PLATFORM, address, _headers(credentials), query)
        except (NothingSent, NoAnswer) as unseen:
            return CannotSee(str(unseen))
        return sighting_of(answer, message_id_of(publication))

    async def probe(self, account: str, credentials: Credentials) -> Probe:
        """``GET /v3/{domain}/events``, and for a key that is refused there ``POST /v3/{domain}/messages``."""
        address = _address(account, credentials, "events")
        try:
            answer = await self._http.get(PLATFORM, address, _headers(credentials), {"limit": "1"})
            if answer.status in (401, 403):
                return sending_of(await self._post(account, credentials, TO_NOBODY))
        except NothingSent as nothing:
            return Unavailable(str(nothing))
        except NoAnswer as unanswered:
            return Unknown(str(unanswered))
        return Probed({**RIGHTS, "read": True}) if answer.status == 200 else Unknown(f"status {answer.status}")

    async def _post(self, account: str, credentials: Credentials, form: Mapping[str, str]) -> Answer:
        headers = {**_headers(credentials), "content-type": "application/x-www-form-urlencoded"}
        address = _address(account, credentials, "messages")
        return await self._http.request(PLATFORM, "POST", address, headers, urlencode(form).encode())


def form_of(letter: Letter, key: str) -> dict[str, str]:
    """The letter as a form. Nothing of it is tracked."""
    form = {
        "from": letter.sender,
        "to": letter.recipient,
        "subject": letter.subject,
        "text": letter.text,
        "v:publication": key,
        "o:tracking": "no",
    }
    # Mailgun spells it so; a second Message-ID beside its own would otherwise be added.
    form |= {"h:Message-Id" if name == "Message-ID" else f"h:{name}": value for name, value in letter.headers}
    return form | ({"h:Reply-To": letter.reply_to} if letter.reply_to else {})


def outcome_of(answer: Answer) -> Outcome:
    """What the answer to a letter means. ``{"id": "<…>", "message": "Queued. Thank you."}`` is the only success."""
    body = answer.object()
    words = str(body.get("message", ""))
    if answer.status == 200:
        native_id = body.get("id")
        if isinstance(native_id, str) and native_id.strip("<>") and words.startswith("Queued"):
            return Published(native_id.strip("<>"))
        metrics.UNREADABLE.labels(PLATFORM).inc()
        return Unknown("an answer that is not documented")
    said = f"status {answer.status}: {words[:300]}"
    match answer.status:
        case 401 | 402 | 403:
            return CredentialsDead(said)
        case 404:
            # The domain is not this account's, or lives in the other region: no letter of it can go out.
            return CredentialsDead(f"{said}: the sending domain is not known there")
        case 400 if words.startswith(NOBODY):
            return Refused(NOT_POSSIBLE, said)
        case 400 | 422:
            return Refused("rejected", said)
        case 413:
            return Refused("too_long", said)
        case 429:
            return Throttled(answer.retry_after(), said)
        case _:
            return Unknown(said)


def sending_of(answer: Answer) -> Probe:
    """Whether a key that may not read events may send, by the answer to a letter to nobody."""
    match answer.status:
        case 400:
            return Probed(RIGHTS, "a sending key: nothing that was sent can be looked up")
        case 401 | 402 | 403:
            return CredentialsDead(f"status {answer.status}: the key is not known there, or may not send")
        case _:
            return Unknown(f"status {answer.status}")


def sighting_of(answer: Answer, message_id: str) -> Sighting:
    """Whether the events show that Mailgun took the letter and did not reject it afterwards."""
    listed = answer.object().get("items")
    if answer.status != 200 or not isinstance(listed, list):
        return CannotSee(f"status {answer.status}")
    events = {str(one.get("event")) for one in listed if isinstance(one, dict) and _names(one, message_id)}
    if REJECTED in events:
        return Absent("Mailgun took the letter and then rejected it")
    return Found(message_id) if events else Absent("not among the events so far")


def _names(event: dict[str, object], message_id: str) -> bool:
    message = event.get("message")
    headers = message.get("headers") if isinstance(message, dict) else None
    return isinstance(headers, dict) and str(headers.get("message-id", "")).strip("<>") == message_id


def _address(account: str, credentials: Credentials, edge: str) -> str:
    domain = credentials.secrets.get("domain") or domain_of(account)
    return f"{credentials.base_url}/v3/{quote(domain, safe='')}/{edge}"


def _headers(credentials: Credentials) -> dict[str, str]:
    pair = base64.b64encode(f"api:{credentials.token}".encode()).decode()
    return {"authorization": f"Basic {pair}", "accept": "application/json"}
