"""The posts of the square's Bluesky: who wrote what, what it answers, and every change in the order it happened.

A post lies in its author's repository under a key that the author chose. Whoever writes it again under the same key
changes it; whoever writes the same again changes nothing.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from .accounts import Accounts
from .bluesky_ids import cid_of, did_of, repo_of, tid, uri_of
from .bluesky_sessions import handle_of
from .clock import Clock
from .people import People
from .replies import Replies
from .store import Row, Store

Record = Mapping[str, Any]
Operation = Literal["create", "update", "delete"]

_SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS bluesky_actor (did TEXT PRIMARY KEY, handle TEXT NOT NULL, name TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS bluesky_post (
        number INTEGER PRIMARY KEY, uri TEXT NOT NULL UNIQUE, cid TEXT NOT NULL, record TEXT NOT NULL, root TEXT,
        parent TEXT, sort_at INTEGER NOT NULL, indexed_at INTEGER NOT NULL, edited INTEGER NOT NULL DEFAULT 0,
        deleted INTEGER NOT NULL DEFAULT 0)""",
    "CREATE INDEX IF NOT EXISTS bluesky_post_root ON bluesky_post (root, number)",
    """CREATE TABLE IF NOT EXISTS bluesky_event (
        number INTEGER PRIMARY KEY, uri TEXT NOT NULL, operation TEXT NOT NULL, record TEXT, cid TEXT)""",
)
_COLUMNS: Final = "number, uri, cid, record, root, parent, sort_at, indexed_at, edited, deleted"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody with a repository."""

    did: str
    handle: str
    name: str
    official: bool


@dataclass(frozen=True, slots=True)
class Post:
    """A post as it reads now. Times are milliseconds; ``sort_at`` is the earlier of what its author claims and the
    moment it came, as the original orders what it lists."""

    number: int
    uri: str
    cid: str
    record: Record
    root: str | None
    parent: str | None
    sort_at: int
    indexed_at: int
    edited: bool
    deleted: bool

    @classmethod
    def of(cls, row: Row) -> "Post":
        """Read a row whose columns stand in the order of the fields."""
        return cls(*(*row[:3], json.loads(row[3]), *row[4:8], bool(row[8]), bool(row[9])))


@dataclass(frozen=True, slots=True)
class Event:
    """One change of one post. ``number`` is an id of the square: milliseconds, shifted."""

    number: int
    uri: str
    operation: Operation
    record: Record | None
    cid: str | None

    @property
    def time_us(self) -> int:
        """The moment in microseconds; no two events share it unless 1,000 come in one millisecond."""
        return (self.number >> 16) * 1000 + min(self.number & 0xFFFF, 999)


class Posts:
    """Writes, changes and finds posts."""

    def __init__(self, store: Store, accounts: Accounts, people: People, replies: Replies, clock: Clock) -> None:
        """Keep posts in this store."""
        for statement in _SCHEMA:
            store.change(statement)
        self._store = store
        self._accounts = accounts
        self._people = people
        self._replies = replies
        self._clock = clock
        self._listeners: set[Callable[[], None]] = set()

    def citizen(self, name: str) -> Actor:
        """Find the citizen with this name, or welcome a new one."""
        person = self._people.citizen_called(name, self._clock())
        actor = Actor(did_of(person.id), f"{person.username.replace('_', '-')}.square.test", person.name, False)
        self._store.change(
            "INSERT OR IGNORE INTO bluesky_actor (did, handle, name) VALUES (?, ?, ?)",
            actor.did,
            actor.handle,
            actor.name,
        )
        return actor

    def actor(self, did: str) -> Actor | None:
        """Find whoever has this DID, an agency's account or a citizen."""
        account = self._accounts.with_id("bluesky", did)
        if account:
            return Actor(account.id, handle_of(account), account.name, True)
        row = self._store.row("SELECT did, handle, name FROM bluesky_actor WHERE did = ?", (did,))
        return Actor(*(*row, False)) if row else None

    def called(self, handle: str) -> Actor | None:
        """Find whoever has this handle."""
        account = self._accounts.of_agency("bluesky", handle.removesuffix(".square.test"))
        if account and handle_of(account) == handle:
            return self.actor(account.id)
        row = self._store.row("SELECT did FROM bluesky_actor WHERE handle = ?", (handle,))
        return self.actor(row[0]) if row else None

    def free_key(self) -> str:
        """Make a record key that nobody has."""
        return tid(self._store.next_id(self._clock()))

    def now(self) -> str:
        """Write the present moment as records have it."""
        return datetime.fromtimestamp(self._clock() / 1000, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"

    def put(self, repo: str, key: str, record: Record) -> Post:
        """Write a post under a key. An agency's new answer goes into the record of replies in the same transaction."""
        uri, cid = uri_of(repo, key), cid_of(record)
        before = self.find(uri)
        if before and before.cid == cid:
            return before
        with self._store.transaction():
            self._write(uri, cid, record, before)
            if before is None:
                self._note_reply(uri, record)
        self._tell()
        after = self.find(uri)
        assert after is not None
        return after

    def delete(self, post: Post) -> None:
        """Take a post away; what answers it stays."""
        with self._store.transaction():
            self._store.change("UPDATE bluesky_post SET deleted = 1 WHERE uri = ?", post.uri)
            self._log(self._store.next_id(self._clock()), post.uri, "delete", None, None)
        self._tell()

    def find(self, uri: str | None) -> Post | None:
        """Find a post that has not been deleted."""
        row = self._store.row(f"SELECT {_COLUMNS} FROM bluesky_post WHERE uri = ? AND deleted = 0", (uri,))
        return Post.of(row) if row else None

    def ancestors(self, post: Post) -> Iterator[str]:
        """Give the addresses of what a post answers, the nearest first, deleted ones included as the last."""
        parent = post.parent
        while parent:
            yield parent
            above = self.find(parent)
            parent = above.parent if above else None

    def living(self) -> list[Post]:
        """List every post that has not been deleted, the one that sorts newest first."""
        return self._all("WHERE deleted = 0 ORDER BY sort_at DESC, number DESC")

    def count_replies(self, uri: str) -> int:
        """Count the direct answers to a post."""
        row = self._store.row("SELECT count(*) FROM bluesky_post WHERE parent = ? AND deleted = 0", (uri,))
        return int(row[0]) if row else 0

    def conversations(self, limit: int) -> list[list[Post]]:
        """List the newest conversations whole, with what was deleted, newest conversation first."""
        together: dict[str, list[Post]] = {}
        for post in self._all(
            "WHERE coalesce(root, uri) IN"
            " (SELECT uri FROM bluesky_post WHERE root IS NULL ORDER BY number DESC LIMIT ?) ORDER BY number",
            limit,
        ):
            together.setdefault(post.root or post.uri, []).append(post)
        return list(together.values())[::-1]

    def events(self, after: int, limit: int) -> list[Event]:
        """List what happened after the event with this number, oldest first."""
        rows = self._store.rows(
            "SELECT number, uri, operation, record, cid FROM bluesky_event WHERE number > ? ORDER BY number LIMIT ?",
            (after, limit),
        )
        return [Event(*(*row[:3], json.loads(row[3]) if row[3] else None, row[4])) for row in rows]

    def newest_event(self) -> int:
        """Give the number of the newest event; 0 before the first one."""
        row = self._store.row("SELECT max(number) FROM bluesky_event")
        return (row[0] or 0) if row else 0

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call ``listener`` after every change, until the function that this gives is called."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    def _write(self, uri: str, cid: str, record: Record, before: Post | None) -> None:
        now = self._clock()
        number = self._store.next_id(now)
        reply = record.get("reply") or {}
        places = [reply.get(name, {}).get("uri") for name in ("root", "parent")]
        content = json.dumps(record, ensure_ascii=False)
        self._store.change(
            f"INSERT INTO bluesky_post ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0)"
            " ON CONFLICT (uri) DO UPDATE SET cid = excluded.cid, record = excluded.record, root = excluded.root,"
            " parent = excluded.parent, sort_at = excluded.sort_at, indexed_at = excluded.indexed_at,"
            " edited = 1 - deleted, deleted = 0",
            number,
            uri,
            cid,
            content,
            *places,
            min(now, _claimed(record) or now),
            now,
        )
        self._log(number, uri, "update" if before else "create", content, cid)

    def _note_reply(self, uri: str, record: Record) -> None:
        parent = (record.get("reply") or {}).get("parent", {}).get("uri")
        actor = self.actor(repo_of(uri))
        if parent and actor and actor.official:
            self._replies.record("bluesky", parent, uri, record["text"], self._clock())

    def _log(self, number: int, uri: str, operation: Operation, content: str | None, cid: str | None) -> None:
        self._store.change(
            "INSERT INTO bluesky_event (number, uri, operation, record, cid) VALUES (?, ?, ?, ?, ?)",
            number,
            uri,
            operation,
            content,
            cid,
        )

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()

    def _all(self, clause: str, *parameters: object) -> list[Post]:
        return [Post.of(row) for row in self._store.rows(f"SELECT {_COLUMNS} FROM bluesky_post {clause}", parameters)]


def _claimed(record: Record) -> int | None:
    try:
        return int(datetime.fromisoformat(record["createdAt"]).timestamp() * 1000)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
