"""The review that a release by one authority has to stand: who may make it, and until when.

Danger to life may leave no time for a second person before the release; so there is always one after it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from services.policy.domain.authority.mandates import Mandate
from services.policy.domain.clearance.approvals import NotYourAuthority, Refusal
from services.policy.domain.clearance.deciders import Decider
from services.policy.domain.scales import Level

Finding = Literal["upheld", "faulted"]

REVIEWED_WITHIN = timedelta(hours=24)


class ReviewedAlready(Refusal):
    """This release was reviewed before."""


class OwnRelease(NotYourAuthority):
    """Who wrote or released it cannot review it."""


@dataclass(frozen=True, slots=True)
class Review:
    """The duty to look again at what one authority released, and what was found.

    ``reminded_at``: it was overdue, and the next level was told.
    """

    id: str
    agency: str
    case: str
    response: str
    draft: int
    author: str
    released_by: str
    post: str
    level: Level
    reason: str
    released_at: datetime
    due_at: datetime
    finding: Finding | None = None
    reviewed_by: str | None = None
    reviewed_at: datetime | None = None
    note: str | None = None
    reminded_at: datetime | None = None


def reviewed(review: Review, decider: Decider, finding: Finding, note: str, now: datetime) -> tuple[Review, Mandate]:
    """The review with its finding, and by what the officer made it. Raises ReviewedAlready and NotYourAuthority."""
    if decider.subject in (review.author, review.released_by):
        raise OwnRelease
    mandate = next((each for each in decider.mandates if each.level >= review.level), None)
    if mandate is None:
        raise NotYourAuthority("A release is reviewed on its own level or above.")
    if review.finding is not None:
        raise ReviewedAlready
    return replace(review, finding=finding, reviewed_by=decider.subject, reviewed_at=now, note=note), mandate
