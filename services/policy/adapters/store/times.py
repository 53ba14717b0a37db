"""What took how long: written with the act that took it.

Only moments are kept. How many working minutes lie between two of them is worked out when somebody asks.
"""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy.adapters.store.work import UnitOfWork
from services.policy.domain.clearance.cases import Case, Turn
from services.policy.domain.clearance.step_times import TakenStep
from shared.ids import new_id


async def write(connection: AsyncConnection, work: UnitOfWork, now: datetime) -> None:
    """Keep the times of what a unit of work has done, after what it was done to."""
    if steps := work.steps_taken(now):
        await connection.execute(_STEPS, _columns(steps))
    if missed := work.missed:
        turns = {"cases": [case.id for case, _ in missed], "turns": [turn.number for _, turn in missed]}
        await connection.execute(_MISS, turns)
        await connection.execute(_FIRST, {"cases": turns["cases"]})
    if answered := work.answered_turns():
        await connection.execute(_ANSWERS, _answers(answered))


def _columns(steps: list[tuple[Case, TakenStep]]) -> dict[str, list[object]]:
    return {
        "ids": [new_id("step") for _ in steps],
        "agencies": [case.thread.agency for case, _ in steps],
        "cases": [case.id for case, _ in steps],
        "drafts": [step.draft for _, step in steps],
        "kinds": [step.kind for _, step in steps],
        "levels": [step.level for _, step in steps],
        "step_levels": [step.step_level for _, step in steps],
        "specialisms": [step.specialism for _, step in steps],
        "officers": [step.officer for _, step in steps],
        "began": [step.began_at for _, step in steps],
        "ended": [step.ended_at for _, step in steps],
    }


def _answers(answered: list[tuple[Case, Turn]]) -> dict[str, list[object]]:
    return {
        "cases": [case.id for case, _ in answered],
        "turns": [turn.number for _, turn in answered],
        "agencies": [case.thread.agency for case, _ in answered],
        "levels": [turn.decision.level for _, turn in answered],
        "clocks": [turn.decision.clock for _, turn in answered],
        "received": [turn.received_at for _, turn in answered],
        "answered": [turn.answered_at for _, turn in answered],
        "due": [(turn.deadlines or {}).get("answer") for _, turn in answered],
        "comments": [turn.comment for _, turn in answered],
    }


# A step that was open again can be taken since then; the next text can be written since the last one came back.
_STEPS = text("""
    INSERT INTO step_time
        (id, agency, case_id, draft, kind, level, step_level, specialism, officer, began_at, ended_at)
    SELECT new.id, new.agency, new.case_id, new.draft, new.kind, new.level, new.step_level, new.specialism, new.officer,
           CASE new.kind WHEN 'release' THEN least(new.began_at, earlier.written_at)
                         ELSE least(new.ended_at, greatest(new.began_at, earlier.ended_at)) END,
           new.ended_at
    FROM unnest(
        CAST(:ids AS text[]), CAST(:agencies AS text[]), CAST(:cases AS text[]), CAST(:drafts AS int[]),
        CAST(:kinds AS text[]), CAST(:levels AS text[]), CAST(:step_levels AS text[]), CAST(:specialisms AS text[]),
        CAST(:officers AS text[]), CAST(:began AS timestamptz[]), CAST(:ended AS timestamptz[]))
        AS new (id, agency, case_id, draft, kind, level, step_level, specialism, officer, began_at, ended_at)
    CROSS JOIN LATERAL (
        SELECT min(s.ended_at) FILTER (WHERE s.kind = 'draft' AND s.draft = new.draft) AS written_at,
               max(s.ended_at) FILTER (
                   WHERE (new.kind = 'draft' AND s.kind = 'return')
                      OR (new.kind IN ('approval', 'signoff', 'return') AND s.kind = 'lapse' AND s.draft = new.draft)
               ) AS ended_at
        FROM step_time AS s WHERE s.case_id = new.case_id
    ) AS earlier
""")
_MISS = text("""
    DELETE FROM answer_time
    WHERE (case_id, turn) IN (SELECT * FROM unnest(CAST(:cases AS text[]), CAST(:turns AS int[])))
""")
# The first answer of a case is the first of those that arrived.
_FIRST = text("""
    UPDATE answer_time AS a SET first = true
    WHERE a.case_id = ANY (CAST(:cases AS text[]))
      AND a.turn = (SELECT min(turn) FROM answer_time AS known WHERE known.case_id = a.case_id)
      AND NOT EXISTS (SELECT FROM answer_time AS known WHERE known.case_id = a.case_id AND known.first)
""")
_ANSWERS = text("""
    INSERT INTO answer_time
        (case_id, turn, agency, level, clock, received_at, acknowledged_at, answered_at, due_at, first)
    SELECT new.case_id, new.turn, new.agency, new.level, new.clock, new.received_at,
           least(told.settled_at, greatest(new.received_at, new.answered_at)),
           greatest(new.received_at, new.answered_at), new.due_at,
           new.turn = min(new.turn) OVER (PARTITION BY new.case_id)
               AND NOT EXISTS (SELECT FROM answer_time AS a WHERE a.case_id = new.case_id)
    FROM unnest(
        CAST(:cases AS text[]), CAST(:turns AS int[]), CAST(:agencies AS text[]), CAST(:levels AS text[]),
        CAST(:clocks AS text[]), CAST(:received AS timestamptz[]), CAST(:answered AS timestamptz[]),
        CAST(:due AS timestamptz[]), CAST(:comments AS text[]))
        AS new (case_id, turn, agency, level, clock, received_at, answered_at, due_at, comment)
    CROSS JOIN LATERAL (
        SELECT min(r.settled_at) AS settled_at FROM response AS r
        WHERE r.case_id = new.case_id AND r.state = 'published' AND r.purpose IN ('holding', 'acknowledgement')
            AND CAST(r.comments AS jsonb) ? new.comment
    ) AS told
    ON CONFLICT (case_id, turn) DO NOTHING
""")
