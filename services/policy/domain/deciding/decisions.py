"""Deciding: comment, history, policy and the time go in, a decision with its explanation comes out.

A pure function of its arguments: the same comment under the same policy version decides alike, today and in a replay.
"""

import copy
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple, Self

from services.policy.domain.clocks.agency_time import AgencyTime
from services.policy.domain.comments import Comment, History
from services.policy.domain.composing.references import dangling_in
from services.policy.domain.deciding.closing import ending_of
from services.policy.domain.deciding.drift import NO_DRIFT, drift_of
from services.policy.domain.deciding.explanations import explained, full_trace
from services.policy.domain.deciding.findings import SILENT, Findings, Situation
from services.policy.domain.deciding.levels import Needed
from services.policy.domain.deciding.lines import LineIndex
from services.policy.domain.deciding.routing import owner
from services.policy.domain.deciding.rules import RuleBook
from services.policy.domain.policies import Clock, Line, Policy, StepRule
from services.policy.domain.scales import (
    AuthorKind,
    Closed,
    Damage,
    Disposition,
    Drift,
    Kind,
    Level,
    Sensitivity,
    Specialism,
)
from services.policy.domain.triage.classification import Classifier, Cues
from services.policy.domain.triage.private_data import PrivateData
from services.policy.domain.triage.sorting import Sorted, Triage

_UNDECIDED: Disposition = "escalate"
_DANGERS: tuple[Kind, ...] = ("emergency", "threat")
_NOBODY_KNOWN: frozenset[AuthorKind] = frozenset()
_NO_PERIOD: frozenset[str] = frozenset()
_OPEN: frozenset[Closed] = frozenset()


class Decision(NamedTuple):
    """What one comment needs.

    ``clock`` is the class of its times, ``answer_within`` the minutes of that class and ``times`` all that it names;
    ``line`` is set where it goes out by itself; ``confidence`` (0 to 1) is how sure its kind is; ``explanation`` is for
    reading, with the trace of the rules that matched or nearly did.
    """

    kind: Kind
    topics: tuple[str, ...]
    language: str
    sensitivity: Sensitivity
    damage: Damage
    disposition: Disposition
    level: Level
    rules: tuple[str, ...]
    signoffs: tuple[Specialism, ...]
    approvals: int
    clock: str
    answer_within: int
    duties: tuple[str, ...]
    masked: tuple[PrivateData, ...]
    owner: str
    policy_version: str
    line: str | None
    explanation: dict[str, Any]
    confidence: float = 1.0
    circumstances: Mapping[str, Any] = MappingProxyType({})
    times: Mapping[str, Any] = MappingProxyType({})


class PolicyInForce:
    """A policy with its vocabulary and rules compiled: what decisions are made with."""

    def __init__(self, policy: Policy, classifier: Classifier | None = None) -> None:
        self.policy = policy
        self._triage = Triage(policy, classifier)
        self._rules = RuleBook(policy)
        self._lines = {line.id: line for line in policy.lines}
        self._closing = tuple(line for line in policy.lines if line.purpose == "closing")
        self._closed = {topic.id: topic.closed for topic in policy.topics if topic.closed is not None}
        self._embargoes = {topic.id: topic.embargo_until for topic in policy.topics if topic.embargo_until is not None}
        self._admitted = frozenset(topic.id for topic in policy.topics if topic.admitted)
        self._competences = {topic.id: topic.agency or policy.agency for topic in policy.topics}
        self._approvals = {level: _approvals(rung.steps) for level, rung in policy.ladder.items()}
        self._languages = {language: frozenset((language,)) for language in policy.languages}
        self._times = {name: _times(clock) for name, clock in policy.clocks.items()}
        self._authors: dict[str, list[tuple[str | None, AuthorKind]]] = {}
        for known in policy.known_authors:
            self._authors.setdefault(known.account, []).append((known.platform, known.kind))

    @cached_property
    def time(self) -> AgencyTime:
        """How the agency's time passes, by the calendar beside the policy."""
        return AgencyTime(self.policy.calendar)

    @property
    def classifier(self) -> Classifier:
        """Who says of what kinds comments are."""
        return self._triage.classifier

    def with_classifier(self, classifier: Classifier) -> Self:
        """The same policy, with ``classifier`` saying of what kinds comments are."""
        other = copy.copy(self)
        other._triage = self._triage.with_classifier(classifier)
        return other

    def with_lines(self, beside: Iterable[Line]) -> Self:
        """The same policy, with these lines beside its own: those that name nothing which it lacks.

        Nothing of the policy is compiled anew. Its own lines come first, and keep their ids.
        """
        policy = self.policy
        own = {line.id: line for line in policy.lines}
        taken = [line for line in beside if line.id not in own and not any(dangling_in(line, policy))]
        other = copy.copy(self)
        other._lines = {**own, **{line.id: line for line in taken}}
        other._closing = tuple(line for line in other._lines.values() if line.purpose == "closing")
        other._rules = self._rules.with_lines(LineIndex(policy, taken))
        other._triage = self._triage.with_lines(taken)
        return other

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines of the policy, and those cleared beside it."""
        return tuple(self._lines.values())

    def cues(self, text: str) -> Cues:
        """What a classifier goes by in ``text``."""
        return self._triage.cues(text)

    def sort(self, comment: Comment) -> Sorted:
        """What triage sees in ``comment``, which a decision may be given to spare it a second look."""
        return self._triage.sort(comment)

    def decide(self, comment: Comment, history: History, now: datetime, seen: Sorted | None = None) -> Decision:
        """What ``comment`` needs under this policy at ``now``."""
        situation = self._situation(comment, seen or self._triage.sort(comment), history, now)
        findings = self._rules.read(situation)
        decision = self._decision(situation, findings)
        is_first = history.turn == 1 and not history.joined
        return decision if is_first else self._in_conversation(decision, situation, findings)

    def trace(self, comment: Comment, history: History, now: datetime) -> Iterator[dict[str, Any]]:
        """Every rule of the policy over ``comment``: what it saw, what it set, and where it failed."""
        situation = self._situation(comment, self._triage.sort(comment), history, now)
        findings = self._rules.read(situation)
        return full_trace(self._rules, situation, findings)

    def line(self, line_id: str) -> Line:
        """The cleared line of that id."""
        return self._lines[line_id]

    def ends(self, line_id: str) -> bool:
        """Whether that is a line of the policy which ends exchanges."""
        return any(line.id == line_id for line in self._closing)

    def by_a_person(self, decision: Decision, now: datetime) -> Decision:
        """What a comment needs whose line did not arrive: a person's answer, on the level that it asked for without."""
        level: Level = max(decision.explanation["level"]["needed"], "L1")
        return decision._replace(
            level=level,
            approvals=self._approvals[level],
            owner=owner(self.policy, decision.topics, level, now),
            line=None,
        )

    def steps(self, level: Level, signoffs: tuple[Specialism, ...], approvals: int = 0) -> tuple[StepRule, ...]:
        """The consents that a release on ``level`` with these sign-offs needs, ``approvals`` of them at least."""
        rung = self.policy.ladder[level].steps
        given = self._approvals[level]
        more = [StepRule(level=min(level, "L4")) for _ in range(given, approvals)]
        known = {step.specialism for step in rung}
        asked = [StepRule(kind="signoff", level="L1", specialism=s) for s in signoffs if s not in known]
        return (*rung, *more, *asked)

    def _decision(self, situation: Situation, findings: Findings) -> Decision:
        seen = situation.seen
        required = self._rules.needed(situation, findings)
        by_line = self._answers_by_line(findings, required)
        automatic = by_line or self._is_done_by_itself(situation, findings, required)
        level: Level = "L0" if automatic else required.level
        rung = self._approvals[level]
        clock = self._clock(findings, required)
        return Decision(
            kind=seen.kind,
            topics=seen.topics,
            language=seen.language,
            sensitivity=findings.sensitivity,
            damage=findings.damage,
            disposition=_UNDECIDED if _is_hushed(situation, findings, required) else findings.disposition or _UNDECIDED,
            level=level,
            rules=tuple([rule.id for rule, _ in findings.matched]),
            signoffs=tuple(findings.signoffs),
            approvals=rung if automatic else max(rung, findings.approvals),
            clock=clock,
            answer_within=self.policy.clocks[clock].answer,
            duties=tuple(findings.duties),
            masked=seen.private,
            owner=owner(self.policy, seen.topics, level, situation.now),
            policy_version=self.policy.version,
            line=findings.line.id if by_line and findings.line else None,
            explanation=explained(situation, findings, required, level, by_line),
            confidence=seen.confidence,
            times=self._times[clock],
        )

    def _in_conversation(self, decision: Decision, situation: Situation, findings: Findings) -> Decision:
        """The decision on a turn that is not the first, or on somebody who joins."""
        told = {
            "turn": situation.history.turn,
            "turns": self.policy.conversation.turns,
            "drift": sorted(situation.drift),
        }
        decision.explanation["conversation"] = told
        if not self._closing or decision.line is not None:
            return decision
        ending = ending_of(self.policy, self._closing, situation, findings)
        if ending is None:
            return decision
        told |= {"ended_by": ending.line.id, "ended_before": ending.has_gone_out}
        if ending.has_gone_out:
            return decision._replace(disposition="let_stand")
        return decision._replace(
            disposition="refer",
            level="L0",
            approvals=self._approvals["L0"],
            line=ending.line.id,
            owner=owner(self.policy, decision.topics, "L0", situation.now),
        )

    def _clock(self, findings: Findings, required: Needed) -> str:
        clock = findings.clock or required.level.lower()
        return (self.policy.clocks[clock].faster or clock) if findings.faster else clock

    def _situation(self, comment: Comment, seen: Sorted, history: History, now: datetime) -> Situation:
        policy, topics = self.policy, seen.topics
        return Situation(
            comment=comment,
            seen=seen,
            history=history,
            periods=self.periods(comment.platform, now) if policy.periods else _NO_PERIOD,
            closed=frozenset([self._closed[topic] for topic in topics if topic in self._closed]) if topics else _OPEN,
            competence=self._competence(topics) if topics else None,
            languages=self._languages.get(seen.language) or frozenset((seen.language, "other")),
            author_kinds=self._author_kinds(comment) if self._authors else _NOBODY_KNOWN,
            embargoed=any([now < self._embargoes[topic] for topic in topics if topic in self._embargoes]),
            admitted=not self._admitted.isdisjoint(topics),
            prominent=self._is_prominent(comment),
            surge=history.same_issue >= policy.same_issue.surge_at,
            budget_spent=history.turn >= policy.conversation.turns,
            drift=self._drift(comment, seen, history) if history.turn > 1 or history.joined else NO_DRIFT,
            now=now,
        )

    def _drift(self, comment: Comment, seen: Sorted, history: History) -> frozenset[Drift]:
        author_kinds = self._author_kinds(comment) if self._authors else _NOBODY_KNOWN
        return drift_of(comment, history, seen.kinds, seen.topics, author_kinds, self.policy.reach.times)

    def _is_prominent(self, comment: Comment) -> bool:
        reach = self.policy.reach
        spreads = comment.reach is not None and comment.reach >= reach.usual * reach.times
        return spreads or (comment.followers is not None and comment.followers >= reach.great_following)

    def _author_kinds(self, comment: Comment) -> frozenset[AuthorKind]:
        accounts = [comment.author, *([comment.handle] if comment.handle else [])]
        return frozenset(
            kind
            for account in accounts
            for platform, kind in self._authors.get(account, ())
            if platform in (None, comment.platform)
        )

    def _competence(self, topics: tuple[str, ...]) -> str | None:
        agencies = {self._competences[topic] for topic in topics}
        if len(agencies) > 1:
            return "several"
        return "elsewhere" if self.policy.agency not in agencies else None

    def periods(self, platform: str, now: datetime) -> frozenset[str]:
        """The kinds of the periods that are in force on a platform."""
        return frozenset(
            period.kind
            for period in self.policy.periods
            if period.from_ <= now
            and (period.until is None or now < period.until)
            and (not period.platforms or platform in period.platforms)
        )

    def _answers_by_line(self, findings: Findings, required: Needed) -> bool:
        """Whether the line may still go by itself once every rule has been read."""
        line = findings.line
        return (
            line is not None
            and any(rule.then.automatic for rule, _ in findings.matched)
            and not findings.signoffs
            and not findings.approvals
            and not findings.ups
            and required.of_a_line <= line.cleared_by.level
            and findings.sensitivity <= line.ceiling.sensitivity
            and findings.damage <= line.ceiling.damage
        )

    def _is_done_by_itself(self, situation: Situation, findings: Findings, required: Needed) -> bool:
        """Whether a comment may be hidden without a person: no more than a desk's business, or our own words."""
        done = findings.disposition
        if situation.comment.echo and done == "no_response":
            return True
        return (
            done in ("moderate", "no_response")
            and any(rule.then.automatic and rule.then.disposition == done for rule, _ in findings.matched)
            and not findings.signoffs
            and not findings.approvals
            and required.level <= "L1"
            and not any(each.source == "floor" for each in required.contributions)
        )


def _is_hushed(situation: Situation, findings: Findings, required: Needed) -> bool:
    """Whether nobody would look at danger to people, which the centre has somebody look at."""
    return (
        findings.disposition in SILENT
        and not situation.comment.echo
        and any(each.source == "floor" and each.value in _DANGERS for each in required.contributions)
    )


def _times(clock: Clock) -> Mapping[str, Any]:
    return MappingProxyType(clock.model_dump(exclude={"faster"}, exclude_defaults=True))


def _approvals(steps: tuple[StepRule, ...]) -> int:
    return sum(step.kind == "approval" for step in steps)
