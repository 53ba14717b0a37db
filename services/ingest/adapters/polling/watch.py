"""One account, watched by one process at a time.

The lease is prolonged beside the reading, so that a slow platform does not cost it, and its token is checked in every
transaction that writes. Reading and listening begin with the lease and end with it: whoever lost it does neither.
"""

import asyncio
from contextlib import suppress

from services.ingest.adapters import metrics
from services.ingest.adapters.polling.listener import Listener
from services.ingest.adapters.polling.means import Means
from services.ingest.adapters.polling.page_keeper import Held, LeaseLost, PageKeeper
from services.ingest.adapters.polling.rounds import Rest, Rounds
from services.ingest.domain.accounts import Account
from shared.lease import Lease

RENEW_SECONDS = 3.0
ELSEWHERE_SECONDS = 3.0


class Renewed(Exception):
    """The account has other secrets now, or another address, or is gone."""


class Watch:
    """Reads one account whenever this process holds its lease."""

    def __init__(self, means: Means, account: Account) -> None:
        self._means = means
        self._account = account
        self._lease = Lease(means.database, f"poll:{account.id}:{means.feed.part}")
        self._keeper = PageKeeper(means.database, means.feed, means.clock)

    async def run(self) -> None:
        """Watch until the account is gone, or has become another; what is not foreseen is raised."""
        try:
            while self._is_current():
                token = await self._lease.take()
                if token is None:
                    await asyncio.sleep(ELSEWHERE_SECONDS)
                else:
                    await self._hold(Held(self._account, self._lease, token))
        finally:
            with suppress(Exception):
                await self._lease.give_back()

    async def _hold(self, held: Held) -> None:
        woken = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._prolong(held))
                tasks.create_task(self._read(held, woken))
                if self._means.feed.streams:
                    tasks.create_task(Listener(self._means, self._keeper).run(held, woken))
        except* LeaseLost:
            metrics.POLLS.labels(self._means.feed.platform, "leaselost").inc()
        except* Renewed:
            pass

    async def _prolong(self, held: Held) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            if not self._is_current():
                raise Renewed(Renewed.__doc__)
            if await self._lease.take() != held.token:
                raise LeaseLost(LeaseLost.__doc__)

    async def _read(self, held: Held, woken: asyncio.Event) -> None:
        rounds = Rounds(self._means, self._keeper)
        while True:
            woken.clear()  # before the round: what wakes during it may not be in it
            if not self._is_current():
                raise Renewed(Renewed.__doc__)
            await _rest(await rounds.round(held, self._current() or held.account), woken)

    def _current(self) -> Account | None:
        return self._means.book.find(self._account.platform, self._account.account)

    def _is_current(self) -> bool:
        known = self._current()
        return known is not None and _address(known) == _address(self._account)


def _address(account: Account) -> tuple[object, ...]:
    """What reading an account depends on."""
    return account.id, account.base_url, account.connected_at, [dict(generation) for generation in account.secrets]


async def _rest(rest: Rest, woken: asyncio.Event) -> None:
    least = min(rest.at_least, rest.seconds)
    await asyncio.sleep(least)
    with suppress(TimeoutError):
        async with asyncio.timeout(rest.seconds - least):
            await woken.wait()
