"""Whether the people who are there can walk a path: every step by another person, and the draft by yet another.

Whoever is there may write the draft, and its author takes no step of it. A mandate counts by its level, its subjects,
its ceilings and its sign-offs; one that is for some platforms only, or for cleared lines only, is not counted on.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from services.policy.domain.authority.mandates import Mandate, Weight
from services.policy.domain.authority.presence import Presence
from services.policy.domain.clearance.approvals import Step
from services.policy.domain.clearance.distinct import most_different
from services.policy.domain.policies import StepRule

Team = Mapping[str, tuple[Mandate, ...]]
"""Persons who are there, each with all that they may decide by."""


class Path(NamedTuple):
    """The consents that a release needs, and the weight of what is released."""

    steps: tuple[StepRule, ...]
    weight: Weight


def team_at(presence: Presence, now: datetime) -> Team:
    """Everybody who is present and has something to decide by."""
    there = (each for each in sorted(presence.persons) if presence.is_present(each, now))
    mandates = ((each, presence.powers.of(each, now)) for each in there)
    return {person: held for person, held in mandates if held}


def missing(path: Path, team: Team) -> str | None:
    """What the path has nobody for, in words; None where it can be walked."""
    takers = [[person for person, held in team.items() if may_take(step, path.weight, held)] for step in path.steps]
    return missing_by(path.steps, takers, len(team))


def missing_by(steps: Sequence[StepRule], takers: Sequence[Sequence[str]], people: int) -> str | None:
    """The same where it is known who may take each step, and how many people are there in all."""
    for step, persons in zip(steps, takers, strict=True):
        if not persons:
            return f"nobody may take the {named(step)}"
    if most_different(takers) < len(takers):
        return f"{len(takers)} steps need {len(takers)} different persons, and there are not as many"
    if people <= len(takers):
        return "nobody is left to write the draft, and its author takes no step"
    return None


def may_take(step: StepRule | Step, weight: Weight, held: Iterable[Mandate]) -> bool:
    """Whether one of these mandates is good for a step of something of that weight."""
    return any(is_good_for(mandate, step, weight) for mandate in held)


def is_good_for(mandate: Mandate, step: StepRule | Step, weight: Weight) -> bool:
    """Whether a mandate is good for a step of something of that weight, on whatever platform."""
    return (
        mandate.level >= step.level
        and (not step.posts or mandate.post_behind in step.posts)
        and not mandate.cleared_lines_only
        and (step.specialism is None or step.specialism in mandate.specialisms)
        and mandate.stands_for(weight.topics)
        and mandate.speaks_on(weight.platform)
        and not mandate.exceeded_by(weight)
    )


def named(step: StepRule) -> str:
    """A step in words."""
    return f"approval on {step.level}" if step.specialism is None else f"{step.specialism} sign-off"
