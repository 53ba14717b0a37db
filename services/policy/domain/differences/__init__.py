"""What differs between two versions of a policy, in sentences for whoever is to adopt the new one.

One sentence a difference, grouped by section in the order in which a policy is read. Nothing that changes a decision
is left out: two policies without a difference here have the same content.
"""

from collections.abc import Callable, Iterator

from services.policy.domain.differences.figures import clocks, floor, ladder, scales, singles
from services.policy.domain.differences.lines_and_posts import circumstances, lines, posts
from services.policy.domain.differences.rules import rules
from services.policy.domain.differences.told import Change, Difference
from services.policy.domain.differences.vocabulary import kinds, topics
from services.policy.domain.policies import Policy

__all__ = ["Change", "Difference", "clocks", "differences", "kinds", "rules", "topics"]

_SECTIONS: tuple[Callable[[Policy, Policy], Iterator[Difference]], ...] = (
    singles,
    scales,
    floor,
    ladder,
    clocks,
    topics,
    kinds,
    rules,
    lines,
    circumstances,
    posts,
)


def differences(before: Policy, now: Policy) -> list[Difference]:
    """What ``now`` says otherwise than ``before``; nothing for two policies that are the same."""
    found = [difference for section in _SECTIONS for difference in section(before, now)]
    return found or ([] if before == now else [_ORDER_ONLY])


_ORDER_ONLY = Difference("policy", "order", "changed", "Only the order in which things are written differs.")
