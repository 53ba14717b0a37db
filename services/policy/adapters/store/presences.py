"""Who can be expected at work in each agency: read at once for all of them, or as it was in a time that has passed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy.adapters.store import leaves, powers, released
from services.policy.domain.answering.drills import Then, at_moments
from services.policy.domain.authority.presence import Presence
from services.policy.domain.clocks.agency_time import AgencyTime
from services.policy.domain.deciding.decisions import PolicyInForce


async def read_all(
    connection: AsyncConnection, policies: Sequence[PolicyInForce], now: datetime, end: datetime | None = None
) -> dict[str, Presence]:
    """By agency who there is from ``now`` on, with leave that begins before ``end``."""
    resting = await powers.read_all(connection, [policy.policy for policy in policies], now)
    away = await leaves.between(connection, list(resting), now, end)
    return {
        agency: Presence(resting[agency], policy.time, away.get(agency, ()))
        for policy in policies
        for agency in (policy.policy.agency,)
    }


async def between(connection: AsyncConnection, policy: PolicyInForce, start: datetime, end: datetime) -> Then:
    """Who there was in an agency from ``start`` to ``end``, by the rosters, powers and leave of that time."""
    agency = policy.policy.agency
    resting = (await powers.read_all(connection, [policy.policy], start, until=end))[agency]
    away = (await leaves.between(connection, [agency], start, end)).get(agency, ())
    known = [(start, Presence(resting, policy.time, away))]
    if rosters := await released.rosters(connection, agency, start, end):
        known = [
            (since, Presence(replace(resting, roster=roster.officers), AgencyTime(roster.calendar), away))
            for since, roster in rosters
        ]
    return at_moments(known)
