"""Mail to an agency, received by Mailgun (routes with ``forward()``), and Mailgun's event webhooks.

Sources: Mailgun, "Receive HTTP", "Securing Webhooks", "Webhook Retries", "Event types"; django-anymail (severities and
reasons of failures). What must stay true:

- ``signature`` is the hex HMAC-SHA256 of ``timestamp`` and ``token`` under the webhook signing key (not the API key).
  All three stand inside the body, and nothing of what the mail says is signed. So a proof is good for one body only:
  whoever comes with another one under the same token is refused (``once``).
- Mailgun tries again for eight hours whatever is answered neither 200 nor 406. It does not document whether it signs
  each attempt anew; ``TOLERANCE`` takes it that it does.
- A form is urlencoded, and multipart where there are attachments. Each header field of the mail is a field of it, too.
- Event webhooks are JSON, and small. Mail that is lost is ``failed`` with the severity ``permanent``, or ``rejected``;
  a temporary failure is tried again, and counted like all the rest. The receiving server's own words
  (``delivery-status.message``) hold addresses and stay in the body.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from services.ingest.domain.accounts import Account, SecretSet
from services.ingest.domain.entries import Entry, Reading, Unused
from services.ingest.domain.refusals import BadSignature, StaleSignature, Unreadable
from services.ingest.domain.single_use import SingleUse
from services.ingest.domain.text import clean_name, identifier
from services.ingest.platforms import undelivered
from services.ingest.platforms.base import MEBIBYTE, TOKEN, Headers, Platform, Says, Webhook
from services.ingest.platforms.email import (
    MOST_ATTACHMENTS,
    MOST_BYTES,
    Mail,
    account_of,
    attachment,
    plus_token,
    read_mail,
)
from services.ingest.platforms.form_body import Form, parse_form, without_files
from services.ingest.platforms.json_body import as_list, as_object, parse_json, parse_object, unix_seconds

TOLERANCE = timedelta(minutes=5)
"""How far a signed time may be from ours."""

_LONGEST_TIMESTAMP = 20
_UNWANTED = frozenset({"suppress-complaint", "suppress-unsubscribe", "espblock"})
"""Reasons of failures that say that the mail is not wanted."""
_HEADERS = frozenset({"message-id", "in-reply-to", "references", "date", "auto-submitted", "precedence", "x-autoreply"})
_FROM = re.compile("([^<]*)<([^<>]*)>")


class _Proof(NamedTuple):
    """What stands in the body for whoever sent it."""

    timestamp: str
    token: str
    signature: str


def authenticate(body: bytes, headers: Headers, secrets: Sequence[SecretSet], now: datetime) -> None:
    """Check the signature over time and token, then the age of the time."""
    proof = _proof(body, headers)
    given = proof.signature.encode(errors="replace")
    # Every live secret is tried, so that the time taken does not tell which one it was.
    if not any([hmac.compare_digest(_signature(proof, generation["signing_key"]), given) for generation in secrets]):
        raise BadSignature
    if abs(now - _sent(proof)) > TOLERANCE:
        raise StaleSignature


def once(body: bytes, headers: Headers) -> SingleUse:
    """What makes the proof of an authentic body good for this body only.

    The digest leaves out the proof and the order of the fields: Mailgun may write the same mail down in another way.
    """
    proof = _proof(body, headers)
    digest = hashlib.sha256(body).digest() if _is_event(headers) else _digest(_form(body, headers))
    # Twice the tolerance, because two processes may not have the same time.
    return SingleUse(proof.timestamp + proof.token, digest, _sent(proof) + 2 * TOLERANCE)


def read(body: bytes, headers: Headers, account: Account, now: datetime) -> Reading:
    """The one mail in the body, or the event; raises ``Unreadable``."""
    if _is_event(headers):
        return (_event(as_object(parse_object(body).get("event-data"), "event-data"), account, now),)
    form = _form(body, headers)
    if "event" in form.raw:
        return (Unused(account.account, "event"),)
    if not form.raw.keys() & {"body-plain", "body-html", "stripped-text", "message-headers"}:
        raise Unreadable("The form is not a mail.")
    return (read_mail(_mail(form), account, now),)


def _event(event: Mapping[str, Any], account: Account, now: datetime) -> Entry:
    kind, why = event.get("event"), clean_name(event.get("reason")) or ""
    if kind != "rejected" and (kind, event.get("severity")) != ("failed", "permanent"):
        return Unused(account.account, "event")
    headers = as_object(as_object(event.get("message"), "message").get("headers"), "headers")
    message_id = identifier(str(headers.get("message-id", "")).strip("<>"))
    variables = event.get("user-variables")
    carried = variables.get("publication") if isinstance(variables, dict) else None
    _, sender = _author(str(headers.get("from", "")))
    reason = undelivered.BLOCKED if why in _UNWANTED else undelivered.REJECTED
    at = unix_seconds(event.get("timestamp")) or now
    detail = f"Mailgun: {kind} {why}".strip()
    return undelivered.undelivered(account_of(sender, account), message_id, carried, reason, detail, at)


def _is_event(headers: Headers) -> bool:
    return headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"


def _form(body: bytes, headers: Headers) -> Form:
    return parse_form(body, headers.get("content-type", ""))


def _proof(body: bytes, headers: Headers) -> _Proof:
    """The proof in a body that nobody has vouched for yet; raises ``BadSignature`` where there is none."""
    try:
        if not _is_event(headers):
            form = _form(body, headers)
            return _Proof(*map(form.text, _Proof._fields))
        if len(body) <= MEBIBYTE:
            stated = as_object(parse_object(body).get("signature"), "signature")
            return _Proof(*(str(stated.get(name, "")) for name in _Proof._fields))
    except Unreadable as error:
        raise BadSignature from error
    raise BadSignature


def _signature(proof: _Proof, key: str) -> bytes:
    signed = (proof.timestamp + proof.token).encode(errors="replace")
    return hmac.digest(key.encode(), signed, "sha256").hex().encode()


def _sent(proof: _Proof) -> datetime:
    written = proof.timestamp
    is_number = written.isascii() and written.isdecimal() and len(written) <= _LONGEST_TIMESTAMP
    sent = unix_seconds(int(written)) if is_number else None
    if sent is None:
        raise StaleSignature
    return sent


def _digest(form: Form) -> bytes:
    parts: list[tuple[str, bytes | memoryview]] = [
        (name, value) for name, value in sorted(form.raw.items()) if name not in _Proof._fields
    ]
    parts += [(f"{file.name}\n{file.filename}\n{file.content_type}", file.content) for file in form.files]
    digest = hashlib.sha256()
    for name, content in parts:
        digest.update(f"{len(name)}:{name}{len(content)}:".encode())
        digest.update(content)
    return digest.digest()


def _mail(form: Form) -> Mail:
    author_name, author = _author(form.text("from") or form.text("sender"))
    recipient, subject, plain = form.text("recipient"), form.text("subject"), form.text("body-plain")
    headers = _headers(form)
    date = headers.get("date", "")
    html, newest = form.text("body-html"), form.text("stripped-text")
    told = hashlib.sha256("\n".join((author, date, subject, plain, html, newest)).encode(errors="replace")).hexdigest()
    return Mail(
        author=author,
        author_name=author_name,
        recipient=recipient,
        headers=headers,
        subject=subject,
        newest=newest,
        plain=plain,
        html=html,
        date=date,
        provider_id=told,
        token=plus_token(recipient),
        attachments=tuple(attachment(one.filename, one.content_type) for one in form.files[:MOST_ATTACHMENTS]),
    )


def _author(value: str) -> tuple[str | None, str]:
    """Name and address of ``"Nimal Perera" <nimal@example.lk>``."""
    found = _FROM.match(value)
    if found is None:
        return None, value
    return found.group(1).strip().removeprefix('"').removesuffix('"').replace('\\"', '"'), found.group(2)


def _headers(form: Form) -> Mapping[str, str]:
    """Header fields by lower-case name, of several the first: what servers add stands above what the sender wrote.

    The list of all is what counts; the fields of the form have to do where it is missing or broken.
    """
    found = {name.lower(): form.text(name) for name in form.raw if name.lower() in _HEADERS}
    try:
        listed = as_list(parse_json(form.text("message-headers").encode()), "message-headers")
    except Unreadable:
        listed = []
    for pair in reversed(listed):
        match pair:
            case [str(name), str(value)]:
                found[name.lower()] = value
    if "sender" in form.raw:
        found["return-path"] = f"<{form.text('sender')}>"
    return found


PLATFORM = Platform(
    name="mailgun",
    says=Says("Message-ID; the token is good for one body", message=True, health=("signatures", "silence")),
    secrets={"signing_key": TOKEN},
    webhook=Webhook(authenticate, read, most_bytes=MOST_BYTES, cut=without_files, once=once),
)
