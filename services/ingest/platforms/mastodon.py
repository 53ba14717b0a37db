"""Mastodon: mentions of an account, from the notifications that its server keeps for it.

Sources: Mastodon documentation, "notifications", "Status", "search and context". What must stay true:

- Ids are strings of one server. Notification ids grow, so that the highest one read is the cursor.
- ``content`` is HTML; a mention of our own account at its head is how people address us, not what they say.
- An edit keeps the status id and sets ``edited_at``; ``direct`` visibility is a private message.
- A status says which one it answers, never which conversation it is in: the root is looked up.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.ingest.domain import language
from services.ingest.domain.accounts import Account
from services.ingest.domain.entries import (
    ORIGINAL,
    UNKNOWN_AUTHOR,
    Echo,
    EditedComment,
    Entry,
    Malformed,
    NewComment,
    Reading,
    Unused,
)
from services.ingest.domain.refusals import Unreadable
from services.ingest.domain.text import clean, clean_name, identifier
from services.ingest.platforms.base import TOKEN, Platform, Says
from services.ingest.platforms.html_text import to_text
from services.ingest.platforms.json_body import as_list, as_object, count, timestamp

PAGE_LIMIT = 80
"""The most notifications that a server gives at once."""

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


def root_of(context: object, status: str) -> str:
    """The root of the conversation that ``status`` is in (``GET /api/v1/statuses/:id/context``).

    Ancestors come oldest first; without any, the status is the root itself.
    """
    found = as_object(context, "A context")
    ancestors = as_list(found.get("ancestors", []), "ancestors")
    return (identifier(as_object(ancestors[0], "An ancestor").get("id")) or status) if ancestors else status


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
        public=status.get("visibility") != "direct",
        visibility=clean_name(status.get("visibility")),
        revision=edited_at.isoformat() if edited_at else ORIGINAL,
        edited_at=edited_at,
    )


def _text(status: Mapping[str, Any], account: Account) -> str:
    content = status.get("content")
    if not isinstance(content, str):
        raise Unreadable("A status has no content.")
    return clean(_without_address(to_text(content), _own_names(status, account)))


def _own_names(status: Mapping[str, Any], account: Account) -> frozenset[str]:
    mentions: Sequence[Any] = status.get("mentions") or ()
    own = [one for one in mentions if isinstance(one, dict) and identifier(one.get("id")) == account.account]
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
    says=Says("status id and time of edit", edit=True, delete=True, message=True, health=("token",)),
    secrets={"token": TOKEN},
    optional_secrets={"webhook_secret": TOKEN},
    base_url="needed",
    polled=True,
)
