"""A rule's conditions as checks: what each looks at, and whether it holds.

Compiled once for each rule, so that reading a rule is a walk over a few small functions and never a look at fields
that are not there. The cheapest come first; whether a line fits, the dearest, comes last.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

from services.policy.domain.deciding.findings import Findings, Situation
from services.policy.domain.policies import Rule

Check = Callable[[Situation, Findings], bool]
Saw = Callable[[Situation, Findings], Any]


class Condition(NamedTuple):
    """One condition of a rule: its name as written in the policy, whether it holds, and what it looked at."""

    name: str
    holds: Check
    saw: Saw


def conditions_of(rule: Rule) -> tuple[Condition, ...]:
    """The conditions that ``rule`` states, in the order in which they are tried. ``line_fits`` is not among them."""
    when = rule.when
    stated = when.model_fields_set
    return tuple(
        Condition(name, make(getattr(when, name), rule.id), saw)
        for name, (make, saw) in _CONDITIONS.items()
        if name in stated and getattr(when, name) not in ((), None, {})
    )


def _any_of(saw: Saw) -> tuple[Callable[[Any, str], Check], Saw]:
    """Holds where one of the values seen is among those named."""

    def make(wanted: Any, _: str) -> Check:
        named = frozenset([wanted] if isinstance(wanted, str) else wanted)
        return lambda s, f: not named.isdisjoint(saw(s, f))

    return make, saw


def _none_of(saw: Saw) -> tuple[Callable[[Any, str], Check], Saw]:
    def make(wanted: Any, _: str) -> Check:
        named = frozenset(wanted)
        return lambda s, f: named.isdisjoint(saw(s, f))

    return make, saw


def _is(saw: Saw) -> tuple[Callable[[Any, str], Check], Saw]:
    return (lambda wanted, _: lambda s, f: saw(s, f) == wanted), saw


def _least(saw: Saw) -> tuple[Callable[[Any, str], Check], Saw]:
    """Holds where the value seen is known and no less than the one named."""

    def make(wanted: Any, _: str) -> Check:
        return lambda s, f: (value := saw(s, f)) is not None and value >= wanted

    return make, saw


def _most(saw: Saw) -> tuple[Callable[[Any, str], Check], Saw]:
    def make(wanted: Any, _: str) -> Check:
        return lambda s, f: (value := saw(s, f)) is not None and value <= wanted

    return make, saw


def _named_by_rule(what: str) -> tuple[Callable[[Any, str], Check], Saw]:
    """Holds where one of the rule's own phrases or patterns was found."""

    def make(_: Any, rule: str) -> Check:
        named = (what, rule)
        return lambda s, f: named in s.seen.conditions

    return make, lambda s, f: s.seen.words


def _private_data() -> tuple[Callable[[Any, str], Check], Saw]:
    def make(wanted: Any, _: str) -> Check:
        if isinstance(wanted, bool):
            return lambda s, f: bool(s.seen.private) == wanted
        named = frozenset(wanted)
        return lambda s, f: not named.isdisjoint(s.seen.private)

    return make, lambda s, f: s.seen.private


def _age(s: Situation, f: Findings) -> int | None:
    return None if s.comment.sent_at is None else (s.now - s.comment.sent_at) // timedelta(days=1)


_CONDITIONS: dict[str, tuple[Callable[[Any, str], Check], Saw]] = {
    "kind": _any_of(lambda s, f: s.seen.kinds),
    "not_kind": _none_of(lambda s, f: s.seen.kinds),
    "topic": _any_of(lambda s, f: s.seen.topics),
    "not_topic": _none_of(lambda s, f: s.seen.topics),
    "any_topic": _is(lambda s, f: bool(s.seen.topics)),
    "closed": _any_of(lambda s, f: s.closed),
    "phrase": _named_by_rule("phrase"),
    "pattern": _named_by_rule("pattern"),
    "private_data": _private_data(),
    "embargoed": _is(lambda s, f: s.embargoed),
    "admitted": _is(lambda s, f: s.admitted),
    "competence": _is(lambda s, f: s.competence),
    "unsure": _is(lambda s, f: s.seen.unsure),
    "confidence_at_least": _least(lambda s, f: s.seen.confidence),
    "language": _any_of(lambda s, f: s.languages),
    "platform": _any_of(lambda s, f: (s.comment.platform,)),
    "author": _any_of(lambda s, f: (s.comment.author, s.comment.handle)),
    "author_kind": _any_of(lambda s, f: s.author_kinds),
    "public": _is(lambda s, f: s.comment.public),
    "echo": _is(lambda s, f: s.comment.echo),
    "turn_at_least": _least(lambda s, f: s.history.turn),
    "earlier_kind": _any_of(lambda s, f: s.history.earlier_kinds),
    "earlier_disposition": _any_of(lambda s, f: s.history.earlier_dispositions),
    "judged": _any_of(lambda s, f: (s.history.judged,)),
    "seen_by_at_least": _least(lambda s, f: s.comment.reach),
    "seen_by_at_most": _most(lambda s, f: s.comment.reach),
    "followers_at_least": _least(lambda s, f: s.comment.followers),
    "prominent": _is(lambda s, f: s.prominent),
    "same_issue_at_least": _least(lambda s, f: s.history.same_issue),
    "surge": _is(lambda s, f: s.surge),
    "older_than_days": _least(_age),
    "period": _any_of(lambda s, f: s.periods),
    "sensitivity_at_least": _least(lambda s, f: f.sensitivity),
    "sensitivity_at_most": _most(lambda s, f: f.sensitivity),
    "damage_at_least": _least(lambda s, f: f.damage),
    "damage_at_most": _most(lambda s, f: f.damage),
    "damage_class": _any_of(lambda s, f: [name for name, value in f.damages.items() if value > "D0"]),
    "undecided": _is(lambda s, f: f.disposition is None),
    "conflict": _is(lambda s, f: f.conflict),
}
"""By the field of ``When``, in the order of trying. ``line_fits`` needs the whole policy and stands in ``rules``."""

_SELECTIVE = ("phrase", "pattern")
_RARE = (
    "topic",
    "author",
    "closed",
    "author_kind",
    "judged",
    "earlier_kind",
    "earlier_disposition",
    "period",
    "competence",
)
_COMMON = ("kind", "platform", "language")
_FLAGS = ("echo", "surge", "prominent", "embargoed", "admitted", "unsure")
_MEASURES = {
    "followers_at_least": "followers",
    "seen_by_at_least": "reach",
    "seen_by_at_most": "reach",
}
"""What must be known of a comment before these can hold; of most it is not."""


def waits_under(rule: Rule) -> list[tuple[str, str]]:
    """Under what a rule waits until a comment has it: the values of one condition that it cannot hold without.

    Empty for a rule that may hold for any comment.
    """
    when = rule.when
    for name in _SELECTIVE:
        if getattr(when, name):
            return [(name, rule.id)]
    for flag in _FLAGS:
        if getattr(when, flag) is True:
            return [(flag, "")]
    if when.private_data:
        return [("private_data", "")]
    for name in _RARE:
        if value := getattr(when, name):
            return [(name, one) for one in ((value,) if isinstance(value, str) else value)]
    for name, measure in _MEASURES.items():
        if getattr(when, name) is not None:
            return [(measure, "")]
    for name in _COMMON:
        if value := getattr(when, name):
            return [(name, one) for one in value]
    return []


def left_to_try(rule: Rule) -> tuple[Condition, ...]:
    """The conditions of ``rule`` still open once what it waits under is there; on a conflict it waits for nothing."""
    waited_under = [] if rule.when.conflict is not None else waits_under(rule)
    proven = {name for name, _ in waited_under if name != "private_data"}
    return tuple(each for each in conditions_of(rule) if each.name not in proven)


def keys_of(situation: Situation) -> list[tuple[str, str]]:
    """Everything that a comment has, under which rules may wait."""
    seen, comment, history = situation.seen, situation.comment, situation.history
    keys: list[tuple[str, str]] = [
        *seen.conditions,
        *[("kind", kind) for kind in seen.kinds],
        *[("topic", topic) for topic in seen.topics],
        *[("closed", closed) for closed in situation.closed],
        *[("period", period) for period in situation.periods],
        *[("language", language) for language in situation.languages],
        *[("author_kind", author_kind) for author_kind in situation.author_kinds],
        *[("earlier_kind", kind) for kind in history.earlier_kinds],
        *[("earlier_disposition", disposition) for disposition in history.earlier_dispositions],
        ("platform", comment.platform),
        ("author", comment.author),
    ]
    if comment.handle is not None:
        keys.append(("author", comment.handle))
    if situation.competence is not None:
        keys.append(("competence", situation.competence))
    if history.judged is not None:
        keys.append(("judged", history.judged))
    if comment.reach is not None:
        keys.append(("reach", ""))
    if comment.followers is not None:
        keys.append(("followers", ""))
    if seen.private:
        keys.append(("private_data", ""))
    if comment.echo:
        keys.append(("echo", ""))
    if situation.surge:
        keys.append(("surge", ""))
    if situation.prominent:
        keys.append(("prominent", ""))
    if situation.embargoed:
        keys.append(("embargoed", ""))
    if situation.admitted:
        keys.append(("admitted", ""))
    if seen.unsure:
        keys.append(("unsure", ""))
    return keys


def plain(value: Any) -> Any:
    """What a condition looked at, fit for JSON."""
    if isinstance(value, (frozenset, tuple, list)):
        return sorted([str(one) for one in value if one is not None])
    return value
