"""Who there is to take the steps of a path: posts that are held now, for a subject, up to a weight.

Each step is another person's, and whoever writes the draft takes none. So a path can be walked where its steps and the
writing can be given to different persons: a matching of steps to posts.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, Self

from services.policy.domain.clearance.distinct import most_different
from services.policy.domain.deciding.decisions import Decision, PolicyInForce
from services.policy.domain.deciding.findings import SILENT
from services.policy.domain.policies import StepRule
from services.policy.domain.roster import Officer
from services.policy.domain.scales import Damage, Level, Sensitivity


class Task(NamedTuple):
    """What has to be released: the steps of its path, its subjects and its weight."""

    steps: tuple[StepRule, ...]
    topics: tuple[str, ...]
    sensitivity: Sensitivity
    damage: Damage

    @classmethod
    def of(cls, decision: Decision, policy: PolicyInForce) -> Self | None:
        """What a decision brings with it; None where nobody answers, or a line does."""
        if decision.disposition in SILENT or decision.level == "L0":
            return None
        steps = policy.steps(decision.level, decision.signoffs, decision.approvals)
        return cls(steps, decision.topics, decision.sensitivity, decision.damage)


class Persons:
    """The posts of a policy that are held at a moment."""

    def __init__(self, officers: Iterable[Officer], now: datetime) -> None:
        self.all = tuple(officer for officer in officers if officer.holds_at(now))

    def on(self, level: Level) -> list[Officer]:
        """Posts that stand on ``level`` or above, whatever their subjects."""
        return [officer for officer in self.all if officer.level >= level]

    def clearing(self, subject: str, topics: Sequence[str]) -> Officer | None:
        """The post by which a person would best clear something on these subjects, or None."""
        held = [officer for officer in self.all if officer.subject == subject]
        return max(held, key=lambda officer: (officer.stands_for(topics), officer.level), default=None)

    def may_consent(self, topics: Sequence[str], sensitivity: Sensitivity, damage: Damage) -> list[Officer]:
        """Posts that may consent to something of this weight on these subjects, each on its level."""
        return [
            officer
            for officer in self.all
            if officer.stands_for(topics) and not _is_above(officer, sensitivity, damage)
        ]

    def missing(self, task: Task) -> str | None:
        """What the task has nobody for, in words; None where it can be done."""
        able = self.may_consent(task.topics, task.sensitivity, task.damage)
        takers = [[officer.subject for officer in able if _qualifies(officer, step)] for step in task.steps]
        for step, subjects in zip(task.steps, takers, strict=True):
            if not subjects:
                return f"nobody may take the {_named(step)}"
        if most_different(takers) < len(takers):
            return f"{len(takers)} steps need {len(takers)} different persons, and there are not as many"
        if len({officer.subject for officer in self.on("L1")}) <= len(takers):
            return "nobody is left to write the draft, and its author takes no step"
        return None


def _is_above(officer: Officer, sensitivity: Sensitivity, damage: Damage) -> bool:
    ceiling = officer.ceiling
    return ceiling is not None and (sensitivity > ceiling.sensitivity or damage > ceiling.damage)


def _qualifies(officer: Officer, step: StepRule) -> bool:
    named = not step.posts or officer.post in step.posts
    return named and officer.level >= step.level and (not step.specialism or step.specialism in officer.specialisms)


def _named(step: StepRule) -> str:
    return f"approval on {step.level}" if step.specialism is None else f"{step.specialism} sign-off"
