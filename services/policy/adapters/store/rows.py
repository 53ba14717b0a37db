"""Rows and what they stand for: the one place that knows how a case is spelled in columns."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.policy.adapters.store.casework_rows import casework_of
from services.policy.domain.clearance.cases import Case, Escalation, Thread, Turn
from services.policy.domain.clearance.earlier import Earlier
from services.policy.domain.clearance.standings import Standing
from services.policy.domain.clocks.pauses import Pause
from services.policy.domain.clocks.response_clock import Deadlines
from services.policy.domain.deciding.decisions import Decision
from shared.events import Author

_TUPLES = ("topics", "rules", "signoffs", "duties", "masked")
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def as_json(value: Any) -> str:
    """Compact JSON."""
    return _ENCODER.encode(value)


def from_json(value: Any) -> Any:
    """A JSON column, parsed or not yet parsed by the driver."""
    return json.loads(value) if isinstance(value, str) else value


def decision_json(decision: Decision) -> str:
    mappings = {"circumstances": dict(decision.circumstances), "times": dict(decision.times)}
    return as_json({**decision._asdict(), **mappings})


def decision_of(column: Any) -> Decision:
    found = dict(from_json(column))
    for name in _TUPLES:
        found[name] = tuple(found[name])
    return Decision(**found)


def case_of(row: Any) -> Case:
    """A case without turns and draft."""
    standing = None
    if row.level is not None:
        standing = Standing(
            level=row.level,
            sensitivity=row.sensitivity,
            damage=row.damage,
            disposition=row.disposition,
            owner=row.owner,
            clock=row.clock,
            signoffs=tuple(from_json(row.signoffs)),
            approvals=row.approvals,
        )
    return Case(
        id=row.id,
        thread=Thread(row.agency, row.platform, row.account, row.thread),
        opened_at=row.opened_at,
        head=(row.head_comment, row.head_revision),
        standing=standing,
        state=row.state,
        drafts_written=row.drafts_written,
        turn_count=row.turn_count,
        since=row.since,
        due_at=row.due_at,
        pauses=pauses_of(row.pauses),
        fired=_moments_of(row.fired),
        escalation=escalation_of(row.escalation),
        calendar=row.calendar,
        raised_to=row.raised_to,
        casework=casework_of(row.assignee, row.casework),
    )


def pauses_json(pauses: tuple[Pause, ...]) -> str:
    return as_json([pause_body(pause) for pause in pauses])


def pause_body(pause: Pause) -> dict[str, Any]:
    """A pause as it is stored and shown."""
    return {
        "number": pause.number,
        "reason": pause.reason,
        "started_at": pause.started_at.isoformat(),
        "until": pause.until and pause.until.isoformat(),
        "ended_at": pause.ended_at and pause.ended_at.isoformat(),
        "by": pause.by,
    }


def pauses_of(column: Any) -> tuple[Pause, ...]:
    moments = ("started_at", "until", "ended_at")
    found = [{**each, **{name: _moment(each[name]) for name in moments}} for each in from_json(column)]
    return tuple(Pause(**each) for each in found)


def escalation_json(escalation: Escalation | None) -> str | None:
    if escalation is None:
        return None
    return as_json({"level": escalation.level, "owner": escalation.owner, "at": escalation.at.isoformat()})


def escalation_of(column: Any) -> Escalation | None:
    found = from_json(column)
    return found and Escalation(found["level"], found["owner"], datetime.fromisoformat(found["at"]))


def moments_json(moments: Mapping[Any, datetime]) -> str:
    return as_json({name: moment.isoformat() for name, moment in moments.items()})


def deadlines_of(column: Any) -> Deadlines | None:
    return None if column is None else _moments_of(column)


def _moments_of(column: Any) -> dict[Any, datetime]:
    return {name: datetime.fromisoformat(moment) for name, moment in from_json(column).items()}


def _moment(said: str | None) -> datetime | None:
    return None if said is None else datetime.fromisoformat(said)


def turn_of(row: Any) -> Turn:
    return Turn(
        comment=row.comment,
        revision=row.revision,
        native_id=row.native_id,
        author=Author(id=row.author_id, name=row.author_name, handle=row.author_handle),
        text=row.text,
        language=row.language,
        public=row.public,
        visibility=row.visibility,
        hidden=row.hidden,
        sent_at=row.sent_at,
        received_at=row.received_at,
        decision=decision_of(row.decision),
        state=row.state,
        number=row.number,
        issue=row.issue,
        answered_at=row.answered_at,
        deadlines=deadlines_of(row.deadlines),
        response=row.response,
        window_ends_at=row.window_ends_at,
        subject_line=row.subject_line,
    )


def earlier_of(column: Any) -> dict[str, Earlier]:
    """An author's comments before, by their ids, the oldest first; of each at its latest revision."""
    return {
        comment: Earlier(kind, disposition, tuple(topics), line, state, reach, datetime.fromisoformat(at))
        for comment, kind, disposition, topics, line, state, reach, at in from_json(column)
    }
