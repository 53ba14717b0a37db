"""Builders of the tests of the map: an agency in Colombo, its people, and who is away."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from services.policy.domain.answering.holes import Hole, holes
from services.policy.domain.answering.maps import AnsweringMap
from services.policy.domain.answering.subjects import Row, rows_of
from services.policy.domain.authority.powers import Powers
from services.policy.domain.authority.presence import Leave, Presence
from services.policy.domain.deciding.decisions import PolicyInForce
from tests.policy.builders import in_force
from tests.policy.domain.random_calendars import at

DAYS = 7
TOPICS = [
    {"id": "fees", "phrases": {"en": ["fee"]}},
    {"id": "visas", "phrases": {"en": ["visa"]}, "sensitivity": "S2"},
    {"id": "trade", "phrases": {"en": ["trade"]}, "agency": "commerce"},
]
PEOPLE = [
    {"subject": "desk", "post": "Desk", "level": "L1"},
    {"subject": "desk-2", "post": "Second Desk", "level": "L1"},
    {"subject": "comms", "post": "Communications", "level": "L2", "specialisms": ["facts"]},
    {"subject": "nodal", "post": "Nodal Officer", "level": "L2"},
    {"subject": "deputy", "post": "Deputy", "level": "L3", "specialisms": ["legal", "security"]},
    {"subject": "head", "post": "Head", "level": "L4"},
]
CALENDAR = {"time_zone": "Asia/Colombo", "hours": [{"days": [1, 2, 3, 4, 5], "from": "08:30", "to": "16:30"}]}


def colombo(said: str) -> datetime:
    return at("Asia/Colombo", said)


MONDAY = colombo("2026-11-23 10:00")


def agency(officers: Iterable[dict[str, Any]] = PEOPLE, **sections: Any) -> PolicyInForce:
    return in_force(officers=list(officers), **{"calendar": CALENDAR, "topics": TOPICS, **sections})


def leave(subject: str, start: str, end: str) -> Leave:
    begins, ends = colombo(start), colombo(end)
    return Leave(f"lve_{subject}", "test-agency", subject, begins, ends, subject, begins)


def presence(policy: PolicyInForce, *leaves: Leave, **powers: Any) -> Presence:
    resting = Powers(policy.policy.officers, periods=policy.policy.periods)
    return Presence(replace(resting, **powers), policy.time, leaves)


def mapped(
    policy: PolicyInForce, there: Presence, start: datetime = MONDAY, days: int = DAYS, rows: Any = None
) -> AnsweringMap:
    return AnsweringMap(rows or rows_of(policy, there.powers), there, start, start + timedelta(days=days))


def holes_at(found: AnsweringMap, topic: str | None, sensitivity: str) -> list[Hole]:
    return [each for each in holes(found) if is_about(each.row, topic, sensitivity)]


def is_about(row: Row, topic: str | None, sensitivity: str) -> bool:
    subject = topic in row.topics if topic else not row.topics and not row.kinds
    return subject and sensitivity in row.sensitivities


def lack_at(found: AnsweringMap, topic: str | None, sensitivity: str, moment: datetime) -> str | None:
    """What there is nobody for at a moment."""
    (row,) = (each for each in found.rows if is_about(each.row, topic, sensitivity))
    (stretch,) = (each for each in found.stretches(row) if each.from_ <= moment < each.until)
    return stretch.missing
