"""Reading the mentions of Mastodon accounts, again and again.

One task an account, and one process for each account at a time: a lease, whose token is checked in the transaction
that writes. The cursor moves in the transaction of what was read, so that nothing is skipped; what is read twice is
known already. Edits and deletions that no notification tells of are found by reading recent mentions again.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from services.ingest.adapters import metrics
from services.ingest.adapters.accounts import AccountBook
from services.ingest.adapters.polling.mastodon_client import Answer, Refused, Throttled
from services.ingest.adapters.polling.mastodon_reader import Held, LeaseLost, MastodonReader, NotNow
from services.ingest.adapters.store import accounts as account_store
from services.ingest.domain.accounts import Account
from services.ingest.domain.refusals import Unreadable
from shared import telemetry
from shared.clock import Clock
from shared.database import EVERY_AGENCY, Database
from shared.events import AccountDegraded, AccountRestored
from shared.lease import Lease
from shared.outbox import stage

PLATFORM = "mastodon"
NEW_ACCOUNTS_SECONDS = 0.5
RENEW_SECONDS = 3.0
ELSEWHERE_SECONDS = 3.0
MOST_PAGES = 20
"""Pages read before recent mentions get their turn."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often an account is asked; ``retry_seconds`` after an answer that was none, or a refusal."""

    poll_seconds: float
    reread_seconds: float
    reread_batch: int
    retry_seconds: float


class MastodonPolling:
    """Keeps one watch for each connected account."""

    def __init__(self, database: Database, book: AccountBook, reader: MastodonReader, pace: Pace, clock: Clock) -> None:
        self._database = database
        self._book = book
        self._reader = reader
        self._pace = pace
        self._clock = clock

    async def run(self) -> None:
        """Watch every account until cancelled; a watch that failed begins anew."""
        watches: dict[str, asyncio.Task[None]] = {}
        try:
            while True:
                for account in self._book.of(PLATFORM):
                    if account.id not in watches or watches[account.id].done():
                        watches[account.id] = asyncio.create_task(self._watch(account.account))
                await asyncio.sleep(NEW_ACCOUNTS_SECONDS)
        finally:
            for watch in watches.values():
                watch.cancel()
            await asyncio.gather(*watches.values(), return_exceptions=True)

    async def _watch(self, account: str) -> None:
        known = self._book.find(PLATFORM, account)
        if known is None:
            return
        lease = Lease(self._database, f"poll:{known.id}")
        watch = _Watch(self._database, lease, self._reader, self._pace, self._clock)
        try:
            while known is not None:
                await asyncio.sleep(await watch.round(known))
                known = self._book.find(PLATFORM, account)
        except Exception as error:
            telemetry.logger().warning("polling.failed", platform=PLATFORM, account=account, error=type(error).__name__)
            await asyncio.sleep(self._pace.retry_seconds)
        finally:
            with suppress(Exception):
                await lease.give_back()


class _Watch:
    """One account between two rounds: its lease, and how far reading again has come."""

    def __init__(self, database: Database, lease: Lease, reader: MastodonReader, pace: Pace, clock: Clock) -> None:
        self._database = database
        self._lease = lease
        self._reader = reader
        self._pace = pace
        self._clock = clock
        self._token: int | None = None
        self._renew_at = 0.0
        self._reread_at = time.monotonic() + pace.reread_seconds
        self._reread_after: str | None = None

    async def round(self, account: Account) -> float:
        """Read what is new, now and then what may have changed; seconds until the next round."""
        if not await self._may_read():
            return ELSEWHERE_SECONDS
        assert self._token is not None
        held = Held(account, self._lease, self._token)
        try:
            await self._read(held)
        except NotNow as error:
            return await self._wait(account, error.answer)
        except (LeaseLost, Unreadable) as error:
            metrics.POLLS.labels(PLATFORM, type(error).__name__.lower()).inc()
            self._renew_at = 0.0
            return self._pace.retry_seconds
        metrics.POLLS.labels(PLATFORM, "read").inc()
        if account.degraded:
            await self._restore(account, self._clock())
        return self._pace.poll_seconds

    async def _read(self, held: Held) -> None:
        for _ in range(MOST_PAGES):
            if not await self._reader.next_page(held):
                break
        if time.monotonic() >= self._reread_at:
            self._reread_after = await self._reader.read_again(held, self._reread_after, self._pace.reread_batch)
            self._reread_at = time.monotonic() + self._pace.reread_seconds

    async def _may_read(self) -> bool:
        if time.monotonic() >= self._renew_at:
            self._token = await self._lease.take()
            self._renew_at = time.monotonic() + RENEW_SECONDS
        return self._token is not None

    async def _wait(self, account: Account, answer: Answer) -> float:
        """What an answer that was no page means: seconds to wait, and a degraded account where it is refused."""
        metrics.POLLS.labels(PLATFORM, type(answer).__name__.lower()).inc()
        match answer:
            case Throttled(seconds):
                return seconds
            case Refused(reason):
                await self._degrade(account, reason, self._clock())
        return self._pace.retry_seconds

    async def _degrade(self, account: Account, reason: str, now: datetime) -> None:
        async with self._database.begin(EVERY_AGENCY) as connection:
            if await account_store.note_trouble(connection, account.id, reason):
                detail = "The server does not accept the account's token; connect it with a new one."
                await stage(
                    connection, [AccountDegraded(**_named(account), reason=reason, detail=detail, degraded_at=now)]
                )
                metrics.DEGRADED.labels(PLATFORM).inc()
                telemetry.logger().warning("account.degraded", account=account.id, reason=reason)

    async def _restore(self, account: Account, now: datetime) -> None:
        async with self._database.begin(EVERY_AGENCY) as connection:
            if await account_store.note_trouble(connection, account.id, None):
                await stage(connection, [AccountRestored(**_named(account), restored_at=now)])
                telemetry.logger().info("account.restored", account=account.id)


def _named(account: Account) -> dict[str, str]:
    return {
        "agency": account.agency,
        "account_id": account.id,
        "platform": account.platform,
        "account": account.account,
    }
