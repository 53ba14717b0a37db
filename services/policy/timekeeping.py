"""What time does: warn, pass up, tell the head, note a breach; and what officers do to the clocks.

A timer goes off once. Whatever it does is written in one transaction with the mark that it went off, so a service that
was down finds what came due meanwhile and does it then. All that a citizen is sent because of time is a line that was
cleared for it and says nothing of substance: a clock running out is no reason to say what nobody cleared.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from services.policy import fitting
from services.policy.domain.authority.mandates import Mandate
from services.policy.domain.clearance import meanwhile, releases, timing
from services.policy.domain.clearance.cases import Case, Escalation, Turn
from services.policy.domain.clearance.deciders import Decider, acting
from services.policy.domain.clocks.pauses import Pause, PauseReason
from services.policy.domain.clocks.timers import Timer, TimerKind
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.roster import Officer
from services.policy.domain.scales import Level
from services.policy.ports import PARLEY, Act, Work
from shared.clock import rfc3339
from shared.events import CaseEscalated

HEAD: Level = "L4"


def on_timer_due(kind: TimerKind, case: Case, policy: PolicyInForce, work: Work, now: datetime) -> datetime | None:
    """Do what a timer of that kind is there for. The moment until which it is put off instead, if it is.

    Where none is due any more (the case was answered, or its deadline moved) only the case's timers are put right.
    """
    work.keep(case)
    timer = next((each for each in timing.timers(case) if each.kind == kind and each.due_at <= now), None)
    if timer is None:
        return None
    if kind == "escalate" and (opening := _next_hours(timer, case, policy, now)) is not None:
        return opening
    case.fired = {**case.fired, kind: now}
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


def _next_hours(timer: Timer, case: Case, policy: PolicyInForce, now: datetime) -> datetime | None:
    """When the next level works again, where it does not now: nobody is given a case at night, unless its clock runs
    at night as well."""
    turn = _turn(timer, case)
    passing = policy.time.of(timing.clock_of(turn, case.pauses).around_the_clock)
    return None if passing.is_open(now) else passing.opens(now)


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
    """Release the cleared line of that purpose to those who wait; where none may go out, what speaks against each."""
    found = meanwhile.line_for(purpose, case, turn, policy, now)
    if found.line is None:
        return found.doubts
    response = releases.meanwhile(case, turn, found.line, found.language, policy.policy.version, now)
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
    return None


def _escalate(timer: Timer, case: Case, policy: PolicyInForce, work: Work, now: datetime) -> None:
    """The next level's post has the case from now on; where nobody stands above, it stays where it is."""
    assert case.standing is not None
    reached = max(case.standing.level, case.escalation.level if case.escalation else case.standing.level)
    above = _lowest_above(case, policy, reached, now)
    if above is None:
        _note(timer, case, work, "case.not_escalated", reason="nobody stands above", level=reached)
        return
    case.escalation = Escalation(above.level, above.post, now)
    case.settle()
    _announce(timer, case, above.level, above.post, work, now)
    _note(timer, case, work, "case.escalated", level=above.level, post=above.post)


def _tell_head(timer: Timer, case: Case, policy: PolicyInForce, work: Work, now: datetime) -> None:
    heads = [officer for officer in _present(case, policy, now) if officer.level >= HEAD]
    head = min(heads, key=lambda officer: officer.level, default=None)
    post = head.post if head else policy.policy.ladder[HEAD].name
    _announce(timer, case, head.level if head else HEAD, post, work, now)
    _note(timer, case, work, "case.head_told", post=post)


_EFFECTS: Mapping[TimerKind, Callable[[Timer, Case, PolicyInForce, Work, datetime], None]] = {
    "acknowledge": _acknowledge,
    "holding": _call_for_holding_reply,
    "escalate": _escalate,
    "near_breach": _warn,
    "to_head": _tell_head,
    "breach": _breach,
}


def _lowest_above(case: Case, policy: PolicyInForce, level: Level, now: datetime) -> Officer | None:
    above = [officer for officer in _present(case, policy, now) if officer.level > level]
    return min(above, key=lambda officer: officer.level, default=None)


def _present(case: Case, policy: PolicyInForce, now: datetime) -> list[Officer]:
    """Whose post is held now and stands for what the case is about."""
    topics = _topics(case)
    return [each for each in policy.policy.officers if each.stands_for(topics) and each.holds_at(now)]


def _mandate(case: Case, decider: Decider) -> Mandate:
    """By what an officer acts on the clocks of a case: it is theirs, or lies on their level or below."""
    assert case.standing is not None
    return acting(decider, case.weight, case.standing.level, case.standing.owner)


def _turn(timer: Timer, case: Case) -> Turn:
    return next(turn for turn in case.waiting if turn.number == timer.turn)


def _topics(case: Case) -> set[str]:
    return {topic for turn in case.unanswered for topic in turn.decision.topics}


def _announce(timer: Timer, case: Case, level: Level, post: str, work: Work, now: datetime) -> None:
    assert case.standing is not None
    thread = case.thread
    work.stage(
        CaseEscalated(
            agency=thread.agency,
            platform=thread.platform,
            account=thread.account,
            thread=thread.thread,
            case=case.id,
            comments=tuple(dict.fromkeys(turn.comment for turn in case.waiting)),
            reason=timer.kind,
            level=level,
            post=post,
            owner=case.standing.owner,
            due_at=case.due_at,
            escalated_at=now,
        )
    )


def _note(timer: Timer, case: Case, work: Work, action: str, **details: Any) -> None:
    about = {"turn": timer.turn, "deadline": rfc3339(timer.due_at), "due_at": _due(case), **details}
    work.note(Act(case.thread.agency, PARLEY, action, case.id, details=about))


def _due(case: Case) -> str | None:
    return rfc3339(case.due_at) if case.due_at else None
