"""Answers for many in Postgres: who of a group waits, and what became of whom."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy.answering_many import Member
from services.policy.domain.clearance.submissions import Submission


async def waiting(
    connection: AsyncConnection, issues: Sequence[str], submission: str, most: int, silent: Sequence[str] = ()
) -> list[str]:
    """Cases in which a comment of these issues waits, that the submission has done nothing about: oldest first. Those
    on ``silent`` platforms are left aside, so that they do not fill the batches of the others."""
    about = {"issues": list(issues), "submission": submission, "most": most, "silent": list(silent)}
    found = await connection.execute(_WAITING, about)
    return [row.case_id for row in found]


async def answered(connection: AsyncConnection, submission: str) -> int:
    """How many threads were answered by it."""
    found: int = (await connection.execute(_ANSWERED, {"submission": submission})).scalar_one()
    return found


async def members(connection: AsyncConnection, submission: str) -> list[Member]:
    """What became of those that it was tried on, in the order in which that was."""
    found = await connection.execute(_MEMBERS, {"submission": submission})
    return [Member(row.case_id, row.response, row.reason) for row in found]


async def put(connection: AsyncConnection, cleared: Submission, found: Iterable[Member], now: datetime) -> None:
    """Keep what became of these cases."""
    several = list(found)
    if several:
        await connection.execute(
            _PUT,
            {
                "submission": cleared.id,
                "agency": cleared.agency,
                "at": now,
                "cases": [each.case for each in several],
                "responses": [each.response for each in several],
                "reasons": [each.reason for each in several],
            },
        )


async def with_something_to_do(connection: AsyncConnection, now: datetime) -> list[str]:
    """Cleared answers whose time is over, or of whose group somebody waits."""
    return list((await connection.execute(_TO_DO, {"now": now})).scalars())


_WAITING = text("""
    SELECT t.case_id, min(t.received_at) AS since FROM turn AS t
    WHERE t.issue = ANY (CAST(:issues AS text[])) AND t.state = 'waiting'
        AND NOT EXISTS (SELECT 1 FROM answer_member AS m WHERE m.submission = :submission AND m.case_id = t.case_id)
        AND NOT EXISTS (SELECT 1 FROM "case" AS c
                        WHERE c.id = t.case_id AND c.platform = ANY (CAST(:silent AS text[])))
    GROUP BY t.case_id ORDER BY since, t.case_id LIMIT :most
""")
_ANSWERED = text("SELECT count(*) FROM answer_member WHERE submission = :submission AND response IS NOT NULL")
_MEMBERS = text("""
    SELECT case_id, response, reason FROM answer_member WHERE submission = :submission ORDER BY at, case_id
""")
_PUT = text("""
    INSERT INTO answer_member (submission, case_id, agency, response, reason, at)
    SELECT :submission, case_id, :agency, response, reason, CAST(:at AS timestamptz)
    FROM unnest(CAST(:cases AS text[]), CAST(:responses AS text[]), CAST(:reasons AS text[]))
         AS new (case_id, response, reason)
""")
_TO_DO = text("""
    SELECT s.id FROM submission AS s
    WHERE s.matter = 'answer' AND s.state = 'cleared' AND (
        CAST(s.content #>> '{limits,until}' AS timestamptz) <= :now
        OR EXISTS (
            SELECT 1 FROM json_array_elements_text(s.content #> '{members,issues}') AS of (issue)
            JOIN turn AS t ON t.issue = of.issue
            WHERE t.state = 'waiting' AND NOT EXISTS (
                SELECT 1 FROM answer_member AS m WHERE m.submission = s.id AND m.case_id = t.case_id)))
    ORDER BY s.id
""")
