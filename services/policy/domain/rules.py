"""Reading an agency's rules over a comment, in order.

Findings add up: the highest sensitivity, damage and level, the shortest clock, all sign-offs and duties; the first
disposition stands. A rule with ``stop`` ends the reading. Only rules that could hold are looked at: each rule waits
under one of its conditions (a phrase, a pattern, a topic, a kind), so that a thousand rules cost little more than ten.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.policy.domain import lines
from services.policy.domain.levels import Needed, needed
from services.policy.domain.policies import Line, Policy, Rule
from services.policy.domain.scales import Closed, Damage, Disposition, Level, Sensitivity, Specialism
from services.policy.domain.triage import Comment, Sorted
from services.policy.domain.when import When


@dataclass(slots=True)
class Findings:
    """What has been found so far; grows while the rules are read."""

    sensitivity: Sensitivity = "S0"
    damage: Damage = "D0"
    disposition: Disposition | None = None
    minimums: list[tuple[str, Level]] = field(default_factory=list)
    ups: list[tuple[str, int]] = field(default_factory=list)
    signoffs: list[Specialism] = field(default_factory=list)
    duties: list[str] = field(default_factory=list)
    clock: str | None = None
    matched: list[Rule] = field(default_factory=list)
    line: Line | None = None
    doubts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Situation:
    """All that conditions may speak of. ``languages``: that of the comment, and ``other`` if it is none of ours."""

    comment: Comment
    seen: Sorted
    turn: int
    periods: frozenset[str]
    closed: frozenset[Closed]
    competence: str | None
    languages: frozenset[str]
    now: datetime


class RuleBook:
    """A policy's rules, compiled once."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._waiting: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._always: list[int] = []
        for place, rule in enumerate(policy.rules):
            keys = _keys(rule)
            for key in keys:
                self._waiting[key].append(place)
            if not keys:
                self._always.append(place)

    def read(self, situation: Situation) -> Findings:
        """Everything that the rules find for one comment."""
        findings = self._first_findings(situation)
        for place in self._candidates(situation):
            rule = self._policy.rules[place]
            if self._holds(rule, situation, findings):
                self._add(rule, findings)
                if _stops(rule, situation):
                    break
        return findings

    def needed(self, situation: Situation, findings: Findings) -> Needed:
        """The level for what has been found so far."""
        return needed(
            self._policy,
            findings.sensitivity,
            findings.damage,
            findings.minimums,
            kinds=situation.seen.kinds,
            closed=situation.closed,
            ups=findings.ups,
        )

    def _first_findings(self, situation: Situation) -> Findings:
        topics = [self._policy.topic(topic) for topic in situation.seen.topics]
        return Findings(
            sensitivity=max((topic.sensitivity for topic in topics), default="S0"),
            damage=max((topic.damage for topic in topics), default="D0"),
        )

    def _candidates(self, situation: Situation) -> list[int]:
        seen = situation.seen
        places = set(self._always)
        for kind in seen.kinds:
            places.update(self._waiting.get(("kind", kind), ()))
        for topic in seen.topics:
            places.update(self._waiting.get(("topic", topic), ()))
        for closed in situation.closed:
            places.update(self._waiting.get(("closed", closed), ()))
        for condition in seen.conditions:
            places.update(self._waiting.get(condition, ()))
        return sorted(places)

    def _holds(self, rule: Rule, situation: Situation, findings: Findings) -> bool:
        when = rule.when
        if not (_about(when, rule.id, situation) and _around(when, situation) and _so_far(when, findings)):
            return False
        if when.unsure is not None and when.unsure != situation.seen.unsure:
            return False
        return when.line_fits is None or when.line_fits == self._line_fits(situation, findings)

    def _line_fits(self, situation: Situation, findings: Findings) -> bool:
        if findings.disposition is not None:
            return False
        asked = lines.Asked(
            seen=situation.seen,
            public=situation.comment.public,
            sensitivity=findings.sensitivity,
            damage=findings.damage,
            level=self.needed(situation, findings).level,
            now=situation.now,
        )
        fit = lines.fitting(self._policy, asked)
        findings.line, findings.doubts = fit.line, fit.doubts
        return fit.line is not None

    def _add(self, rule: Rule, findings: Findings) -> None:
        then = rule.then
        findings.matched.append(rule)
        findings.disposition = findings.disposition or then.disposition
        findings.sensitivity = max(findings.sensitivity, then.sensitivity or "S0")
        findings.damage = max(findings.damage, then.damage or "D0")
        if then.level is not None:
            findings.minimums.append((rule.id, then.level))
        if then.level_up:
            findings.ups.append((rule.id, then.level_up))
        findings.signoffs += [each for each in then.signoffs if each not in findings.signoffs]
        findings.duties += [duty for duty in then.duties if duty not in findings.duties]
        if then.clock is not None:
            findings.clock = self._shorter(findings.clock, then.clock)

    def _shorter(self, known: str | None, other: str) -> str:
        if known is None:
            return other
        return min(known, other, key=lambda clock: self._policy.clocks[clock].answer)


def _keys(rule: Rule) -> list[tuple[str, str]]:
    """Under what a rule waits: the values of one condition that it cannot hold without."""
    when = rule.when
    if when.phrase:
        return [("phrase", rule.id)]
    if when.pattern:
        return [("pattern", rule.id)]
    if when.topic:
        return [("topic", topic) for topic in when.topic]
    if when.closed:
        return [("closed", closed) for closed in when.closed]
    return [("kind", kind) for kind in when.kind]


def _about(when: When, rule: str, situation: Situation) -> bool:
    """Conditions on what the comment says."""
    seen = situation.seen
    return (
        (not when.kind or not seen.kinds.isdisjoint(when.kind))
        and (not when.not_kind or seen.kinds.isdisjoint(when.not_kind))
        and (not when.topic or not set(when.topic).isdisjoint(seen.topics))
        and (when.any_topic is None or when.any_topic == bool(seen.topics))
        and (not when.closed or not situation.closed.isdisjoint(when.closed))
        and (when.competence is None or when.competence == situation.competence)
        and (not when.phrase or ("phrase", rule) in seen.conditions)
        and (not when.pattern or ("pattern", rule) in seen.conditions)
        and (when.private_data is None or when.private_data == bool(seen.private))
    )


def _around(when: When, situation: Situation) -> bool:
    """Conditions on where, by whom and when it was said."""
    comment = situation.comment
    return (
        (not when.language or not situation.languages.isdisjoint(when.language))
        and (not when.platform or comment.platform in when.platform)
        and (not when.author or comment.author in when.author or comment.handle in when.author)
        and (when.public is None or when.public == comment.public)
        and (when.echo is None or when.echo == comment.echo)
        and (when.turn_at_least is None or situation.turn >= when.turn_at_least)
        and (when.period is None or when.period in situation.periods)
    )


def _so_far(when: When, findings: Findings) -> bool:
    """Conditions on what earlier rules and the topics found."""
    return (
        (when.sensitivity_at_least is None or findings.sensitivity >= when.sensitivity_at_least)
        and (when.sensitivity_at_most is None or findings.sensitivity <= when.sensitivity_at_most)
        and (when.damage_at_least is None or findings.damage >= when.damage_at_least)
        and (when.undecided is None or when.undecided == (findings.disposition is None))
    )


def _stops(rule: Rule, situation: Situation) -> bool:
    if rule.then.stop == "unless_question":
        return "question" not in situation.seen.kinds
    return rule.then.stop
