"""The clock of one turn: it starts with the receipt of the comment, and every deadline is derived from it.

A deadline is the moment at which so many minutes have passed by the agency's calendar, those within a pause not
counted. Nothing moves a deadline but another interval or another calendar: acknowledgements and holding replies do not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from services.policy.domain.clocks.agency_time import AgencyTime
from services.policy.domain.clocks.pauses import Pause
from services.policy.domain.scales import Level

DeadlineKind = Literal["acknowledge", "holding", "escalate", "near_breach", "to_head", "answer"]
Deadlines = dict[DeadlineKind, datetime]

NEAR_BREACH_PERCENT = 80
"""Of the time for an answer; when it has passed, whoever answers is warned."""

TOLD_AT_INTAKE: Level = "L4"
"""From this level on the head of the agency is told at once."""

_NAMED: tuple[DeadlineKind, ...] = ("acknowledge", "holding", "escalate", "to_head")


@dataclass(frozen=True, slots=True)
class ResponseClock:
    """``minutes`` are those of each deadline in the clock's class, in the policy version that decided; working minutes
    unless ``around_the_clock``."""

    started_at: datetime
    minutes: Mapping[DeadlineKind, int]
    around_the_clock: bool = False
    pauses: tuple[Pause, ...] = ()

    @classmethod
    def of(
        cls, started_at: datetime, times: Mapping[str, Any], level: Level, pauses: tuple[Pause, ...] = ()
    ) -> "ResponseClock":
        """The clock of a comment; ``times`` are those of a clock class, as a policy writes them."""
        answer = int(times["answer"])
        minutes: dict[DeadlineKind, int] = {kind: times[kind] for kind in _NAMED if times.get(kind) is not None}
        minutes["near_breach"] = -(-answer * NEAR_BREACH_PERCENT // 100)
        minutes["answer"] = answer
        if level >= TOLD_AT_INTAKE:
            minutes["to_head"] = 0
        return cls(started_at, minutes, bool(times.get("around_the_clock")), pauses)

    def deadlines(self, time: AgencyTime) -> Deadlines:
        """Every deadline that has a moment: none that the calendar never reaches, or that lies behind an open end."""
        found = {kind: self.deadline(kind, time) for kind in self.minutes}
        return {kind: at for kind, at in found.items() if at is not None}

    def deadline(self, kind: DeadlineKind, time: AgencyTime) -> datetime | None:
        """When that many minutes have run."""
        left = timedelta(minutes=self.minutes[kind])
        passing = time.of(self.around_the_clock)
        for start, end in self.runs(time):
            if end is None:
                return passing.reach(start, left)
            run = passing.between(start, end)
            if run >= left:
                return passing.reach(start, left)
            left -= run
        return None

    def left(self, kind: DeadlineKind, time: AgencyTime, now: datetime) -> timedelta:
        """How much of a deadline's minutes has not run by ``now``."""
        passing, left = time.of(self.around_the_clock), timedelta(minutes=self.minutes[kind])
        for start, end in self.runs(time):
            left -= passing.between(start, now if end is None else min(end, now))
        return max(left, timedelta(0))

    def runs(self, time: AgencyTime) -> Iterator[tuple[datetime, datetime | None]]:
        """From when to when the clock is not paused, in order; the last end is None unless a pause has no end."""
        start = self.started_at
        for pause in sorted(self.pauses, key=lambda each: each.started_at):
            end = pause.runs_out(time.working)
            if end is not None and end <= start:
                continue
            yield start, max(start, pause.started_at)
            if end is None:
                return
            start = end
        yield start, None
