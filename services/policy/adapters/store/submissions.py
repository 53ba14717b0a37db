"""Submissions in Postgres. Whoever acts on one holds its row, so that two clicks come one after the other."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy.adapters.store import rows
from services.policy.adapters.store.steps import steps_json, steps_of
from services.policy.domain.authority.mandates import Weight
from services.policy.domain.clearance.submissions import Matter, Need, Submission

Place = tuple[str, Matter, str]
"""An agency, and what is submitted there: a line or answers, by the line's or the issue's id."""


async def of(connection: AsyncConnection, place: Place, *, hold: bool = False) -> list[Submission]:
    """Everything that was put up for a line or an issue, by number; ``hold`` keeps others from acting on it, and from
    putting up more, until the transaction ends."""
    agency, matter, subject = place
    values = {"agency": agency, "matter": matter, "subject": subject}
    if hold:
        await connection.execute(_HOLD_PLACE, {"name": f"submission {agency} {matter} {subject}"})
    found = await connection.execute(_OF_HELD if hold else _OF, values)
    return [submission_of(row) for row in found]


async def find(connection: AsyncConnection, submission: str, *, hold: bool = False) -> Submission | None:
    """One submission by its id."""
    row = (await connection.execute(_FIND_HELD if hold else _FIND, {"id": submission})).one_or_none()
    return None if row is None else submission_of(row)


async def write(connection: AsyncConnection, submissions: Iterable[Submission]) -> None:
    """Keep submissions as they are now, and the consents to them. What ends comes before what takes its place."""
    for submission in sorted(submissions, key=lambda each: (each.ended_at is None, each.state == "open")):
        await connection.execute(_WRITE, _values(submission))
        for values in _consents(submission):
            await connection.execute(_WRITE_APPROVAL, values)


async def newest_of_lines(
    connection: AsyncConnection, agencies: Sequence[str] | None, after: tuple[str, str] | None, limit: int
) -> list[tuple[str, str]]:
    """Agencies and ids of lines, in that order, after a place."""
    agency, subject = after or ("", "")
    values = {"agencies": None if agencies is None else list(agencies), "agency": agency, "subject": subject}
    found = await connection.execute(_LINES, {**values, "limit": limit})
    return [(row.agency, row.subject) for row in found]


async def of_lines(
    connection: AsyncConnection, wanted: Sequence[tuple[str, str]]
) -> Mapping[tuple[str, str], list[Submission]]:
    """The versions of these lines, by agency and id."""
    found: dict[tuple[str, str], list[Submission]] = {each: [] for each in wanted}
    values = {"agencies": [agency for agency, _ in wanted], "subjects": [subject for _, subject in wanted]}
    for row in await connection.execute(_OF_LINES, values):
        found[row.agency, row.subject].append(submission_of(row))
    return found


async def agencies_of(connection: AsyncConnection, matter: Matter, subject: str) -> list[str]:
    """The agencies that may be seen and have a line, or answers to an issue, of that id."""
    return list((await connection.execute(_AGENCIES, {"matter": matter, "subject": subject})).scalars())


@dataclass(frozen=True, slots=True)
class StillOpen:
    """Which open submissions are asked for. ``after`` is the place of the last one seen."""

    agencies: Sequence[str] | None
    matter: Matter | None
    after: tuple[datetime, str] | None
    limit: int

    def following(self, last: Submission) -> Self:
        """The same question, about those after ``last``."""
        return replace(self, after=(last.written_at, last.id))


async def still_open(connection: AsyncConnection, asked: StillOpen) -> list[Submission]:
    """What waits for clearance apart from one case, the oldest first."""
    written_at, last = asked.after or (None, None)
    values = {
        "agencies": None if asked.agencies is None else list(asked.agencies),
        "matter": asked.matter,
        "written_at": written_at,
        "last": last,
        "limit": asked.limit,
    }
    return [submission_of(row) for row in await connection.execute(_STILL_OPEN, values)]


def submission_of(row: Any) -> Submission:
    """A submission as it is stored."""
    content = rows.from_json(row.content)
    platform = content.get("platform") if row.case_id is not None else None
    weight = Weight(row.sensitivity, row.damage, tuple(rows.from_json(row.topics)), platform)
    return Submission(
        id=row.id,
        agency=row.agency,
        matter=row.matter,
        subject=row.subject,
        number=row.number,
        author=row.author,
        content=content,
        need=Need(weight, row.least, tuple(rows.from_json(row.signoffs)), row.approvals),
        level=row.level,
        policy_version=row.policy_version,
        digest=row.digest,
        steps=steps_of(row.steps),
        state=row.state,
        written_at=row.written_at,
        cleared_at=row.cleared_at,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        reason=row.reason,
        case=row.case_id,
        outcome=rows.from_json(row.outcome),
    )


def _values(submission: Submission) -> dict[str, Any]:
    need = submission.need
    plain = ("id", "agency", "matter", "subject", "number", "author", "level", "policy_version", "digest", "state")
    moments = ("written_at", "cleared_at", "ended_at", "ended_by", "reason")
    return {
        **{name: getattr(submission, name) for name in (*plain, *moments)},
        "content": rows.as_json(submission.content),
        "sensitivity": need.weight.sensitivity,
        "damage": need.weight.damage,
        "topics": rows.as_json(need.weight.topics),
        "least": need.least,
        "signoffs": rows.as_json(need.signoffs),
        "approvals": need.approvals,
        "steps": steps_json(submission),
        "case": submission.case,
        "outcome": None if submission.outcome is None else rows.as_json(submission.outcome),
    }


def _consents(submission: Submission) -> Iterable[dict[str, Any]]:
    for step in submission.steps:
        if step.taken is not None:
            behalf = step.taken.on_behalf_of
            yield {
                **{name: getattr(step.taken, name) for name in step.taken.__slots__ if name != "on_behalf_of"},
                "submission": submission.id,
                "agency": submission.agency,
                "author": submission.author,
                "matter": submission.matter,
                "kind": step.kind,
                "specialism": step.specialism,
                "step": step.level,
                "delegator": behalf and behalf.officer,
                "delegator_post": behalf and behalf.post,
            }


_HOLD_PLACE = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_SELECT = "SELECT * FROM submission WHERE agency = :agency AND matter = :matter AND subject = :subject ORDER BY number"
_OF, _OF_HELD = text(_SELECT), text(f"{_SELECT} FOR UPDATE")
_FIND = text("SELECT * FROM submission WHERE id = :id")
_FIND_HELD = text("SELECT * FROM submission WHERE id = :id FOR UPDATE")
_WRITE = text("""
    INSERT INTO submission (id, agency, matter, subject, number, author, content, sensitivity, damage, topics, least,
                            signoffs, approvals, level, policy_version, digest, steps, state, written_at, cleared_at,
                            ended_at, ended_by, reason, case_id, outcome)
    VALUES (:id, :agency, :matter, :subject, :number, :author, CAST(CAST(:content AS text) AS json), :sensitivity,
            :damage, CAST(CAST(:topics AS text) AS json), :least, CAST(CAST(:signoffs AS text) AS json), :approvals,
            :level, :policy_version, :digest, CAST(CAST(:steps AS text) AS json), :state, :written_at, :cleared_at,
            :ended_at, :ended_by, :reason, :case, CAST(CAST(:outcome AS text) AS json))
    ON CONFLICT (id) DO UPDATE SET
        content = excluded.content, sensitivity = excluded.sensitivity, damage = excluded.damage,
        topics = excluded.topics, least = excluded.least, signoffs = excluded.signoffs, approvals = excluded.approvals,
        outcome = excluded.outcome,
        level = excluded.level, policy_version = excluded.policy_version, digest = excluded.digest,
        steps = excluded.steps, state = excluded.state, cleared_at = excluded.cleared_at, ended_at = excluded.ended_at,
        ended_by = excluded.ended_by, reason = excluded.reason
""")
# One who consents again after the authority for the first consent was gone does so by another.
_WRITE_APPROVAL = text("""
    INSERT INTO submission_approval
        (submission, digest, officer, agency, author, kind, specialism, step_level, post, level, at, instrument,
         delegator, delegator_post, matter)
    VALUES (:submission, :digest, :officer, :agency, :author, :kind, :specialism, :step, :post, :level, :at,
            :instrument, :delegator, :delegator_post, :matter)
    ON CONFLICT (submission, digest, officer) DO UPDATE SET
        kind = excluded.kind, specialism = excluded.specialism, step_level = excluded.step_level,
        post = excluded.post, level = excluded.level, at = excluded.at, instrument = excluded.instrument,
        delegator = excluded.delegator, delegator_post = excluded.delegator_post
    WHERE submission_approval.at < excluded.at
""")
_LINES = text("""
    SELECT DISTINCT agency, subject FROM submission
    WHERE matter = 'line' AND (agency, subject) > (:agency, :subject)
        AND (CAST(:agencies AS text[]) IS NULL OR agency = ANY (CAST(:agencies AS text[])))
    ORDER BY agency, subject LIMIT :limit
""")
_OF_LINES = text("""
    SELECT s.* FROM unnest(CAST(:agencies AS text[]), CAST(:subjects AS text[])) AS wanted (agency, subject)
    JOIN submission AS s ON s.agency = wanted.agency AND s.matter = 'line' AND s.subject = wanted.subject
    ORDER BY s.agency, s.subject, s.number
""")
_AGENCIES = text("SELECT DISTINCT agency FROM submission WHERE matter = :matter AND subject = :subject ORDER BY agency")
_STILL_OPEN = text("""
    SELECT * FROM submission
    WHERE state = 'open' AND case_id IS NULL
        AND (CAST(:agencies AS text[]) IS NULL OR agency = ANY (CAST(:agencies AS text[])))
        AND (CAST(:matter AS text) IS NULL OR matter = CAST(:matter AS text))
        AND (CAST(:last AS text) IS NULL
             OR (written_at, id) > (CAST(:written_at AS timestamptz), CAST(:last AS text)))
    ORDER BY written_at, id LIMIT :limit
""")
