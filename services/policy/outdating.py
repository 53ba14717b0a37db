"""Orders that what happens meanwhile overtakes: the comment is edited or gone, the response is taken back or
will not appear."""

from datetime import datetime

from services.policy.domain.clearance.cases import Case
from services.policy.domain.clearance.orders import renewed
from services.policy.domain.clearance.submissions import Submission
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.ports import PARLEY, Act, Work


def renew(case: Case, comment: str, policy: PolicyInForce, work: Work) -> None:
    """What was approved about a comment that reads otherwise now has to be approved anew."""
    for order in work.orders_of(case):
        if order.subject == comment:
            bind(order, case, policy, work)


def drop(case: Case, comment: str, work: Work, now: datetime) -> None:
    """Nobody decides any more about a comment that is gone."""
    for order in work.orders_of(case):
        if order.matter == "moderation" and order.subject == comment and order.state == "open":
            void(order, "comment_deleted", work, now)


def drop_of(case: Case, response: str, reason: str, work: Work, now: datetime) -> None:
    """Nobody decides any more about a response that will not stand."""
    for order in work.orders_of(case):
        if order.subject == response and order.state == "open":
            void(order, reason, work, now)


def bind(order: Submission, case: Case, policy: PolicyInForce, work: Work) -> Submission:
    """Bind an open order to this moment, and put on record whose consents lapse because the comment was edited."""
    changed = renewed(order, case)
    bound = changed.bound(policy)
    if changed is order:
        return bound
    officers = [step.taken.officer for step in order.steps if step.taken]
    about = {"submission": order.id, "number": order.number, "reason": "comment_edited", "officers": officers}
    revision = {"revision": order.content["revision"], "to_revision": bound.content["revision"]}
    work.note(Act(order.agency, PARLEY, "moderation.approvals_lapsed", order.subject, details={**about, **revision}))
    work.keep_order(bound)
    return bound


def void(order: Submission, reason: str, work: Work, now: datetime) -> None:
    """An open order is over without anybody's doing."""
    work.keep_order(order.ended("withdrawn", now, PARLEY, reason))
    details = {"submission": order.id, "number": order.number, "reason": reason}
    work.note(Act(order.agency, PARLEY, f"{order.matter}.withdrawn", order.subject, details=details))
