"""What is done about a case that comes in for people who are not there: it goes at once to the next authority who is.

Whoever is only out of office comes again, and a clock that rests with the agency waits for them; where nobody above is
there either, the case stays where it is, and its timers pass it up.
"""

from datetime import datetime

from services.policy import escalating
from services.policy.domain.authority import passing_up
from services.policy.domain.clearance import timing
from services.policy.domain.clearance.cases import Case, Escalation
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.ports import PARLEY, Act, Work
from shared.clock import rfc3339


def look(case: Case, policy: PolicyInForce, work: Work, now: datetime) -> None:
    """Pass a case up as it comes in, unless somebody on its level is there or it was passed up before."""
    presence = work.pace(case.thread.agency).presence
    if presence is None or case.standing is None or case.escalation is not None or not _runs(case, policy, now):
        return
    level = case.standing.level
    if passing_up.is_anybody_on(presence, level, case.weight, now):
        return
    above = passing_up.above(presence, level, case.weight, now)
    if above.chosen is None or not above.present:
        return
    away = dict.fromkeys([case.standing.owner, *above.passed_over])
    case.fired = {**case.fired, "nobody_there": now}
    case.escalation = Escalation(above.chosen.level, above.chosen.post, now)
    case.settle()
    work.keep(case)
    escalating.announce("escalate", case, case.waiting, case.escalation.level, case.escalation.owner, work, now)
    told = {"officer": above.chosen.subject, "instrument": above.chosen.instrument}
    details = {
        "reason": "nobody_there",
        "level": above.chosen.level,
        "post": above.chosen.post,
        "passed_over": list(away),
        "due_at": rfc3339(case.due_at) if case.due_at else None,
        **{name: value for name, value in told.items() if value is not None},
    }
    work.note(Act(case.thread.agency, PARLEY, "case.escalated", case.id, details=details))


def _runs(case: Case, policy: PolicyInForce, now: datetime) -> bool:
    """Whether a clock of somebody who waits runs now: by night only what cannot wait for the morning does."""
    clocks = [timing.clock_of(turn, case.pauses) for turn in case.waiting]
    return any(clock.around_the_clock for clock in clocks) or bool(clocks and policy.time.working.is_open(now))
