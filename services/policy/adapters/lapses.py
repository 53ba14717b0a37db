"""Lapses put on record: what lapsed by what happened around it must not come back when that is undone.

Whether a delegation stands is worked out anew at every look. But a delegator may return to the post, and a period
leave the policy; so a lapse is written down soon after it came.
"""

import asyncio

from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy import authority
from services.policy.adapters import succession
from services.policy.adapters.store import delegations, powers
from services.policy.adapters.store.policies import PolicyShelf
from services.policy.domain.policies import Policy
from shared.clock import Clock
from shared.database import EVERY_AGENCY, Database

LOOK_SECONDS = 5.0


async def keep(database: Database, policies: PolicyShelf, clock: Clock) -> None:
    """The loop of the service."""
    while True:
        await look(database, policies, clock)
        await asyncio.sleep(LOOK_SECONDS)


async def look(database: Database, policies: PolicyShelf, clock: Clock) -> None:
    """Put on record whatever has lapsed by now, each agency's in a transaction of its own."""
    in_force, now = policies.all(), clock()
    async with database.begin(EVERY_AGENCY) as connection:
        found = await powers.read_all(connection, in_force, now)
    for policy in in_force:
        if authority.lapse(found[policy.agency], now):
            async with database.begin(EVERY_AGENCY) as connection:
                await _record(connection, policy, clock)


async def _record(connection: AsyncConnection, policy: Policy, clock: Clock) -> None:
    now = clock()
    lapsed = authority.lapse(await powers.read(connection, policy, now, "alone"), now)
    await delegations.write_lapses(connection, [instrument for instrument, _ in lapsed])
    await succession.record(connection, [act for _, act in lapsed], now)
