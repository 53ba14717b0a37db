"""Drafts in Postgres: the version that stands with its steps and remarks, every version before it, and each consent."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy.adapters.store.rows import as_json, from_json
from services.policy.adapters.store.steps import steps_json, steps_of
from services.policy.adapters.store.work import UnitOfWork
from services.policy.domain.authority.mandates import Weight
from services.policy.domain.clearance.approvals import Consent, Draft, Remark
from services.policy.domain.clearance.cases import Case
from shared.clock import rfc3339


async def latest(connection: AsyncConnection, cases: Sequence[str]) -> dict[str, Draft]:
    """The newest draft of each case, whatever its state; only that one can be open."""
    found = await connection.execute(_LATEST, {"cases": list(cases)})
    return {row.case_id: draft_of(row) for row in found}


async def all_of(connection: AsyncConnection, cases: Sequence[str]) -> dict[str, list[Draft]]:
    """The drafts of each case, by number."""
    found: dict[str, list[Draft]] = {case: [] for case in cases}
    for row in await connection.execute(_DRAFTS, {"cases": list(cases)}):
        found[row.case_id].append(draft_of(row))
    return found


async def find(connection: AsyncConnection, case_id: str, number: int) -> Draft | None:
    """One draft of a case, whatever its state."""
    row = (await connection.execute(_DRAFT, {"case": case_id, "number": number})).one_or_none()
    return None if row is None else draft_of(row)


async def versions(connection: AsyncConnection, case_id: str, number: int) -> Sequence[Any]:
    """Every version of a draft, the first one first."""
    return (await connection.execute(_VERSIONS, {"case": case_id, "number": number})).all()


async def write(connection: AsyncConnection, work: UnitOfWork) -> None:
    """The drafts that a unit of work has changed."""
    for case, draft in work.changed_drafts():
        await _write(connection, case, draft)


async def _write(connection: AsyncConnection, case: Case, draft: Draft) -> None:
    whose = {"case": case.id, "agency": case.thread.agency, "author": draft.author}
    values = {
        **whose,
        "number": draft.number,
        "version": draft.version,
        "text": draft.text,
        "language": draft.language,
        "digest": draft.digest,
        "policy_version": draft.policy_version,
        "steps": steps_json(draft),
        "state": draft.state,
        "written_at": draft.written_at,
        "answers": as_json(draft.answers),
        "head_comment": draft.head[0],
        "head_revision": draft.head[1],
        "sensitivity": draft.weight.sensitivity,
        "damage": draft.weight.damage,
        "topics": as_json(draft.weight.topics),
        "statements": as_json(draft.statements),
        "valid_until": draft.valid_until,
        "remarks": as_json([remark_body(remark) for remark in draft.remarks]),
    }
    await connection.execute(_WRITE, values)
    await connection.execute(_WRITE_VERSION, values)
    for step in draft.steps:
        if step.taken is not None and step.taken.officer != draft.author:
            about = {"draft": draft.number, "kind": step.kind, "specialism": step.specialism, "step": step.level}
            await connection.execute(_WRITE_APPROVAL, {**whose, **about, **_consent(step.taken)})


def _consent(taken: Consent) -> dict[str, Any]:
    behalf = taken.on_behalf_of
    return {
        "digest": taken.digest,
        "officer": taken.officer,
        "post": taken.post,
        "level": taken.level,
        "at": taken.at,
        "instrument": taken.instrument,
        "delegator": behalf and behalf.officer,
        "delegator_post": behalf and behalf.post,
    }


def draft_of(row: Any) -> Draft:
    topics = tuple(from_json(row.topics))
    return Draft(
        number=row.number,
        version=row.version,
        author=row.author,
        text=row.text,
        language=row.language,
        digest=row.digest,
        policy_version=row.policy_version,
        steps=steps_of(row.steps),
        state=row.state,
        written_at=row.written_at,
        answers=tuple(from_json(row.answers)),
        head=(row.head_comment, row.head_revision),
        weight=Weight(row.sensitivity, row.damage, topics, row.platform),
        statements=tuple((name, version) for name, version in from_json(row.statements)),
        valid_until=row.valid_until,
        remarks=tuple(_remark_of(remark) for remark in from_json(row.remarks)),
    )


def remark_body(remark: Remark) -> dict[str, Any]:
    """A remark as it is stored and shown."""
    told = {name: getattr(remark, name) for name in Remark.__slots__}
    return {**told, "at": rfc3339(remark.at)}


def _remark_of(body: dict[str, Any]) -> Remark:
    return Remark(**{**body, "at": datetime.fromisoformat(body["at"])})


_READ = 'SELECT d.*, c.platform FROM draft AS d JOIN "case" AS c ON c.id = d.case_id'
_LATEST = text(f"""
    SELECT DISTINCT ON (d.case_id) * FROM ({_READ} WHERE d.case_id = ANY (CAST(:cases AS text[]))) AS d
    ORDER BY d.case_id, d.number DESC
""")  # noqa: S608 - constants of this module
_DRAFTS = text(f"{_READ} WHERE d.case_id = ANY (CAST(:cases AS text[])) ORDER BY d.case_id, d.number")
_DRAFT = text(f"{_READ} WHERE d.case_id = :case AND d.number = :number")
_VERSIONS = text("SELECT * FROM draft_version WHERE case_id = :case AND number = :number ORDER BY version")
_WRITE = text("""
    INSERT INTO draft (case_id, number, agency, version, author, text, language, digest, policy_version, steps, state,
                       written_at, answers, head_comment, head_revision, sensitivity, damage, topics, statements,
                       valid_until, remarks)
    VALUES (:case, :number, :agency, :version, :author, :text, :language, :digest, :policy_version,
            CAST(CAST(:steps AS text) AS json), :state, :written_at, CAST(CAST(:answers AS text) AS json),
            :head_comment, :head_revision, :sensitivity, :damage, CAST(CAST(:topics AS text) AS json),
            CAST(CAST(:statements AS text) AS json), :valid_until, CAST(CAST(:remarks AS text) AS json))
    ON CONFLICT (case_id, number) DO UPDATE SET
        version = excluded.version, author = excluded.author, text = excluded.text, language = excluded.language,
        digest = excluded.digest, policy_version = excluded.policy_version, steps = excluded.steps,
        state = excluded.state, written_at = excluded.written_at, answers = excluded.answers,
        head_comment = excluded.head_comment, head_revision = excluded.head_revision,
        sensitivity = excluded.sensitivity, damage = excluded.damage, topics = excluded.topics,
        statements = excluded.statements, valid_until = excluded.valid_until, remarks = excluded.remarks
""")
_WRITE_VERSION = text("""
    INSERT INTO draft_version (case_id, number, version, agency, author, text, language, statements, valid_until,
                               written_at)
    VALUES (:case, :number, :version, :agency, :author, :text, :language, CAST(CAST(:statements AS text) AS json),
            :valid_until, :written_at)
    ON CONFLICT (case_id, number, version) DO NOTHING
""")
# One who consents again after the authority for the first consent was gone does so by another.
_WRITE_APPROVAL = text("""
    INSERT INTO approval
        (case_id, draft, digest, officer, agency, author, kind, specialism, step_level, post, level, at, instrument,
         delegator, delegator_post)
    VALUES (:case, :draft, :digest, :officer, :agency, :author, :kind, :specialism, :step, :post, :level, :at,
            :instrument, :delegator, :delegator_post)
    ON CONFLICT (case_id, draft, digest, officer) DO UPDATE SET
        kind = excluded.kind, specialism = excluded.specialism, step_level = excluded.step_level,
        post = excluded.post, level = excluded.level, at = excluded.at, instrument = excluded.instrument,
        delegator = excluded.delegator, delegator_post = excluded.delegator_post
    WHERE approval.at < excluded.at
""")
