"""Notices how accounts are, from what passes by, and writes it down beside the road.

Every delivery of every platform comes past here, those of attackers too, so noticing is a look into a dictionary. A
loop does the rest: it notes a streak of bad signatures (one row and one event, however long the streak), ends a trouble
that a good delivery has ended, writes when accounts were last heard (once a minute at most), and looks for silence.
Every process may do all of this; the statements let one of them announce it.

A bad signature never stops a good delivery: nothing is blocked here. Whoever guesses at an account's webhook can make
it look degraded only while its platform says nothing, and again only after a pause.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.ingest.adapters.accounts import AccountBook
from services.ingest.adapters.store import health as store
from services.ingest.domain import health
from services.ingest.domain.accounts import Account
from shared.clock import Clock
from shared.database import EVERY_AGENCY, Database

HEARD_EVERY = timedelta(minutes=1)
"""How old the row's ``last_heard_at`` may be before it is written again."""


@dataclass(slots=True)
class Pulse:
    """What this process has seen of one account since it started."""

    heard_at: datetime | None = None
    written_at: datetime | None = None
    refused: int = 0
    refused_since: datetime | None = None
    noted_at: datetime | None = None


class HealthWatch:
    """Keeps a pulse of each account that deliveries or polls are for."""

    def __init__(
        self,
        database: Database,
        book: AccountBook,
        clock: Clock,
        *,
        failing_signatures: int,
        again_after_seconds: float,
        check_seconds: float,
    ) -> None:
        self._database = database
        self._book = book
        self._clock = clock
        self._failing_signatures = failing_signatures
        self._again_after = timedelta(seconds=again_after_seconds)
        self._check_seconds = check_seconds
        self._pulses: dict[str, Pulse] = {}
        self._news = asyncio.Event()

    def heard(self, account: Account, now: datetime) -> None:
        """An authentic delivery came, or a poll was answered."""
        pulse = self._pulse(account)
        pulse.heard_at = now
        pulse.refused = 0
        if account.ailment is not None and account.ailment.ended_by("delivery", now):
            self._news.set()

    def refused(self, account: Account, now: datetime) -> None:
        """A delivery was not signed as agreed."""
        pulse = self._pulse(account)
        if pulse.refused == 0:
            pulse.refused_since = now
        pulse.refused += 1
        if pulse.refused == self._failing_signatures:
            self._news.set()

    def _pulse(self, account: Account) -> Pulse:
        pulse = self._pulses.get(account.id)
        if pulse is None:
            pulse = self._pulses[account.id] = Pulse()
        return pulse

    async def run(self) -> None:
        """Write down what was noticed, at once where a state changes, else every ``check_seconds``."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._check_seconds):
                    await self._news.wait()
            self._news.clear()
            await self.look()

    async def look(self) -> None:
        """One round of what the loop does."""
        now = self._clock()
        accounts: dict[str, Account] = {account.id: account for account in self._book.everyone()}
        self._pulses = {id_: pulse for id_, pulse in self._pulses.items() if id_ in accounts}
        changed = False
        await self._write_heard()  # first, so that whoever sees an account restored sees when it was heard
        for id_, pulse in list(self._pulses.items()):
            changed |= await self._settle(accounts[id_], pulse, now)
        changed |= await self._find_silent(now)
        if changed:
            await self._book.refresh()

    async def _settle(self, account: Account, pulse: Pulse, now: datetime) -> bool:
        """Note or end a trouble of one account; whether its row has changed."""
        ailment = account.ailment
        if pulse.heard_at is not None and ailment is not None and ailment.ended_by("delivery", pulse.heard_at):
            async with self._database.begin(EVERY_AGENCY) as connection:
                return await store.restore(connection, account, "delivery", now)
        if not self._is_failing(account, pulse, now):
            return False
        trouble = health.signatures_failing(pulse.refused)
        async with self._database.begin(EVERY_AGENCY) as connection:
            noted = await store.degrade(connection, account, trouble, now, unheard_since=pulse.refused_since)
        pulse.noted_at = now
        return noted

    def _is_failing(self, account: Account, pulse: Pulse, now: datetime) -> bool:
        if pulse.refused < self._failing_signatures:
            return False
        if account.ailment is not None and account.ailment.kind not in health.outranked("signatures"):
            return False
        return pulse.noted_at is None or now - pulse.noted_at >= self._again_after

    async def _write_heard(self) -> None:
        due = self._unwritten()
        if not due:
            return
        async with self._database.begin(EVERY_AGENCY) as connection:
            await store.hear(connection, due, HEARD_EVERY)
        for id_, heard_at in due.items():
            self._pulses[id_].written_at = heard_at

    def _unwritten(self) -> dict[str, datetime]:
        return {
            id_: pulse.heard_at
            for id_, pulse in self._pulses.items()
            if pulse.heard_at is not None
            and (pulse.written_at is None or pulse.heard_at - pulse.written_at >= HEARD_EVERY)
        }

    async def _find_silent(self, now: datetime) -> bool:
        heard = {id_: pulse.heard_at for id_, pulse in self._pulses.items() if pulse.heard_at is not None}
        async with self._database.begin(EVERY_AGENCY) as connection:
            silent = await store.silent(connection, heard, now)
            for row in silent:
                await store.degrade(connection, row, health.silent(row.speaks_every_hours), now)
        return bool(silent)
