"""What is done about a path that does not fit into its time: it is marked with the way out, and where there is none,
whoever acts for the head is told at once, not when the time is up.
"""

from datetime import datetime
from typing import Any

from services.policy import escalating
from services.policy.domain.authority.mandates import Basis, Mandate
from services.policy.domain.clearance.cases import Case, Mark
from services.policy.domain.clearance.paths import budget_of
from services.policy.domain.clocks.budgets import Budget, ShorterPath
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.policies import StepRule
from services.policy.domain.scales import Level
from services.policy.ports import PARLEY, Act, Work
from shared.clock import rfc3339

HEAD: Level = "L4"

_FOR_THE_HEAD: tuple[Basis, ...] = ("acting", "delegation", "post")


def look(case: Case, policy: PolicyInForce, work: Work, now: datetime) -> None:
    """Mark a case that cannot be answered in time by its path, once, and tell once that nothing can be done.

    Where no time is left of the clock, the breach says so; of a platform's window nothing else tells.
    """
    if _is_marked(case, "duty_told"):
        return
    budget = budget_of(case, policy, work.pace(case.thread.agency), now)
    if budget is None or budget.fits or not (budget.remaining or budget.window_ends_at):
        return
    if not _is_marked(case, "cannot_fit"):
        case.fired = {**case.fired, "cannot_fit": now}
        _note(case, work, "case.cannot_fit", **_told(budget))
    if budget.shorter is None:
        case.fired = {**case.fired, "duty_told": now}
        _tell_duty_officer(case, budget, policy, work, now)


def _is_marked(case: Case, mark: Mark) -> bool:
    """Whether a mark was set for one of those who wait, and not for somebody before them."""
    at = case.fired.get(mark)
    return at is not None and (case.since is None or at >= case.since)


def path_body(path: ShorterPath) -> dict[str, Any]:
    """A shorter path as it is put on record and shown."""
    return {
        "kind": path.kind,
        "in_parallel": path.in_parallel,
        "needs_minutes": path.needs,
        "stand_ins": [
            {
                "step": step_body(each.step),
                "officer": each.subject,
                "post": each.post,
                "instrument": each.instrument,
                "minutes": each.minutes,
            }
            for each in path.stand_ins
        ],
    }


def step_body(step: StepRule) -> dict[str, Any]:
    """A step as it is put on record and shown."""
    return {"kind": step.kind, "level": step.level, "specialism": step.specialism}


def _tell_duty_officer(case: Case, budget: Budget, policy: PolicyInForce, work: Work, now: datetime) -> None:
    """Whoever stands in for the head or has the head's power now, else the head."""
    assert case.standing is not None
    held = [each for each in work.pace(case.thread.agency).mandates_at(policy, now) if _is_heads(each, case)]
    acting = min(held, key=lambda each: _FOR_THE_HEAD.index(each.basis), default=None)
    post = acting.post if acting else policy.policy.ladder[HEAD].name
    escalating.announce("cannot_fit", case, case.waiting, HEAD, post, work, now)
    told = {"officer": acting.subject, "instrument": acting.instrument} if acting else {}
    _note(case, work, "case.duty_officer_told", post=post, **told, **_told(budget))


def _is_heads(mandate: Mandate, case: Case) -> bool:
    return mandate.level >= HEAD and mandate.stands_for(case.weight.topics)


def _told(budget: Budget) -> dict[str, Any]:
    return {
        "needs_minutes": budget.needs,
        "remaining_minutes": budget.remaining,
        "shorter_path": budget.shorter and path_body(budget.shorter),
        **({"window_ends_at": rfc3339(budget.window_ends_at)} if budget.window_ends_at else {}),
    }


def _note(case: Case, work: Work, action: str, **details: Any) -> None:
    due_at = rfc3339(case.due_at) if case.due_at else None
    work.note(Act(case.thread.agency, PARLEY, action, case.id, details={**details, "due_at": due_at}))
