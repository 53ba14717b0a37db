"""The comments under the videos of agencies' channels; each channel has one video here.

There are two levels: comments under the video, and replies under those. A reply to a reply is filed under the comment
that both stand under.
"""

import base64
import hashlib
from dataclasses import dataclass
from typing import Final, Literal, get_args

from .accounts import Account
from .clock import Clock
from .people import People
from .replies import Replies
from .store import Row, Store

_SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS youtube_comment (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, channel TEXT NOT NULL, author TEXT NOT NULL,
        name TEXT NOT NULL, official INTEGER NOT NULL, parent TEXT, text TEXT NOT NULL, published_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL, deleted INTEGER NOT NULL DEFAULT 0)""",
    "CREATE INDEX IF NOT EXISTS youtube_comment_parent ON youtube_comment (parent, number)",
    "CREATE INDEX IF NOT EXISTS youtube_comment_channel ON youtube_comment (channel, number)",
    "CREATE TABLE IF NOT EXISTS youtube_moderation (id TEXT PRIMARY KEY, status TEXT NOT NULL)",
)
_LISTED: Final = "deleted = 0 AND id NOT IN (SELECT id FROM youtube_moderation WHERE status <> 'published')"
_COLUMNS: Final = "number, id, channel, author, name, official, parent, text, published_at, updated_at, deleted"
_SECOND: Final = 1000

Moderation = Literal["published", "heldForReview", "rejected"]
MODERATED: Final[tuple[Moderation, ...]] = get_args(Moderation)


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment or a reply as it reads now; ``channel`` is the one whose video it stands under. Times are whole
    seconds, in milliseconds."""

    number: int
    id: str
    channel: str
    author: str
    name: str
    official: bool
    parent: str | None
    text: str
    published_at: int
    updated_at: int
    deleted: bool

    @classmethod
    def of(cls, row: Row) -> "Comment":
        """Read a row whose columns stand in the order of the fields."""
        return cls(*(*row[:5], bool(row[5]), *row[6:10], bool(row[10])))


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes: a channel."""

    channel: str
    name: str
    official: bool

    @classmethod
    def of(cls, account: Account) -> "Author":
        """See an agency's channel as an author."""
        return cls(account.id, account.name, official=True)


class Comments:
    """Takes, changes and finds comments."""

    def __init__(self, store: Store, people: People, replies: Replies, clock: Clock) -> None:
        """Keep comments in this store."""
        for statement in _SCHEMA:
            store.change(statement)
        self._store = store
        self._people = people
        self._replies = replies
        self._clock = clock

    def citizen(self, name: str) -> Author:
        """Find the citizen with this name, or welcome a new one."""
        person = self._people.citizen_called(name, self._clock())
        return Author("UC" + _letters(person.id, 22), f"@{person.username}", False)

    def add(self, author: Author, channel: str, text: str, parent: Comment | None) -> Comment:
        """Take a comment, or a reply. An agency's goes into the record of replies in the same transaction."""
        now = self._clock()
        number = self._store.next_id(now)
        top = parent.parent or parent.id if parent else None
        name = f"{top}.{_letters(str(number), 22)}" if top else f"Ug{_letters(str(number), 17)}4AaABAg"
        with self._store.transaction():
            self._store.change(
                f"INSERT INTO youtube_comment ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
                number,
                name,
                channel,
                author.channel,
                author.name,
                author.official,
                top,
                text,
                now // _SECOND * _SECOND,
                now // _SECOND * _SECOND,
            )
            if author.official and top:
                self._replies.record("youtube", top, name, text, now)
        return self._known(name)

    def edit(self, comment: Comment, text: str) -> Comment:
        """Replace the text; the same text again changes nothing."""
        if text != comment.text:
            # At least a second later, so that it can be told from what was first written.
            at = max(self._clock() // _SECOND * _SECOND, comment.updated_at + _SECOND)
            self._store.change("UPDATE youtube_comment SET text = ?, updated_at = ? WHERE id = ?", text, at, comment.id)
        return self._known(comment.id)

    def delete(self, comment: Comment) -> None:
        """Take a comment away, and with it the replies under it."""
        self._store.change("UPDATE youtube_comment SET deleted = 1 WHERE id = ? OR parent = ?", comment.id, comment.id)

    def moderate(self, comment: Comment, status: Moderation) -> None:
        """List a comment or keep it from the lists; by its id it is found all the same."""
        self._store.change("INSERT OR REPLACE INTO youtube_moderation (id, status) VALUES (?, ?)", comment.id, status)

    def moderation(self, comment: Comment) -> Moderation:
        """Tell what the channel decided about a comment."""
        found = self._store.row("SELECT status FROM youtube_moderation WHERE id = ?", (comment.id,))
        return found[0] if found else "published"

    def find(self, comment: str | None) -> Comment | None:
        """Find a comment that has not been deleted."""
        row = self._store.row(f"SELECT {_COLUMNS} FROM youtube_comment WHERE id = ? AND deleted = 0", (comment,))
        return Comment.of(row) if row else None

    def under_channel(self, channel: str) -> list[Comment]:
        """List the comments under a channel's video without their replies, newest first."""
        return self._all(f"WHERE channel = ? AND parent IS NULL AND {_LISTED} ORDER BY number DESC", channel)

    def replies_to(self, comment: str) -> list[Comment]:
        """List the replies under a comment, newest first."""
        return self._all(f"WHERE parent = ? AND {_LISTED} ORDER BY number DESC", comment)

    def conversations(self, limit: int) -> list[list[Comment]]:
        """List the newest comments, each with its replies, newest comment first."""
        tops = self._all(f"WHERE parent IS NULL AND {_LISTED} ORDER BY number DESC LIMIT ?", limit)
        return [[top, *reversed(self.replies_to(top.id))] for top in tops]

    def _known(self, comment: str) -> Comment:
        found = self.find(comment)
        assert found is not None
        return found

    def _all(self, clause: str, *parameters: object) -> list[Comment]:
        rows = self._store.rows(f"SELECT {_COLUMNS} FROM youtube_comment {clause}", parameters)
        return [Comment.of(row) for row in rows]


def video_of(channel: str) -> str:
    """Give the id of a channel's one video."""
    return _letters(channel, 11)


def _letters(name: str, length: int) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(name.encode()).digest()).decode()[:length]
