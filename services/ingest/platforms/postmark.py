"""Mail to an agency, received by Postmark (inbound webhook), and word of mail from it that bounced (bounce webhook).

Sources: Postmark, "Inbound webhook", "Parse an email", "Understanding Inbound Webhook Retries", "Bounce webhook",
"Bounce API" (types); its client library for Node.js (``Bounce``). What must stay true:

- Postmark signs nothing. The address that it posts to carries a user name and a password, which come back as HTTP
  basic authentication; TLS is all that protects the body.
- ``MessageID`` is Postmark's own id of a delivery. A mail is known by its header ``Message-ID``, so that a mail that
  Postmark takes in twice is one comment.
- ``StrippedTextReply`` is there only where Postmark found what is quoted. ``Date`` is what the sender wrote.
- A bounce does not name our ``Message-ID``: ``Metadata`` gives back what was sent along, and ``From`` says which of a
  server's addresses had sent it. ``Details`` holds addresses and stays in the body. Not every type says that the mail
  is lost: a delay, an absence note and the like are counted, and so are bounces of what others sent.
- Attachments are up to 35 MB and come in the body; of what is kept they are cut, and so is the raw mail.
"""

import base64
import binascii
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.ingest.domain.accounts import Account, SecretSet
from services.ingest.domain.entries import Entry, Media, Reading, Unused
from services.ingest.domain.refusals import BadSignature, Unreadable
from services.ingest.domain.text import identifier
from services.ingest.platforms import undelivered
from services.ingest.platforms.base import TOKEN, Headers, Platform, Says, Webhook
from services.ingest.platforms.email import (
    MOST_ATTACHMENTS,
    MOST_BYTES,
    Mail,
    account_of,
    attachment,
    plus_token,
    read_mail,
)
from services.ingest.platforms.json_body import as_object, parse_object, timestamp

# As a password, but without the colon, which ends it.
_USERNAME = re.compile("[!-9;-~]{1,255}")
_LOST: Mapping[str, str] = {
    "HardBounce": undelivered.REJECTED,
    "SoftBounce": undelivered.REJECTED,
    "BadEmailAddress": undelivered.REJECTED,
    "DnsError": undelivered.REJECTED,
    "DMARCPolicy": undelivered.REJECTED,
    "SMTPApiError": undelivered.REJECTED,
    "VirusNotification": undelivered.REJECTED,
    "Blocked": undelivered.BLOCKED,
    "ManuallyDeactivated": undelivered.BLOCKED,
    "SpamNotification": undelivered.BLOCKED,
}
"""The types of bounces after which Postmark tries no more, and the reason that each stands for."""
_CONTENTS = frozenset({"Content", "Data"})
"""Where an attachment's bytes are; "Data" is what Postmark's own check of a webhook sends."""


def authenticate(body: bytes, headers: Headers, secrets: Sequence[SecretSet], now: datetime) -> None:
    """Check ``Authorization: Basic <base64 of user:password>`` (RFC 7617)."""
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        raise BadSignature
    try:
        given = base64.b64decode(encoded.encode(), validate=True)
    except binascii.Error as error:
        raise BadSignature from error
    # Every live secret is tried, so that the time taken does not tell which one it was.
    matches = [hmac.compare_digest(_pair(generation), given) for generation in secrets]
    if not any(matches):
        raise BadSignature


def read(body: bytes, headers: Headers, account: Account, now: datetime) -> Reading:
    """The one mail in the body, or the bounce of one; raises ``Unreadable``."""
    event = parse_object(body)
    if event.get("RecordType") == "Bounce":
        return (_bounce(event, account, now),)
    if event.get("RecordType", "Inbound") != "Inbound":
        return (Unused(account.account, "event"),)
    return (read_mail(_mail(event), account, now),)


def cut(body: bytes) -> bytes:
    """The body without the bytes of its attachments and without the raw mail; unchanged if it has neither."""
    try:
        event = parse_object(body)
        attached = event.get("Attachments")
        if not attached and "RawEmail" not in event:
            return body
        kept = {name: value for name, value in event.items() if name != "RawEmail"}
        if isinstance(attached, list):
            kept["Attachments"] = [_without_contents(one) for one in attached]
        return json.dumps(kept, separators=(",", ":")).encode()
    except (Unreadable, RecursionError):
        return body


def _bounce(event: Mapping[str, Any], account: Account, now: datetime) -> Entry:
    kind, metadata = _words(event, "Type"), event.get("Metadata")
    carried = metadata.get("publication") if isinstance(metadata, dict) else None
    if kind not in _LOST:
        return Unused(account.account, "bounce")
    sender, at = account_of(_words(event, "From"), account), timestamp(event.get("BouncedAt")) or now
    return undelivered.undelivered(sender, None, carried, _LOST[kind], f"Postmark: {kind}", at)


def _pair(secrets: SecretSet) -> bytes:
    return f"{secrets['username']}:{secrets['password']}".encode()


def _mail(event: Mapping[str, Any]) -> Mail:
    sender = as_object(event.get("FromFull"), "FromFull")
    recipient = _words(event, "OriginalRecipient")
    return Mail(
        author=_words(sender, "Email"),
        author_name=_words(sender, "Name"),
        recipient=recipient,
        headers=_headers(event.get("Headers")),
        subject=_words(event, "Subject"),
        newest=_words(event, "StrippedTextReply"),
        plain=_words(event, "TextBody"),
        html=_words(event, "HtmlBody"),
        date=_words(event, "Date"),
        provider_id=identifier(event.get("MessageID")),
        token=_words(event, "MailboxHash") or plus_token(recipient),
        attachments=_attachments(event.get("Attachments")),
    )


def _headers(listed: object) -> Mapping[str, str]:
    """Header fields by lower-case name, of several the first: what servers add stands above what the sender wrote."""
    fields = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return {_words(one, "Name").lower(): _words(one, "Value") for one in reversed(fields)}


def _attachments(listed: object) -> tuple[Media, ...]:
    found = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return tuple(attachment(_words(one, "Name"), _words(one, "ContentType")) for one in found[:MOST_ATTACHMENTS])


def _without_contents(attached: object) -> object:
    if not isinstance(attached, dict):
        return attached
    return {name: value for name, value in attached.items() if name not in _CONTENTS}


def _words(where: Mapping[str, Any], name: str) -> str:
    value = where.get(name)
    return value if isinstance(value, str) else ""


PLATFORM = Platform(
    name="postmark",
    says=Says("Message-ID", message=True, health=("signatures", "silence")),
    secrets={"username": _USERNAME, "password": TOKEN},
    webhook=Webhook(authenticate, read, most_bytes=MOST_BYTES, cut=cut),
)
