"""What time does: warn, pass up, tell the head, note a breach; and what officers do to the clocks.

A timer goes off once. Whatever it does is written in one transaction with the mark that it went off, so a service that
was down finds what came due meanwhile and does it then. All that a citizen is sent because of time is a line that was
cleared for it and says nothing of substance: a clock running out is no reason to say what nobody cleared.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from services.policy import escalating, fitting
from services.policy.domain.authority import passing_up
from services.policy.domain.authority.mandates import Mandate
from services.policy.domain.authority.passing_up import Reach
from services.policy.domain.authority.powers import Powers
from services.policy.domain.authority.presence import Presence
from services.policy.domain.clearance import meanwhile, releases, timing
from services.policy.domain.clearance.cases import Case, Escalation, Turn
from services.policy.domain.clearance.deciders import Decider, acting
from services.policy.domain.clocks.pauses import Pause, PauseReason
from services.policy.domain.clocks.timers import Timer, TimerKind
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.scales import Level
from services.policy.ports import PARLEY, Act, Work
from shared.clock import rfc3339

HEAD: Level = "L4"


def on_timer_due(
    kind: TimerKind, case: Case, policy: PolicyInForce, work: Work, now: datetime, reach: Reach | None = None
) -> datetime | None:
    """Do what a timer of that kind is there for. The moment until which it is put off instead, if it is.

    ``reach`` is who can be told, without those who stepped aside from the case; those of the roster if None.
    Where none is due any more (the case was answered, or its deadline moved) only the case's timers are put right.
    """
    work.keep(case)
    timer = next((each for each in timing.timers(case) if each.kind == kind and each.due_at <= now), None)
    if timer is None:
        return None
    reach = reach or Reach(Presence(Powers(policy.policy.officers), policy.time))
    if kind == "escalate" and (coming := _next_hours(timer, case, policy, reach.presence, now)) is not None:
        return coming
    case.fired = {**case.fired, kind: now}
    if kind in UPWARDS:
        UPWARDS[kind](timer, case, policy, reach, work, now)
    else:
        _EFFECTS[kind](timer, case, policy, work, now)
    return None


def move_deadlines(case: Case, policy: PolicyInForce, work: Work) -> bool:
    """Derive the deadlines of an open case by the calendar of today; whether one moved."""
    moved = timing.derive(case, policy.time)
    work.keep(case)
    return moved


def record_moved(agency: str, moved: int, calendar: str, work: Work) -> None:
    """Another calendar has moved the deadlines of so many cases of an agency."""
    work.note(Act(agency, PARLEY, "deadlines.moved", agency, details={"cases": moved, "calendar": calendar}))


def pause(
    case: Case,
    decider: Decider,
    reason: PauseReason,
    until: datetime | None,
    policy: PolicyInForce,
    work: Work,
    now: datetime,
) -> Pause:
    """Stop the clocks of a case. Raises a Refusal."""
    mandate = _mandate(case, decider)
    begun = timing.pause(case, reason, until, decider.subject, policy.time, now)
    work.keep(case)
    details = {"pause": begun.number, "reason": reason, "until": until and rfc3339(until), "due_at": _due(case)}
    work.note(Act.by(mandate, case.thread.agency, "clock.paused", case.id, **details))
    return begun


def resume(case: Case, found: Pause, decider: Decider, policy: PolicyInForce, work: Work, now: datetime) -> Pause:
    """Let the clocks of a case run again. Raises a Refusal."""
    mandate = _mandate(case, decider)
    ended = timing.resume(case, found, policy.time, now)
    work.keep(case)
    details = {"pause": ended.number, "reason": ended.reason, "due_at": _due(case)}
    work.note(Act.by(mandate, case.thread.agency, "clock.resumed", case.id, **details))
    return ended


def _next_hours(timer: Timer, case: Case, policy: PolicyInForce, presence: Presence, now: datetime) -> datetime | None:
    """Until when a case waits to be passed up, if it does: till the agency works and, within its deadline, somebody
    above is there. What runs around the clock waits for nobody."""
    turn = next(turn for turn in case.waiting if turn.number == timer.turn)
    if timing.clock_of(turn, case.pauses).around_the_clock:
        return None
    if not policy.time.working.is_open(now):
        return policy.time.working.opens(now)
    above = passing_up.above(presence, _reached(case), case.weight, now)
    if above.present:
        return None
    coming = passing_up.comes(above, presence, now)
    return coming if coming is not None and case.due_at is not None and coming < case.due_at else None


def _warn(timer: Timer, case: Case, policy: PolicyInForce, work: Work, now: datetime) -> None:
    _note(timer, case, work, "clock.near_breach")
    fitting.look(case, policy, work, now)


def _breach(timer: Timer, case: Case, policy: PolicyInForce, work: Work, now: datetime) -> None:
    _note(timer, case, work, "clock.breached")


def _acknowledge(timer: Timer, case: Case, policy: PolicyInForce, work: Work, now: datetime) -> None:
    """Say that the comment has come in, unless more was said, or will be now, or it is too late to say so little."""
    turn = _turn(timer, case)
    answer_due = (turn.deadlines or {}).get("answer")
    if turn.comment in case.told or (answer_due is not None and answer_due <= now):
        return
    holding_due = any(each.kind == "holding" and each.due_at <= now for each in timing.timers(case))
    if holding_due and meanwhile.line_for("holding", case, turn, policy, now).line is not None:
        return
    doubts = _say("acknowledgement", turn, case, policy, work, now)
    if doubts:
        _note(timer, case, work, "acknowledgement.due", doubts=doubts)


def _call_for_holding_reply(timer: Timer, case: Case, policy: PolicyInForce, work: Work, now: datetime) -> None:
    """Say that an answer is being prepared; where no cleared line may say so, a person is to."""
    turn = _turn(timer, case)
    if "holding" in case.told.get(turn.comment, ()):
        return
    doubts = _say("holding", turn, case, policy, work, now)
    if doubts is not None:
        _note(timer, case, work, "holding_reply.due", **({"doubts": doubts} if doubts else {}))


def _say(
    purpose: meanwhile.Purpose, turn: Turn, case: Case, policy: PolicyInForce, work: Work, now: datetime
) -> dict[str, list[str]] | None:
    """Release the cleared line of that purpose to those who wait, in each language in which they do; where none may go
    out, what speaks against each."""
    found = meanwhile.line_for(purpose, case, turn, policy, now)
    if found.line is None:
        return found.doubts
    response = releases.meanwhile(case, turn, found.tell, found.line, found.language, policy.policy, now)
    for comment in response.comments:
        case.told.setdefault(comment, set()).add(purpose)
    work.release(response)
    cleared = found.line.cleared_by
    details = {
        "response": response.response,
        "purpose": purpose,
        "line": found.line.id,
        "post": cleared.post,
        "level": cleared.level,
        "digest": response.digest,
    }
    work.note(Act(case.thread.agency, PARLEY, "response.released", case.id, cleared.officer, details))
    others = [
        each for each in case.waiting if purpose not in case.told.get(each.comment, ()) and each not in found.tell
    ]
    return _say(purpose, others[0], case, policy, work, now) if others else None


def _escalate(timer: Timer, case: Case, policy: PolicyInForce, reach: Reach, work: Work, now: datetime) -> None:
    """The next post above whose people are there has the case from now on; where nobody stands above or all of them are
    on leave, it stays where it is. Where nobody is there, the centre is told."""
    reached = _reached(case)
    above = passing_up.above(reach.presence, reached, case.weight, now)
    if above.chosen is None:
        reason = "everybody above is on leave" if above.authorities else "nobody stands above"
        _note(timer, case, work, "case.not_escalated", reason=reason, level=reached)
    else:
        level, post = above.chosen.level, above.chosen.post
        case.escalation = Escalation(level, post, now)
        case.settle()
        escalating.announce(timer.kind, case, case.waiting, level, post, work, now)
        _note(timer, case, work, "case.escalated", level=level, post=post, **_whom(above))
    if reach.centre_duty_post is not None and not above.present:
        escalating.announce("to_centre", case, case.waiting, passing_up.CENTRE, reach.centre_duty_post, work, now)
        _note(timer, case, work, "case.centre_told", level=reached, post=reach.centre_duty_post)


def _tell_head(timer: Timer, case: Case, policy: PolicyInForce, reach: Reach, work: Work, now: datetime) -> None:
    heads = passing_up.heads(reach.presence, HEAD, case.weight, now)
    head = heads.chosen or next(iter(heads.authorities), None)
    post = head.post if head else policy.policy.ladder[HEAD].name
    escalating.announce(timer.kind, case, case.waiting, head.level if head else HEAD, post, work, now)
    _note(timer, case, work, "case.head_told", post=post, **_whom(heads))


_EFFECTS: Mapping[TimerKind, Callable[[Timer, Case, PolicyInForce, Work, datetime], None]] = {
    "acknowledge": _acknowledge,
    "holding": _call_for_holding_reply,
    "near_breach": _warn,
    "breach": _breach,
}
UPWARDS: Mapping[TimerKind, Callable[[Timer, Case, PolicyInForce, Reach, Work, datetime], None]] = {
    "escalate": _escalate,
    "to_head": _tell_head,
}
"""What tells somebody above, and so must know who is there."""


def _reached(case: Case) -> Level:
    """The level that has the case now."""
    assert case.standing is not None
    return max(case.standing.level, case.escalation.level if case.escalation else case.standing.level)


def _whom(above: passing_up.Above) -> dict[str, Any]:
    """What goes on record of whether they were there, and of those who were not."""
    told: dict[str, Any] = {} if above.present else {"present": False}
    if above.chosen is not None:
        told |= {"officer": above.chosen.subject, "instrument": above.chosen.instrument}
    told |= {"passed_over": list(above.passed_over)}
    return {name: value for name, value in told.items() if value not in (None, [])}


def _mandate(case: Case, decider: Decider) -> Mandate:
    """By what an officer acts on the clocks of a case: it is theirs, or lies on their level or below."""
    assert case.standing is not None
    return acting(decider, case.weight, case.standing.level, case.standing.owner)


def _turn(timer: Timer, case: Case) -> Turn:
    return next(turn for turn in case.waiting if turn.number == timer.turn)


def _note(timer: Timer, case: Case, work: Work, action: str, **details: Any) -> None:
    about = {"turn": timer.turn, "deadline": rfc3339(timer.due_at), "due_at": _due(case), **details}
    work.note(Act(case.thread.agency, PARLEY, action, case.id, details=about))


def _due(case: Case) -> str | None:
    return rfc3339(case.due_at) if case.due_at else None
