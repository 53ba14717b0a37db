"""What the API shows of policies: versions, adoptions and drafts. Who holds which post is not for everyone."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.policy.adapters.policy_places import RefusedFile
from services.policy.adapters.store import rows
from services.policy.domain.adoption.authorship import PolicyDraft
from services.policy.domain.adoption.standing import Composed
from services.policy.domain.composing.composition import Document, InvalidPolicy
from services.policy.domain.differences import Difference
from services.policy.domain.lint import Hole
from shared.auth import Caller
from shared.clock import rfc3339

_LET_SEE_OFFICERS = frozenset({"audit:read", "policies:write", "policies:adopt"})


def policy_body(version: str, digest: str, content: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    """A version of a policy."""
    return {
        "agency": content["agency"],
        "policy_version": version,
        "digest": digest,
        "policy": _without_officers(content, caller, {"audit:read"}),
    }


def adoption_body(row: Any) -> dict[str, Any]:
    """One adoption: what came into force when, and by whom."""
    return {
        "policy_version": row.version,
        "digest": row.digest,
        "effective_from": rfc3339(row.effective_from),
        "origin": row.origin,
        "draft": row.draft,
        "adopted_by": rows.from_json(row.adopted_by),
        "adopted_at": rfc3339(row.adopted_at),
    }


def draft_line(draft: PolicyDraft) -> dict[str, Any]:
    """A draft as it stands in a list."""
    return {
        "id": draft.id,
        "agency": draft.agency,
        "unit": draft.unit,
        "state": draft.state,
        "edition": draft.edition,
        "note": draft.note,
        "author": draft.author,
        "editors": list(draft.editors),
        "policy_version": draft.version,
        "effective_from": draft.effective_from and rfc3339(draft.effective_from),
        "written_at": rfc3339(draft.written_at),
        "changed_at": rfc3339(draft.changed_at),
    }


def draft_body(
    draft: PolicyDraft, made: Composed | InvalidPolicy | None, replays: Sequence[Any], caller: Caller
) -> dict[str, Any]:
    """A draft with its document, what it comes to, and who has consented to that.

    ``made`` is what the draft comes to over what stands, or why it does not; None where that is settled.
    """
    digest = made.digest(draft.id, draft.edition) if isinstance(made, Composed) else None
    if made is None and draft.adoptions:
        digest = draft.adoptions[-1].digest
    version = made.policy.version if isinstance(made, Composed) else draft.version
    return {
        **draft_line(draft),
        "policy_version": version,
        "stands_on": made.stands_on if isinstance(made, Composed) else None,
        "digest": digest,
        "errors": faults_body(made) if isinstance(made, InvalidPolicy) else [],
        "adoptions": [
            {
                "by": consent.by,
                "at": rfc3339(consent.at),
                "effective_from": consent.effective_from and rfc3339(consent.effective_from),
                "counts": consent.digest == digest,
            }
            for consent in draft.adoptions
        ],
        "replays": [replay.id for replay in replays],
        "replayed": was_replayed(version, replays),
        "document": _without_officers(draft.document, caller, _LET_SEE_OFFICERS),
    }


def lint_body(holes: Sequence[Hole]) -> dict[str, Any]:
    """What lint found: the errors that keep a draft from review, and what is worth a look."""
    by_severity: dict[str, list[dict[str, Any]]] = {"error": [], "warning": []}
    for hole in holes:
        by_severity[hole.severity].append(hole.as_json())
    return {"lint": {"errors": by_severity["error"], "warnings": by_severity["warning"]}}


def changes_body(
    agency: str, before: str | None, now: str, changes: Sequence[Difference], caller: Caller
) -> dict[str, Any]:
    """What differs between two versions, in sentences."""
    lets_see = _LET_SEE_OFFICERS & caller.scopes
    shown = [change._asdict() for change in changes if lets_see or change.section != "officers"]
    return {"agency": agency, "before": before, "now": now, "same": not changes, "differences": shown}


def was_replayed(version: str | None, replays: Sequence[Any]) -> bool:
    """Whether the very policy that a draft comes to was tried on comments of the past."""
    return any(replay.state == "done" and replay.policy_version == version for replay in replays)


def faults_body(invalid: InvalidPolicy) -> list[dict[str, Any]]:
    """What does not hold in a document, each with its place: a path by names, or a line."""
    if isinstance(invalid, RefusedFile):
        return [_fault(place.path, place.line, place.sentence) for place in invalid.places[:100]]
    return [_fault(path, 0, sentence) for path, sentence in invalid.faults[:100]]


def _fault(path: str, line: int, sentence: str) -> dict[str, Any]:
    return {"path": path, **({"line": line} if line else {}), "detail": sentence}


def _without_officers(document: Document, caller: Caller, let_see: set[str] | frozenset[str]) -> dict[str, Any]:
    hidden = set() if let_see & caller.scopes else {"officers"}
    return {section: part for section, part in document.items() if section not in hidden}
