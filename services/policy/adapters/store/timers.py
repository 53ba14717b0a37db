"""Timers in Postgres: armed with the case that they belong to, claimed when they are due by the database's clock.

A case has one timer of a kind. Its row is written only by whoever holds the lock on the case's row, and claiming takes
both locks at once without waiting for either; so nobody waits for anybody in a circle.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy.adapters.store.work import UnitOfWork
from services.policy.domain.clocks.timers import TimerKind


@dataclass(frozen=True, slots=True)
class DueTimer:
    """A timer that is due at ``now``, the database's moment."""

    agency: str
    case: str
    kind: TimerKind
    due_at: datetime
    now: datetime


async def arm(connection: AsyncConnection, work: UnitOfWork) -> None:
    """Bring the timers of the kept cases in line with their clocks; what is void goes."""
    wanted = work.timers()
    values = {
        "cases": [case.id for case, _ in wanted],
        "agencies": [case.thread.agency for case, _ in wanted],
        "kinds": [timer.kind for _, timer in wanted],
        "turns": [timer.turn for _, timer in wanted],
        "due": [timer.due_at for _, timer in wanted],
    }
    if before := work.timed_before():
        known = {name: values[name] for name in ("cases", "kinds")}
        await connection.execute(_DISARM, {"before": [case.id for case in before], **known})
    if wanted:
        await connection.execute(_ARM, values)


async def claim(connection: AsyncConnection, agencies: Sequence[str], most: int) -> list[DueTimer]:
    """Lock up to ``most`` timers that are due, with their cases, the longest due first; what others hold is passed."""
    await connection.execute(_PLAN, {"freely": "off"})
    found = await connection.execute(_CLAIM, {"agencies": list(agencies), "most": most})
    await connection.execute(_PLAN, {"freely": "on"})
    return [DueTimer(row.agency, row.case_id, row.kind, row.due_at, row.now) for row in found]


async def mark_fired(connection: AsyncConnection, fired: Sequence[DueTimer]) -> None:
    """These are done with, unless they are armed anew."""
    if fired:
        await connection.execute(
            _FIRED,
            {
                "cases": [each.case for each in fired],
                "kinds": [each.kind for each in fired],
                "at": fired[0].now,
            },
        )


async def put_off(connection: AsyncConnection, until: Sequence[tuple[DueTimer, datetime]]) -> None:
    """These are due later than their deadline says."""
    if until:
        await connection.execute(
            _PUT_OFF,
            {
                "cases": [each.case for each, _ in until],
                "kinds": [each.kind for each, _ in until],
                "due": [moment for _, moment in until],
            },
        )


_DISARM = text("""
    DELETE FROM timer WHERE case_id = ANY (CAST(:before AS text[])) AND fired_at IS NULL AND (case_id, kind) NOT IN (
        SELECT * FROM unnest(CAST(:cases AS text[]), CAST(:kinds AS text[])))
""")
_ARM = text("""
    INSERT INTO timer (case_id, agency, kind, turn, due_at)
    SELECT * FROM unnest(CAST(:cases AS text[]), CAST(:agencies AS text[]), CAST(:kinds AS text[]),
                         CAST(:turns AS int[]), CAST(:due AS timestamptz[]))
    ON CONFLICT (case_id, kind) DO UPDATE SET turn = excluded.turn, due_at = excluded.due_at, fired_at = NULL
    WHERE (timer.turn, timer.due_at) <> (excluded.turn, excluded.due_at) OR timer.fired_at IS NOT NULL
""")
# Along the index ``timer_due`` and no further than asked: a plan that takes the table for nearly empty would sort
# all that is due for each batch, which took two thirds of the time with a hundred thousand timers.
_PLAN = text("SELECT set_config('enable_bitmapscan', :freely, true), set_config('enable_sort', :freely, true)")
_CLAIM = text("""
    SELECT t.agency, t.case_id, t.kind, t.due_at, statement_timestamp() AS now
    FROM timer AS t JOIN "case" AS c ON c.id = t.case_id
    WHERE t.fired_at IS NULL AND t.due_at <= statement_timestamp() AND t.agency = ANY (CAST(:agencies AS text[]))
    ORDER BY t.due_at LIMIT :most FOR UPDATE OF t, c SKIP LOCKED
""")
_FIRED = text("""
    UPDATE timer SET fired_at = :at
    FROM unnest(CAST(:cases AS text[]), CAST(:kinds AS text[])) AS fired (case_id, kind)
    WHERE timer.case_id = fired.case_id AND timer.kind = fired.kind
""")
_PUT_OFF = text("""
    UPDATE timer SET due_at = later.due_at
    FROM unnest(CAST(:cases AS text[]), CAST(:kinds AS text[]), CAST(:due AS timestamptz[]))
         AS later (case_id, kind, due_at)
    WHERE timer.case_id = later.case_id AND timer.kind = later.kind
""")
