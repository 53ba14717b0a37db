"""Where a page becomes durable: one transaction with what was read, where to go on, and the proof that nobody else
reads the same account."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.adapters import metrics
from services.ingest.adapters.keeper import REFUSED
from services.ingest.adapters.polling.feed import Feed, Page, Span
from services.ingest.adapters.store import accounts as account_store
from services.ingest.adapters.store import arrivals, comments, threads
from services.ingest.domain.accounts import Account
from services.ingest.domain.entries import Echo, Entry, Kept, Malformed, NotKept, Reading, Revoked, Unused, Written
from services.ingest.ports import Arrival, Filed
from shared import telemetry, tracing
from shared.clock import Clock
from shared.database import EVERY_AGENCY, Database, is_passing
from shared.errors import Dead
from shared.ids import uuid7
from shared.lease import Lease

TWINS_WITHIN = timedelta(days=7)
"""Longer than any platform goes on trying to push something."""


class LeaseLost(Exception):
    """Another process reads this account now."""


@dataclass(frozen=True, slots=True)
class Held:
    """An account that this process may read: its lease, with the token that every write is checked against."""

    account: Account
    lease: Lease
    token: int


class PageKeeper:
    """Writes what one feed finds. Raises ``LeaseLost``, and what the feed raises when it is asked for a thread."""

    def __init__(self, database: Database, feed: Feed, clock: Clock) -> None:
        self._database = database
        self._feed = feed
        self._clock = clock

    async def cursor(self, account: Account) -> str | None:
        """Up to where the account has been read."""
        async with self._database.begin(EVERY_AGENCY) as connection:
            return await account_store.cursor(connection, account.id, self._feed.part)

    async def keep(self, held: Held, page: Page, span: Span | None = None) -> None:
        """Take in a page, which was asked for with ``span`` unless it is about comments that we have."""
        reading: Sequence[Entry] = [entry for entry in page.reading if span is None or _is_recent(entry, span.since)]
        if not _says_anything(reading) and page.cursor in (None, span and span.cursor):
            return
        if self._feed.reconciles:
            reading = await self._without_twins(held.account, reading)
        await self._write(held, page, await self._placed(held.account, reading))

    async def _without_twins(self, account: Account, reading: Sequence[Entry]) -> Sequence[Entry]:
        """``reading`` without what the webhook has brought under another spelling of its id."""
        natives = [entry.native_id for entry in reading if not isinstance(entry, NotKept)]
        endings = {native: ending for native in natives if (ending := self._feed.ending(native)) is not None}
        if not endings:
            return reading
        async with self._database.begin(EVERY_AGENCY) as connection:
            known = await comments.by_ending(connection, account, endings.values(), self._clock() - TWINS_WITHIN)
        twins = {native for native, ending in endings.items() if native not in known.get(ending, {native})}
        return [entry for entry in reading if isinstance(entry, NotKept) or entry.native_id not in twins]

    async def keep_known(self, held: Held, page: Page) -> None:
        """Take in what a page says about comments that we have; a stream tells of much else."""
        named = [entry for entry in page.reading if not isinstance(entry, NotKept)]
        places = {(held.account.id, entry.native_id) for entry in named}
        async with self._database.begin(EVERY_AGENCY) as connection:
            known = {native for _, native in await threads.known_threads(connection, places)} if places else set()
        reading = [entry for entry in named if entry.native_id in known]
        if reading:
            await self._write(held, replace(page, cursor=None), await self._placed(held.account, reading))

    async def _write(self, held: Held, page: Page, reading: Sequence[Entry]) -> None:
        arrival = _arrival(held.account, page.body, reading, self._clock())
        try:
            filed = await self._commit(held, arrival, page.cursor)
        except (DBAPIError, Dead) as error:
            if is_passing(error):
                raise
            # Set aside with its bytes: it must not keep the account from being read further.
            arrival = replace(arrival, kept=(), revoked=(), unreadable=REFUSED)
            filed = await self._commit(held, arrival, page.cursor)
        self._count(arrival, filed)

    async def _commit(self, held: Held, arrival: Arrival, cursor: str | None) -> Filed:
        async with self._database.begin(EVERY_AGENCY) as connection:
            if not await held.lease.holds(connection, held.token):
                raise LeaseLost(LeaseLost.__doc__)
            (filed,) = await arrivals.write(connection, [arrival])
            if cursor is not None:
                await self._move(connection, held.account, cursor, arrival.received_at)
        return filed

    async def _move(self, connection: AsyncConnection, account: Account, cursor: str, now: datetime) -> None:
        await account_store.move_cursor(connection, account.id, self._feed.part, account.agency, cursor, now)

    def _count(self, arrival: Arrival, filed: Filed) -> None:
        platform = self._feed.platform
        metrics.ENTRIES.labels(platform, "changed").inc(filed.changed)
        metrics.ENTRIES.labels(platform, "repeated").inc(len(arrival.kept) - filed.changed)
        if arrival.unreadable is not None:
            metrics.ENTRIES.labels(platform, "unreadable").inc()
        if self._feed.reconciles and filed.changed:
            metrics.GAPS.labels(platform).inc(filed.changed)
            telemetry.logger().warning(
                "polling.gap", platform=platform, account=arrival.account.id, found=filed.changed
            )

    async def _placed(self, account: Account, reading: Sequence[Entry]) -> Reading:
        """``reading`` with the thread of each reply: its own or its parent's where we have them, else as its platform
        says."""
        replies = [one for one in reading if isinstance(one, Written | Echo) and one.thread is None]
        if not replies:
            return tuple(reading)
        places = {(account.id, native) for one in replies for native in (one.native_id, one.parent) if native}
        async with self._database.begin(EVERY_AGENCY) as connection:
            known = {place[1]: thread for place, thread in (await threads.known_threads(connection, places)).items()}
        placed: list[Entry] = []
        for entry in reading:
            if isinstance(entry, Written | Echo):
                thread = entry.thread or known.get(entry.native_id) or known.get(entry.parent or "")
                thread = thread or await self._feed.root(account, entry)
                if thread is not None:
                    known[entry.native_id] = thread
                    entry = replace(entry, thread=thread)
            placed.append(entry)
        return tuple(placed)


def _is_recent(entry: Entry, since: datetime) -> bool:
    return not isinstance(entry, Written) or entry.sent_at >= since


def _says_anything(reading: Sequence[Entry]) -> bool:
    return any(not isinstance(entry, Unused) for entry in reading)


def _arrival(account: Account, body: bytes, reading: Sequence[Entry], now: datetime) -> Arrival:
    kept: list[tuple[Account, Kept]] = [(account, entry) for entry in reading if not isinstance(entry, NotKept)]
    revoked = [(account, entry) for entry in reading if isinstance(entry, Revoked)]
    unreadable = next((entry.reason for entry in reading if isinstance(entry, Malformed)), None)
    return Arrival(uuid7(), account, body, now, kept, unreadable, tracing.traceparent(None), revoked)
