"""Which level a release needs, and what each part of the answer contributed.

``level = max(by_sensitivity[S], by_damage[D], rule minimum, floor)``, then moved up where a rule says so. Nothing
lowers it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from services.policy.domain.policies import Policy
from services.policy.domain.scales import Closed, Damage, Kind, Level, Sensitivity, raised


@dataclass(frozen=True, slots=True)
class Contribution:
    """One reason for a level: ``source`` is sensitivity, damage, rule, floor or up; ``value`` says which."""

    source: str
    value: str
    level: Level


@dataclass(frozen=True, slots=True)
class Needed:
    """The level that is needed, and every contribution to it."""

    level: Level
    contributions: tuple[Contribution, ...]


def needed(
    policy: Policy,
    sensitivity: Sensitivity,
    damage: Damage,
    minimums: Iterable[tuple[str, Level]] = (),
    *,
    kinds: Iterable[Kind] = (),
    closed: Iterable[Closed] = (),
    ups: Iterable[tuple[str, int]] = (),
) -> Needed:
    """The level for these findings. ``minimums`` and ``ups`` are by rule id."""
    contributions = [
        Contribution("sensitivity", sensitivity, policy.scales.by_sensitivity[sensitivity]),
        Contribution("damage", damage, policy.scales.by_damage[damage]),
    ]
    contributions += [Contribution("rule", rule, level) for rule, level in minimums]
    floor = policy.floor
    if sensitivity in floor.by_sensitivity:
        contributions.append(Contribution("floor", sensitivity, floor.by_sensitivity[sensitivity]))
    if damage in floor.by_damage:
        contributions.append(Contribution("floor", damage, floor.by_damage[damage]))
    contributions += [Contribution("floor", k, floor.by_kind[k]) for k in kinds if k in floor.by_kind]
    contributions += [Contribution("floor", c, floor.by_closed[c]) for c in closed if c in floor.by_closed]
    level = max(contribution.level for contribution in contributions)
    for rule, steps in ups:
        level = raised(level, steps)
        contributions.append(Contribution("up", rule, level))
    return Needed(level, tuple(contributions))
