"""Listening to one account's stream, which makes the poll quick and never replaces it.

A stream has a hole wherever its connection broke. So each connection begins with a poll; events about what is new only
wake it, and what they say of comments that we have is taken in at once. A stream is opened again after a pause that
grows while it does not last.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import aclosing
from datetime import timedelta

from services.ingest.adapters import metrics
from services.ingest.adapters.polling.answers import Refused, Throttled
from services.ingest.adapters.polling.feed import NoStream, NotNow, Woken
from services.ingest.adapters.polling.means import Means
from services.ingest.adapters.polling.pace import LONGEST_RECONNECT_SECONDS, growing
from services.ingest.adapters.polling.page_keeper import Held, PageKeeper
from services.ingest.adapters.store import comments
from services.ingest.adapters.store.comments import Watched
from services.ingest.domain.accounts import Account
from services.ingest.domain.refusals import Unreadable
from shared import telemetry
from shared.database import EVERY_AGENCY

LASTING_SECONDS = 60.0
"""A connection that held this long was a good one: the next pause is short again."""
MOST_WATCHED = 10_000


class Listener:
    """Keeps one stream open. Raises ``LeaseLost``."""

    def __init__(self, means: Means, keeper: PageKeeper) -> None:
        self._feed = means.feed
        self._pace = means.pace
        self._database = means.database
        self._clock = means.clock
        self._keeper = keeper

    async def run(self, held: Held, woken: asyncio.Event) -> None:
        """Listen until cancelled; sets ``woken`` when the poll should look."""
        failures = 0
        while True:
            began = time.monotonic()
            pause, outcome = None, "ended"
            try:
                await self._listen(held, woken)
            except NoStream:
                pause, outcome = self._pace.deaf_seconds, "none"
            except NotNow as error:
                pause, outcome = self._pause(error, woken), type(error.answer).__name__.lower()
            except Unreadable:
                outcome = "unreadable"
            metrics.STREAM_ENDS.labels(self._feed.platform, outcome).inc()
            failures = 1 if time.monotonic() - began >= LASTING_SECONDS else failures + 1
            again = growing(self._pace.reconnect_seconds, failures, LONGEST_RECONNECT_SECONDS, random.random())
            await asyncio.sleep(again if pause is None else pause)

    async def _listen(self, held: Held, woken: asyncio.Event) -> None:
        is_open = metrics.STREAMS.labels(self._feed.platform)
        opened = False
        try:
            async with aclosing(self._feed.listen(held.account, lambda: self._watched(held.account))) as stream:
                async for heard in stream:
                    if isinstance(heard, Woken):
                        woken.set()
                    else:
                        await self._keeper.keep_known(held, heard)
                    if not opened:
                        is_open.inc()
                        opened = True
        finally:
            if opened:
                is_open.dec()

    def _pause(self, error: NotNow, woken: asyncio.Event) -> float | None:
        """How long to leave the platform alone, where its answer says more than that the stream ended."""
        match error.answer:
            case Throttled(seconds):
                return seconds
            case Refused(reason):
                # The poll finds out whether the token is dead or only not good for listening.
                telemetry.logger().info("polling.stream_refused", platform=self._feed.platform, reason=reason)
                woken.set()
                return self._pace.deaf_seconds
        return None

    async def _watched(self, account: Account) -> Sequence[Watched]:
        since = self._clock() - timedelta(hours=self._pace.reread_hours)
        async with self._database.begin(EVERY_AGENCY) as connection:
            return await comments.newest_watched(connection, account, since=since, limit=MOST_WATCHED)
