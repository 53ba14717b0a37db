"""Facebook Page feed comments (object ``page``, field ``feed``).

Sources: Meta, "Webhooks for Pages"; the recorded samples of restfb (``feed-comment-*.json``). What must stay true:

- There is no event id. An ``add`` is known by its comment id alone; an edit by the time of the event and its text;
  hide and unhide by comparison with what is known.
- ``created_time`` is the time of the event, also on edits; a ``remove`` has none.
- The post's part of a ``comment_id`` need not be that of ``post_id``: neither is ever derived from the other.
- The Page's own replies come back as comments by the Page: echoes.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from services.ingest.domain import language
from services.ingest.domain.entries import (
    UNKNOWN_AUTHOR,
    Echo,
    EditedComment,
    Entry,
    HiddenComment,
    Media,
    MediaKind,
    NewComment,
    RemovedComment,
    ShownComment,
    Unused,
)
from services.ingest.domain.refusals import Unreadable
from services.ingest.domain.text import clean, clean_name, identifier, required_identifier
from services.ingest.platforms import meta
from services.ingest.platforms.attached import address
from services.ingest.platforms.base import TOKEN, Platform, Says
from services.ingest.platforms.json_body import as_object, unix_seconds
from services.ingest.platforms.meta import Part

_VISIBILITY: Mapping[str, type[HiddenComment | ShownComment]] = {"hide": HiddenComment, "unhide": ShownComment}
_EDITS = frozenset({"edited", "edit"})
_REMOVALS = frozenset({"remove", "delete"})
_MEDIA: tuple[tuple[str, MediaKind], ...] = (("photo", "image"), ("video", "video"), ("link", "link"))


def _read_change(page: str, sent: datetime, change: Part) -> Iterator[Entry]:
    if change.get("field") != "feed":
        yield Unused(page, "field")
        return
    value = as_object(change.get("value"), "A change's value")
    yield read_comment(page, sent, value) if value.get("item") == "comment" else Unused(page, "item")


def read_comment(page: str, sent: datetime, value: Part) -> Entry:
    """What a change of a comment says; ``sent`` stands in for the time of the event. Raises ``Unreadable``."""
    comment = required_identifier(value.get("comment_id"), "A comment has no id.")
    at = unix_seconds(value.get("created_time")) or sent
    verb = value.get("verb")
    if not isinstance(verb, str):
        raise Unreadable("A comment's change has no verb.")
    if verb == "add":
        return _read_text(page, comment, value, at, edited=False)
    if verb in _EDITS:
        return _read_text(page, comment, value, at, edited=True)
    if verb in _REMOVALS:
        return RemovedComment(page, comment, at)
    return _VISIBILITY[verb](page, comment, at) if verb in _VISIBILITY else Unused(page, "verb")


def _read_text(page: str, comment: str, value: Part, at: datetime, *, edited: bool) -> Entry:
    author_id, author_name = _author(value)
    thread, parent = _place(page, comment, value)
    if author_id == page:
        # An edit of our own reply changes nothing for the citizen's comment.
        return Unused(page, "own") if edited else Echo(page, comment, thread, parent)
    text = clean(meta.words(value.get("message")))
    written: dict[str, Any] = {
        "account": page,
        "native_id": comment,
        "author_id": author_id,
        "text": text,
        "sent_at": at,
        "thread": thread,
        "parent": parent,
        "author_name": author_name,
        "language": language.identify(text),
        "media": _media(value),
    }
    if not edited:
        return NewComment(**written)
    # The time of sending, which may stand in for that of the event, would make a retry another edit.
    key = meta.edit_key(text, unix_seconds(value.get("created_time")))
    return EditedComment(**written, revision=key, edited_at=at)


def _author(value: Part) -> tuple[str, str | None]:
    """Who wrote it; older API versions say ``sender_id``, and without the permission nobody is named."""
    sender = value.get("from")
    if isinstance(sender, dict):
        known = identifier(sender.get("id")) or identifier(value.get("sender_id"))
        return known or UNKNOWN_AUTHOR, clean_name(sender.get("name"))
    return identifier(value.get("sender_id")) or UNKNOWN_AUTHOR, clean_name(value.get("sender_name"))


def _place(page: str, comment: str, value: Part) -> tuple[str | None, str | None]:
    """Thread and parent. A comment directly under the post starts a thread; a reply stands in its parent's."""
    above = value.get("parent_id")
    if above == value.get("post_id"):
        return comment, None
    parent = identifier(above)
    is_post = parent is None or parent in (comment, identifier(value.get("post_id"))) or parent.startswith(f"{page}_")
    return (comment, None) if is_post else (None, parent)


def _media(value: Part) -> tuple[Media, ...]:
    """A photo, or the address of a video or a link."""
    return tuple([Media(kind, url) for name, kind in _MEDIA if name in value and (url := address(value[name]))])


PLATFORM = Platform(
    name="facebook",
    says=Says("comment id; for an edit its time and text", edit=True, delete=True, health=("signatures", "silence")),
    secrets=meta.SECRETS,
    optional_secrets={"page_token": TOKEN},
    base_url="optional",
    webhook=meta.webhook("page", {"changes": _read_change}, {"messaging": "messenger", "standby": "messenger"}),
)
