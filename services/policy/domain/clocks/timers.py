"""Timers: what is to happen to a case when a deadline has come, if it is not answered by then."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from services.policy.domain.clocks.response_clock import DeadlineKind, Deadlines

TimerKind = Literal["acknowledge", "holding", "escalate", "near_breach", "to_head", "breach"]

_RUNG_BY: Mapping[DeadlineKind, TimerKind] = {
    "acknowledge": "acknowledge",
    "holding": "holding",
    "escalate": "escalate",
    "near_breach": "near_breach",
    "to_head": "to_head",
    "answer": "breach",
}


@dataclass(frozen=True, slots=True)
class Timer:
    """``turn`` is the number of the turn whose deadline it is: the one of the case that has the earliest."""

    kind: TimerKind
    turn: int
    due_at: datetime


def earliest(waiting: Iterable[tuple[int, Deadlines]], fired: Mapping[Any, datetime]) -> list[Timer]:
    """The timers of a case whose waiting turns have these deadlines, one of a kind.

    ``fired`` says when each kind went off last: a deadline that had come by then is done with, one that came later
    (another turn's) is not.
    """
    found: dict[TimerKind, Timer] = {}
    for number, deadlines in waiting:
        for kind, due_at in deadlines.items():
            rung = _RUNG_BY.get(kind)
            if rung is None or (rung in fired and due_at <= fired[rung]):
                continue
            if rung not in found or due_at < found[rung].due_at:
                found[rung] = Timer(rung, number, due_at)
    return sorted(found.values(), key=lambda each: each.due_at)
