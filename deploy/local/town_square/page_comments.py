"""The comments under an agency's Page, as far as the square knows them: the Page's own replies.

A citizen's comment is never kept here, since its text arrived elsewhere; all that can be known of it is
that the Page hid or deleted it.
"""

from dataclasses import dataclass
from typing import Final

from .accounts import Account
from .clock import Clock
from .replies import Replies
from .store import Row, Store

_SAME_AGAIN: Final = 60_000


@dataclass(frozen=True, slots=True)
class PageComment:
    """A reply by a Page, or, without page and text, somebody's comment that a Page has hidden."""

    number: int
    id: str
    page: str | None
    parent: str | None
    text: str | None
    hidden: bool
    created_at: int
    edited_at: int | None

    @classmethod
    def of(cls, row: Row) -> "PageComment":
        """Read a row whose columns stand in the order of the fields."""
        return cls(*(*row[:5], bool(row[5]), *row[6:8]))


class PageComments:
    """Takes, changes and finds the replies of Pages."""

    def __init__(self, store: Store, replies: Replies, clock: Clock) -> None:
        """Keep comments in this store."""
        self._store = store
        self._replies = replies
        self._clock = clock

    def reply(self, page: Account, parent: str, text: str) -> PageComment:
        """Take a reply to any comment; it goes into the record in the same transaction."""
        now = self._clock()
        number = self._store.next_id(now)
        # The first part of a comment's id is its post; a reply stands under the same post.
        reply = f"{parent.split('_')[0]}_{number}"
        with self._store.transaction():
            self._store.change(
                "INSERT INTO page_comment (number, id, page, parent, text, hidden, created_at)"
                " VALUES (?, ?, ?, ?, ?, 0, ?)",
                number,
                reply,
                page.id,
                parent,
                text,
                now,
            )
            self._replies.record("facebook", parent, reply, text, now)
        return PageComment(number, reply, page.id, parent, text, False, now, None)

    def said_just_now(self, page: Account, parent: str, text: str) -> bool:
        """Tell whether the page gave the very same reply within the last minute."""
        found = self._store.row(
            "SELECT 1 FROM page_comment WHERE parent = ? AND page = ? AND text = ? AND deleted = 0 AND created_at > ?",
            (parent, page.id, text, self._clock() - _SAME_AGAIN),
        )
        return found is not None

    def find(self, comment: str) -> PageComment | None:
        """Find a comment that has not been deleted."""
        row = self._store.row("SELECT * FROM page_comment WHERE id = ? AND deleted = 0", (comment,))
        return PageComment.of(row) if row else None

    def edit(self, comment: PageComment, text: str) -> None:
        """Replace the text of a reply."""
        self._store.change(
            "UPDATE page_comment SET text = ?, edited_at = ? WHERE number = ?",
            text,
            self._clock(),
            comment.number,
        )

    def hide(self, comment: str, hidden: bool) -> None:
        """Hide a comment or show it again, whoever wrote it."""
        now = self._clock()
        self._store.change(
            "INSERT INTO page_comment (number, id, hidden, created_at) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET hidden = excluded.hidden",
            self._store.next_id(now),
            comment,
            hidden,
            now,
        )

    def delete(self, comment: str) -> None:
        """Take a comment away, whoever wrote it."""
        now = self._clock()
        self._store.change(
            "INSERT INTO page_comment (number, id, hidden, created_at, deleted) VALUES (?, ?, 0, ?, 1)"
            " ON CONFLICT (id) DO UPDATE SET deleted = 1",
            self._store.next_id(now),
            comment,
            now,
        )

    def is_deleted(self, comment: str) -> bool:
        """Tell whether the Page took this comment away."""
        return self._store.row("SELECT 1 FROM page_comment WHERE id = ? AND deleted = 1", (comment,)) is not None

    def under(self, page: Account, parent: str) -> list[PageComment]:
        """List a page's replies to a comment, the first one first."""
        return self._all(
            "SELECT * FROM page_comment WHERE parent = ? AND page = ? AND deleted = 0 ORDER BY number",
            parent,
            page.id,
        )

    def count_under(self, parent: str) -> int:
        """Count the replies to a comment."""
        row = self._store.row("SELECT count(*) FROM page_comment WHERE parent = ? AND deleted = 0", (parent,))
        return int(row[0]) if row else 0

    def newest(self, limit: int) -> list[PageComment]:
        """List the newest replies that anybody can see, newest first."""
        return self._all(
            "SELECT * FROM page_comment WHERE page IS NOT NULL AND hidden = 0 AND deleted = 0"
            " ORDER BY number DESC LIMIT ?",
            limit,
        )

    def _all(self, sql: str, *parameters: object) -> list[PageComment]:
        return [PageComment.of(row) for row in self._store.rows(sql, parameters)]
