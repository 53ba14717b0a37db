"""How long steps take in each agency, in memory: measured every five minutes, asked for with every waiting comment."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Literal

from services.policy.adapters.store import leaves, powers, time_queries
from services.policy.adapters.store.policies import PolicyShelf
from services.policy.adapters.store.time_queries import Span
from services.policy.domain.authority.mandates import Mandate
from services.policy.domain.authority.powers import Powers
from services.policy.domain.authority.presence import Presence
from services.policy.domain.clearance.paths import AgencyPace
from services.policy.domain.clocks.budgets import Pace
from shared.clock import Clock
from shared.database import EVERY_AGENCY, Database

LOOK_SECONDS = 300.0
LOOKED_BACK = timedelta(days=90)
FEWEST = 5
"""Steps of a kind, or by a person, that must have been measured; else the policy's ``step_minutes`` counts."""


class Paces(Mapping[str, AgencyPace]):
    """The pace of each agency; none before the first look."""

    def __init__(self, database: Database, policies: PolicyShelf, clock: Clock) -> None:
        self._database, self._policies, self._clock = database, policies, clock
        self._known: dict[str, AgencyPace] = {}

    def __getitem__(self, agency: str) -> AgencyPace:
        return self._known[agency]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    async def keep_up(self) -> None:
        """The loop of the service."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Measure the last three months, and see who is there to decide now."""
        in_force, now = self._policies.all(), self._clock()
        async with self._database.begin(EVERY_AGENCY) as connection:
            held = await powers.read_all(connection, in_force, now)
            away = await leaves.between(connection, list(held), now, now + timedelta(seconds=LOOK_SECONDS))
            for policy in in_force:
                time = self._policies.of(policy.agency).time
                span = Span(policy.agency, time.working, now - LOOKED_BACK, now)
                usual = list(await time_queries.usual(connection, span, FEWEST))
                absent = {leave.subject for leave in away.get(policy.agency, ()) if leave.is_on(now)}
                mandates = _mandates(held[policy.agency], absent, now)
                presence = Presence(held[policy.agency], time, away.get(policy.agency, ()))
                steps = _pace(usual, "worked"), _pace(usual, "passed")
                self._known[policy.agency] = AgencyPace(*steps, mandates, presence)


def _pace(usual: list[Any], figure: Literal["worked", "passed"]) -> Pace:
    minutes = [(row, ceil(round(getattr(row, figure), 3))) for row in usual]
    return Pace(
        {(row.kind, row.step_level, row.specialism): each for row, each in minutes if row.officer is None},
        {row.officer: each for row, each in minutes if row.officer is not None},
    )


def _mandates(held: Powers, absent: set[str], now: datetime) -> tuple[Mandate, ...]:
    named = {each.subject for each in held.roster} | {each.subject for each in held.acting}
    named |= {each.delegate for each in held.delegations if each.delegate is not None}
    return tuple(mandate for subject in sorted(named - absent) for mandate in held.of(subject, now))
