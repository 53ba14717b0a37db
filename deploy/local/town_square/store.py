"""The town square's memory: one SQLite file that outlives a killed process.

Every change is committed before it is answered. `synchronous=OFF` leaves the moment of writing to the
operating system: a killed process loses nothing, only a machine without power would. Accesses take
microseconds, so they are made straight from asynchronous code; nothing awaits inside a transaction.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

Row = tuple[Any, ...]

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS account (
    platform TEXT NOT NULL, id TEXT NOT NULL, agency TEXT NOT NULL, name TEXT NOT NULL, token TEXT NOT NULL,
    active INTEGER NOT NULL DEFAULT 1, PRIMARY KEY (platform, id));
CREATE INDEX IF NOT EXISTS account_token ON account (platform, token);
CREATE TABLE IF NOT EXISTS citizen (
    id INTEGER PRIMARY KEY, username TEXT NOT NULL UNIQUE, name TEXT NOT NULL, name_key TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS status (
    id INTEGER PRIMARY KEY, author TEXT NOT NULL, official INTEGER NOT NULL, text TEXT NOT NULL,
    parent INTEGER, root INTEGER NOT NULL, visibility TEXT NOT NULL, language TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    edited_at INTEGER, deleted INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS status_author ON status (author, id);
CREATE INDEX IF NOT EXISTS status_parent ON status (parent, id);
CREATE INDEX IF NOT EXISTS status_root ON status (root, id);
CREATE TABLE IF NOT EXISTS revision (
    status INTEGER NOT NULL, text TEXT NOT NULL, at INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS revision_status ON revision (status);
CREATE TABLE IF NOT EXISTS notification (
    id INTEGER PRIMARY KEY, account TEXT NOT NULL, kind TEXT NOT NULL, status INTEGER NOT NULL,
    at INTEGER NOT NULL, UNIQUE (account, status, kind));
CREATE INDEX IF NOT EXISTS notification_account ON notification (account, id);
CREATE TABLE IF NOT EXISTS idempotency (
    account TEXT NOT NULL, key TEXT NOT NULL, status INTEGER NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (account, key));
CREATE TABLE IF NOT EXISTS page_comment (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, page TEXT, parent TEXT, text TEXT,
    hidden INTEGER NOT NULL, created_at INTEGER NOT NULL, edited_at INTEGER,
    deleted INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS page_comment_parent ON page_comment (parent, page, number);
CREATE TABLE IF NOT EXISTS x_post (
    id INTEGER PRIMARY KEY, account TEXT NOT NULL, parent TEXT, receiver TEXT, text TEXT NOT NULL,
    created_at INTEGER NOT NULL, deleted INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS x_post_account ON x_post (account, receiver, id);
CREATE INDEX IF NOT EXISTS x_post_parent ON x_post (parent);
CREATE TABLE IF NOT EXISTS x_hidden (
    account TEXT NOT NULL, post TEXT NOT NULL, hidden INTEGER NOT NULL, PRIMARY KEY (account, post));
CREATE TABLE IF NOT EXISTS x_known (
    post TEXT PRIMARY KEY, author TEXT, text TEXT, numbers TEXT NOT NULL, at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS x_grant (
    account TEXT NOT NULL, access TEXT NOT NULL UNIQUE, refresh TEXT NOT NULL UNIQUE, ends_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS x_used_refresh (refresh TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS bot_message (
    number INTEGER PRIMARY KEY AUTOINCREMENT, platform TEXT NOT NULL, account TEXT NOT NULL, chat TEXT NOT NULL,
    id TEXT NOT NULL, text TEXT, key TEXT, created_at INTEGER NOT NULL, deleted INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS bot_message_chat ON bot_message (platform, chat, id);
CREATE INDEX IF NOT EXISTS bot_message_key ON bot_message (platform, account, key);
CREATE TABLE IF NOT EXISTS telegram_move (chat TEXT PRIMARY KEY, moved_to TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS discourse_user (
    username TEXT PRIMARY KEY, staff INTEGER NOT NULL, needs_approval INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS discourse_post (
    id INTEGER PRIMARY KEY, username TEXT, topic INTEGER NOT NULL, number INTEGER NOT NULL, answered INTEGER,
    raw TEXT NOT NULL, version INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
    hidden INTEGER NOT NULL, deleted INTEGER NOT NULL, pending INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS discourse_post_topic ON discourse_post (topic, number);
CREATE TABLE IF NOT EXISTS sent_mail (
    number INTEGER PRIMARY KEY AUTOINCREMENT, platform TEXT NOT NULL, account TEXT NOT NULL, id TEXT NOT NULL,
    message_id TEXT NOT NULL, recipient TEXT NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL,
    headers TEXT NOT NULL, variables TEXT NOT NULL, at INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS sent_mail_account ON sent_mail (platform, account, number);
CREATE TABLE IF NOT EXISTS open311_update (
    account TEXT NOT NULL, at INTEGER NOT NULL, update_id TEXT NOT NULL, service_request_id TEXT NOT NULL,
    status TEXT NOT NULL, description TEXT NOT NULL, updated_datetime TEXT NOT NULL,
    PRIMARY KEY (account, update_id));
CREATE TABLE IF NOT EXISTS reply (
    number INTEGER PRIMARY KEY AUTOINCREMENT, platform TEXT NOT NULL, parent TEXT NOT NULL, id TEXT NOT NULL,
    text TEXT NOT NULL, at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS fault (
    number INTEGER PRIMARY KEY AUTOINCREMENT, platform TEXT NOT NULL, kind TEXT NOT NULL,
    count INTEGER NOT NULL CHECK (count > 0));
"""

_HIGHEST_ID: Final = """
SELECT max(id) FROM (SELECT max(id) AS id FROM status UNION ALL SELECT max(id) FROM notification
                     UNION ALL SELECT max(id) FROM citizen UNION ALL SELECT max(number) FROM page_comment
                     UNION ALL SELECT max(id) FROM x_post)
"""


class Store:
    """One connection to the one file; ids from it grow with time and never repeat."""

    def __init__(self, path: Path) -> None:
        """Open the file, making it and its folder when they are missing."""
        path.parent.mkdir(parents=True, exist_ok=True)
        # A test builds the app in one thread and serves it in another; only ever one of them uses it.
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=OFF")
        self._connection.executescript(_SCHEMA)
        self._last_id: int = self._connection.execute(_HIGHEST_ID).fetchone()[0] or 0

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def next_id(self, now: int) -> int:
        """Give an id made as Mastodon makes its own: milliseconds, shifted, so that ids sort by time."""
        self._last_id = max(now << 16, self._last_id + 1)
        return self._last_id

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what happens inside one change: all of it, or none."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def change(self, sql: str, *parameters: object) -> int:
        """Run one change and give the number of rows it touched."""
        return self._connection.execute(sql, parameters).rowcount

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Give all rows that a query finds."""
        return self._connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[object] = ()) -> Row | None:
        """Give the first row that a query finds."""
        found: Row | None = self._connection.execute(sql, parameters).fetchone()
        return found
