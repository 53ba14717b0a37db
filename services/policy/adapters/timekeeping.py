"""The loop of time: deadlines that another calendar has moved, and timers that are due.

Every replica runs it. What one has locked the others pass over, so each timer goes off once; what came due while
nobody ran is done in batches, the longest due first. The moment that counts is the database's.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy import timekeeping
from services.policy.adapters import metrics
from services.policy.adapters.store import cases, cleared_lines, deadlines, meanwhile, presences, recusals, timers
from services.policy.adapters.store.policies import PolicyShelf
from services.policy.adapters.store.timers import DueTimer
from services.policy.adapters.store.work import UnitOfWork
from services.policy.domain.authority.passing_up import Reach
from services.policy.domain.clearance.paths import AgencyPace
from services.policy.domain.deciding.decisions import PolicyInForce
from shared.clock import Clock
from shared.database import EVERY_AGENCY, Database

BATCH = 500
"""Timers, or cases whose deadlines move, in one transaction."""


class LineWithdrawn(Exception):
    """A line was to go out that was withdrawn so lately that this replica has not heard of it."""


class Timekeeper:
    """Does what time brings, for as long as the service runs.

    ``refresh`` brings the shelf up to date, so that no replica moves deadlines back to a calendar that has given way.
    """

    def __init__(
        self,
        database: Database,
        policies: PolicyShelf,
        refresh: Callable[[], Awaitable[None]],
        clock: Clock,
        look_seconds: float,
        paces: Mapping[str, AgencyPace] | None = None,
        centre_duty_post: str | None = None,
    ) -> None:
        self._database = database
        self._policies = policies
        self._refresh = refresh
        self._clock = clock
        self._look_seconds = look_seconds
        self._paces = paces if paces is not None else {}
        self._centre_duty_post = centre_duty_post

    async def run(self) -> None:
        """Look again and again; whatever is due is worked off before the next pause."""
        while True:
            await asyncio.sleep(self._look_seconds)
            await self.move_deadlines()
            await self.work_off()

    async def work_off(self, batch: int = BATCH) -> int:
        """Let every timer go off that is due; how many were looked at."""
        looked_at = 0
        while True:
            try:
                claimed = await self._fire(batch)
            except LineWithdrawn:
                await self._refresh()
                continue
            if not claimed:
                return looked_at
            looked_at += claimed

    async def move_deadlines(self, batch: int = BATCH) -> None:
        """Derive the deadlines of open cases anew where their agency has another calendar now."""
        if await self._behind():
            await self._refresh()
            for agency in await self._behind():
                while await self._move(agency, batch):
                    pass

    async def _fire(self, batch: int) -> int:
        async with self._database.begin(EVERY_AGENCY) as connection:
            agencies = [policy.agency for policy in self._policies.all()]
            due = await timers.claim(connection, agencies, batch)
            if not due:
                return 0
            work = UnitOfWork(paces=self._paces)
            found = await cases.load_ids(connection, [timer.case for timer in due])
            work.fill(found)
            if talking := {timer.case for timer in due if timer.kind in ("acknowledge", "holding")}:
                await meanwhile.recall(connection, [case for case in found if case.id in talking])
            there = await self._there(connection, due)
            put_off = [(timer, until) for timer in due if (until := self._act(timer, work, there)) is not None]
            late = {timer for timer, _ in put_off}
            if await cleared_lines.gone(connection, cleared_lines.used_by(work.responses)):
                raise LineWithdrawn
            await timers.mark_fired(connection, [timer for timer in due if timer not in late])
            await cases.write(connection, work, due[0].now)
            await timers.put_off(connection, put_off)
        for timer in due:
            if timer not in late:
                metrics.TIMERS.labels(timer.agency, timer.kind).inc()
        return len(due)

    async def _there(self, connection: AsyncConnection, due: Sequence[DueTimer]) -> dict[str, Reach]:
        """Who can be told, for each case of these that is to go up."""
        told = {timer.case: timer.agency for timer in due if timer.kind in timekeeping.UPWARDS}
        if not told:
            return {}
        policies = [self._policy(agency) for agency in dict.fromkeys(told.values())]
        found = await presences.read_all(connection, policies, due[0].now)
        recused = await recusals.recused_from(connection, list(told))
        return {
            case: Reach(found[agency].without(recused[case]), self._centre_duty_post) for case, agency in told.items()
        }

    def _act(self, timer: DueTimer, work: UnitOfWork, there: Mapping[str, Reach]) -> datetime | None:
        case = work.case(timer.case)
        assert case is not None, "claimed together with its timer"
        policy = self._policies.of(case.thread.agency)
        return timekeeping.on_timer_due(timer.kind, case, policy, work, timer.now, there.get(timer.case))

    async def _behind(self) -> list[str]:
        calendars = {policy.agency: self._policy(policy.agency).time.version for policy in self._policies.all()}
        async with self._database.begin(EVERY_AGENCY) as connection:
            return await deadlines.behind(connection, calendars)

    async def _move(self, agency: str, batch: int) -> bool:
        """Move a batch; whether there may be more. The last one puts on record how many were moved in all."""
        policy = self._policy(agency)
        async with self._database.begin(EVERY_AGENCY) as connection:
            if not await deadlines.take_turn(connection, agency):
                return False
            work = UnitOfWork()
            ids = await deadlines.stale(connection, agency, policy.time.version, batch)
            found = await cases.load_ids(connection, ids) if ids else []
            work.fill(found)
            moved = sum(timekeeping.move_deadlines(case, policy, work) for case in found)
            await deadlines.count(connection, agency, moved)
            if not ids and (total := await deadlines.take_count(connection, agency)):
                timekeeping.record_moved(agency, total, policy.time.version, work)
            await cases.write(connection, work, self._clock())
        return bool(ids)

    def _policy(self, agency: str) -> PolicyInForce:
        return self._policies.of(agency)
