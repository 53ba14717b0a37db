"""Timers: what is to happen to a case when a deadline has come, if it is not answered by then."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

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


def earliest(waiting: Iterable[tuple[int, Deadlines]], fired: Iterable[str]) -> list[Timer]:
    """The timers of a case whose waiting turns have these deadlines; one of a kind, and none of a kind that fired."""
    found: dict[TimerKind, Timer] = {}
    for number, deadlines in waiting:
        for kind, due_at in deadlines.items():
            rung = _RUNG_BY.get(kind)
            if rung is not None and (rung not in found or due_at < found[rung].due_at):
                found[rung] = Timer(rung, number, due_at)
    done = set(fired)
    return sorted((timer for timer in found.values() if timer.kind not in done), key=lambda each: each.due_at)
