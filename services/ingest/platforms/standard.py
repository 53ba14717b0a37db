"""Any system of a government that signs its webhooks as Standard Webhooks 1.0 describes.

Headers: ``webhook-id`` (the same on every retry), ``webhook-timestamp`` (Unix seconds of this attempt, at most five
minutes off), ``webhook-signature`` (``v1,<base64>`` entries separated by spaces: HMAC-SHA256 over ``id.timestamp.body``
under the decoded ``whsec_`` secret; any one that matches will do). Source: standardwebhooks.com, specification 1.0.0.

The body is ours to define::

    {"type": "comment.created",              comment.created | comment.received | comment.edited | comment.deleted
     "timestamp": "2026-11-22T08:30:00Z",    when it happened
     "data": {"id": "17",                    the sender's own id; the webhook-id where there is none
              "text": "When do you open?",
              "author": {"id": "p1", "name": "Nimal"},
              "thread": "12", "in_reply_to": "12", "language": "en", "sent_at": "2026-11-22T08:29:58Z",
              "public": true}}

Only ``data.text`` is required (and ``data.id`` for an edit or a deletion). A body without ``type`` that has ``text``
is taken as the ``data`` of a new comment. Other types are counted. Without ``thread``, a comment stands in the thread
of the comment that it answers, or starts its own.
"""

import base64
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.ingest.domain import language
from services.ingest.domain.accounts import Account, SecretSet
from services.ingest.domain.entries import (
    ORIGINAL,
    UNKNOWN_AUTHOR,
    EditedComment,
    NewComment,
    Reading,
    RemovedComment,
    Unused,
)
from services.ingest.domain.refusals import BadSignature, StaleSignature, Unreadable
from services.ingest.domain.text import clean, clean_name, identifier
from services.ingest.platforms.base import Headers, Platform, Says, Webhook
from services.ingest.platforms.json_body import as_object, parse_object, timestamp, unix_seconds

TOLERANCE_SECONDS = 300
_LONGEST_TIMESTAMP = 20
_KEY_PREFIX = "whsec_"
_VERSION = "v1,"
_CREATED = frozenset({"comment.created", "comment.received"})
_EDITED = frozenset({"comment.edited", "comment.updated"})
_DELETED = "comment.deleted"


def authenticate(body: bytes, headers: Headers, secrets: Sequence[SecretSet], now: datetime) -> None:
    """Check the signature over id, timestamp and body, then the age of the timestamp."""
    message_id, sent = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not message_id or not sent:
        raise BadSignature
    message = b".".join((message_id.encode("latin-1"), sent.encode("latin-1"), body))
    entries = headers.get("webhook-signature", "").split()
    given = [entry.removeprefix(_VERSION).encode("latin-1") for entry in entries if entry.startswith(_VERSION)]
    expected = [_signature(message, generation["secret"]) for generation in secrets]
    if not any([hmac.compare_digest(one, other) for one in given for other in expected]):
        raise BadSignature
    is_number = sent.isascii() and sent.isdecimal() and len(sent) <= _LONGEST_TIMESTAMP
    moment = unix_seconds(int(sent)) if is_number else None
    if moment is None or abs((now - moment).total_seconds()) > TOLERANCE_SECONDS:
        raise StaleSignature


def read(body: bytes, headers: Headers, account: Account, now: datetime) -> Reading:
    """The one thing that the body says; raises ``Unreadable``."""
    envelope = parse_object(body)
    kind = envelope.get("type")
    if kind is None and "text" in envelope:
        return (_new_comment(envelope, headers, account, now),)
    if not isinstance(kind, str):
        raise Unreadable("The body has neither a type nor a text.")
    if kind in _CREATED:
        data = as_object(envelope.get("data"), "data")
        return (_new_comment(data, headers, account, timestamp(envelope.get("timestamp")) or now),)
    if kind in _EDITED:
        return (_edited_comment(envelope, headers, account, now),)
    if kind == _DELETED:
        data = as_object(envelope.get("data"), "data")
        at = timestamp(envelope.get("timestamp")) or now
        return (RemovedComment(account.account, _required_id(data), at, identifier(data.get("thread"))),)
    return (Unused(account.account, "type"),)


def _new_comment(data: Mapping[str, Any], headers: Headers, account: Account, happened: datetime) -> NewComment:
    native_id = _native_id(data) or _message_id(headers)
    return NewComment(**_written(data, account, native_id, happened), revision=ORIGINAL)


def _edited_comment(envelope: Mapping[str, Any], headers: Headers, account: Account, now: datetime) -> EditedComment:
    data = as_object(envelope.get("data"), "data")
    edited_at = timestamp(envelope.get("timestamp")) or now
    written = _written(data, account, _required_id(data), edited_at)
    return EditedComment(**written, revision=_message_id(headers), edited_at=edited_at)


def _written(data: Mapping[str, Any], account: Account, native_id: str, happened: datetime) -> dict[str, Any]:
    text = data.get("text")
    if not isinstance(text, str):
        raise Unreadable("data.text is not text.")
    parent = identifier(data.get("in_reply_to"))
    author = data.get("author")
    author = author if isinstance(author, dict) else {}
    cleaned = clean(text)
    return {
        "account": account.account,
        "native_id": native_id,
        "author_id": identifier(author.get("id")) or UNKNOWN_AUTHOR,
        "author_name": clean_name(author.get("name")),
        "text": cleaned,
        "sent_at": timestamp(data.get("sent_at")) or happened,
        "thread": identifier(data.get("thread")) or (None if parent else native_id),
        "parent": parent,
        "language": language.identify(cleaned, data.get("language")),
        "public": data.get("public") is not False,
    }


def _required_id(data: Mapping[str, Any]) -> str:
    native_id = _native_id(data)
    if native_id is None:
        raise Unreadable("data.id is missing.")
    return native_id


def _native_id(data: Mapping[str, Any]) -> str | None:
    """``id``, or ``native_id`` as our own API calls it."""
    return identifier(data.get("id")) or identifier(data.get("native_id"))


def _message_id(headers: Headers) -> str:
    message_id = identifier(headers.get("webhook-id"))
    if message_id is None:
        raise Unreadable("There is no webhook-id.")
    return message_id


def _signature(message: bytes, secret: str) -> bytes:
    key = base64.b64decode(secret.removeprefix(_KEY_PREFIX), validate=True)
    return base64.b64encode(hmac.digest(key, message, "sha256"))


# whsec_ and the base64 of 24 to 64 bytes
_SECRET = re.compile("whsec_(?:[A-Za-z0-9+/]{4}){8,21}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")

PLATFORM = Platform(
    name="standard",
    says=Says("id; for an edit the webhook-id", edit=True, delete=True, message=True, health=("signatures", "silence")),
    secrets={"secret": _SECRET},
    webhook=Webhook(authenticate, read),
)
