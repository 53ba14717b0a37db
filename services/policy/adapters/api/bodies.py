"""What the API shows of cases: the shapes of the contract, with private data covered."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from services.policy.adapters.api.order_bodies import order_body
from services.policy.adapters.store import casework_rows, drafts, rows
from services.policy.adapters.store.casework_rows import casework_of
from services.policy.adapters.store.steps import step_body
from services.policy.domain.clearance.approvals import Draft
from services.policy.domain.clearance.cases import Turn, window_of
from services.policy.domain.clearance.casework import Casework
from services.policy.domain.clearance.submissions import Submission
from services.policy.domain.triage.private_data import masked
from shared.clock import rfc3339

SHORTLY_BEFORE = timedelta(hours=2)
"""So long before a platform stops taking an answer, whoever works on it is warned."""


def case_body(
    row: Any,
    turns: Sequence[Turn],
    written: Sequence[Draft],
    clocks: dict[str, Any],
    orders: Sequence[Submission],
    now: datetime,
) -> dict[str, Any]:
    """A case with its turns, its drafts and orders, its clocks in short, and why it stands as it does."""
    standing = _standing_turn(turns)
    return {
        "id": row.id,
        "agency": row.agency,
        "platform": row.platform,
        "account": row.account,
        "thread": row.thread,
        "state": row.state,
        "disposition": row.disposition,
        "level": row.level,
        "sensitivity": row.sensitivity,
        "damage": row.damage,
        "owner": row.owner,
        **casework_body(casework_of(row.assignee, row.casework)),
        "signoffs": rows.from_json(row.signoffs),
        "opened_at": rfc3339(row.opened_at),
        "turns": [_turn_body(turn) for turn in turns],
        "clocks": clocks,
        "explanation": _explanation(standing, window_of(turns)),
        "drafts": [draft_body(draft, window_of(turns), now) for draft in written],
        "orders": [order_body(order) for order in orders],
    }


def casework_body(casework: Casework) -> dict[str, Any]:
    """What officers did with a case; null for what they did not."""
    names = ("referral", "called_in", "transferred_from", "transferred_to")
    return {"assignee": casework.assignee, **dict.fromkeys(names), **casework_rows.parts(casework)}


def draft_body(draft: Draft, window_ends_at: datetime | None, now: datetime) -> dict[str, Any]:
    """A draft at its newest version, and what it still needs. While it may still go out: when the platform stops
    taking an answer, and a warning shortly before."""
    window = window_ends_at if draft.state in ("open", "returned") else None
    return {
        "number": draft.number,
        "version": draft.version,
        "state": draft.state,
        "author": draft.author,
        "text": draft.text,
        "language": draft.language,
        "digest": draft.digest,
        "policy_version": draft.policy_version,
        "answers": list(draft.answers),
        "sensitivity": draft.weight.sensitivity,
        "damage": draft.weight.damage,
        "statements": [{"statement": name, "version": version} for name, version in draft.statements],
        "valid_until": draft.valid_until and rfc3339(draft.valid_until),
        "window_ends_at": window and rfc3339(window),
        "warnings": list(_warnings(window, now)),
        "written_at": rfc3339(draft.written_at),
        "steps": [step_body(step) for step in draft.steps],
        "remarks": [drafts.remark_body(remark) for remark in draft.remarks],
    }


def _warnings(window_ends_at: datetime | None, now: datetime) -> Iterator[str]:
    if window_ends_at is not None and window_ends_at <= now:
        yield "window-closed"
    elif window_ends_at is not None and window_ends_at - now <= SHORTLY_BEFORE:
        yield "window-closes-soon"


def version_body(row: Any) -> dict[str, Any]:
    """One version of a draft's text."""
    return {
        "version": row.version,
        "author": row.author,
        "text": row.text,
        "language": row.language,
        "statements": [name for name, _ in rows.from_json(row.statements)],
        "valid_until": row.valid_until and rfc3339(row.valid_until),
        "written_at": rfc3339(row.written_at),
    }


def _standing_turn(turns: Sequence[Turn]) -> Turn | None:
    """The turn that makes the case what it is: the weightiest that waits, else the newest."""
    waiting = [turn for turn in turns if turn.state in ("waiting", "watching")]
    if waiting:
        return max(reversed(waiting), key=lambda turn: turn.decision.level)
    return turns[-1] if turns else None


def _explanation(turn: Turn | None, window_ends_at: datetime | None) -> dict[str, Any] | None:
    if turn is None:
        return None
    decision = turn.decision
    return {
        "comment": turn.comment,
        "revision": turn.revision,
        "policy_version": decision.policy_version,
        "kind": decision.kind,
        "topics": list(decision.topics),
        **({"window_ends_at": rfc3339(window_ends_at)} if window_ends_at else {}),
        **decision.explanation,
    }


def _turn_body(turn: Turn) -> dict[str, Any]:
    decision = turn.decision
    return {
        "number": turn.number,
        "comment": turn.comment,
        "revision": turn.revision,
        "state": turn.state,
        "author": {"id": turn.author.id, "name": turn.author.name, "handle": turn.author.handle},
        "subject_line": turn.subject_line and masked(turn.subject_line),
        "text": masked(turn.text),
        "masked": list(decision.masked),
        "language": turn.language,
        "public": turn.public,
        "hidden": turn.hidden,
        "sent_at": rfc3339(turn.sent_at),
        "received_at": rfc3339(turn.received_at),
        "window_ends_at": turn.window_ends_at and rfc3339(turn.window_ends_at),
        "kind": decision.kind,
        "topics": list(decision.topics),
        "sensitivity": decision.sensitivity,
        "damage": decision.damage,
        "disposition": decision.disposition,
        "level": decision.level,
        "rules": list(decision.rules),
        "signoffs": list(decision.signoffs),
        "approvals": decision.approvals,
        "clock": decision.clock,
        "duties": list(decision.duties),
        "line": decision.line,
        "issue": turn.issue,
        "policy_version": decision.policy_version,
    }
