"""How responses and publications read in the API."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shared.clock import rfc3339


def publication_body(row: Any, attempts: Sequence[Any] | None = None) -> dict[str, Any]:
    """A publication; with its attempts where they were asked for."""
    body: dict[str, Any] = {
        "id": row.id,
        "agency": row.agency,
        "platform": row.platform,
        "account": row.account,
        "thread": row.thread,
        "response": row.response,
        "case": row.case_id,
        "comments": list(row.comments),
        "reply_to": row.reply_to,
        "text": row.text,
        "language": row.language,
        "purpose": row.purpose,
        "corrects": row.corrects,
        "parts": list(row.parts or []),
        "posted": list(row.posted),
        "valid_until": _time(row.valid_until),
        "state": row.state,
        "needs_person": row.needs_person,
        "reason": row.reason,
        "detail": row.detail,
        "native_id": row.native_id,
        "url": row.url,
        "attempts": row.attempts,
        "recorded_at": _time(row.recorded_at),
        "sent_at": _time(row.sent_at),
        "due_at": _time(row.due_at),
        "settled_at": _time(row.settled_at),
        "published_at": _time(row.published_at),
    }
    if attempts is not None:
        body["tries"] = [_attempt(one) for one in attempts]
    return body


def response_body(rows: Sequence[Any]) -> dict[str, Any]:
    """A response with its publications and the authority under which it was released."""
    first = rows[0]
    return {
        "id": first.response,
        "agency": first.agency,
        "case": first.case_id,
        "comments": list(first.comments),
        "text": first.text,
        "language": first.language,
        "purpose": first.purpose,
        **_release(first.release),
        "publications": [publication_body(row) for row in rows],
    }


def _release(release: Any) -> dict[str, Any]:
    return {name: release.get(name) for name in ("level", "digest", "policy_version", "authorisations", "approved_at")}


def _attempt(row: Any) -> dict[str, Any]:
    return {
        "number": row.number,
        "started_at": _time(row.started_at),
        "ended_at": _time(row.ended_at),
        "outcome": row.outcome,
        "detail": row.detail,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)
