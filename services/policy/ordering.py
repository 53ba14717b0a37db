"""What officers do with orders: ask for one, consent, refuse, withdraw. The last consent carries it out.

The machinery is that of submissions; what is added is the case. Whoever refuses what somebody else approved does not
decide against them: it goes one level up.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from services.policy import outdating, submissions
from services.policy.desk import Desk
from services.policy.domain.clearance.approvals import NotYourAuthority, StaleDigest
from services.policy.domain.clearance.deciders import judging
from services.policy.domain.clearance.orders import CommentGone, NotStanding, lifted_to
from services.policy.domain.clearance.orders_told import announcement
from services.policy.domain.clearance.submissions import Matter, Submission, SubmissionNotOpen
from services.policy.domain.deciding.routing import post_on
from services.policy.domain.scales import Specialism, raised
from services.policy.ports import Act
from services.policy.submissions import Done

_ON_RECORD: Mapping[Matter, tuple[str, ...]] = {
    "moderation": ("action", "rule", "revision", "reason"),
    "correction": ("original", "text", "language", "reason"),
    "retraction": ("original", "reason"),
}
"""What of an order's content goes on the audit trail. A citizen's words stay where they can be erased."""


@dataclass(frozen=True)
class OrderDesk:
    """An officer's desk, and the orders of the case that is on it."""

    desk: Desk
    orders: tuple[Submission, ...]

    def of(self, matter: Matter, subject: str, state: str) -> list[Submission]:
        """The orders about one comment or response that are in a state."""
        return [each for each in self.orders if (each.matter, each.subject, each.state) == (matter, subject, state)]


def put_up(at: OrderDesk, new: Submission) -> Submission:
    """Ask for an order; an older open one about the same gives way. Raises a Refusal: NotYourAuthority for one without
    any mandate."""
    desk, response = at.desk, new.subject
    if not desk.decider.mandates:
        raise NotYourAuthority
    if new.matter == "correction" and at.of("retraction", response, "cleared"):
        raise NotStanding("retracting")
    if new.matter == "retraction" and (under_way := at.of("retraction", response, "cleared")):
        return under_way[0]
    for earlier in at.of(new.matter, new.subject, "open"):
        _keep(desk, submissions.supersede(earlier, new, desk.now))
    done = submissions.put_up(new, desk.decider, desk.policy)
    said = {name: new.content[name] for name in _ON_RECORD[new.matter] if new.content[name] is not None}
    acts = tuple(replace(act, details={**act.details, "case": new.case, **said}) for act in done.acts)
    return _keep(desk, Done(done.submission, acts))


def approve(at: OrderDesk, order: Submission, digest: str) -> Submission:
    """Take the highest approval that the officer may; with the last step it is carried out. Raises a Refusal; pressing
    twice changes nothing."""
    desk = at.desk
    return _consent(at, order, lambda found: submissions.approve(found, desk.decider, digest, desk.policy, desk.now))


def sign_off(at: OrderDesk, order: Submission, kind: Specialism, digest: str) -> Submission:
    """Vouch for it as a specialist. Raises a Refusal; pressing twice changes nothing."""
    desk = at.desk
    return _consent(
        at, order, lambda found: submissions.sign_off(found, desk.decider, kind, digest, desk.policy, desk.now)
    )


def send_back(at: OrderDesk, order: Submission, reason: str) -> Submission:
    """It is not done as it is; whoever wants it asks again. Raises a Refusal."""
    return _keep(at.desk, submissions.send_back(order, at.desk.decider, reason, at.desk.now))


def refuse(at: OrderDesk, order: Submission, digest: str, reason: str) -> Submission:
    """Say no to it: it is over or, where somebody approved it, one level up. Raises a Refusal."""
    desk = at.desk
    order = _as_it_stands(desk, order)
    mandate = judging(order, desk.decider)
    if digest != order.digest:
        raise StaleDigest(order.digest)
    about = {"submission": order.id, "number": order.number, "digest": order.digest, "reason": reason}
    desk.work.note(Act.by(mandate, desk.agency, f"{order.matter}.refused", order.subject, **about))
    if not any(step.taken and step.kind == "approval" for step in order.steps):
        return _keep(desk, Done(order.ended("returned", desk.now, desk.subject, reason)))
    asked = (step.level for step in order.steps if step.kind == "approval")
    level = raised(max(order.level, *asked), 1)
    higher = lifted_to(order, level).bound(desk.policy)
    desk.pass_up("disagreement", post_on(desk.policy.policy, level, order.weight.topics, desk.now), level)
    told = {"submission": order.id, "reason": "disagreement", "to": level, "refusals": [f"{mandate.post}: {reason}"]}
    return _keep(
        desk, Done(higher, (Act.by(mandate, desk.agency, f"{order.matter}.passed_up", order.subject, **told),))
    )


def withdraw(at: OrderDesk, order: Submission, reason: str) -> Submission:
    """Ask no longer for it, as long as it is not carried out. Raises a Refusal."""
    if order.state == "cleared":
        raise SubmissionNotOpen(order.state)
    return _keep(at.desk, submissions.withdraw(order, at.desk.decider, reason, at.desk.now))


def _consent(at: OrderDesk, order: Submission, act: Callable[[Submission], Done]) -> Submission:
    desk = at.desk
    before = order.state
    done = act(_as_it_stands(desk, order) if before == "open" else order)
    kept = _keep(desk, done)
    if kept.state == "cleared" and before == "open":
        _carry_out(at, kept)
    return kept


def _as_it_stands(desk: Desk, order: Submission) -> Submission:
    if order.state != "open":
        raise SubmissionNotOpen(order.state)
    if order.matter == "moderation":
        turn = desk.case.turn_of(order.subject)
        if turn is None or turn.state == "deleted":
            raise CommentGone
    return outdating.bind(order, desk.case, desk.policy, desk.work)


def _carry_out(at: OrderDesk, order: Submission) -> None:
    desk = at.desk
    desk.work.stage(announcement(order, desk.case, desk.now))
    if order.matter == "retraction":
        for open_correction in at.of("correction", order.subject, "open"):
            outdating.void(open_correction, "retracted", desk.work, desk.now)


def _keep(desk: Desk, done: Done) -> Submission:
    desk.work.keep_order(done.submission)
    for act in done.acts:
        desk.work.note(act)
    return done.submission
