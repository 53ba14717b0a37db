"""One account's rounds: what is new, now and then what may have changed, and how long to rest after it."""

import random
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta

from services.ingest.adapters import metrics
from services.ingest.adapters.polling.answers import Answer, Gone, Reason, Refused, Throttled, Unavailable
from services.ingest.adapters.polling.feed import NotNow, Span
from services.ingest.adapters.polling.means import Means
from services.ingest.adapters.polling.pace import LONGEST_RETRY_SECONDS, growing
from services.ingest.adapters.polling.page_keeper import Held, PageKeeper
from services.ingest.adapters.polling.troubles import trouble
from services.ingest.adapters.store import comments
from services.ingest.adapters.store import health as health_store
from services.ingest.adapters.store.comments import Watched
from services.ingest.domain.accounts import Account
from services.ingest.domain.refusals import Unreadable
from shared.database import EVERY_AGENCY

MOST_PAGES = 20
"""Pages read before recent comments get their turn."""


@dataclass(frozen=True, slots=True)
class Rest:
    """How long to wait: ``seconds``, or until something wakes the poll, but no less than ``at_least``."""

    seconds: float
    at_least: float


class Rounds:
    """Reads one account again and again, for as long as its lease is held. Raises ``LeaseLost``."""

    def __init__(self, means: Means, keeper: PageKeeper) -> None:
        self._feed = means.feed
        self._pace = means.pace
        self._database = means.database
        self._health = means.health
        self._clock = means.clock
        self._keeper = keeper
        self._reread_at = time.monotonic() + self._pace.reread_seconds
        self._reread_after: str | None = None
        self._failures = 0
        self._failing_since = 0.0

    async def round(self, held: Held, account: Account) -> Rest:
        """Read what is new, now and then what may have changed. ``account`` is the held one as it is known now."""
        try:
            more = await self._read(held)
            if self._feed.rereads and time.monotonic() >= self._reread_at:
                await self._look_back(held)
        except NotNow as error:
            return await self._after(held.account, error.answer)
        except Unreadable:
            return await self._after(held.account, Unavailable("unreadable"))
        self._failures = 0
        await self._is_well(account)
        least = self._pace.least_seconds
        return Rest(least if more else self._pace.poll_seconds, least)

    async def _is_well(self, account: Account) -> None:
        """An answer came. Of a platform that pushes, that says nothing about its webhook."""
        metrics.POLLS.labels(self._feed.platform, "read").inc()
        now = self._clock()
        if not self._feed.is_pushed(account):
            self._health.heard(account, now)
        if account.ailment is not None and account.ailment.kind == "token":
            async with self._database.begin(EVERY_AGENCY) as connection:
                await health_store.restore(connection, account, "poll", now)

    async def _read(self, held: Held) -> bool:
        """Take in the next pages; whether there are still more."""
        for _ in range(MOST_PAGES):
            span = await self._span(held.account)
            page = await self._feed.next_page(held.account, span)
            await self._keeper.keep(held, page, span)
            if not page.more:
                return False
        return True

    async def _span(self, account: Account) -> Span:
        now, reconciles = self._clock(), self._feed.reconciles
        cursor = await self._keeper.cursor(account)
        since = self._pace.since(account.connected_at, now, reconciles=reconciles, first=cursor is None)
        return Span(cursor, since, self._pace.until(now, reconciles=reconciles), now)

    async def _look_back(self, held: Held) -> None:
        """Look at the next recent comments for edits and removal; at the end, begin again."""
        watched = await self._watched(held.account)
        try:
            async with aclosing(self._feed.read_again(held.account, watched, self._clock())) as pages:
                async for page in pages:
                    await self._keeper.keep(held, page)
        except (NotNow, Unreadable) as error:
            # One comment that cannot be looked at must not keep the rest from it; the poll knows what ails the account.
            if isinstance(error, NotNow) and isinstance(error.answer, Throttled | Refused):
                raise
            metrics.POLLS.labels(self._feed.platform, "skipped").inc()
        self._reread_after = watched[-1].id if len(watched) == self._pace.reread_batch else None
        self._reread_at = time.monotonic() + self._pace.reread_seconds

    async def _watched(self, account: Account) -> Sequence[Watched]:
        since = self._clock() - timedelta(hours=self._pace.reread_hours)
        async with self._database.begin(EVERY_AGENCY) as connection:
            return await comments.watched(
                connection, account, since=since, after=self._reread_after, limit=self._pace.reread_batch
            )

    async def _after(self, account: Account, answer: Answer) -> Rest:
        """What an answer that was no page means: how long to wait, and a degraded account where it is refused."""
        metrics.POLLS.labels(self._feed.platform, type(answer).__name__.lower()).inc()
        if isinstance(answer, Throttled):
            return Rest(answer.seconds, answer.seconds)
        self._failures += 1
        if self._failures == 1:
            self._failing_since = time.monotonic()
        pause = growing(self._pace.retry_seconds, self._failures, LONGEST_RETRY_SECONDS, random.random())
        if isinstance(answer, Refused):
            await self._degrade(account, answer.reason)
            return Rest(pause, pause)
        if isinstance(answer, Gone | Unavailable) and self._is_lasting():
            await self._degrade(account, "unreachable")
        return Rest(pause, min(pause, self._pace.retry_seconds))

    async def _degrade(self, account: Account, reason: Reason) -> None:
        async with self._database.begin(EVERY_AGENCY) as connection:
            await health_store.degrade(connection, account, trouble(reason), self._clock())

    def _is_lasting(self) -> bool:
        return time.monotonic() - self._failing_since >= self._pace.patience_seconds
