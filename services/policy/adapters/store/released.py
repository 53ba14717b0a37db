"""Answers that officers released, as a drill of absence looks at them; and who held which post meanwhile."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy.adapters.store.drafts import draft_of
from services.policy.domain.adoption.standing import Roster
from services.policy.domain.answering.drills import Released


async def through(
    connection: AsyncConnection, agency: str, officers: Sequence[str], start: datetime, end: datetime, most: int
) -> tuple[list[Released], int]:
    """Answers that went through the hands of one of these between two moments, the newest first, at most so many; and
    how many were released in all."""
    asked = {"agency": agency, "start": start, "end": end}
    (total,) = (await connection.execute(_TOTAL, asked)).one()
    found = await connection.execute(_THROUGH, {**asked, "officers": list(officers), "most": most})
    return [_released_of(row) for row in found], total


async def rosters(connection: AsyncConnection, agency: str, start: datetime, end: datetime) -> list[Any]:
    """Pairs of a moment and the roster that holds since then, the oldest first; the first holds at ``start``, if one
    did."""
    found = await connection.execute(_ROSTERS, {"agency": agency, "start": start, "end": end})
    return [(row.since, Roster.model_validate_json(row.roster)) for row in found]


def _released_of(row: Any) -> Released:
    draft = draft_of(row)
    return Released(
        row.case_id, draft.number, draft.author, draft.written_at, row.approved_at, draft.steps, draft.weight
    )


# A consent given to what was released then.
_OF = """
    FROM (SELECT DISTINCT case_id, draft, digest FROM approval
          WHERE agency = :agency AND at >= :start AND at < :end) AS a
    JOIN draft AS d ON d.case_id = a.case_id AND d.number = a.draft AND d.digest = a.digest AND d.state = 'released'
"""
_TOTAL = text(f"SELECT count(*) {_OF}")
_THROUGH = text(f"""
    SELECT d.*, c.platform, r.approved_at {_OF}
    JOIN "case" AS c ON c.id = d.case_id
    JOIN response AS r ON r.case_id = d.case_id AND r.digest = d.digest
    WHERE d.author = ANY (CAST(:officers AS text[])) OR EXISTS (
        SELECT 1 FROM json_array_elements(d.steps) AS s
        WHERE s #>> '{{taken,officer}}' = ANY (CAST(:officers AS text[])))
    ORDER BY r.approved_at DESC, d.case_id LIMIT :most
""")  # noqa: S608 - constants of this module
_ROSTERS = text("""
    SELECT since, json_build_object('officers', officers, 'calendar', calendar)::text AS roster FROM roster
    WHERE agency = :agency AND since < :end AND since >= coalesce(
        (SELECT max(since) FROM roster WHERE agency = :agency AND since <= :start), :start)
    ORDER BY since
""")
