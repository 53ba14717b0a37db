"""What agencies write on X, and what the square knows of the rest: the posts that an agency has hidden.

Posts have ids that grow with time, messages share them. A citizen's post or message is never kept here, since its text
arrived elsewhere; so anything may be answered that was not deleted.
"""

from dataclasses import dataclass
from typing import Final

from .accounts import Account
from .clock import Clock
from .replies import Replies
from .store import Row, Store

_SAME_AGAIN: Final = 24 * 3600 * 1000
_COLUMNS: Final = "id, account, parent, receiver, text, created_at, deleted"


@dataclass(frozen=True, slots=True)
class Post:
    """A post, or a private message where it has a receiver; ``parent`` is what it answers."""

    id: int
    account: str
    parent: str | None
    receiver: str | None
    text: str
    created_at: int
    deleted: bool

    @classmethod
    def of(cls, row: Row) -> "Post":
        """Read a row whose columns stand in the order of the fields."""
        return cls(*(*row[:6], bool(row[6])))


class XPosts:
    """Takes, deletes and finds posts and messages."""

    def __init__(self, store: Store, replies: Replies, clock: Clock) -> None:
        """Keep posts in this store."""
        self._store = store
        self._replies = replies
        self._clock = clock

    def post(self, account: Account, text: str, parent: str | None) -> Post:
        """Take a post; an answer goes into the record in the same transaction."""
        return self._take(account, text, parent, None)

    def message(self, account: Account, text: str, receiver: str) -> Post:
        """Take a private message; in the record it answers its receiver, since X knows no parent of it."""
        return self._take(account, text, None, receiver)

    def said_lately(self, account: Account, text: str, parent: str | None) -> bool:
        """Tell whether the account wrote the very same there within a day."""
        found = self._store.row(
            "SELECT 1 FROM x_post WHERE account = ? AND text = ? AND parent IS ? AND receiver IS NULL"
            " AND deleted = 0 AND created_at > ?",
            (account.id, text, parent, self._clock() - _SAME_AGAIN),
        )
        return found is not None

    def find(self, post: int | None, *, private: bool = False, deleted: bool = False) -> Post | None:
        """Find a post, or a private message; one that was deleted only where that is asked for."""
        row = self._store.row(
            f"SELECT {_COLUMNS} FROM x_post WHERE id = ? AND (receiver IS NOT NULL) = ? AND deleted = ?",
            (post, private, deleted),
        )
        return Post.of(row) if row else None

    def was_ours(self, post: int | None) -> bool:
        """Tell whether an agency wrote this, as a post or in private, deleted or not."""
        return self._store.row("SELECT 1 FROM x_post WHERE id = ?", (post,)) is not None

    def written_by(self, account: str, since: int, below: int, limit: int) -> list[Post]:
        """List an account's posts, the newest first."""
        return self._all(
            "account = ? AND receiver IS NULL AND created_at >= ? AND id < ? AND deleted = 0",
            limit,
            account,
            since,
            below,
        )

    def conversation(self, account: str, receiver: str, below: int, limit: int) -> list[Post]:
        """List an account's messages to somebody, the newest first."""
        return self._all("account = ? AND receiver = ? AND id < ? AND deleted = 0", limit, account, receiver, below)

    def delete(self, post: Post) -> None:
        """Take a post or a message away."""
        self._store.change("UPDATE x_post SET deleted = 1 WHERE id = ?", post.id)

    def count_under(self, post: int) -> int:
        """Count the agencies' answers to a post."""
        row = self._store.row("SELECT count(*) FROM x_post WHERE parent = ? AND deleted = 0", (str(post),))
        return int(row[0]) if row else 0

    def hide(self, account: Account, post: str, hidden: bool) -> None:
        """Hide somebody's answer in the account's conversation, or show it again."""
        self._store.change(
            "INSERT INTO x_hidden (account, post, hidden) VALUES (?, ?, ?)"
            " ON CONFLICT (account, post) DO UPDATE SET hidden = excluded.hidden",
            account.id,
            post,
            hidden,
        )

    def _take(self, account: Account, text: str, parent: str | None, receiver: str | None) -> Post:
        now = self._clock()
        post = Post(self._store.next_id(now), account.id, parent, receiver, text, now, False)
        with self._store.transaction():
            self._store.change(
                f"INSERT INTO x_post ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, 0)",
                post.id,
                account.id,
                parent,
                receiver,
                text,
                now,
            )
            answered = parent or receiver
            if answered:
                self._replies.record("x", answered, str(post.id), text, now)
        return post

    def _all(self, where: str, limit: int, *parameters: object) -> list[Post]:
        rows = self._store.rows(
            f"SELECT {_COLUMNS} FROM x_post WHERE {where} ORDER BY id DESC LIMIT ?", (*parameters, limit)
        )
        return [Post.of(row) for row in rows]
