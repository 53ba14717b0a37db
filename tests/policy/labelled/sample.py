"""The labelled comments, and what the sample policies decide for them."""

import functools
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from services.policy.adapters.cli.trying import Given, GivenAuthor
from services.policy.domain.comments import Comment
from services.policy.domain.deciding.decisions import Decision, PolicyInForce
from services.policy.domain.policies import Policy
from services.policy.domain.scales import Disposition, Kind, Level
from tests.policy.builders import NOW, sample

FILES = sorted(Path(__file__).parent.glob("*.jsonl"))

Part = Literal["tuning", "held_out"]
PARTS: tuple[Part, ...] = ("tuning", "held_out")


class Expected(BaseModel):
    """What should be decided. ``rule`` is the one that speaks loudest, or the agency's own."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    rule: str
    kind: Kind
    disposition: Disposition
    level: Level


class Labelled(Given):
    """One comment with its label."""

    id: str
    agency: str
    author: str | GivenAuthor | None = None
    older: int = Field(0, ge=0)
    period: Literal["pre_election", "crisis", "blackout"] | None = None
    admitted: str | None = None
    looks_like: str | None = None
    part: Part
    expect: Expected

    def comment(self) -> Comment:
        """The comment, sent as long ago as ``older`` says."""
        return replace(super().comment(), sent_at=(self.now or NOW) - timedelta(days=self.older))


class Outcome(NamedTuple):
    """A labelled comment and what was decided for it."""

    label: Labelled
    decision: Decision

    @property
    def is_right(self) -> bool:
        """Whether it got the disposition and the level that it should."""
        return self.decided("disposition") == self.expected("disposition") and not self.too_low and not self.too_high

    @property
    def too_low(self) -> bool:
        """Whether less authority was asked for than it needs: the dangerous direction."""
        return self.decision.level < self.label.expect.level

    @property
    def too_high(self) -> bool:
        """Whether more authority was asked for than it needs."""
        return self.decision.level > self.label.expect.level

    @property
    def hit(self) -> bool:
        """Whether the expected rule, or a variant of it (24.1), was among those that held."""
        rule = self.label.expect.rule
        return any(each == rule or each.startswith(f"{rule}.") for each in self.decision.rules)

    def expected(self, field: str) -> str:
        """The label's kind, disposition or level."""
        return str(getattr(self.label.expect, field))

    def decided(self, field: str) -> str:
        """The decision's kind, disposition or level."""
        return str(getattr(self.decision, field))


@functools.cache
def labelled() -> tuple[Labelled, ...]:
    """The whole sample, file by file."""
    return tuple(Labelled.model_validate_json(line) for file in FILES for line in file.read_text("utf-8").splitlines())


@functools.cache
def outcomes() -> tuple[Outcome, ...]:
    """The whole sample, decided."""
    return tuple(Outcome(label, _decided(label)) for label in labelled())


def _decided(label: Labelled) -> Decision:
    policy = _policy(label.agency, label.period, label.admitted)
    return policy.decide(label.comment(), label.history(), label.now or NOW)


@functools.cache
def _policy(agency: str, period: str | None, admitted: str | None) -> PolicyInForce:
    """The agency's sample policy, in a period and with an admitted fault where the comment was written in such."""
    policy = sample(agency)
    if period is None and admitted is None:
        return policy
    content: dict[str, Any] = policy.policy.model_dump(mode="json", by_alias=True)
    if period is not None:
        content["periods"].append({"kind": period, "from": (NOW - timedelta(days=7)).isoformat()})
    for topic in content["topics"]:
        topic["admitted"] = topic["admitted"] or topic["id"] == admitted
    return PolicyInForce(Policy.model_validate_json(json.dumps(content)), policy.classifier)
