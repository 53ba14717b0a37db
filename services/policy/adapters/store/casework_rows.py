"""Casework in columns: the assignee stands in its own, because it is looked up; the rest in one that most cases leave
empty."""

import json
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from services.policy.domain.clearance.casework import (
    NOTHING_DONE,
    CallIn,
    Casework,
    Destination,
    Origin,
    Referral,
    Shortening,
)
from shared.clock import rfc3339

_PARTS: dict[str, Any] = {
    "referral": Referral,
    "called_in": CallIn,
    "shortened": Shortening,
    "transferred_from": Origin,
    "transferred_to": Destination,
}


def as_column(casework: Casework) -> str | None:
    """JSON of all but the assignee; None where that is nothing."""
    if casework is NOTHING_DONE:
        return None
    said = parts(casework)
    return json.dumps(said, ensure_ascii=False) if said else None


def parts(casework: Casework) -> dict[str, dict[str, Any]]:
    """What was done, by its name, as it is stored and shown."""
    done = {name: getattr(casework, name) for name in _PARTS}
    return {name: {**asdict(each), "at": rfc3339(each.at)} for name, each in done.items() if each is not None}


def casework_of(assignee: str | None, column: Any) -> Casework:
    """What a case's columns say."""
    if assignee is None and column is None:
        return NOTHING_DONE
    said = json.loads(column) if isinstance(column, str) else column or {}
    return Casework(assignee, **{name: _part(_PARTS[name], each) for name, each in said.items()})


def _part(kind: Any, said: dict[str, Any]) -> Any:
    known = {field.name for field in fields(kind)}
    values = {name: tuple(each) if isinstance(each, list) else each for name, each in said.items() if name in known}
    return kind(**{**values, "at": datetime.fromisoformat(said["at"])})
