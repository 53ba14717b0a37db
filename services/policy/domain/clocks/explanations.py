"""How a deadline came about, for a reader: from when, how many minutes, on which days they ran, and what held them up.

The state of a deadline says what became of it. What is owed to the citizen is ``met`` or ``breached``; passing up is
``met`` when it was due, and ``void`` where the answer came before. An acknowledgement is met by whatever came first, a
holding reply by itself or the answer, and the answer by nothing else.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from services.policy.domain.calendars import Worked
from services.policy.domain.clocks.agency_time import AgencyTime
from services.policy.domain.clocks.pauses import Pause, pause_at
from services.policy.domain.clocks.response_clock import DeadlineKind, ResponseClock
from services.policy.domain.roster import Holiday
from shared.events import Purpose

DeadlineState = Literal["running", "paused", "met", "breached", "void"]

_OWED: tuple[DeadlineKind, ...] = ("acknowledge", "holding", "answer")
_MET_BY: Mapping[DeadlineKind, tuple[Purpose, ...]] = {
    "acknowledge": ("acknowledgement", "holding"),
    "holding": ("holding",),
}


_PROMPT = timedelta(minutes=5)
"""What time itself sends goes out a little after it was due."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What became of a turn: ``answered_at`` once its answer was released, ``is_void`` where none is owed any more,
    ``told`` when a holding reply or an acknowledgement was released to those who waited."""

    answered_at: datetime | None = None
    is_void: bool = False
    told: Mapping[Purpose, datetime] = field(default_factory=dict)

    def met_at(self, kind: DeadlineKind) -> datetime | None:
        """When a deadline of that kind was done with."""
        if kind not in _MET_BY:
            return self.answered_at
        said = [self.told[purpose] - _PROMPT for purpose in _MET_BY[kind] if purpose in self.told]
        return min([*said, *([self.answered_at] if self.answered_at else [])], default=None)


@dataclass(frozen=True, slots=True)
class ExplainedDeadline:
    """One deadline. ``days`` has the stretches that were counted on each day, ``holidays`` the days off in between,
    ``pauses`` those that moved it; ``due_at`` is None where it has no moment."""

    kind: DeadlineKind
    minutes: int
    due_at: datetime | None
    state: DeadlineState
    days: dict[date, list[Worked]]
    holidays: list[Holiday]
    pauses: list[Pause]
    sentence: str


def explained(clock: ResponseClock, time: AgencyTime, ending: Ending, now: datetime) -> list[ExplainedDeadline]:
    """Every deadline of a clock, as they come due."""
    each = [_explained(clock, kind, time, ending, now) for kind in clock.minutes]
    return sorted(each, key=lambda one: (one.due_at is None, one.due_at or now, one.minutes))


def _explained(
    clock: ResponseClock, kind: DeadlineKind, time: AgencyTime, ending: Ending, now: datetime
) -> ExplainedDeadline:
    due_at = clock.deadline(kind, time)
    days: dict[date, list[Worked]] = defaultdict(list)
    for stretch in _counted(clock, time, due_at):
        days[stretch.day].append(stretch)
    met = [pause for pause in clock.pauses if _moved(pause, clock, time, due_at)]
    holidays = time.of(clock.around_the_clock).holidays(clock.started_at, due_at) if due_at else []
    return ExplainedDeadline(
        kind=kind,
        minutes=clock.minutes[kind],
        due_at=due_at,
        state=state_of(kind, due_at, pause_at(clock.pauses, now, time.working), ending, now),
        days=days,
        holidays=holidays,
        pauses=met,
        sentence=_sentence(clock, kind, due_at, days, holidays, met, time),
    )


def _counted(clock: ResponseClock, time: AgencyTime, due_at: datetime | None) -> Iterator[Worked]:
    for start, end in clock.runs(time):
        last = min((moment for moment in (end, due_at) if moment is not None), default=None)
        if last is not None and start < last:
            yield from time.of(clock.around_the_clock).stretches(start, last)


def _moved(pause: Pause, clock: ResponseClock, time: AgencyTime, due_at: datetime | None) -> bool:
    end = pause.runs_out(time.working)
    return (end is None or end > clock.started_at) and (due_at is None or pause.started_at < due_at)


def state_of(
    kind: DeadlineKind, due_at: datetime | None, pause: Pause | None, ending: Ending, now: datetime
) -> DeadlineState:
    """What became of a deadline by ``now``; ``pause`` is the one that holds."""
    if ending.is_void:
        return "void"
    met_at = ending.met_at(kind)
    is_past = due_at is not None and due_at <= (met_at or now)
    if met_at is not None:
        if kind in _OWED:
            return "breached" if is_past and due_at != met_at else "met"
        return "met" if is_past else "void"
    if is_past:
        return "breached" if kind in _OWED else "met"
    return "running" if pause is None else "paused"


def _sentence(
    clock: ResponseClock,
    kind: DeadlineKind,
    due_at: datetime | None,
    days: dict[date, list[Worked]],
    holidays: list[Holiday],
    met: list[Pause],
    time: AgencyTime,
) -> str:
    zone = ZoneInfo(time.zone)

    def said(moment: datetime) -> str:
        return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"

    sort = "minutes around the clock" if clock.around_the_clock else "working minutes"
    parts = [f"{clock.minutes[kind]} {sort} from {said(clock.started_at)} ({time.zone})"]
    if days:
        parts.append(", ".join(f"{minutes_of(worked):g} on {day}" for day, worked in days.items()))
    if holidays:
        parts.append("days off: " + ", ".join(f"{each.day} {each.name}" for each in holidays))
    for pause in met:
        end = pause.runs_out(time.working)
        parts.append(f"{pause.reason} from {said(pause.started_at)} to {said(end) if end else 'an open end'}")
    parts.append(f"due {said(due_at)}" if due_at else "no moment yet at which it is due")
    return "; ".join(parts) + "."


def minutes_of(stretches: list[Worked]) -> float:
    """How long these last, in minutes, to the hundredth."""
    return round(sum((each.end - each.start for each in stretches), timedelta()) / timedelta(minutes=1), 2)
