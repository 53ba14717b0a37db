"""Statuses and the conversations they make, as the square keeps them; Mastodon's wording is elsewhere."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, get_args

from .clock import Clock
from .paging import Paging
from .people import People, Person
from .replies import Replies
from .store import Row, Store
from .writing import mentions

NotificationKind = Literal["mention", "update"]

_KEY_LIFE: Final = 3600 * 1000
_MOST_AT_ONCE: Final = 1000
_HIGHEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Status:
    """What somebody wrote, as it reads now."""

    id: int
    author: str
    official: bool
    text: str
    parent: int | None
    root: int
    visibility: str
    language: str
    created_at: int
    edited_at: int | None
    deleted: bool

    @classmethod
    def of(cls, row: Row) -> "Status":
        """Read a row whose columns stand in the order of the fields."""
        return cls(*(*row[:2], bool(row[2]), *row[3:10], bool(row[10])))


Listener = Callable[["Status | None"], None]
"""Is called when something has changed, with the status that was deleted if it was that."""


@dataclass(frozen=True, slots=True)
class Notification:
    """That an account should look at a status."""

    id: int
    kind: NotificationKind
    at: int
    status: Status


@dataclass(frozen=True, slots=True)
class Draft:
    """What is about to be said."""

    text: str
    parent: Status | None
    visibility: str
    language: str


class Statuses:
    """Writes, changes and finds statuses, and tells agencies of those that concern them."""

    def __init__(self, store: Store, people: People, replies: Replies, clock: Clock, domain: str) -> None:
        """Keep statuses in this store; `domain` is what a mention may write after a name from here."""
        self._store = store
        self._people = people
        self._replies = replies
        self._clock = clock
        self._domain = domain
        self._listeners: set[Listener] = set()

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after every change, until the function that this gives is called."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    def post(self, author: Person, draft: Draft) -> Status:
        """Publish a status; an agency's answer goes into the record of replies in the same transaction."""
        now = self._clock()
        with self._store.transaction():
            status = self._insert(author, draft, now)
            if author.official and status.parent:
                self._replies.record("mastodon", str(status.parent), str(status.id), status.text, now)
            self._notify_mentioned(status, now)
        self._tell()
        return status

    def edit(self, status: Status, text: str) -> Status:
        """Replace the text and keep the one before; the same text again changes nothing."""
        if text == status.text:
            return status
        now = self._clock()
        with self._store.transaction():
            self._store.change(
                "INSERT INTO revision (status, text, at) VALUES (?, ?, ?)",
                status.id,
                status.text,
                status.edited_at or status.created_at,
            )
            self._store.change("UPDATE status SET text = ?, edited_at = ? WHERE id = ?", text, now, status.id)
            edited = self._known(status.id)
            self._notify_mentioned(edited, now)
            self._notify_answerers(edited, now)
        self._tell()
        return edited

    def delete(self, status: Status) -> None:
        """Take a status away; what answers it stays."""
        self._store.change("UPDATE status SET deleted = 1 WHERE id = ?", status.id)
        self._tell(status)

    def find(self, status: int | None) -> Status | None:
        """Find a status that has not been deleted."""
        row = self._store.row("SELECT * FROM status WHERE id = ? AND deleted = 0", (status,))
        return Status.of(row) if row else None

    def ancestors(self, status: Status) -> list[Status]:
        """List what a status answers, the first one first."""
        found: list[Status] = []
        above = self.find(status.parent)
        while above:
            found.insert(0, above)
            above = self.find(above.parent)
        return found

    def descendants(self, status: Status) -> list[Status]:
        """List everything said below a status, each directly before its own answers."""
        below: dict[int, list[Status]] = {}
        for each in self._all("SELECT * FROM status WHERE root = ? ORDER BY id DESC", status.root):
            if each.parent:
                below.setdefault(each.parent, []).append(each)
        found, waiting = [], list(below.get(status.id, []))
        while waiting:
            each = waiting.pop()
            found.append(each)
            waiting.extend(below.get(each.id, []))
        return [each for each in found if not each.deleted]

    def conversations(self, limit: int) -> list[list[Status]]:
        """List the newest public conversations whole, with what was deleted, newest conversation first."""
        together: dict[int, list[Status]] = {}
        for each in self._all(
            "SELECT * FROM status WHERE root IN"
            " (SELECT id FROM status WHERE parent IS NULL ORDER BY id DESC LIMIT ?)"
            " AND visibility IN ('public', 'unlisted') ORDER BY id",
            limit,
        ):
            together.setdefault(each.root, []).append(each)
        return [together[root] for root in sorted(together, reverse=True)]

    def history(self, status: Status) -> list[tuple[str, int]]:
        """List every text a status has had with its time, the first one first."""
        rows = self._store.rows("SELECT text, at FROM revision WHERE status = ? ORDER BY rowid", (status.id,))
        return [(text, at) for text, at in rows] + [(status.text, status.edited_at or status.created_at)]

    def written_by(self, author: str, paging: Paging, *, with_replies: bool) -> list[Status]:
        """List an author's statuses."""
        rows = paging.rows(
            self._store,
            "SELECT * FROM status WHERE author = ? AND deleted = 0 AND (? OR parent IS NULL)"
            " AND id > ? AND id < ? ORDER BY id DESC LIMIT ?",
            author,
            with_replies,
        )
        return [Status.of(row) for row in rows]

    def count(self, author: str) -> int:
        """Count an author's statuses."""
        return self._number("SELECT count(*) FROM status WHERE author = ? AND deleted = 0", author)

    def count_replies(self, status: int) -> int:
        """Count the direct answers to a status."""
        return self._number("SELECT count(*) FROM status WHERE parent = ? AND deleted = 0", status)

    def mentioned(self, text: str) -> list[Person]:
        """List whom a text mentions, each once."""
        found: dict[str, Person] = {}
        for name, domain in mentions(text):
            person = self.meant_by(name, domain)
            if person:
                found.setdefault(person.id, person)
        return list(found.values())

    def meant_by(self, name: str, domain: str | None) -> Person | None:
        """Find whom a mention means; nobody from another server is known here."""
        return self._people.with_username(name) if domain in (None, self._domain) else None

    def notifications(self, account: str, kinds: str, paging: Paging) -> list[Notification]:
        """List what an account should look at and still can; `kinds` is a JSON list."""
        rows = paging.rows(
            self._store,
            "SELECT n.id, n.kind, n.at, s.* FROM notification n JOIN status s ON s.id = n.status"
            " WHERE n.account = ? AND s.deleted = 0 AND n.kind IN (SELECT value FROM json_each(?))"
            " AND n.id > ? AND n.id < ? ORDER BY n.id DESC LIMIT ?",
            account,
            kinds,
        )
        return [Notification(row[0], row[1], row[2], Status.of(row[3:])) for row in rows]

    def notifications_after(self, account: str, notification: int) -> list[Notification]:
        """List what an account was told after a notification, the first one first."""
        following = Paging(_MOST_AT_ONCE, _HIGHEST, notification, forwards=True)
        return self.notifications(account, json.dumps(get_args(NotificationKind)), following)[::-1]

    def newest_notification(self, account: str) -> int:
        """Give the id of the last thing that an account was told; 0 if there was none."""
        return self._number("SELECT coalesce(max(id), 0) FROM notification WHERE account = ?", account)

    def posted_with_key(self, account: str, key: str) -> int | None:
        """Give the id of the status an account made with this Idempotency-Key within the last hour."""
        row = self._store.row(
            "SELECT status FROM idempotency WHERE account = ? AND key = ? AND at > ?",
            (account, key, self._clock() - _KEY_LIFE),
        )
        return row[0] if row else None

    def keep_key(self, account: str, key: str, status: Status) -> None:
        """Remember which status a key made."""
        self._store.change(
            "INSERT OR REPLACE INTO idempotency (account, key, status, at) VALUES (?, ?, ?, ?)",
            account,
            key,
            status.id,
            self._clock(),
        )

    def _insert(self, author: Person, draft: Draft, now: int) -> Status:
        status, parent = self._store.next_id(now), draft.parent
        self._store.change(
            "INSERT INTO status (id, author, official, text, parent, root, visibility, language, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            status,
            author.id,
            author.official,
            draft.text,
            parent.id if parent else None,
            parent.root if parent else status,
            draft.visibility,
            draft.language,
            now,
        )
        return self._known(status)

    def _notify_mentioned(self, status: Status, now: int) -> None:
        for person in self.mentioned(status.text):
            if person.official and person.id != status.author:
                self._notify(person.id, "mention", status, now)

    def _notify_answerers(self, status: Status, now: int) -> None:
        answerers = self._store.rows(
            "SELECT DISTINCT author FROM status WHERE parent = ? AND official = 1 AND deleted = 0 AND author <> ?",
            (status.id, status.author),
        )
        for (account,) in answerers:
            # The news of a later edit takes the place of the earlier one, as on Mastodon.
            self._store.change(
                "DELETE FROM notification WHERE account = ? AND status = ? AND kind = 'update'",
                account,
                status.id,
            )
            self._notify(account, "update", status, now)

    def _notify(self, account: str, kind: NotificationKind, status: Status, now: int) -> None:
        # Once for a status, however often an edit mentions the same account.
        self._store.change(
            "INSERT OR IGNORE INTO notification (id, account, kind, status, at) VALUES (?, ?, ?, ?, ?)",
            self._store.next_id(now),
            account,
            kind,
            status.id,
            now,
        )

    def _tell(self, gone: Status | None = None) -> None:
        for listener in tuple(self._listeners):
            listener(gone)

    def _known(self, status: int) -> Status:
        found = self.find(status)
        assert found is not None
        return found

    def _all(self, sql: str, *parameters: object) -> list[Status]:
        return [Status.of(row) for row in self._store.rows(sql, parameters)]

    def _number(self, sql: str, *parameters: object) -> int:
        row = self._store.row(sql, parameters)
        return int(row[0]) if row else 0
