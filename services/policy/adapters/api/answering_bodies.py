"""How the map of who can answer, its holes, and what would have waited read over HTTP."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.policy.domain.answering.drills import Released, Waited
from services.policy.domain.answering.holes import Hole
from services.policy.domain.answering.maps import AnsweringMap, RowOverTime
from services.policy.domain.answering.remedies import Remedy
from services.policy.domain.answering.subjects import Row
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.presence import Offered
from shared.clock import rfc3339

MOST_HOLES = 300
"""Shown in one answer; the next ones first."""

_MINUTE = timedelta(minutes=1)


def span(start: datetime, end: datetime, policy: PolicyInForce) -> dict[str, Any]:
    """From when to when, and where."""
    return {"time_zone": policy.time.zone, "from": rfc3339(start), "until": rfc3339(end)}


def row_over_time(found: RowOverTime, of: AnsweringMap) -> dict[str, Any]:
    """A row with its stretches."""
    stretches = [
        {
            "from": rfc3339(each.from_),
            "until": rfc3339(each.until),
            "answerable": each.missing is None,
            "missing": each.missing,
        }
        for each in of.stretches(found)
    ]
    steps = [{"kind": step.kind, "level": step.level, "specialism": step.specialism} for step in found.row.path.steps]
    return {**_row(found.row), "around_the_clock": found.row.around_the_clock, "steps": steps, "stretches": stretches}


def holes(offered: Sequence[Offered], total: int, policy: PolicyInForce) -> dict[str, Any]:
    """Holes with what is offered for each, and how many more there are."""
    shown = [_hole(each.hole, each.remedy, policy) for each in offered]
    return {"holes": shown, "holes_left_out": total - len(shown)}


def released(
    waited: Sequence[Waited], looked_at: tuple[Sequence[Released], int], begins: datetime, ends: datetime
) -> dict[str, Any]:
    """Which answers of a time that has passed would have waited. ``looked_at``: those through the hands of the absent,
    and how many there were in all."""
    return {
        "from": rfc3339(begins),
        "until": rfc3339(ends),
        "in_all": looked_at[1],
        "through_their_hands": len(looked_at[0]),
        "waited": [
            {
                "case": each.released.case,
                "draft": each.released.draft,
                "released_at": rfc3339(each.released.released_at),
                "sensitivity": each.released.weight.sensitivity,
                "damage": each.released.weight.damage,
                "topics": list(each.released.weight.topics),
                "by_them": list(each.by_them),
            }
            for each in waited
        ],
    }


def _hole(hole: Hole, remedy: Remedy | None, policy: PolicyInForce) -> dict[str, Any]:
    zone = ZoneInfo(policy.time.zone)
    return {
        **_row(hole.row),
        "from": rfc3339(hole.from_),
        "until": hole.until and rfc3339(hole.until),
        "local": {
            "from": hole.from_.astimezone(zone).isoformat(),
            "until": hole.until and hole.until.astimezone(zone).isoformat(),
        },
        "minutes": hole.felt_for // _MINUTE,
        "missing": hole.missing,
        "delegation": remedy and _delegation(remedy, policy.policy.agency),
    }


def _delegation(remedy: Remedy, agency: str) -> dict[str, Any]:
    asked, by = remedy.asked, remedy.delegator
    return {
        "delegator": {"subject": by.subject, "post": by.post},
        "closes": remedy.closes,
        "body": {
            "agency": agency,
            "delegate": {"subject": asked.delegate},
            "ceiling": {"sensitivity": asked.ceiling.sensitivity, "damage": asked.ceiling.damage},
            "level": asked.level,
            "topics": list(asked.topics),
            "specialisms": list(asked.specialisms),
            "from": rfc3339(asked.from_),
            "until": rfc3339(asked.until),
        },
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "topics": list(row.topics),
        "kinds": list(row.kinds),
        "sensitivities": list(row.sensitivities),
        "level": row.level,
    }
