"""Whose business a comment is: the unit that a topic names, else the post that stands on the level."""

from collections.abc import Sequence
from datetime import datetime

from services.policy.domain.policies import Policy
from services.policy.domain.scales import Level

_UNITS_ANSWER_BELOW: Level = "L3"


def owner(policy: Policy, topics: Sequence[str], level: Level, now: datetime) -> str:
    """Who answers: up to L2 the unit of the weightiest topic, above that the post on the level."""
    if level < _UNITS_ANSWER_BELOW:
        units = [topic for name in topics if (topic := policy.topic(name)).unit]
        if units:
            return max(units, key=lambda topic: topic.sensitivity).unit or ""
    return post_on(policy, level, topics, now)


def post_on(policy: Policy, level: Level, topics: Sequence[str], now: datetime) -> str:
    """The post held on ``level`` for these topics or, where nobody stands there, on the next one above."""
    standing = [
        each for each in policy.officers if each.level >= level and each.stands_for(topics) and each.holds_at(now)
    ]
    if not standing:
        return policy.ladder[level].name
    return min(standing, key=lambda officer: officer.level).post
