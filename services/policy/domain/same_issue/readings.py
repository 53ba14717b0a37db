"""A comment as a policy reads it: once, before its case and its issue are looked for."""

from typing import NamedTuple, Self

from services.policy.domain.comments import Comment
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.same_issue.likeness import Likeness, likeness
from services.policy.domain.triage.sorting import Sorted
from shared.events import CommentText


class Reading(NamedTuple):
    """What a comment says, what triage saw in it, what it is compared by, and the policy that read it so."""

    comment: Comment
    seen: Sorted
    likeness: Likeness | None
    policy: PolicyInForce

    @classmethod
    def of(cls, event: CommentText, policy: PolicyInForce) -> Self:
        """Read an event's comment by a policy."""
        comment = Comment.from_event(event)
        seen = policy.sort(comment)
        return cls(comment, seen, likeness(comment, seen, policy.policy), policy)
