"""Danger to life: one authority releases an answer at once, and somebody else reviews that within a day.

It is open only where the agency's policy says so for what was written, never silently: the next level is told in the
same moment, and again when nobody has reviewed it in time.
"""

from datetime import datetime

from services.policy.desk import Desk
from services.policy.domain.authority.mandates import Mandate
from services.policy.domain.clearance import releases
from services.policy.domain.clearance.approvals import (
    Consent,
    Draft,
    NotYourAuthority,
    Refusal,
    StaleDigest,
)
from services.policy.domain.clearance.cases import standing_of
from services.policy.domain.clearance.deciders import Decider
from services.policy.domain.clearance.reviews import REVIEWED_WITHIN, Finding, Review, reviewed
from services.policy.domain.deciding.routing import post_on
from services.policy.domain.scales import Level
from services.policy.ports import PARLEY, Act
from shared.ids import new_id

DUTY = "break_glass"
"""The duty by which a policy allows it for a comment."""

_ABOVE: dict[Level, Level] = {"L0": "L1", "L1": "L2", "L2": "L3", "L3": "L4", "L4": "L5", "L5": "L5"}
"""Who is told: above the head of the agency that is the centre."""


class NoDanger(Refusal):
    """The agency's policy does not allow one person alone to release an answer to this."""


def release(desk: Desk, digest: str, reason: str) -> Draft:
    """Let the draft out on one authority, which may be its author. Raises a Refusal; pressing twice changes nothing."""
    draft = desk.draft
    assert draft is not None
    if draft.state == "released" and digest == draft.digest:
        return draft
    draft = desk.as_it_stands()
    case = desk.case
    answered = case.answered_by(draft)
    if not all(DUTY in turn.decision.duties for turn in answered):
        raise NoDanger
    mandate = _mandate(desk, draft)
    if digest != draft.digest:
        raise StaleDigest(draft.digest)
    desk.refuse_late(draft.valid_until)
    level = _reviewed_on(desk, draft, _needed(desk, draft))
    response = releases.in_danger(case, draft, Consent.by(mandate, desk.now, draft.digest), desk.may_split, desk.now)
    review = Review(
        id=new_id("rev"),
        agency=desk.agency,
        case=case.id,
        response=response.response,
        draft=draft.number,
        author=draft.author,
        released_by=desk.subject,
        post=mandate.post,
        level=level,
        reason=reason,
        released_at=desk.now,
        due_at=desk.now + REVIEWED_WITHIN,
    )
    above = _ABOVE[mandate.level]
    desk.pass_up("break_glass", post_on(desk.policy.policy, above, draft.weight.topics, desk.now), above)
    case.end_draft("released")
    case.settle()
    desk.work.release(response)
    desk.work.open_review(review)
    desk.work.keep(case)
    details = {"draft": draft.number, "digest": digest, "response": response.response, "reason": reason}
    desk.record("response.released_at_once", mandate, review=review.id, **details)
    assert case.draft is not None
    return case.draft


def review(found: Review, decider: Decider, finding: Finding, note: str, now: datetime) -> tuple[Review, Act]:
    """Say whether a release by one authority was right. Raises a Refusal."""
    done, mandate = reviewed(found, decider, finding, note, now)
    details = {"response": found.response, "finding": finding, "note": note, "released_by": found.released_by}
    return done, Act.by(mandate, found.agency, "release.reviewed", found.case, **details)


def remind(desk: Desk, overdue: Review) -> None:
    """Nobody has reviewed a release in time: tell the level above."""
    above = _ABOVE[overdue.level]
    post = post_on(desk.policy.policy, above, (), desk.now)
    desk.pass_up("review_overdue", post, above)
    details = {"review": overdue.id, "response": overdue.response, "released_by": overdue.released_by, "post": post}
    desk.work.note(Act(desk.agency, PARLEY, "review.overdue", overdue.case, details=details))


def _needed(desk: Desk, draft: Draft) -> Level:
    return max(standing_of(desk.case.answered_by(draft)).level, desk.case.least_level)


def _reviewed_on(desk: Desk, draft: Draft, needed: Level) -> Level:
    """The level of who reviews it: that of the answer or, where nobody else stands there, the highest below."""
    others = [
        each.level
        for each in desk.policy.policy.officers
        if each.subject not in (draft.author, desk.subject) and each.holds_at(desk.now)
    ]
    return min(needed, max(others, default=needed))


def _mandate(desk: Desk, draft: Draft) -> Mandate:
    """The least borrowed mandate of the level that the answer needs. Raises NotYourAuthority."""
    level = _needed(desk, draft)
    found = [each for each in desk.decider.mandates if each.level >= level]
    if not found:
        raise NotYourAuthority(f"Alone it is released on {level} or above.")
    for mandate in found:
        if desk.decider.beyond(mandate, draft.weight) is None:
            return mandate
    obstacle = desk.decider.beyond(found[0], draft.weight)
    assert obstacle is not None
    raise obstacle
