"""The posts of the forum, as far as the square knows them: what agencies wrote, and what they did to citizens' posts.

A citizen's post is told to agencies elsewhere and never kept here. So each is taken for the first of a topic of its
own: post 4711 is number 1 of topic 4711, and its text is not known.
"""

from dataclasses import dataclass
from typing import Final

from .clock import Clock
from .replies import Replies
from .store import Row, Store

UNIQUE_POSTS: Final = 300_000
"""`unique_posts_mins`, in milliseconds."""

_COLUMNS: Final = (
    "id, username, topic, number, answered, raw, version, created_at, updated_at, hidden, deleted, pending"
)


@dataclass(frozen=True, slots=True)
class Post:
    """A post; without a username a citizen's. `answered` is the number of the post that it answers."""

    id: int
    username: str | None
    topic: int
    number: int
    answered: int | None
    raw: str
    version: int
    created_at: int
    updated_at: int
    hidden: bool
    deleted: bool
    pending: bool

    @classmethod
    def of(cls, row: Row) -> "Post":
        """Read a row whose columns stand in the order of the fields."""
        return cls(*row[:9], *map(bool, row[9:12]))


@dataclass(frozen=True, slots=True)
class User:
    """What the forum thinks of an agency's user."""

    staff: bool = True
    needs_approval: bool = False


class ForumPosts:
    """Takes, changes and finds posts."""

    def __init__(self, store: Store, replies: Replies, clock: Clock) -> None:
        """Keep posts in this store."""
        self._store = store
        self._replies = replies
        self._clock = clock

    def user(self, username: str) -> User:
        """Tell what the forum thinks of a user; of staff unless it was told otherwise."""
        row = self._store.row(
            "SELECT staff, needs_approval FROM discourse_user WHERE username = ?", (username.lower(),)
        )
        return User(*map(bool, row)) if row else User()

    def set_user(self, username: str, user: User) -> None:
        """Change what the forum thinks of a user."""
        self._store.change(
            "INSERT INTO discourse_user (username, staff, needs_approval) VALUES (?, ?, ?)"
            " ON CONFLICT (username) DO UPDATE SET staff = excluded.staff, needs_approval = excluded.needs_approval",
            username.lower(),
            user.staff,
            user.needs_approval,
        )

    def write(self, username: str, topic: int, answered: int, raw: str, *, pending: bool) -> Post:
        """Take a post; it goes into the record when everybody can read it."""
        now = self._clock()
        with self._store.transaction():
            post = Post(self._store.next_id(now), username, topic, 0, answered, raw, 1, now, now, False, False, pending)
            self._insert(post)
            return post if pending else self._publish(post)

    def approve(self, post: int) -> Post | None:
        """Let everybody read a post that waited."""
        found = self.find(post)
        if found is None or not found.pending:
            return None
        with self._store.transaction():
            return self._publish(found)

    def find(self, post: int) -> Post | None:
        """Find what is known of a post."""
        return next(iter(self._all("id = ?", post)), None)

    def by_number(self, topic: int, number: int) -> Post | None:
        """Find an agency's post by its number within a topic."""
        return next(iter(self._all("topic = ? AND number = ? AND username IS NOT NULL", topic, number)), None)

    def replies_to(self, topic: int, number: int) -> list[Post]:
        """List the posts that answer one, the first one first."""
        return self._all("topic = ? AND answered = ? AND pending = 0 AND deleted = 0 ORDER BY number", topic, number)

    def pending_of(self, username: str) -> list[Post]:
        """List what of a user waits for approval, newest first."""
        return self._all("lower(username) = ? AND pending = 1 ORDER BY id DESC", username.lower())

    def said_just_now(self, username: str, raw: str) -> bool:
        """Tell whether a user has posted this within the last minutes, in whichever topic."""
        since = self._clock() - UNIQUE_POSTS
        return bool(self._all("lower(username) = ? AND raw = ? AND created_at > ?", username.lower(), raw, since))

    def edit(self, post: Post, raw: str) -> None:
        """Replace what a post says."""
        self._store.change(
            "UPDATE discourse_post SET raw = ?, version = version + 1, updated_at = ? WHERE id = ?",
            raw,
            self._clock(),
            post.id,
        )

    def hide(self, post: int, hidden: bool) -> None:
        """Hide a post or show it again, whether it is known or not."""
        self._remember(post)
        self._store.change("UPDATE discourse_post SET hidden = ? WHERE id = ?", hidden, post)

    def delete(self, post: int) -> None:
        """Take a post away, whether it is known or not."""
        self._remember(post)
        self._store.change("UPDATE discourse_post SET deleted = 1 WHERE id = ?", post)

    def _remember(self, post: int) -> None:
        if self.find(post) is None:
            now = self._clock()
            self._insert(Post(post, None, post, 1, None, "", 1, now, now, False, False, False))

    def _publish(self, post: Post) -> Post:
        row = self._store.row("SELECT max(number) FROM discourse_post WHERE topic = ?", (post.topic,))
        number = max(row[0] if row and row[0] else 1, 1) + 1
        self._store.change("UPDATE discourse_post SET number = ?, pending = 0 WHERE id = ?", number, post.id)
        parent = self.by_number(post.topic, post.answered or 1)
        answered = str(parent.id if parent else post.topic)
        self._replies.record("discourse", answered, str(post.id), post.raw, self._clock())
        found = self.find(post.id)
        assert found is not None
        return found

    def _insert(self, post: Post) -> None:
        self._store.change(
            f"INSERT INTO discourse_post ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(getattr(post, field) for field in _COLUMNS.split(", ")),
        )

    def _all(self, condition: str, *parameters: object) -> list[Post]:
        rows = self._store.rows(f"SELECT {_COLUMNS} FROM discourse_post WHERE {condition}", parameters)
        return [Post.of(row) for row in rows]
