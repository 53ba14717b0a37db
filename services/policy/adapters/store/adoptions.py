"""Adoptions in Postgres: which policy of an agency is in force from when, what it says, and who holds its posts.

Rows of ``policy`` and ``policy_adoption`` are never changed; an adoption that was called off before its time is taken
out, and the audit trail tells of it. What a version says is kept as the JSON of its day. It is read back by today's
model to decide by, never composed anew: so no release changes an agency's policy unseen. A new baseline comes into
force when a draft is adopted over it, or files are: these at start, unless a draft stands over them.

What may be long is fetched as text and parsed in a thread: the driver would parse it on the event loop.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy.adapters.store import rows
from services.policy.domain.adoption.authorship import Adoption
from services.policy.domain.adoption.standing import Documents, Roster, Standing
from services.policy.domain.policies import Policy

DEPLOYMENT = ("deployment",)
"""Who adopts the files that a deployment brings."""


@dataclass(frozen=True, slots=True)
class InForce:
    """Which version of an agency's policy is in force, and since when the roster beside it.

    ``adopted_at`` tells two adoptions from each other that begin in one moment: the later has its own roster there.
    """

    agency: str
    version: str
    effective_from: datetime
    adopted_at: datetime
    roster_since: datetime | None


async def lock(connection: AsyncConnection, agency: str) -> None:
    """Let nobody else adopt a policy of ``agency`` until this transaction ends."""
    await connection.execute(_LOCK, {"name": f"policy_adoption {agency}"})


async def standing(connection: AsyncConnection, agency: str) -> Standing | None:
    """The newest adoption of ``agency``, in force or to come."""
    row = (await connection.execute(_STANDING, {"agency": agency})).one_or_none()
    if row is None:
        return None
    documents = await asyncio.to_thread(_documents, row.documents)
    return Standing(row.version, row.effective_from, row.adopted_at, documents, row.draft)


async def newest(connection: AsyncConnection, agency: str) -> tuple[datetime, datetime] | None:
    """The place of the newest adoption of ``agency``: effective_from and adopted_at, which no two have alike."""
    row = (await connection.execute(_NEWEST_PLACE, {"agency": agency})).one_or_none()
    return None if row is None else (row.effective_from, row.adopted_at)


async def newest_roster(connection: AsyncConnection, agency: str, origin: str | None = None) -> Roster | None:
    """The newest roster of ``agency``, of one origin or of any."""
    row = (await connection.execute(_ROSTER, {"agency": agency, "origin": origin})).one_or_none()
    return None if row is None else Roster.model_validate_json(row.roster)


async def roster_at(connection: AsyncConnection, agency: str, now: datetime) -> Roster | None:
    """The roster of ``agency`` that holds at ``now``."""
    row = (await connection.execute(_ROSTER_AT, {"agency": agency, "now": now})).one_or_none()
    return None if row is None else Roster.model_validate_json(row.roster)


async def newest_of_files(connection: AsyncConnection, agency: str) -> tuple[str, Documents] | None:
    """The version of the files that a deployment last adopted for ``agency``, and what they said."""
    row = (await connection.execute(_OF_FILES, {"agency": agency})).one_or_none()
    return None if row is None else (row.version, await asyncio.to_thread(_documents, row.documents))


async def put(connection: AsyncConnection, adoption: Adoption, policy: Policy) -> None:
    """Keep an adoption, and what its version says unless that is known."""
    agency, units = adoption.documents
    await connection.execute(
        _PUT,
        {
            "version": adoption.version,
            "agency": adoption.agency,
            "digest": policy.digest,
            "content": policy.model_dump_json(by_alias=True),
            "effective_from": adoption.effective_from,
            "origin": "draft" if adoption.draft else "files",
            "draft": adoption.draft,
            "adopted_by": rows.as_json(adoption.adopted_by),
            "adopted_at": adoption.adopted_at,
            "documents": rows.as_json({"agency": agency, "units": units}),
        },
    )


async def put_roster(connection: AsyncConnection, agency: str, roster: Roster, since: datetime, origin: str) -> None:
    """Keep who holds which post of ``agency`` since a moment."""
    dumped = roster.model_dump(mode="json", by_alias=True)
    values = {name: rows.as_json(dumped[name]) for name in ("officers", "calendar")}
    await connection.execute(_PUT_ROSTER, {"agency": agency, "since": since, "origin": origin, **values})


async def call_off(connection: AsyncConnection, agency: str, drafts: Sequence[str]) -> None:
    """Take out what these drafts, which nobody decides by yet, would have put in force."""
    found = await connection.execute(_CALL_OFF, {"agency": agency, "drafts": list(drafts)})
    await connection.execute(_CALL_OFF_ROSTERS, {"agency": agency, "sinces": list(found.scalars())})


async def in_force(connection: AsyncConnection, now: datetime) -> list[InForce]:
    """What is in force at ``now``, for every agency that may be seen."""
    found = await connection.execute(_IN_FORCE, {"now": now, "agency": None})
    return [InForce(row.agency, row.version, row.effective_from, row.adopted_at, row.since) for row in found]


async def policies_of(connection: AsyncConnection, wanted: Iterable[InForce]) -> dict[str, Any]:
    """Rows (version, digest, content, roster) by agency: what ``policy_of`` makes a policy of."""
    asked = list(wanted)
    found = await connection.execute(
        _POLICIES,
        {
            "agencies": [each.agency for each in asked],
            "versions": [each.version for each in asked],
            "sinces": [each.roster_since for each in asked],
        },
    )
    return {row.agency: row for row in found}


def policy_of(row: Any) -> Policy:
    """A version as it was adopted, with its roster beside it. Raises ValidationError if it cannot be read any more.

    It keeps the name and the digest under which it was adopted: a field that the model has gained since would give it
    others, and decisions would name a version that nobody adopted.
    """
    content = {**rows.from_json(row.content), **rows.from_json(row.roster or {})}
    policy = Policy.model_validate_json(rows.as_json(content))
    vars(policy).update(digest=row.digest, version=row.version)
    return policy


async def at(connection: AsyncConnection, agency: str, time: datetime) -> Any:
    """The row (adoption, digest, content, roster) of what was or will be in force at ``time``, or None."""
    return (await connection.execute(_AT, {"now": time, "agency": agency})).one_or_none()


async def first(connection: AsyncConnection, agency: str) -> datetime | None:
    """From when on ``agency`` has a policy."""
    found: datetime | None = (await connection.execute(_FIRST, {"agency": agency})).scalar_one()
    return found


async def version(connection: AsyncConnection, agency: str, name: str) -> Any:
    """The row (version, digest, content) of a version of ``agency``, with the newest roster beside it; or None."""
    return (await connection.execute(_VERSION, {"agency": agency, "version": name})).one_or_none()


async def before(connection: AsyncConnection, agency: str, name: str) -> str | None:
    """The version that ``name`` took the place of when it first came into force, or None."""
    found = await connection.execute(_BEFORE, {"agency": agency, "version": name})
    earlier: str | None = found.scalar_one_or_none()
    return earlier


async def history(
    connection: AsyncConnection, agency: str, before: tuple[datetime, datetime] | None, limit: int
) -> list[Any]:
    """Adoptions of ``agency``, the newest first; those before a place (effective_from, adopted_at)."""
    effective_from, adopted_at = before or (None, None)
    values = {"agency": agency, "effective_from": effective_from, "adopted_at": adopted_at, "limit": limit}
    return list((await connection.execute(_HISTORY, values)).all())


def _documents(written: str) -> Documents:
    read = rows.from_json(written)
    return Documents(read["agency"], tuple(read["units"]))


_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_STANDING = text("""
    SELECT version, effective_from, adopted_at, draft, documents::text FROM policy_adoption WHERE agency = :agency
    ORDER BY effective_from DESC, adopted_at DESC LIMIT 1
""")
_NEWEST_PLACE = text("""
    SELECT effective_from, adopted_at FROM policy_adoption WHERE agency = :agency
    ORDER BY effective_from DESC, adopted_at DESC LIMIT 1
""")
_OF_FILES = text("""
    SELECT version, documents::text FROM policy_adoption WHERE agency = :agency AND origin = 'files'
    ORDER BY effective_from DESC, adopted_at DESC LIMIT 1
""")
_ROSTER = text("""
    SELECT json_build_object('officers', officers, 'calendar', calendar)::text AS roster FROM roster
    WHERE agency = :agency AND origin = coalesce(CAST(:origin AS text), origin) ORDER BY since DESC LIMIT 1
""")
_ROSTER_AT = text("""
    SELECT json_build_object('officers', officers, 'calendar', calendar)::text AS roster FROM roster
    WHERE agency = :agency AND since <= :now ORDER BY since DESC LIMIT 1
""")
_PUT = text("""
    WITH kept AS (
        INSERT INTO policy (version, agency, digest, content, loaded_at)
        VALUES (:version, :agency, :digest, CAST(:content AS json), :adopted_at)
        ON CONFLICT (version) DO NOTHING)
    INSERT INTO policy_adoption (agency, effective_from, version, origin, draft, adopted_by, adopted_at, documents)
    VALUES (:agency, :effective_from, :version, :origin, :draft, CAST(:adopted_by AS json), :adopted_at,
            CAST(:documents AS json))
""")
_PUT_ROSTER = text("""
    INSERT INTO roster (agency, since, origin, officers, calendar)
    VALUES (:agency, :since, :origin, CAST(:officers AS json), CAST(:calendar AS json))
    ON CONFLICT (agency, since) DO UPDATE SET
        origin = excluded.origin, officers = excluded.officers, calendar = excluded.calendar
""")
_CALL_OFF = text("""
    DELETE FROM policy_adoption
    WHERE agency = :agency AND draft = ANY (CAST(:drafts AS text[])) RETURNING effective_from
""")
_CALL_OFF_ROSTERS = text("""
    DELETE FROM roster WHERE agency = :agency AND origin = 'draft' AND since = ANY (CAST(:sinces AS timestamptz[]))
""")
_NEWEST = """
    SELECT DISTINCT ON (agency) agency, version, effective_from, origin, draft, adopted_by, adopted_at
    FROM policy_adoption
    WHERE effective_from <= :now AND agency = coalesce(CAST(:agency AS text), agency)
    ORDER BY agency, effective_from DESC, adopted_at DESC
"""
_BESIDE = """
    LEFT JOIN LATERAL (
        SELECT since, json_build_object('officers', officers, 'calendar', calendar) AS roster FROM roster
        WHERE roster.agency = a.agency AND since <= :now ORDER BY since DESC LIMIT 1) AS r ON true
"""
_IN_FORCE = text(f"SELECT a.agency, a.version, a.effective_from, a.adopted_at, r.since FROM ({_NEWEST}) AS a {_BESIDE}")  # noqa: S608
_AT = text(f"""
    SELECT a.*, r.roster, p.digest, p.content::text
    FROM ({_NEWEST}) AS a {_BESIDE} JOIN policy AS p ON p.version = a.version
""")  # noqa: S608
_POLICIES = text("""
    SELECT p.agency, p.version, p.digest, p.content::text,
           CASE WHEN r.since IS NOT NULL
                THEN json_build_object('officers', r.officers, 'calendar', r.calendar) END AS roster
    FROM unnest(CAST(:agencies AS text[]), CAST(:versions AS text[]), CAST(:sinces AS timestamptz[]))
         AS wanted (agency, version, since)
    JOIN policy AS p ON p.version = wanted.version
    LEFT JOIN roster AS r ON r.agency = wanted.agency AND r.since = wanted.since
""")
_FIRST = text("SELECT min(effective_from) FROM policy_adoption WHERE agency = :agency")
_VERSION = text("""
    SELECT p.version, p.digest, p.content::text, r.roster FROM policy AS p
    LEFT JOIN LATERAL (
        SELECT json_build_object('officers', officers, 'calendar', calendar) AS roster FROM roster
        WHERE roster.agency = p.agency ORDER BY since DESC LIMIT 1) AS r ON true
    WHERE p.agency = :agency AND p.version = :version
""")
_BEFORE = text("""
    SELECT version FROM policy_adoption WHERE agency = :agency AND version <> :version
        AND (effective_from, adopted_at) < (
            SELECT effective_from, adopted_at FROM policy_adoption WHERE agency = :agency AND version = :version
            ORDER BY effective_from, adopted_at LIMIT 1)
    ORDER BY effective_from DESC, adopted_at DESC LIMIT 1
""")
_HISTORY = text("""
    SELECT a.agency, a.version, a.effective_from, a.origin, a.draft, a.adopted_by, a.adopted_at, p.digest
    FROM policy_adoption AS a JOIN policy AS p ON p.version = a.version
    WHERE a.agency = :agency AND (CAST(:effective_from AS timestamptz) IS NULL
        OR (a.effective_from, a.adopted_at) < (:effective_from, :adopted_at))
    ORDER BY a.effective_from DESC, a.adopted_at DESC LIMIT :limit
""")
