"""The comments under an agency's Instagram pictures, as far as the square knows them: the account's own replies.

A citizen's comment is never kept here, since its text arrived elsewhere; all that can be known of it is that the
account hid or deleted it.
"""

from dataclasses import dataclass
from typing import Final

from .accounts import Account
from .clock import Clock
from .replies import Replies
from .store import Row, Store

_SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS instagram_comment (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, account TEXT, parent TEXT, text TEXT,
        hidden INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL, deleted INTEGER NOT NULL DEFAULT 0)""",
    "CREATE INDEX IF NOT EXISTS instagram_comment_parent ON instagram_comment (parent, account, number)",
)
_COLUMNS: Final = "id, account, parent, text, hidden, created_at, deleted"


@dataclass(frozen=True, slots=True)
class InstagramComment:
    """A reply by an account or, without account and text, somebody's comment that was hidden or deleted."""

    id: str
    account: str | None
    parent: str | None
    text: str | None
    hidden: bool
    created_at: int
    deleted: bool

    @classmethod
    def of(cls, row: Row) -> "InstagramComment":
        """Read a row whose columns stand in the order of the fields."""
        return cls(*(*row[:4], bool(row[4]), row[5], bool(row[6])))


class InstagramComments:
    """Takes, changes and finds comments."""

    def __init__(self, store: Store, replies: Replies, clock: Clock) -> None:
        """Keep comments in this store."""
        for statement in _SCHEMA:
            store.change(statement)
        self._store = store
        self._replies = replies
        self._clock = clock

    def reply(self, account: Account, comment: str, text: str) -> InstagramComment:
        """Take a reply; one to a reply is filed under what that one stands under."""
        answered = self.find(comment)
        parent = (answered.parent if answered else None) or comment
        now = self._clock()
        number = self._store.next_id(now)
        with self._store.transaction():
            self._store.change(
                "INSERT INTO instagram_comment (number, id, account, parent, text, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                number,
                str(number),
                account.id,
                parent,
                text,
                now,
            )
            self._replies.record("instagram", comment, str(number), text, now)
        return InstagramComment(str(number), account.id, parent, text, False, now, False)

    def find(self, comment: str) -> InstagramComment | None:
        """Find a comment of which something is known, deleted ones too."""
        row = self._store.row(f"SELECT {_COLUMNS} FROM instagram_comment WHERE id = ?", (comment,))
        return InstagramComment.of(row) if row else None

    def under(self, account: Account, parent: str) -> list[InstagramComment]:
        """List an account's replies to a comment, the first one first."""
        rows = self._store.rows(
            f"SELECT {_COLUMNS} FROM instagram_comment WHERE parent = ? AND account = ? AND deleted = 0"
            " ORDER BY number",
            (parent, account.id),
        )
        return [InstagramComment.of(row) for row in rows]

    def mark(self, comment: str, *, hidden: bool | None = None, deleted: bool | None = None) -> None:
        """Hide a comment, show it again or delete it, whoever wrote it."""
        now = self._clock()
        self._store.change(
            "INSERT INTO instagram_comment (number, id, hidden, deleted, created_at)"
            " VALUES (?1, ?2, coalesce(?3, 0), coalesce(?4, 0), ?5)"
            " ON CONFLICT (id) DO UPDATE SET hidden = coalesce(?3, hidden), deleted = coalesce(?4, deleted)",
            self._store.next_id(now),
            comment,
            hidden,
            deleted,
            now,
        )
