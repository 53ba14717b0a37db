"""Clear once, answer many: what goes out by an answer that was cleared for all who ask the same.

Each thread gets its own response, in the language in which it was asked and in the variant for its platform where there
is one, all under one clearance. Whoever does not fit
is taken out with the reason and goes the normal way; the limits hold; nothing goes out while the languages differ, nor
where a blackout or a crisis lasts, nor once the policy asks for a higher level than that on which it was cleared.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.policy.domain.clearance import lengths, releases
from services.policy.domain.clearance.answers import Answer, Misfit, exceeds
from services.policy.domain.clearance.approvals import NotYourAuthority
from services.policy.domain.clearance.cases import Case
from services.policy.domain.clearance.deciders import Decider
from services.policy.domain.clearance.submissions import Submission, level_of
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.ports import PARLEY, Act, FactsGate, Work

_SILENT_PERIODS = frozenset({"blackout", "crisis"})


@dataclass(frozen=True, slots=True)
class Member:
    """What became of a case of the group: the ``response`` that it got, or the reason for which it was taken out."""

    case: str
    response: str | None
    reason: Misfit | None


def misfit(
    cleared: Submission, case: Case, recused: frozenset[str], policy: PolicyInForce, now: datetime
) -> Misfit | None:
    """Why a case of the group is not answered by what was put up, or None. ``recused``: who stepped aside from it."""
    reason = Answer.of(cleared).misfit(case, cleared.agency, policy.time.working, now)
    if reason is None and exceeds(case, cleared):
        return "above_clearance"
    if reason is None and any(step.taken and step.taken.officer in recused for step in cleared.steps):
        return "recused"
    return reason or _unsendable(cleared, case, policy, now)


def _unsendable(cleared: Submission, case: Case, policy: PolicyInForce, now: datetime) -> Misfit | None:
    """Why the platform would not take the answer to a case that it fits, or None."""
    if (window := case.window_ends_at) is not None and window <= now:
        return "window_closed"
    return "does_not_fit" if lengths.misfits([case], Answer.of(cleared).said_on, policy.policy.replies.split) else None


def may_go_out(cleared: Submission, gate: FactsGate, policy: PolicyInForce, now: datetime) -> bool:
    """Whether anything goes out by it now: not before an embargo ends, nor where the languages differ after all, nor
    while the policy of this moment asks for a higher level than that on which it was cleared."""
    embargoed = Answer.of(cleared).is_embargoed(policy.policy, now)
    outgrown = level_of(cleared.need.weight, policy.policy) > cleared.level
    held = embargoed or outgrown or bool(gate.differences(cleared.wordings))
    return cleared.state == "cleared" and not held


def is_silent(platform: str, policy: PolicyInForce, now: datetime) -> bool:
    """Whether nothing that was cleared before goes out on a platform now: a blackout or a crisis lasts there."""
    return not _SILENT_PERIODS.isdisjoint(policy.periods(platform, now))


def silent_platforms(policy: PolicyInForce, now: datetime) -> list[str]:
    """Those of the platforms which periods name on which nothing goes out now."""
    named = {platform for period in policy.policy.periods for platform in period.platforms}
    return sorted(platform for platform in named if is_silent(platform, policy, now))


def is_over(cleared: Submission, answered: int, now: datetime) -> bool:
    """Whether one of its limits is reached."""
    answer = Answer.of(cleared)
    return answered >= answer.threads or now >= answer.until


def end(cleared: Submission, answered: int, work: Work, now: datetime) -> Submission:
    """Its limits are reached: what comes now goes the normal way."""
    details = {"submission": cleared.id, "number": cleared.number, "threads": answered}
    work.note(Act(cleared.agency, PARLEY, "answer.ended", cleared.subject, details=details))
    return cleared.ended("ended", now, PARLEY)


def answer(
    cleared: Submission,
    cases: Iterable[Case],
    recused: dict[str, frozenset[str]],
    answered: int,
    policy: PolicyInForce,
    work: Work,
    now: datetime,
) -> list[Member]:
    """Answer these cases, oldest first, as far as they fit and the limit reaches; what became of each. Where nothing
    may be said now, a case is neither answered nor taken out."""
    members, limit = [], Answer.of(cleared).threads
    for case in cases:
        if answered >= limit:
            break
        if is_silent(case.thread.platform, policy, now):
            continue
        reason = misfit(cleared, case, recused.get(case.id, frozenset()), policy, now)
        if reason is None:
            members.append(_release(cleared, case, policy, work, now))
            answered += 1
        else:
            members.append(_take_out(cleared, case, reason, work))
    return members


def merge(issue: str, into: str, agency: str, decider: Decider) -> Act:
    """Say that two issues are one matter: what is put up from now on is for both. Raises NotYourAuthority for one
    without any mandate."""
    if not decider.mandates:
        raise NotYourAuthority
    return Act.by(decider.mandates[0], agency, "issue.merged", into, issue=issue)


def _release(cleared: Submission, case: Case, policy: PolicyInForce, work: Work, now: datetime) -> Member:
    text = Answer.of(cleared).said_on(case.thread.platform, case.unanswered[-1].decision.language)
    assert text is not None
    response = releases.by_answer(case, cleared, text, policy.policy.replies.split, now)
    case.settle()
    work.keep(case)
    work.release(response)
    details = {
        "response": response.response,
        "clearance": cleared.id,
        "issue": cleared.subject,
        "answer": cleared.number,
        "digest": cleared.digest,
        "authorisations": [f"{each.kind} {each.post} {each.level}" for each in response.authorisations],
    }
    work.note(Act(cleared.agency, PARLEY, "response.released", case.id, details=details))
    return Member(case.id, response.response, None)


def _take_out(cleared: Submission, case: Case, reason: Misfit, work: Work) -> Member:
    details = {"clearance": cleared.id, "issue": cleared.subject, "answer": cleared.number, "reason": reason}
    work.note(Act(cleared.agency, PARLEY, "answer.taken_out", case.id, details=details))
    return Member(case.id, None, reason)
