"""Drafts of policies in Postgres, and what was replayed of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy.adapters.store import rows
from services.policy.domain.adoption.authorship import Consent, PolicyDraft, PolicyDraftState
from shared.clock import rfc3339


async def find(connection: AsyncConnection, draft_id: str, *, lock: bool = False) -> PolicyDraft | None:
    """The draft of that id as far as it may be seen; with ``lock`` nobody else changes it in this transaction."""
    row = (await connection.execute(_FIND_LOCKED if lock else _FIND, {"id": draft_id})).one_or_none()
    return None if row is None else _draft_of(row, rows.from_json(row.document))


async def scheduled(connection: AsyncConnection, agency: str, now: datetime) -> list[PolicyDraft]:
    """Drafts of ``agency`` that are adopted and yet to come into force, locked."""
    found = await connection.execute(_SCHEDULED, {"agency": agency, "now": now})
    return [_draft_of(row, rows.from_json(row.document)) for row in found]


async def put(connection: AsyncConnection, draft: PolicyDraft) -> None:
    """Write a draft as it stands."""
    await connection.execute(
        _PUT,
        {
            "id": draft.id,
            "agency": draft.agency,
            "unit": draft.unit,
            "edition": draft.edition,
            "state": draft.state,
            "document": rows.as_json(draft.document),
            "note": draft.note,
            "author": draft.author,
            "editors": rows.as_json(draft.editors),
            "adoptions": rows.as_json([consent_body(consent) for consent in draft.adoptions]),
            "effective_from": draft.effective_from,
            "version": draft.version,
            "written_at": draft.written_at,
            "changed_at": draft.changed_at,
        },
    )


async def supersede(connection: AsyncConnection, now: datetime) -> list[Any]:
    """Mark the drafts whose document has given way by ``now``; their rows (id, agency, version).

    A document gives way to another one of the same agency or unit, and to whatever a deployment brings.
    """
    return list((await connection.execute(_SUPERSEDE, {"now": now})).all())


async def listed(
    connection: AsyncConnection,
    agencies: Sequence[str] | None,
    state: PolicyDraftState | None,
    before: str | None,
    limit: int,
) -> list[PolicyDraft]:
    """Drafts, the newest first, without their documents."""
    agencies = None if agencies is None else list(agencies)
    values = {"agencies": agencies, "state": state, "before": before, "limit": limit}
    return [_draft_of(row, {}) for row in await connection.execute(_LISTED, values)]


async def replays_of(connection: AsyncConnection, draft_id: str) -> list[Any]:
    """The replays of a draft (id, edition, state, policy_version), the newest first."""
    return list((await connection.execute(_REPLAYS, {"draft": draft_id})).all())


def consent_body(consent: Consent) -> dict[str, Any]:
    """A consent as it is stored and shown."""
    return {
        "by": consent.by,
        "at": rfc3339(consent.at),
        "digest": consent.digest,
        "effective_from": consent.effective_from and consent.effective_from.isoformat(),
    }


def _draft_of(row: Any, document: dict[str, Any]) -> PolicyDraft:
    return PolicyDraft(
        id=row.id,
        agency=row.agency,
        unit=row.unit,
        document=document,
        author=row.author,
        written_at=row.written_at,
        changed_at=row.changed_at,
        note=row.note,
        editors=tuple(rows.from_json(row.editors)),
        edition=row.edition,
        state=row.state,
        adoptions=tuple(_consent_of(body) for body in rows.from_json(row.adoptions)),
        effective_from=row.effective_from,
        version=row.version,
    )


def _consent_of(body: dict[str, Any]) -> Consent:
    begins = body["effective_from"]
    return Consent(
        by=body["by"],
        at=datetime.fromisoformat(body["at"]),
        digest=body["digest"],
        effective_from=datetime.fromisoformat(begins) if begins else None,
    )


_FIND = text("SELECT * FROM policy_draft WHERE id = :id")
_FIND_LOCKED = text("SELECT * FROM policy_draft WHERE id = :id FOR UPDATE")
_SCHEDULED = text("""
    SELECT * FROM policy_draft WHERE agency = :agency AND state = 'adopted' AND effective_from > :now
    ORDER BY id FOR UPDATE
""")
_PUT = text("""
    INSERT INTO policy_draft (id, agency, unit, edition, state, document, note, author, editors, adoptions,
                              effective_from, version, written_at, changed_at)
    VALUES (:id, :agency, :unit, :edition, :state, CAST(:document AS json), :note, :author, CAST(:editors AS json),
            CAST(:adoptions AS json), :effective_from, :version, :written_at, :changed_at)
    ON CONFLICT (id) DO UPDATE SET
        edition = excluded.edition, state = excluded.state, document = excluded.document, note = excluded.note,
        editors = excluded.editors, adoptions = excluded.adoptions, effective_from = excluded.effective_from,
        version = excluded.version, changed_at = excluded.changed_at
""")
_SUPERSEDE = text("""
    UPDATE policy_draft AS d SET state = 'superseded', changed_at = :now
    FROM policy_adoption AS own
    WHERE d.state = 'adopted' AND own.agency = d.agency AND own.draft = d.id AND EXISTS (
        SELECT 1 FROM policy_adoption AS later LEFT JOIN policy_draft AS other ON other.id = later.draft
        WHERE later.agency = d.agency AND later.effective_from <= :now
            AND (later.effective_from, later.adopted_at) > (own.effective_from, own.adopted_at)
            AND (later.origin = 'files' OR other.unit IS NOT DISTINCT FROM d.unit))
    RETURNING d.id, d.agency, d.version
""")
_LISTED = text("""
    SELECT id, agency, unit, edition, state, note, author, editors, adoptions, effective_from, version, written_at,
           changed_at
    FROM policy_draft
    WHERE (CAST(:agencies AS text[]) IS NULL OR agency = ANY (CAST(:agencies AS text[])))
        AND (CAST(:state AS text) IS NULL OR state = :state)
        AND (CAST(:before AS text) IS NULL OR id < :before)
    ORDER BY id DESC LIMIT :limit
""")
_REPLAYS = text("""
    SELECT id, edition, state, result #>> '{summary,policy_version}' AS policy_version FROM replay
    WHERE draft = :draft ORDER BY asked_at DESC, id DESC
""")
