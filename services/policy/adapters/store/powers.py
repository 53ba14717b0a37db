"""What an agency's powers rest on, read for a moment; and what a person and a draft's consents come to by that.

Who consents holds the delegations in share, so that a consent and a revocation come one after the other.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy.adapters.store import recusals
from services.policy.adapters.store.appointments import appointment_of
from services.policy.adapters.store.delegations import delegation_of
from services.policy.domain.authority.mandates import Mandate
from services.policy.domain.authority.powers import Powers
from services.policy.domain.clearance.approvals import Counting, NotYourAuthority
from services.policy.domain.clearance.deciders import Decider
from services.policy.domain.policies import Policy

Hold = Literal["not", "in share", "alone"]


async def read(connection: AsyncConnection, policy: Policy, now: datetime, hold: Hold = "not") -> Powers:
    """What the powers of one agency rest on at ``now``, with its delegations held until the transaction ends."""
    return (await read_all(connection, [policy], now, hold))[policy.agency]


async def read_all(
    connection: AsyncConnection,
    policies: Sequence[Policy],
    now: datetime,
    hold: Hold = "not",
    until: datetime | None = None,
) -> dict[str, Powers]:
    """The same for several agencies, by agency; with ``until``, what they rested on at any moment up to then."""
    asked = {"agencies": [policy.agency for policy in policies], "now": now, "until": until or now}
    acting, delegations = defaultdict(list), defaultdict(list)
    for row in await connection.execute(_ACTING, asked):
        acting[row.agency].append(appointment_of(row))
    for row in await connection.execute(_DELEGATIONS[hold], asked):
        delegations[row.agency].append(delegation_of(row))
    return {
        policy.agency: Powers(
            policy.officers, tuple(acting[policy.agency]), tuple(delegations[policy.agency]), policy.periods
        )
        for policy in policies
    }


async def decider(
    connection: AsyncConnection, policy: Policy, subject: str, case: str, now: datetime
) -> tuple[Decider, Counting]:
    """A person before a case, and which consents still count there. Raises NotYourAuthority for one who has nothing,
    or stepped aside."""
    powers = await read(connection, policy, now, "in share")
    recused = (await recusals.recused_from(connection, [case]))[case]
    if subject in recused:
        raise NotYourAuthority("You have stepped aside from this case.")
    mandates = powers.of(subject, now)
    if not mandates:
        raise NotYourAuthority("You hold no post in this agency, and nothing is delegated to you now.")
    given = await given_today(connection, mandates, policy.calendar.time_zone, now, hold=True)
    return Decider(subject, mandates, given), Counting(powers.standing(now), recused)


async def counting(
    connection: AsyncConnection, policies: Sequence[Policy], cases: Mapping[str, str], now: datetime
) -> dict[str, Counting]:
    """Which consents still count, by case; ``cases`` names the agency of each."""
    standing = {agency: found.standing(now) for agency, found in (await read_all(connection, policies, now)).items()}
    recused = await recusals.recused_from(connection, list(cases))
    return {case: Counting(standing.get(agency, frozenset()), recused[case]) for case, agency in cases.items()}


async def given_today(
    connection: AsyncConnection, mandates: Iterable[Mandate], zone: str, now: datetime, *, hold: bool = False
) -> dict[str, int]:
    """How many consents were given under each counting instrument, and what rests on it, on this day of the agency.

    ``hold`` keeps others from giving one more until the transaction ends.
    """
    counting = sorted({instrument for mandate in mandates for instrument, _ in mandate.limits})
    if not counting:
        return {}
    if hold:
        await connection.execute(_HOLD_NUMBERS, {"ids": counting})
    day = now.astimezone(ZoneInfo(zone)).date()
    begin, end = (datetime.combine(each, time(), ZoneInfo(zone)) for each in (day, day + timedelta(days=1)))
    found = await connection.execute(_GIVEN, {"ids": counting, "begin": begin, "end": end})
    return {row.root: row.given for row in found}


_ACTING = text("""
    SELECT * FROM acting_appointment
    WHERE agency = ANY (CAST(:agencies AS text[])) AND appointed_at <= :until AND ends_at > :now
        AND (ended_at IS NULL OR ended_at > :now)
    ORDER BY id
""")
# What lapsed is of no more use, and neither is what rested on it.
_READ = """
    SELECT * FROM delegation
    WHERE agency = ANY (CAST(:agencies AS text[])) AND granted_at <= :until AND ends_at > :now
        AND (lapsed_at IS NULL OR lapsed_at > :now)
    ORDER BY id
"""
_DELEGATIONS: Mapping[Hold, TextClause] = {
    "not": text(_READ),
    "in share": text(f"{_READ} FOR SHARE"),
    "alone": text(f"{_READ} FOR UPDATE"),
}
_HOLD_NUMBERS = text("""
    SELECT pg_advisory_xact_lock(hashtextextended('delegation ' || id, 0))
    FROM (SELECT id FROM unnest(CAST(:ids AS text[])) AS wanted (id) ORDER BY id) AS in_order
""")
_GIVEN = text("""
    WITH RECURSIVE beneath AS (
        SELECT id AS root, id FROM unnest(CAST(:ids AS text[])) AS wanted (id)
        UNION ALL SELECT beneath.root, d.id FROM delegation AS d JOIN beneath ON d.parent = beneath.id)
    SELECT root, count(*) AS given FROM beneath
    CROSS JOIN LATERAL (
        SELECT at FROM approval WHERE instrument = beneath.id
        UNION ALL SELECT at FROM submission_approval WHERE instrument = beneath.id) AS a
    WHERE a.at >= :begin AND a.at < :end GROUP BY root
""")
