"""Whether a rule holds whenever another one does, condition by condition.

Only what is certain counts: each condition of the one must follow from a condition of the other at the moment at which
it is looked at. Sensitivity and damage only ever grow while rules are read, so what is still low, or still undecided,
was so before.
"""

from collections.abc import Callable, Mapping
from typing import Any

from services.policy.domain.policies import Policy, Rule
from services.policy.domain.when import When

Follows = Callable[[When, When, Policy], bool]


def holds_whenever(rule: Rule, other: Rule, policy: Policy) -> bool:
    """Whether ``rule``, read before ``other``, certainly holds where ``other`` does."""
    when = rule.when
    stated = [name for name in when.model_fields_set if getattr(when, name) not in ((), None, {})]
    return all(name in _FOLLOWS and _FOLLOWS[name](when, other.when, policy) for name in stated)


def _among(name: str) -> Follows:
    """One of the values asked for, where the other asks for one of fewer."""
    return lambda when, other, policy: (
        bool(getattr(other, name)) and set(getattr(other, name)) <= set(getattr(when, name))
    )


def _spared(name: str) -> Follows:
    return lambda when, other, policy: set(getattr(when, name)) <= set(getattr(other, name))


def _same(name: str) -> Follows:
    return lambda when, other, policy: getattr(other, name) == getattr(when, name)


def _no_less(name: str) -> Follows:
    return lambda when, other, policy: getattr(other, name) is not None and getattr(other, name) >= getattr(when, name)


def _no_more(name: str) -> Follows:
    return lambda when, other, policy: getattr(other, name) is not None and getattr(other, name) <= getattr(when, name)


def _of_topics(has: Callable[[Any, When], bool]) -> Follows:
    """What every topic that the other names has."""
    return lambda when, other, policy: bool(other.topic) and all(has(policy.topic(each), when) for each in other.topic)


def _either(*ways: Follows) -> Follows:
    return lambda when, other, policy: any(way(when, other, policy) for way in ways)


def _where(wanted: str, ways: Follows) -> Follows:
    """The same, or where the condition is that something is so, what else brings it about."""
    return _either(
        _same(wanted), lambda when, other, policy: getattr(when, wanted) is True and ways(when, other, policy)
    )


def _touches_one(when: When, other: When, policy: Policy) -> bool:
    return bool(other.topic or other.closed or other.competence or other.embargoed or other.admitted or other.line_fits)


def _is_surge(when: When, other: When, policy: Policy) -> bool:
    return (other.same_issue_at_least or 0) >= policy.same_issue.surge_at


def _spends_the_budget(when: When, other: When, policy: Policy) -> bool:
    return (other.turn_at_least or 0) >= policy.conversation.turns


def _is_prominent(when: When, other: When, policy: Policy) -> bool:
    reach = policy.reach
    spreads = (other.seen_by_at_least or 0) >= reach.usual * reach.times
    return spreads or (other.followers_at_least or 0) >= reach.great_following


def _phrases(when: When, other: When, policy: Policy) -> bool:
    ours = {text for texts in when.phrase.values() for text in texts}
    theirs = {text for texts in other.phrase.values() for text in texts}
    return (
        bool(theirs)
        and theirs <= ours
        and all(set(texts) <= set(when.phrase.get(language, ())) for language, texts in other.phrase.items())
    )


def _private(when: When, other: When, policy: Policy) -> bool:
    if isinstance(when.private_data, bool):
        return bool(other.private_data) == when.private_data and other.private_data is not None
    return isinstance(other.private_data, tuple) and set(other.private_data) <= set(when.private_data or ())


_FOLLOWS: Mapping[str, Follows] = {
    **{
        name: _among(name)
        for name in ("kind", "topic", "pattern", "language", "platform", "author", "author_kind", "earlier_kind")
    },
    "earlier_disposition": _among("earlier_disposition"),
    "drift": _among("drift"),
    "judged": _among("judged"),
    "closed": _either(_among("closed"), _of_topics(lambda topic, when: topic.closed in when.closed)),
    "not_kind": _spared("not_kind"),
    "not_topic": _spared("not_topic"),
    "confidence_at_least": _no_less("confidence_at_least"),
    "unsure": _same("unsure"),
    "any_topic": _where("any_topic", _touches_one),
    "embargoed": _same("embargoed"),
    "admitted": _where("admitted", _of_topics(lambda topic, when: topic.admitted)),
    "competence": _same("competence"),
    "phrase": _phrases,
    "private_data": _private,
    "public": _same("public"),
    "echo": _same("echo"),
    "turn_at_least": _no_less("turn_at_least"),
    "budget_spent": _where("budget_spent", _spends_the_budget),
    "seen_by_at_least": _no_less("seen_by_at_least"),
    "seen_by_at_most": _no_more("seen_by_at_most"),
    "followers_at_least": _no_less("followers_at_least"),
    "prominent": _where("prominent", _is_prominent),
    "same_issue_at_least": _no_less("same_issue_at_least"),
    "surge": _where("surge", _is_surge),
    "older_than_days": _no_less("older_than_days"),
    "period": _same("period"),
    "sensitivity_at_least": _of_topics(lambda topic, when: topic.sensitivity >= when.sensitivity_at_least),
    "damage_at_least": _of_topics(lambda topic, when: topic.worst >= when.damage_at_least),
    "sensitivity_at_most": _no_more("sensitivity_at_most"),
    "damage_at_most": _no_more("damage_at_most"),
    "undecided": lambda when, other, policy: when.undecided is True and other.undecided is True,
    "line_fits": lambda when, other, policy: when.line_fits is True and other.line_fits is True,
}
"""By the field of ``When``; a condition that is not here follows from nothing."""
