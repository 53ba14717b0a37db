"""Submissions: what is put up for clearance apart from the drafts of a case.

A version of a line, one answer for all who ask the same, or an order (``orders.py``). Like a draft it goes out once
every step is taken, each by another person and none by its author; what it asks for follows from a weight instead of a
case's standing.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from services.policy.domain.authority.mandates import Mandate, Weight
from services.policy.domain.clearance.approvals import NotYourAuthority, Refusal, Step, Stepped, steps_of
from services.policy.domain.clearance.deciders import Decider
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.policies import Policy
from services.policy.domain.scales import Level, Specialism
from services.policy.domain.variants import every_wording, variants_in

LEAST: Level = "L2"
"""Below it nobody clears what will be said more than once."""

ALONE: Level = "L2"
"""Up to it somebody may take back what was said without asking anybody else: silence is the smaller risk."""

Matter = Literal["line", "answer", "moderation", "correction", "retraction"]
SubmissionState = Literal["open", "cleared", "superseded", "returned", "withdrawn", "ended"]

_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))


class SubmissionNotOpen(Refusal):
    """It is no longer open."""

    def __init__(self, state: SubmissionState) -> None:
        super().__init__(f"It is {state}.")
        self.state = state


@dataclass(frozen=True, slots=True)
class Need:
    """What clearing it asks for: the weight of what may be said with it, a level at least, and consents besides those
    of the level's rung."""

    weight: Weight
    least: Level = LEAST
    signoffs: tuple[Specialism, ...] = ()
    approvals: int = 1


@dataclass(frozen=True, slots=True)
class Submission(Stepped):
    """One text in its languages with all that its approvers see.

    ``subject`` is the line's id or the issue's, ``number`` its version or place there, from 1; ``content`` is JSON.
    ``id`` is what every response that goes out by it names. An order has the ``case`` that it is about, and, once it
    was carried out or could not be, the ``outcome`` as JSON.
    """

    id: str
    agency: str
    matter: Matter
    subject: str
    number: int
    author: str
    content: Mapping[str, Any]
    need: Need
    level: Level
    policy_version: str
    digest: str
    steps: tuple[Step, ...]
    state: SubmissionState
    written_at: datetime
    cleared_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None
    reason: str | None = None
    case: str | None = None
    outcome: Mapping[str, Any] | None = None

    @property
    def weight(self) -> Weight:
        return self.need.weight

    @property
    def texts(self) -> Mapping[str, str]:
        """Its words by language."""
        texts: Mapping[str, str] = self.content["text" if self.matter == "line" else "texts"]
        return texts

    @property
    def wordings(self) -> Mapping[str, str]:
        """All that it may say: its words by language, and its variants by language and platform (``en on x``)."""
        return every_wording(self.texts, variants_in(self.content))

    def bound(self, policy: PolicyInForce) -> "Submission":
        """The same under the policy of this moment: under another version than before its steps begin anew."""
        version = policy.policy.version
        if self.state != "open" or (self.digest and self.policy_version == version):
            return self
        level, steps = self._clearance(policy)
        changed = replace(self, level=level, steps=steps, policy_version=version)
        return replace(changed, digest=changed._digest())

    def sealed(self, version: str) -> "Submission":
        """The same with its digest, under a version of the policy that asks for no consent."""
        changed = replace(self, policy_version=version)
        return replace(changed, digest=changed._digest())

    def _clearance(self, policy: PolicyInForce) -> tuple[Level, tuple[Step, ...]]:
        """On which level it is cleared and by which consents: by one alone what takes something back."""
        need = self.need
        if self.matter == "retraction":
            return need.least, (Step("approval", need.least),)
        level = level_of(need.weight, policy.policy, need.least)
        return level, steps_of(policy.steps(level, need.signoffs, need.approvals))

    def is_barred(self, officer: str) -> bool:
        return officer == self.author and not (self.matter == "retraction" and self.level <= ALONE)

    def ended(self, state: SubmissionState, now: datetime, by: str, reason: str | None = None) -> "Submission":
        """The same, over."""
        return replace(self, state=state, ended_at=now, ended_by=by, reason=reason)

    def _digest(self) -> str:
        """SHA-256 (64 lower-case hex) over canonical JSON of all that stands before an approver's eyes."""
        weight = self.need.weight
        seen = {
            "agency": self.agency,
            self.matter: self.subject,
            "number": self.number,
            "content": self.content,
            "weight": [weight.sensitivity, weight.damage, list(weight.topics)],
            "level": self.level,
            "signoffs": list(self.need.signoffs),
            "approvals": self.need.approvals,
            "policy_version": self.policy_version,
        }
        return hashlib.sha256(_CANONICAL.encode(seen).encode()).hexdigest()


def level_of(weight: Weight, policy: Policy, least: Level = LEAST) -> Level:
    """On which level a text is cleared that may be used up to this weight: as its scales and the floor ask, ``least``
    at least."""
    scales, floor = policy.scales, policy.floor
    asked = [least, scales.by_sensitivity[weight.sensitivity], scales.by_damage[weight.damage]]
    asked += [floor.by_sensitivity.get(weight.sensitivity, least), floor.by_damage.get(weight.damage, least)]
    closed = {topic.closed for topic in policy.topics if topic.id in weight.topics}
    asked += [level for subject, level in floor.by_closed.items() if subject in closed]
    return max(asked)


def withdrawing(submission: Submission, decider: Decider) -> Mandate:
    """The mandate by which a person stops what goes out by it: any on ``LEAST`` or above for its subjects, whatever its
    ceiling, for it only makes us silent; or the author's, before it is cleared. Raises NotYourAuthority."""
    if decider.subject == submission.author and submission.state == "open" and decider.mandates:
        return decider.mandates[0]
    topics = submission.need.weight.topics
    found = [each for each in decider.mandates if each.level >= LEAST and each.stands_for(topics)]
    if not found:
        raise NotYourAuthority(f"It is withdrawn by somebody on {LEAST} or above who stands for its subjects.")
    return found[0]
