"""Which open cases still have deadlines by an earlier calendar, and how many have been moved so far."""

from collections.abc import Mapping

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


async def behind(connection: AsyncConnection, calendars: Mapping[str, str]) -> list[str]:
    """Agencies with open cases by another calendar than that of today, or with moves that are not on record yet."""
    values = {"agencies": list(calendars), "calendars": list(calendars.values())}
    return [row.agency for row in await connection.execute(_BEHIND, values)]


async def take_turn(connection: AsyncConnection, agency: str) -> bool:
    """Whether nobody else moves the deadlines of ``agency``; until this transaction ends."""
    found = await connection.execute(_TAKE_TURN, {"name": f"deadlines {agency}"})
    return bool(found.scalar_one())


async def stale(connection: AsyncConnection, agency: str, calendar: str, most: int) -> list[str]:
    """Open cases of ``agency`` whose deadlines were derived by another calendar."""
    values = {"agency": agency, "calendar": calendar, "most": most}
    return [row.id for row in await connection.execute(_STALE, values)]


async def count(connection: AsyncConnection, agency: str, cases: int) -> None:
    """So many more cases were moved."""
    if cases:
        await connection.execute(_COUNT, {"agency": agency, "cases": cases})


async def take_count(connection: AsyncConnection, agency: str) -> int:
    """How many were moved since this was asked last."""
    found: int | None = (await connection.execute(_TAKE_COUNT, {"agency": agency})).scalar_one_or_none()
    return found or 0


_BEHIND = text("""
    SELECT now.agency FROM unnest(CAST(:agencies AS text[]), CAST(:calendars AS text[])) AS now (agency, calendar)
    WHERE EXISTS (SELECT 1 FROM "case" AS c WHERE c.agency = now.agency AND c.calendar < now.calendar
                  AND c.state IN ('open', 'awaiting_clearance', 'watching'))
        OR EXISTS (SELECT 1 FROM "case" AS c WHERE c.agency = now.agency AND c.calendar > now.calendar
                   AND c.state IN ('open', 'awaiting_clearance', 'watching'))
        OR EXISTS (SELECT 1 FROM "case" AS c WHERE c.agency = now.agency AND c.calendar IS NULL
                   AND c.state IN ('open', 'awaiting_clearance', 'watching'))
        OR EXISTS (SELECT 1 FROM deadline_move AS m WHERE m.agency = now.agency)
""")
# In three parts, because "another than" cannot be looked up in the index ``case_by_calendar``.
_STALE = text("""
    (SELECT id FROM "case" WHERE agency = :agency AND calendar < :calendar
        AND state IN ('open', 'awaiting_clearance', 'watching') LIMIT :most)
    UNION ALL
    (SELECT id FROM "case" WHERE agency = :agency AND calendar > :calendar
        AND state IN ('open', 'awaiting_clearance', 'watching') LIMIT :most)
    UNION ALL
    (SELECT id FROM "case" WHERE agency = :agency AND calendar IS NULL
        AND state IN ('open', 'awaiting_clearance', 'watching') LIMIT :most)
    LIMIT :most
""")
_TAKE_TURN = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")
_COUNT = text("""
    INSERT INTO deadline_move (agency, cases) VALUES (:agency, :cases)
    ON CONFLICT (agency) DO UPDATE SET cases = deadline_move.cases + excluded.cases
""")
_TAKE_COUNT = text("DELETE FROM deadline_move WHERE agency = :agency RETURNING cases")
