"""What a cleared order announces: the event by which it is carried out."""

from datetime import datetime
from typing import Any

from services.policy.domain.clearance.cases import Case
from services.policy.domain.clearance.releases import consents
from services.policy.domain.clearance.submissions import Submission
from shared.events import Authorisation, ModerationOrdered, ResponseCorrected, ResponseRetracted

OrderEvent = ModerationOrdered | ResponseCorrected | ResponseRetracted


def announcement(order: Submission, case: Case, now: datetime) -> OrderEvent:
    """The event of an order whose every step was taken."""
    said = order.content
    match order.matter:
        case "moderation":
            names = ("comment", "native_id", "action", "rule", "text", "author")
            told = {name: said[name] for name in names}
            return ModerationOrdered(order=order.id, ordered_at=now, **told, **_cleared(order, case))
        case "correction":
            words = {"text": said["text"], "language": said["language"]}
            return ResponseCorrected(correction=order.id, corrected_at=now, **words, **_putting_right(order, case))
        case "retraction":
            return ResponseRetracted(retraction=order.id, retracted_at=now, **_putting_right(order, case))
    raise AssertionError(f"{order.matter} is no order")


def _putting_right(order: Submission, case: Case) -> dict[str, Any]:
    return {"response": order.subject, "account_agency": case.asked, **_cleared(order, case)}


def _cleared(order: Submission, case: Case) -> dict[str, Any]:
    thread = case.thread
    return {
        "agency": thread.agency,
        "platform": thread.platform,
        "account": thread.account,
        "thread": thread.thread,
        "case": case.id,
        "reason": order.content["reason"],
        "level": order.level,
        "digest": order.digest,
        "policy_version": order.policy_version,
        "authorisations": consents(order.steps) or (_of_the_policy(order),),
    }


def _of_the_policy(order: Submission) -> Authorisation:
    """The standing authority of the policy, which asks for nobody's consent."""
    assert order.cleared_at is not None
    return Authorisation(
        kind="standing",
        officer=order.author,
        post=f"policy {order.policy_version}",
        level=order.level,
        at=order.cleared_at,
    )
