"""How a comment may meet a rule: for each condition the ways to meet it, as the policy stands, or none.

Whether a way leads there is for a decision to say, since words say more than is wanted of them; where there is no way
at all, no comment ever will.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from itertools import islice
from typing import Any

from services.policy.domain.policies import Line, Rule
from services.policy.domain.scales import Drift, Kind
from services.policy.domain.triage.private_data import PrivateData
from services.policy.domain.witnesses.traits import AT_MOST, NONE, PRIVATE, Trait, Traits, Ways, together

_FOREIGN = ("fr", "de", "zu", "eo", "eu")
_CONTRADICTING: tuple[tuple[Kind, Kind], ...] = (("praise", "complaint"), ("praise", "abuse"), ("praise", "venting"))


def ways_to_meet(rule: Rule, at: Traits) -> dict[str, Ways]:
    """For each condition of ``rule`` that must be met by something, the ways to meet it."""
    when = rule.when
    stated = [name for name in _WAYS if name in when.model_fields_set and getattr(when, name) not in ((), None, {})]
    made = {name: _WAYS[name](at, rule) for name in stated}
    return {name: ways for name, ways in made.items() if ways is not None}


def _kind(at: Traits, rule: Rule) -> Ways:
    wanted = [kind for kind in rule.when.kind if kind not in rule.when.not_kind]
    return [way for kind in wanted[:AT_MOST] for way in at.of_kind(kind)[:3]]


def _topic(at: Traits, rule: Rule) -> Ways:
    return at.on(at.policy.topic(topic) for topic in rule.when.topic if topic not in rule.when.not_topic)


def _any_topic(at: Traits, rule: Rule) -> Ways | None:
    if not rule.when.any_topic or rule.when.topic:
        return None
    return at.on(sorted(at.policy.topics, key=lambda topic: (topic.agency is not None, topic.sensitivity)))


def _closed(at: Traits, rule: Rule) -> Ways:
    return at.on(topic for topic in at.policy.topics if topic.closed in rule.when.closed)


def _embargoed(at: Traits, rule: Rule) -> Ways | None:
    if not rule.when.embargoed:
        return None
    ends = [(topic, topic.embargo_until) for topic in at.policy.topics if topic.embargo_until is not None]
    return [
        way._replace(now=min(at.now, until - timedelta(minutes=1)))
        for topic, until in ends[:AT_MOST]
        for way in at.on([topic])
    ]


def _admitted(at: Traits, rule: Rule) -> Ways | None:
    return at.on(topic for topic in at.policy.topics if topic.admitted) if rule.when.admitted else None


def _competence(at: Traits, rule: Rule) -> Ways:
    ours = [topic for topic in at.policy.topics if topic.agency in (None, at.policy.agency)]
    others = [topic for topic in at.policy.topics if topic.agency not in (None, at.policy.agency)]
    if rule.when.competence == "elsewhere":
        return at.on(others)
    ours = ours or [topic for topic in others if topic.agency != others[0].agency]
    pairs = [(one, other) for one in ours[:AT_MOST] for other in others[:AT_MOST]]
    return [together((*at.on([one])[:1], *at.on([other])[:1])) for one, other in pairs]


def _named(what: Any) -> Callable[[Traits, Rule], Ways]:
    return lambda at, rule: [Trait((text,)) for text in at.wording.of(what, rule.id, at.language)]


def _private_data(at: Traits, rule: Rule) -> Ways | None:
    wanted = rule.when.private_data
    if not wanted:
        return None
    kinds: tuple[PrivateData, ...] = ("phone", "email") if isinstance(wanted, bool) else wanted
    return [Trait((PRIVATE[kind],)) for kind in kinds]


def _unsure(at: Traits, rule: Rule) -> Ways | None:
    if not rule.when.unsure:
        return None
    pairs = [together((*at.of_kind(one)[:1], *at.of_kind(other)[:1])) for one, other in _CONTRADICTING]
    return [*pairs, NONE]


def _confidence(at: Traits, rule: Rule) -> Ways:
    """One word of a kind is not as sure as three."""
    return [NONE, *(Trait(at.wording.of("kind", kind, at.language)) for kind in rule.when.kind[:AT_MOST])]


def _language(at: Traits, rule: Rule) -> Ways:
    foreign = next(language for language in _FOREIGN if language not in at.policy.languages)
    return [
        Trait(about={"language": foreign if language == "other" else language})
        for language in rule.when.language[:AT_MOST]
    ]


def _author_kind(at: Traits, rule: Rule) -> Ways:
    known = [each for each in at.policy.known_authors if each.kind in rule.when.author_kind]
    return [
        Trait(about={"author": each.account} | ({"platform": each.platform} if each.platform else {}))
        for each in known[:AT_MOST]
    ]


def _prominent(at: Traits, rule: Rule) -> Ways | None:
    reach = at.policy.reach
    ways = [{"followers": reach.great_following}, {"reach": reach.usual * reach.times}]
    return [Trait(about=about) for about in ways] if rule.when.prominent else None


def _surge(at: Traits, rule: Rule) -> Ways | None:
    return [Trait(before={"same_issue": at.policy.same_issue.surge_at})] if rule.when.surge else None


def _budget_spent(at: Traits, rule: Rule) -> Ways | None:
    return [Trait(before={"turn": at.policy.conversation.turns})] if rule.when.budget_spent else None


def _drift(at: Traits, rule: Rule) -> Ways:
    """A second turn by what is said in it, or by what was before."""
    second, topics = {"turn": 2}, tuple(topic.id for topic in at.policy.topics)
    answered = Trait(before={**second, "answered": True, "earlier_topics": topics})
    spread = Trait(about={"reach": at.policy.reach.times}, before={**second, "reach_before": 1})
    made: dict[Drift, Ways] = {
        "new_subject": [together((Trait(before=second), way)) for way in at.on(at.policy.topics)],
        "new_fact": [together((answered, way)) for way in at.of_kind("question")],
        "hostile": [together((Trait(before=second), way)) for way in (*at.of_kind("venting"), *at.of_kind("abuse"))],
        "press": [Trait(before={"joined": True}), *(together((Trait(before=second), w)) for w in at.of_kind("press"))],
        "reach": [spread],
    }
    return [way for drift in rule.when.drift for way in made[drift][:AT_MOST]]


def _period(at: Traits, rule: Rule) -> Ways:
    ways = []
    for period in at.policy.periods:
        if period.kind != rule.when.period:
            continue
        stands = period.from_ <= at.now and (period.until is None or at.now < period.until)
        about = {"platform": period.platforms[0]} if period.platforms else {}
        ways.append(Trait(about=about, now=None if stands else period.from_))
    return ways[:AT_MOST]


def _weighing(condition: str, value: str) -> Callable[[Traits, Rule], Ways]:
    """A sensitivity or a damage comes of the other conditions, of a topic, or of a rule that is read before."""

    def make(at: Traits, rule: Rule) -> Ways:
        least = getattr(rule.when, condition)
        topics = [topic for topic in at.policy.topics if getattr(topic, value) >= least]
        topics.sort(key=lambda topic: (topic.id not in rule.when.topic, topic.sensitivity, topic.worst))
        return [NONE, *at.on(topics), *_by_rules_before(at, rule, lambda other: _brings(other, value, least))]

    return make


def _brings(rule: Rule, value: str, least: str) -> bool:
    if value == "sensitivity":
        return rule.then.sensitivity is not None and rule.then.sensitivity >= least
    damage = rule.then.damage or {}
    return any(each >= least for each in ([damage] if isinstance(damage, str) else damage.values()))


def _damage_class(at: Traits, rule: Rule) -> Ways:
    wanted = set(rule.when.damage_class)
    topics = (topic for topic in at.policy.topics if _hurts(topic.damage, wanted))
    return [NONE, *at.on(topics), *_by_rules_before(at, rule, lambda other: _hurts(other.then.damage, wanted))]


def _hurts(damage: Any, wanted: set[Any]) -> bool:
    return isinstance(damage, dict) and any(value > "D0" for name, value in damage.items() if name in wanted)


def _undecided(at: Traits, rule: Rule) -> Ways | None:
    if rule.when.undecided:
        return None
    return _by_rules_before(at, rule, lambda other: other.then.disposition is not None)


def _by_rules_before(at: Traits, rule: Rule, fits: Callable[[Rule], bool]) -> Ways:
    """What leads to a rule that fits and is read before ``rule`` without ending the reading."""
    return list(islice(_leading_to(at, rule, fits), AT_MOST))


def _leading_to(at: Traits, rule: Rule, fits: Callable[[Rule], bool]) -> Iterator[Trait]:
    for other in at.policy.rules:
        if other.id == rule.id:
            return
        if fits(other) and other.then.stop is not True and not _looks_at_findings(other):
            ways = ways_to_meet(other, at)
            if all(ways.values()):
                yield together(each[0] for each in ways.values())


def _looks_at_findings(rule: Rule) -> bool:
    """Whether the rule looks at what others found before it: it is no beginning."""
    on_findings = {"sensitivity_at_least", "damage_at_least", "damage_class", "conflict"}
    return bool(rule.when.model_fields_set & on_findings) or rule.when.undecided is False


def _line_fits(at: Traits, rule: Rule) -> Ways | None:
    if not rule.when.line_fits:
        return None
    named = set(rule.when.topic)
    answers = [line for line in at.policy.lines if line.purpose == "answer"]
    lines = [line for line in answers if not named or named & set(line.topics)]
    return [way for line in lines[:AT_MOST] for way in _asking_for(line, rule, at)]


def _asking_for(line: Line, rule: Rule, at: Traits) -> Iterator[Trait]:
    begins, ends = line.preconditions.from_, line.preconditions.until
    stands = (begins is None or begins <= at.now) and (ends is None or at.now < ends)
    now = None if stands else begins or (ends and ends - timedelta(minutes=1))
    topics = [topic for topic in line.topics if not rule.when.topic or topic in rule.when.topic]
    kinds = [] if rule.when.kind else [way for kind in line.kinds[:1] for way in at.of_kind(kind)[:1]]
    for way in at.on(at.policy.topic(topic) for topic in topics)[:2]:
        yield together((way, *kinds, Trait(now=now)))


def _about(field: str, condition: str) -> Callable[[Traits, Rule], Ways]:
    return lambda at, rule: [Trait(about={field: each}) for each in _each(getattr(rule.when, condition))]


def _before(field: str, condition: str, *, several: bool = False) -> Callable[[Traits, Rule], Ways]:
    return lambda at, rule: [
        Trait(before={field: (each,) if several else each}) for each in _each(getattr(rule.when, condition))
    ]


def _each(value: Any) -> tuple[Any, ...]:
    return value[:AT_MOST] if isinstance(value, tuple) else (value,)


_WAYS: Mapping[str, Callable[[Traits, Rule], Ways | None]] = {
    "kind": _kind,
    "topic": _topic,
    "any_topic": _any_topic,
    "closed": _closed,
    "embargoed": _embargoed,
    "admitted": _admitted,
    "competence": _competence,
    "phrase": _named("phrase"),
    "pattern": _named("pattern"),
    "private_data": _private_data,
    "unsure": _unsure,
    "confidence_at_least": _confidence,
    "language": _language,
    "platform": _about("platform", "platform"),
    "author": _about("author", "author"),
    "author_kind": _author_kind,
    "public": _about("public", "public"),
    "echo": _about("echo", "echo"),
    "turn_at_least": _before("turn", "turn_at_least"),
    "budget_spent": _budget_spent,
    "drift": _drift,
    "earlier_kind": _before("earlier_kinds", "earlier_kind", several=True),
    "earlier_disposition": _before("earlier_dispositions", "earlier_disposition", several=True),
    "judged": _before("judged", "judged"),
    "seen_by_at_most": _about("reach", "seen_by_at_most"),
    "seen_by_at_least": _about("reach", "seen_by_at_least"),
    "followers_at_least": _about("followers", "followers_at_least"),
    "prominent": _prominent,
    "same_issue_at_least": _before("same_issue", "same_issue_at_least"),
    "surge": _surge,
    "older_than_days": lambda at, rule: [Trait(days=rule.when.older_than_days or 0)],
    "period": _period,
    "sensitivity_at_least": _weighing("sensitivity_at_least", "sensitivity"),
    "damage_at_least": _weighing("damage_at_least", "worst"),
    "damage_class": _damage_class,
    "undecided": _undecided,
    "line_fits": _line_fits,
}
"""By the field of ``When``; a comment meets what is left out as it is, or other rules settle it."""
