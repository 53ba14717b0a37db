"""Who can be expected at work in each agency, read at once for all of them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy.adapters.store import leaves, powers
from services.policy.domain.authority.presence import Presence
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
