"""Deciding: comment, history, policy and the time go in, a decision with its explanation comes out.

A pure function of its arguments: the same comment under the same policy version decides alike, today and in a replay.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from services.policy.domain.levels import Needed
from services.policy.domain.policies import Line, Policy, StepRule
from services.policy.domain.private_data import PrivateData
from services.policy.domain.routing import owner
from services.policy.domain.rules import Findings, RuleBook, Situation
from services.policy.domain.scales import Closed, Damage, Disposition, Kind, Level, Sensitivity, Specialism
from services.policy.domain.triage import Comment, Sorted, Triage

_UNDECIDED: Disposition = "escalate"


@dataclass(frozen=True, slots=True)
class History:
    """What went before in the conversation. ``turn``: this is the author's n-th comment in it, from 1."""

    turn: int = 1


@dataclass(frozen=True, slots=True)
class Decision:
    """What one comment needs.

    ``clock`` is the class of its times, ``answer_within`` the minutes of that class; ``line`` is set where it goes out
    by itself; ``explanation`` is for reading.
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


class PolicyInForce:
    """A policy with its vocabulary and rules compiled: what decisions are made with."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._triage = Triage(policy)
        self._rules = RuleBook(policy)
        self._lines = {line.id: line for line in policy.lines}

    def decide(self, comment: Comment, history: History, now: datetime) -> Decision:
        """What ``comment`` needs under this policy at ``now``."""
        seen = self._triage.sort(comment)
        situation = self._situation(comment, seen, history, now)
        findings = self._rules.read(situation)
        required = self._rules.needed(situation, findings)
        automatic = self._automatic(findings, required)
        level: Level = "L0" if automatic else required.level
        clock = findings.clock or required.level.lower()
        return Decision(
            kind=seen.kind,
            topics=seen.topics,
            language=seen.language,
            sensitivity=findings.sensitivity,
            damage=findings.damage,
            disposition=findings.disposition or _UNDECIDED,
            level=level,
            rules=tuple(rule.id for rule in findings.matched),
            signoffs=tuple(findings.signoffs),
            approvals=sum(step.kind == "approval" for step in self.policy.ladder[level].steps),
            clock=clock,
            answer_within=self.policy.clocks[clock].answer,
            duties=tuple(findings.duties),
            masked=seen.private,
            owner=owner(self.policy, seen.topics, level),
            policy_version=self.policy.version,
            line=findings.line.id if automatic and findings.line else None,
            explanation=_explained(seen, findings, required, level, automatic),
        )

    def line(self, line_id: str) -> Line:
        """The cleared line of that id."""
        return self._lines[line_id]

    def steps(self, level: Level, signoffs: tuple[Specialism, ...]) -> tuple[StepRule, ...]:
        """The consents that a release on ``level`` with these sign-offs needs."""
        rung = self.policy.ladder[level].steps
        known = {step.specialism for step in rung}
        asked = [StepRule(kind="signoff", level="L1", specialism=s) for s in signoffs if s not in known]
        return (*rung, *asked)

    @cached_property
    def _competences(self) -> dict[str, str]:
        return {topic.id: topic.agency or self.policy.agency for topic in self.policy.topics}

    def _situation(self, comment: Comment, seen: Sorted, history: History, now: datetime) -> Situation:
        closed: set[Closed] = {c for t in seen.topics if (c := self.policy.topic(t).closed) is not None}
        return Situation(
            comment=comment,
            seen=seen,
            turn=history.turn,
            periods=self._periods(comment.platform, now),
            closed=frozenset(closed),
            competence=self._competence(seen),
            languages=frozenset(
                {seen.language} if seen.language in self.policy.languages else {seen.language, "other"}
            ),
            now=now,
        )

    def _competence(self, seen: Sorted) -> str | None:
        agencies = {self._competences[topic] for topic in seen.topics}
        if len(agencies) > 1:
            return "several"
        return "elsewhere" if agencies and self.policy.agency not in agencies else None

    def _periods(self, platform: str, now: datetime) -> frozenset[str]:
        return frozenset(
            period.kind
            for period in self.policy.periods
            if period.from_ <= now
            and (period.until is None or now < period.until)
            and (not period.platforms or platform in period.platforms)
        )

    def _automatic(self, findings: Findings, required: Needed) -> bool:
        """Whether the line may still go by itself once every rule has been read."""
        line = findings.line
        return (
            line is not None
            and any(rule.then.automatic for rule in findings.matched)
            and not findings.signoffs
            and required.level <= line.cleared_by.level
            and findings.sensitivity <= line.ceiling.sensitivity
            and findings.damage <= line.ceiling.damage
        )


def _explained(seen: Sorted, findings: Findings, required: Needed, level: Level, automatic: bool) -> dict[str, Any]:
    line = findings.line
    return {
        "words": list(seen.words),
        "language": seen.language,
        "kinds": sorted(seen.kinds),
        "unsure": seen.unsure,
        "rules": [{"id": rule.id, "name": rule.name, "found": rule.findings} for rule in findings.matched],
        "level": {
            "needed": required.level,
            "result": level,
            "because": [
                {"source": each.source, "value": each.value, "level": each.level} for each in required.contributions
            ],
        },
        "line": {
            "used": line.id if line is not None and automatic else None,
            "doubts": {name: list(doubts) for name, doubts in findings.doubts.items()},
        },
    }
