"""Bluesky: mentions of an account, answers to it and quotes of it, as its server lists them.

Sources: atproto lexicons ``app.bsky.notification.listNotifications`` and ``app.bsky.feed.getPosts``, and the AppView
that implements them. What must stay true:

- The list begins with the newest and is sorted by the earlier of ``createdAt`` and the moment of indexing, which it
  calls ``indexedAt``. So what is new may stand below what is known: by minutes where a phone was offline, anywhere
  where the author claims an old date. A look reaches back over an overlap; the stream finds the rest.
- A page may be shorter than asked for, even empty, and still lead to another one: only the cursor tells. Cursors are
  opaque.
- ``getPosts`` leaves out what is deleted, and also what a block hides from the account.
- Labels, mutes and moderation change nothing in what a person said.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from services.ingest.domain.accounts import Account
from services.ingest.domain.entries import EditedComment, Entry, Malformed, Reading, Unused
from services.ingest.domain.refusals import Unreadable
from services.ingest.platforms.base import TOKEN, Platform, Says
from services.ingest.platforms.bluesky_posts import COLLECTION, edited_entry, new_entry, post_view
from services.ingest.platforms.json_body import as_list, as_object, timestamp

PAGE_LIMIT = 100
"""The most notifications that a page has."""

MOST_POSTS = 25
"""The most posts that one ``getPosts`` shows."""

REASONS = ("mention", "reply", "quote")
"""The reasons of notifications that are something said to the account."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What one page of notifications says, oldest first.

    ``sorted_at`` is what the list is sorted by. ``cursor`` leads to the next page; None where there is none.
    """

    reading: Reading
    sorted_at: tuple[datetime, ...]
    cursor: str | None


class Above(NamedTuple):
    """What a post answers: the root of its conversation, and its parent."""

    root: str
    parent: str


def read_page(page: object, account: Account, now: datetime) -> Listed:
    """A page of ``listNotifications``; raises ``Unreadable``."""
    content = as_object(page, "The page")
    items = [as_object(item, "A notification") for item in as_list(content.get("notifications"), "notifications")]
    cursor = content.get("cursor")
    sorted_at = [moment for item in items if (moment := timestamp(item.get("indexedAt"))) is not None]
    reading = tuple(_read_notification(item, account, now) for item in reversed(items))
    return Listed(reading, tuple(sorted_at), cursor if isinstance(cursor, str) and cursor else None)


def read_posts(posts: object, account: Account, now: datetime) -> dict[str, Entry]:
    """The posts of a ``getPosts`` as they read now, by their addresses; raises ``Unreadable``."""
    found: dict[str, Entry] = {}
    for view in _views(posts):
        uri = view.get("uri")
        if isinstance(uri, str):
            found[uri] = _read(view, account, now)
    return found


def read_again(posts: object, known: Mapping[str, str], account: Account, now: datetime) -> tuple[Reading, set[str]]:
    """What a ``getPosts`` tells of comments of which ``known`` gives the text by address: the edits, and which of the
    comments it does not show; raises ``Unreadable``."""
    missing, edits = set(known), []
    for view in _views(posts):
        uri = view.get("uri")
        if isinstance(uri, str) and uri in missing:
            missing.discard(uri)
            entry = _read(view, account, now, edited=True)
            if not isinstance(entry, EditedComment) or entry.text != known[uri]:
                edits.append(entry)
    return tuple(edits), missing


def above(posts: object) -> Above | None:
    """What the one post of a ``getPosts`` answers; None where that is nothing, or the post is not shown.

    Raises ``Unreadable``.
    """
    for view in _views(posts):
        reply = as_object(view.get("record"), "A post's record").get("reply")
        if isinstance(reply, dict):
            refs = [reply.get(name) for name in ("root", "parent")]
            root, parent = (ref.get("uri") if isinstance(ref, dict) else None for ref in refs)
            if isinstance(root, str) and isinstance(parent, str):
                return Above(root, parent)
    return None


def _views(posts: object) -> list[Mapping[str, Any]]:
    views = as_list(as_object(posts, "The answer").get("posts"), "posts")
    return [as_object(view, "A post") for view in views]


def _read_notification(notification: Mapping[str, Any], account: Account, now: datetime) -> Entry:
    if notification.get("reason") not in REASONS:
        return Unused(account.account, "notification")
    return _read(notification, account, now)


def _read(view: Mapping[str, Any], account: Account, now: datetime, *, edited: bool = False) -> Entry:
    try:
        post = post_view(view, now)
        if post.record.get("$type", COLLECTION) != COLLECTION:
            return Unused(account.account, "record")
        return (edited_entry if edited else new_entry)(post, account.account)
    except Unreadable as error:
        return Malformed(account.account, error.reason)


PLATFORM = Platform(
    name="bluesky",
    says=Says("address of the post; for an edit its CID", edit=True, delete=True, health=("token",)),
    secrets={"app_password": TOKEN},
    base_url="needed",
    polled=True,
)
