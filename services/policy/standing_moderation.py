"""Moderation under the standing authority of the policy: what its rules say needs nobody further is hidden at once.

Only that, and only out of sight: whatever anybody has ordered about a comment before is a person's business from then
on, and so is what could not be hidden.
"""

from datetime import datetime

from services.policy.domain.clearance.cases import Case, Turn
from services.policy.domain.clearance.orders import by_the_policy
from services.policy.domain.clearance.orders_told import announcement
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.ports import PARLEY, Act, Work


def carry_out(case: Case, turn: Turn, policy: PolicyInForce, work: Work, now: datetime) -> None:
    """Have a comment hidden by the policy alone; where that cannot be, it waits for a person."""
    decision = turn.decision
    if (decision.disposition, decision.level) != ("moderate", "L0"):
        return
    rule = next(
        each
        for each in policy.policy.rules
        if each.id in decision.rules and each.then.automatic and each.then.disposition == "moderate"
    )
    known = any(order.matter == "moderation" and order.subject == turn.comment for order in work.orders_of(case))
    order = None if known else by_the_policy(case, turn, rule, PARLEY, now)
    if order is None:
        turn.decision = policy.by_a_person(decision, now)
        case.settle()
        return
    work.keep_order(order)
    work.stage(announcement(order, case, now))
    details = {
        "submission": order.id,
        "number": order.number,
        "case": case.id,
        "action": "hide",
        "rule": rule.id,
        "revision": turn.revision,
        "digest": order.digest,
        "policy": order.policy_version,
        "level": order.level,
    }
    work.note(Act(order.agency, PARLEY, "moderation.cleared", turn.comment, details=details))
