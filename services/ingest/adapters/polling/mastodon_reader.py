"""One account's mentions: a page of notifications, or a round of reading again, from the server into the tables."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.ingest.adapters import metrics
from services.ingest.adapters.polling.mastodon_client import Answer, Found, Gone, MastodonClient
from services.ingest.adapters.store import accounts as account_store
from services.ingest.adapters.store import arrivals, comments, threads
from services.ingest.adapters.store.comments import Watched
from services.ingest.domain.accounts import Account
from services.ingest.domain.entries import (
    Echo,
    EditedComment,
    Entry,
    Kept,
    Malformed,
    Reading,
    RemovedComment,
    Revoked,
    Unused,
    Written,
)
from services.ingest.platforms import mastodon
from services.ingest.ports import Arrival
from shared import tracing
from shared.clock import Clock
from shared.database import EVERY_AGENCY, Database
from shared.ids import uuid7
from shared.lease import Lease


class LeaseLost(Exception):
    """Another process reads this account now."""


class NotNow(Exception):
    """The server did not answer as it should; ``answer`` says how."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(NotNow.__doc__)
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Held:
    """An account that this process may read: its lease, with the token that every write is checked against."""

    account: Account
    lease: Lease
    token: int


class MastodonReader:
    """Reads for whoever holds the lease. Raises ``NotNow`` and ``LeaseLost``."""

    def __init__(
        self, database: Database, client: MastodonClient, clock: Clock, *, backlog_hours: float, watch_hours: float
    ) -> None:
        self._database = database
        self._client = client
        self._clock = clock
        self._backlog = timedelta(hours=backlog_hours)
        self._watch = timedelta(hours=watch_hours)

    async def next_page(self, held: Held) -> bool:
        """Take in the next page of notifications; whether there may be another one."""
        async with self._database.begin(EVERY_AGENCY) as connection:
            cursor = await account_store.cursor(connection, held.account.id)
        found = _found(await self._client.notifications(held.account, cursor))
        now = self._clock()
        page = mastodon.read_page(found.value, held.account, now)
        if page.cursor is None:
            return False
        reading = [entry for entry in page.reading if self._is_recent(entry, held.account)]
        await self._write(held, found.body, await self._placed(held.account, reading), now, page.cursor)
        return page.count == mastodon.PAGE_LIMIT

    async def read_again(self, held: Held, after: str | None, limit: int) -> str | None:
        """Look at the next ``limit`` recent mentions for edits and deletion; where to go on, None at the end."""
        now = self._clock()
        async with self._database.begin(EVERY_AGENCY) as connection:
            watched = await comments.watched(
                connection, held.account, since=now - self._watch, after=after, limit=limit
            )
        for one in watched:
            await self._look_again(held, one, now)
        return watched[-1].id if len(watched) == limit else None

    async def _look_again(self, held: Held, one: Watched, now: datetime) -> None:
        answer = await self._client.status(held.account, one.native_id)
        if isinstance(answer, Gone):
            await self._write(held, b"", [RemovedComment(held.account.account, one.native_id, now)], now)
            return
        found = _found(answer)
        entry = mastodon.read_status(found.value, held.account, now)
        if isinstance(entry, EditedComment) and entry.edited_at != one.edited_at:
            await self._write(held, found.body, await self._placed(held.account, [entry]), now)

    async def _write(
        self, held: Held, body: bytes, reading: Sequence[Entry], now: datetime, cursor: str | None = None
    ) -> None:
        """One transaction: what was read, where to go on, and the proof that nobody else does the same."""
        account = held.account
        kept: list[tuple[Account, Kept]] = [
            (account, entry) for entry in reading if not isinstance(entry, Revoked | Unused | Malformed)
        ]
        unreadable = next((entry.reason for entry in reading if isinstance(entry, Malformed)), None)
        arrival = Arrival(uuid7(), account, body, now, kept, unreadable, tracing.traceparent(None))
        async with self._database.begin(EVERY_AGENCY) as connection:
            if not await held.lease.holds(connection, held.token):
                raise LeaseLost(LeaseLost.__doc__)
            (filed,) = await arrivals.write(connection, [arrival])
            if cursor is not None:
                await account_store.move_cursor(connection, account.id, account.agency, cursor, now)
        metrics.ENTRIES.labels("mastodon", "changed").inc(filed.changed)
        metrics.ENTRIES.labels("mastodon", "repeated").inc(len(kept) - filed.changed)

    async def _placed(self, account: Account, reading: Sequence[Entry]) -> Reading:
        """``reading`` with the thread of each reply: its parent's where we have it, else as its server says."""
        replies = [one for one in reading if isinstance(one, Written | Echo) and one.thread is None]
        if not replies:
            return tuple(reading)
        places = {(account.id, one.parent) for one in replies if one.parent is not None}
        async with self._database.begin(EVERY_AGENCY) as connection:
            known = {place[1]: thread for place, thread in (await threads.known_threads(connection, places)).items()}
        placed: list[Entry] = []
        for entry in reading:
            if isinstance(entry, Written | Echo):
                thread = entry.thread or known.get(entry.parent or "") or await self._root(account, entry.native_id)
                known[entry.native_id] = thread
                entry = replace(entry, thread=thread)
            placed.append(entry)
        return tuple(placed)

    async def _root(self, account: Account, status: str) -> str:
        answer = await self._client.context(account, status)
        if isinstance(answer, Gone):
            return status  # deleted since: nothing will follow it in its thread
        return mastodon.root_of(_found(answer).value, status)

    def _is_recent(self, entry: Entry, account: Account) -> bool:
        """Whether it is young enough to be answered: a new account does not answer what was said years ago."""
        return not isinstance(entry, Written) or entry.sent_at >= account.connected_at - self._backlog


def _found(answer: Answer) -> Found:
    if not isinstance(answer, Found):
        raise NotNow(answer)
    return answer
