"""YouTube: comments on a channel's videos, and the replies under them.

Sources: YouTube Data API, "CommentThreads", "Comments", "CommentThreads: list", "Comments: list", "Errors" and "Quota
and compliance audits". What must stay true:

- There are two levels: a reply's ``parentId`` is always the comment directly under the video, which is the thread.
- A thread shows only some of its replies; ``totalReplyCount`` tells how many there are. A page may have fewer items
  than asked for and still lead to another one. In which order replies come is not promised.
- An edit keeps the id and moves ``updatedAt``; nothing tells of it, nor of a deletion, but reading again.
- ``textDisplay`` is HTML unless plain text is asked for; ``textOriginal`` is shown to its author only.
- The author's channel may be missing. ``likeCount`` says who liked a comment, not who saw it.
- The day of the quota ends at midnight in Los Angeles.
"""

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.ingest.domain import language
from services.ingest.domain.accounts import Account
from services.ingest.domain.entries import (
    ORIGINAL,
    UNKNOWN_AUTHOR,
    Echo,
    EditedComment,
    Entry,
    Malformed,
    Media,
    NewComment,
    Reading,
    Unused,
    Written,
)
from services.ingest.domain.refusals import Unreadable
from services.ingest.domain.text import clean, clean_name, identifier
from services.ingest.platforms.base import TOKEN, Platform, Says
from services.ingest.platforms.json_body import as_list, as_object, count, timestamp

BASE_URL = "https://www.googleapis.com"

PAGE_LIMIT = 100
"""The most threads or replies that a page has."""

MOST_IDS = 50
"""The most comments that can be asked for by their ids at once."""

_IMAGE = re.compile("https://[!-~]{1,2000}")
_PACIFIC = ZoneInfo("America/Los_Angeles")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Thread:
    """A comment under a video, with the replies that came with it; ``replies`` is how many there are in all."""

    id: str
    published_at: datetime
    reading: Reading
    replies: int

    @property
    def is_whole(self) -> bool:
        """Whether all its replies came with it."""
        return self.replies < len(self.reading)


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a list, as it stands there. ``cursor`` leads to the next page, None where there is none."""

    threads: tuple[Thread, ...]
    malformed: Reading
    cursor: str | None

    @property
    def reading(self) -> Reading:
        """What the page says, the thread that began first at first."""
        return (*self.malformed, *(entry for thread in reversed(self.threads) for entry in thread.reading))


def read_threads(page: object, account: Account, now: datetime, known: Container[str] = ()) -> Listed:
    """A page of ``commentThreads.list``; what is an edit of a ``known`` comment is said to be one.

    Raises ``Unreadable``.
    """
    items, cursor = _page(page)
    threads, malformed = [], []
    for item in items:
        try:
            threads.append(_read_thread(item, account, now, known))
        except Unreadable as error:
            malformed.append(Malformed(account.account, error.reason))
    return Listed(tuple(threads), tuple(malformed), cursor)


def read_comments(
    page: object, account: Account, now: datetime, known: Container[str] = ()
) -> tuple[Reading, str | None]:
    """A page of ``comments.list``, oldest first, and what leads to the next page; ``known`` as above.

    Raises ``Unreadable``.
    """
    items, cursor = _page(page)
    return _oldest_first(_read(item, account, now, known) for item in items), cursor


def shown(page: object) -> frozenset[str]:
    """The ids of all comments on a page of either list, readable or not; raises ``Unreadable``."""
    items, _ = _page(page)
    return frozenset(id_ for item in items for id_ in _ids(item))


def until_midnight(now: datetime) -> float:
    """Seconds until the quota is new."""
    local = now.astimezone(_PACIFIC)
    tomorrow = datetime.combine(local.date() + timedelta(days=1), datetime.min.time(), _PACIFIC)
    return (tomorrow.astimezone(UTC) - now).total_seconds()


def reasons(error: object) -> frozenset[str]:
    """The reasons that an answer gives for an error; none where it is not Google's."""
    try:
        content = as_object(as_object(error, "The answer").get("error"), "The error")
    except Unreadable:
        return frozenset()
    listed = [*_objects(content.get("errors")), *_objects(content.get("details"))]
    return frozenset(str(one["reason"]) for one in listed if "reason" in one)


def _page(page: object) -> tuple[list[Mapping[str, Any]], str | None]:
    content = as_object(page, "The page")
    cursor = content.get("nextPageToken")
    items = [as_object(item, "An item") for item in as_list(content.get("items", []), "items")]
    return items, cursor if isinstance(cursor, str) and cursor else None


def _ids(item: Mapping[str, Any]) -> Iterator[str]:
    """The id of a comment or thread, and those of the replies that it shows."""
    below = item.get("replies")
    replies = _objects(below.get("comments")) if isinstance(below, dict) else []
    yield from (id_ for one in (item, *replies) if isinstance(id_ := one.get("id"), str))


def _read_thread(item: Mapping[str, Any], account: Account, now: datetime, known: Container[str]) -> Thread:
    snippet = as_object(item.get("snippet"), "A thread's snippet")
    top = as_object(snippet.get("topLevelComment"), "A thread's comment")
    id_ = identifier(top.get("id"))
    published = timestamp(as_object(top.get("snippet"), "A comment's snippet").get("publishedAt"))
    if id_ is None:
        raise Unreadable("A comment has no id.")
    shown = item.get("replies")
    replies = _objects(shown.get("comments")) if isinstance(shown, dict) else []
    below = _oldest_first(_read(reply, account, now, known) for reply in replies)
    total = count(snippet.get("totalReplyCount")) or 0
    return Thread(id_, published or now, (_read(top, account, now, known), *below), total)


def _read(item: Mapping[str, Any], account: Account, now: datetime, known: Container[str]) -> Entry:
    try:
        return _read_comment(item, account.account, now, known)
    except Unreadable as error:
        return Malformed(account.account, error.reason)


def _read_comment(item: Mapping[str, Any], account: str, now: datetime, known: Container[str]) -> Entry:
    native_id = identifier(item.get("id"))
    snippet = as_object(item.get("snippet"), "A comment's snippet")
    if native_id is None:
        raise Unreadable("A comment has no id.")
    parent = identifier(snippet.get("parentId"))
    channel = snippet.get("authorChannelId")
    author = identifier(channel.get("value")) if isinstance(channel, dict) else None
    if author == account:
        return Echo(account, native_id, parent or native_id, parent)
    if "textDisplay" not in snippet:
        return Unused(account, "comment")
    published, updated = (timestamp(snippet.get(name)) for name in ("publishedAt", "updatedAt"))
    edited_at = updated if updated is not None and published is not None and updated > published else None
    text, name = _text(snippet), clean_name(snippet.get("authorDisplayName"))
    image = snippet.get("imageUrl")
    kind = EditedComment if edited_at is not None and native_id in known else NewComment
    return kind(
        account=account,
        native_id=native_id,
        author_id=author or UNKNOWN_AUTHOR,
        text=text,
        sent_at=published or now,
        thread=parent or native_id,
        parent=parent,
        author_name=name,
        author_handle=name[1:] if name and name.startswith("@") else None,
        language=language.identify(text),
        media=(Media("image", image),) if isinstance(image, str) and _IMAGE.fullmatch(image) else (),
        revision=edited_at.isoformat() if edited_at else ORIGINAL,
        edited_at=edited_at,
    )


def _text(snippet: Mapping[str, Any]) -> str:
    text = snippet["textDisplay"]
    if not isinstance(text, str):
        raise Unreadable("A comment's text is not text.")
    return clean(text)


def _oldest_first(entries: Iterable[Entry]) -> Reading:
    return tuple(sorted(entries, key=lambda entry: entry.sent_at if isinstance(entry, Written) else _EPOCH))


def _objects(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


PLATFORM = Platform(
    name="youtube",
    says=Says("comment id; for an edit its time", edit=True, delete=True, health=("token",)),
    secrets={"api_key": TOKEN},
    base_url="optional",
    polled=True,
)
