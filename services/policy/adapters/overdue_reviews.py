"""Reviews that nobody made in time: the next level is told, once each."""

import asyncio
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy import break_glass
from services.policy.adapters.store import cases, reviews
from services.policy.adapters.store.policies import PolicyShelf
from services.policy.adapters.store.work import UnitOfWork
from services.policy.desk import Desk
from services.policy.domain.clearance.deciders import Decider
from shared.clock import Clock
from shared.database import EVERY_AGENCY, Database

LOOK_SECONDS = 5.0
AT_ONCE = 100


async def keep(database: Database, policies: PolicyShelf, clock: Clock) -> None:
    """The loop of the service."""
    while True:
        async with database.begin(EVERY_AGENCY) as connection:
            found = await look(connection, policies, clock)
        await asyncio.sleep(0 if found == AT_ONCE else LOOK_SECONDS)


async def look(connection: AsyncConnection, policies: PolicyShelf, clock: Clock) -> int:
    """Tell of those that are overdue; how many there were."""
    now = clock()
    overdue = await reviews.overdue(connection, now, AT_ONCE)
    if not overdue:
        return 0
    found = {str(case.id): case for case in await cases.load_ids(connection, [each.case for each in overdue])}
    work = UnitOfWork()
    work.fill(found.values())
    for review in overdue:
        policy = policies.find(review.agency)
        if policy is not None and review.case in found:
            nobody = Decider("", ())
            break_glass.remind(Desk(found[review.case], None, nobody, policy, work, now), review)
        await reviews.write(connection, replace(review, reminded_at=now))
    await cases.write(connection, work, now)
    return len(overdue)
