"""The clocks of a case: those of its turns under the case's pauses, derived and told.

Done when a turn comes in, when a pause begins or ends, when an answer will not appear, and for every open case when
the agency's calendar is another one.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from services.policy.domain.clearance.cases import Case, Turn
from services.policy.domain.clocks.agency_time import AgencyTime
from services.policy.domain.clocks.carrying import carried_since
from services.policy.domain.clocks.explanations import Ending
from services.policy.domain.clocks.pauses import AlreadyPaused, ClockNotRunning, Pause, PauseOver, WrongUntil, pause_at
from services.policy.domain.clocks.pauses import PauseReason as Reason
from services.policy.domain.clocks.response_clock import ResponseClock
from services.policy.domain.clocks.timers import Timer, earliest
from shared.events import Purpose

_RUNNING = ("waiting", "watching")
_VOID = ("closed", "superseded", "deleted", "brought")


def clock_of(turn: Turn, pauses: tuple[Pause, ...]) -> ResponseClock:
    """The clock of a turn; one decided before times were kept knows only until when it is to be answered."""
    times = turn.decision.times or {"answer": turn.decision.answer_within}
    return ResponseClock.of(carried_since(times) or turn.received_at, times, turn.decision.level, pauses)


def ending_of(turn: Turn, told: Mapping[Purpose, datetime] | None = None) -> Ending:
    """What became of a turn, as its clock sees it; ``told`` is what was said while it waited."""
    return Ending(turn.answered_at, turn.state in _VOID, told or {})


def derive(case: Case, time: AgencyTime) -> bool:
    """Derive every deadline of what is open by this calendar; whether one moved."""
    moved = False
    for turn in case.turns:
        if turn.state in _RUNNING:
            deadlines = clock_of(turn, case.pauses).deadlines(time)
            moved = moved or deadlines != turn.deadlines
            turn.deadlines = deadlines
    case.calendar = time.version
    case.settle()
    return moved


def begin(case: Case, turn: Turn, time: AgencyTime) -> Pause | None:
    """Take in a turn with its clock. The pause that the citizen has ended by writing, if there was one."""
    heard = _hear(case, turn, time)
    if case.calendar != time.version:
        derive(case, time)
    if turn.state in _RUNNING:
        turn.deadlines = clock_of(turn, case.pauses).deadlines(time)
    case.add(turn)
    return heard


def left_of(turn: Turn, case: Case, time: AgencyTime, now: datetime) -> int | None:
    """The minutes that the clock of a turn still has at ``now``, none below zero; None where it has none that runs."""
    if turn.state not in _RUNNING:
        return None
    # A minute that is under way counts as left.
    return -(-clock_of(turn, case.pauses).left("answer", time, now) // timedelta(minutes=1))


def timers(case: Case) -> list[Timer]:
    """What is to happen to the case because of time; nothing where nobody waits."""
    return earliest(((turn.number, turn.deadlines or {}) for turn in case.waiting), case.fired)


def pause(case: Case, reason: Reason, until: datetime | None, by: str, time: AgencyTime, now: datetime) -> Pause:
    """Stop the clocks of the case from now on. Raises a Refusal."""
    if not case.waiting:
        raise ClockNotRunning
    if pause_at(case.pauses, now, time.working) is not None:
        raise AlreadyPaused
    if (until is None and reason == "embargo") or (until is not None and until <= now):
        raise WrongUntil
    begun = Pause(len(case.pauses) + 1, reason, now, by, until)
    case.pauses = (*case.pauses, begun)
    derive(case, time)
    return begun


def resume(case: Case, found: Pause, time: AgencyTime, now: datetime) -> Pause:
    """Let the clocks of the case run again before a pause runs out. Raises PauseOver."""
    if not found.holds_at(now, time.working):
        raise PauseOver
    ended = replace(found, ended_at=now)
    case.pauses = tuple(ended if each.number == found.number else each for each in case.pauses)
    derive(case, time)
    return ended


def _hear(case: Case, turn: Turn, time: AgencyTime) -> Pause | None:
    """The citizen whom the case waits for has written: that pause ends with the receipt."""
    waited_for = {each.author.id for each in case.waiting}
    held = pause_at(case.pauses, turn.received_at, time.working)
    if held is None or held.reason != "waiting_for_citizen" or turn.author.id not in waited_for:
        return None
    return resume(case, held, time, turn.received_at)
