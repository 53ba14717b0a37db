"""Mastodon: mentions of an account, from the notifications that its server keeps, and from the server's webhooks.

Sources: Mastodon documentation, "notifications", "Status", "search and context", "Webhooks"; Mastodon's
``Webhooks::DeliveryWorker`` and ``Webhook``. What must stay true:

- Ids are strings of one server. Notification ids grow, so that the highest one read is the cursor.
- ``content`` is HTML; a mention of our own account at its head is how people address us, not what they say.
- An edit keeps the status id and sets ``edited_at``; ``direct`` visibility is a private message.
- A status says which one it answers, never which conversation it is in: the root is looked up.
- A server's webhooks tell of every status written there, by whomever and to whomever; nothing tells of deletions. They
  bring the same comments as the notifications do, only sooner. The administrator may shape their bodies at will: those
  cannot be read.
- ``X-Hub-Signature`` is SHA-256 here, though the name is that of an older scheme with SHA-1.
"""

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.ingest.domain import language
from services.ingest.domain.accounts import Account, SecretSet
from services.ingest.domain.entries import (
    ORIGINAL,
    UNKNOWN_AUTHOR,
    Echo,
    EditedComment,
    Entry,
    Malformed,
    Media,
    MediaKind,
    NewComment,
    Reading,
    Unused,
)
from services.ingest.domain.refusals import BadSignature, UnknownAccount, Unreadable
from services.ingest.domain.text import clean, clean_name, identifier
from services.ingest.platforms.attached import address
from services.ingest.platforms.base import TOKEN, Headers, Platform, Says, Webhook
from services.ingest.platforms.html_text import to_text
from services.ingest.platforms.json_body import as_list, as_object, count, parse_object, timestamp

PAGE_LIMIT = 80
"""The most notifications that a server gives at once."""

_SIGNATURE_HEADER = "x-hub-signature"
_STATUS_EVENTS = frozenset({"status.created", "status.updated"})
_MOST_MEDIA = 8
_KINDS: Mapping[str, MediaKind] = {"image": "image", "gifv": "video", "video": "video", "audio": "audio"}
_LEADING_MENTION = re.compile(r"@[\w.-]+(?:@[\w.-]+)?")


@dataclass(frozen=True, slots=True)
class Page:
    """What one page of notifications says, oldest first, and the cursor behind it (None for an empty page)."""

    reading: Reading
    cursor: str | None
    count: int


def read_page(notifications: object, account: Account, now: datetime) -> Page:
    """The mentions and edits of a page (``GET /api/v1/notifications``); raises ``Unreadable``."""
    items = [as_object(item, "A notification") for item in as_list(notifications, "The page")]
    items.sort(key=_number)
    reading = tuple(_read_notification(item, account, now) for item in items)
    return Page(reading, identifier(items[-1].get("id")) if items else None, len(items))


def read_status(status: object, account: Account, now: datetime) -> Entry:
    """A status read again: as an edit if it was edited, else as it was first written; raises ``Unreadable``."""
    found = as_object(status, "A status")
    return _read_text(found, account, now, edited=found.get("edited_at") is not None)


def root_of(context: object, status: str, account: Account) -> str:
    """The status that the conversation of ``status`` begins with (``GET /api/v1/statuses/:id/context``).

    Ancestors come oldest first. A conversation under a post of our own begins with the first answer to it.
    """
    found = as_object(context, "A context")
    for ancestor in as_list(found.get("ancestors", []), "ancestors"):
        above = as_object(ancestor, "An ancestor")
        author = above.get("account")
        if not isinstance(author, dict) or identifier(author.get("id")) != account.account:
            return identifier(above.get("id")) or status
    return status


def authenticate(body: bytes, headers: Headers, secrets: Sequence[SecretSet], now: datetime) -> None:
    """Check ``X-Hub-Signature: sha256=<hex>``, an HMAC-SHA256 of the body under the text of the webhook's secret.

    An account without such a secret has no webhook: nothing is good there.
    """
    live = [generation["webhook_secret"] for generation in secrets if "webhook_secret" in generation]
    if not live:
        raise UnknownAccount  # only polled: nobody agreed on a webhook
    algorithm, _, given = headers.get(_SIGNATURE_HEADER, "").partition("=")
    if algorithm != "sha256" or not given.isascii():
        raise BadSignature
    # Every live secret is tried, so that the time taken does not tell which one it was.
    matches = [hmac.compare_digest(hmac.digest(key.encode(), body, "sha256").hex(), given) for key in live]
    if not any(matches):
        raise BadSignature


def read(body: bytes, headers: Headers, account: Account, now: datetime) -> Reading:
    """What a webhook of the account's server says; raises ``Unreadable``, also for bodies shaped by a template."""
    envelope = parse_object(body)
    event, subject = envelope.get("event"), as_object(envelope.get("object"), "object")
    if not isinstance(event, str):
        raise Unreadable("The body names no event.")
    if event not in _STATUS_EVENTS:
        kind = event.partition(".")[0]
        return (Unused(account.account, kind if kind in ("account", "report") else "event"),)
    if not _concerns(subject, account):
        return (Unused(account.account, "status"),)
    return (read_status(subject, account, now),)


def _concerns(status: Mapping[str, Any], account: Account) -> bool:
    """Whether a status is to or by the account: mentions it, answers it, or is its own. Boosts say nothing new."""
    if status.get("reblog") is not None:
        return False
    author = as_object(status.get("account"), "A status's account")
    named = (identifier(author.get("id")), identifier(status.get("in_reply_to_account_id")))
    return account.account in named or bool(_own_mentions(status, account))


def _number(notification: Mapping[str, Any]) -> tuple[int, str]:
    found = identifier(notification.get("id"))
    if found is None:
        raise Unreadable("A notification has no id.")
    return len(found), found


def _read_notification(notification: Mapping[str, Any], account: Account, now: datetime) -> Entry:
    kind = notification.get("type")
    if kind not in ("mention", "update"):
        return Unused(account.account, "notification")
    try:
        status = as_object(notification.get("status"), "A notification's status")
        return _read_text(status, account, now, edited=kind == "update")
    except Unreadable as error:
        return Malformed(account.account, error.reason)


def _read_text(status: Mapping[str, Any], account: Account, now: datetime, *, edited: bool) -> Entry:
    native_id = identifier(status.get("id"))
    if native_id is None:
        raise Unreadable("A status has no id.")
    author = as_object(status.get("account"), "A status's account")
    author_id = identifier(author.get("id")) or UNKNOWN_AUTHOR
    parent = identifier(status.get("in_reply_to_id"))
    thread = native_id if parent is None else None
    if author_id == account.account:
        return Unused(account.account, "own") if edited else Echo(account.account, native_id, thread, parent)
    answered = status.get("in_reply_to_account_id")
    text = _text(status, account)
    edited_at = timestamp(status.get("edited_at"))
    kind = EditedComment if edited else NewComment
    return kind(
        account=account.account,
        native_id=native_id,
        author_id=author_id,
        text=text,
        sent_at=timestamp(status.get("created_at")) or now,
        thread=thread,
        parent=parent,
        author_name=clean_name(author.get("display_name")) or clean_name(author.get("username")),
        author_handle=clean_name(author.get("acct")),
        author_followers=count(author.get("followers_count")),
        language=language.identify(text, status.get("language")),
        media=_media(status),
        public=status.get("visibility") not in ("direct", "private"),
        visibility=clean_name(status.get("visibility")),
        answers_us=answered is not None and identifier(answered) == account.account,
        revision=edited_at.isoformat() if edited_at else ORIGINAL,
        edited_at=edited_at,
    )


def _text(status: Mapping[str, Any], account: Account) -> str:
    content = status.get("content")
    if not isinstance(content, str):
        raise Unreadable("A status has no content.")
    return clean(_without_address(to_text(content), _own_names(status, account)))


def _media(status: Mapping[str, Any]) -> tuple[Media, ...]:
    attached = status.get("media_attachments")
    found = [one for one in attached if isinstance(one, dict)] if isinstance(attached, list) else []
    return tuple(
        Media(_KINDS.get(str(one.get("type")), "file"), url)
        for one in found[:_MOST_MEDIA]
        if (url := address(one.get("url"))) is not None
    )


def _own_mentions(status: Mapping[str, Any], account: Account) -> list[Mapping[str, Any]]:
    mentions = status.get("mentions")
    found = [one for one in mentions if isinstance(one, dict)] if isinstance(mentions, list) else []
    return [one for one in found if identifier(one.get("id")) == account.account]


def _own_names(status: Mapping[str, Any], account: Account) -> frozenset[str]:
    own = _own_mentions(status, account)
    names = {str(one.get(name, "")).lower() for one in own for name in ("acct", "username")} - {""}
    host = (account.base_url or "").partition("://")[2].partition("/")[0].lower()
    return frozenset(names | {f"{name}@{host}" for name in names if "@" not in name})


def _without_address(text: str, own: frozenset[str]) -> str:
    """``text`` without our own name in the run of mentions at its head; others stay."""
    kept, rest = "", text
    while found := _LEADING_MENTION.match(rest):
        name = found.group()[1:].lower()
        rest_after = rest[found.end() :].lstrip()
        if name not in own:
            kept += found.group() + " "
        rest = rest_after
    return (kept + rest).strip()


PLATFORM = Platform(
    name="mastodon",
    says=Says("status id and time of edit", edit=True, delete=True, message=True, health=("token", "signatures")),
    secrets={"token": TOKEN},
    optional_secrets={"webhook_secret": re.compile("[0-9a-f]{40}")},
    base_url="needed",
    webhook=Webhook(authenticate, read),
    polled=True,
)
