"""Which level a release needs, and what each part of the answer contributed.

``level = max(by_sensitivity[S], by_damage[D], rule minimum, floor)``, then moved up where a rule says so. Nothing
lowers it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from services.policy.domain.findings import Findings
from services.policy.domain.policies import Policy
from services.policy.domain.scales import Closed, Kind, Level, raised


@dataclass(frozen=True, slots=True)
class Contribution:
    """One reason for a level: ``source`` is sensitivity, damage, rule, floor or up; ``value`` says which.

    ``spares_lines``: an unchanged cleared line need not heed it.
    """

    source: str
    value: str
    level: Level
    spares_lines: bool = False


@dataclass(frozen=True, slots=True)
class Needed:
    """The level that is needed, and every contribution to it; ``of_a_line`` is what an unchanged line needs."""

    level: Level
    of_a_line: Level
    contributions: tuple[Contribution, ...]


def needed(policy: Policy, findings: Findings, *, kinds: Iterable[Kind] = (), closed: Iterable[Closed] = ()) -> Needed:
    """The level for what was found in a comment of these kinds, on these closed subjects."""
    scales, floor = policy.scales, policy.floor
    sensitivity, damage = findings.sensitivity, findings.damage
    contributions = [
        Contribution("sensitivity", sensitivity, scales.by_sensitivity[sensitivity]),
        Contribution("damage", damage, scales.by_damage[damage]),
    ]
    for name, value in findings.damages.items():
        if (level := scales.by_damage_class.get(name, {}).get(value)) is not None:
            contributions.append(Contribution("damage", f"{name} {value}", level))
    contributions += [Contribution("rule", each.rule, each.level, each.spares_lines) for each in findings.minimums]
    if sensitivity in floor.by_sensitivity:
        contributions.append(Contribution("floor", sensitivity, floor.by_sensitivity[sensitivity]))
    if damage in floor.by_damage:
        contributions.append(Contribution("floor", damage, floor.by_damage[damage]))
    contributions += [Contribution("floor", k, floor.by_kind[k]) for k in kinds if k in floor.by_kind]
    contributions += [Contribution("floor", c, floor.by_closed[c]) for c in closed if c in floor.by_closed]
    level = max(each.level for each in contributions)
    of_a_line = max(each.level for each in contributions if not each.spares_lines)
    for rule, steps in findings.ups:
        level, of_a_line = raised(level, steps), raised(of_a_line, steps)
        contributions.append(Contribution("up", rule, level))
    return Needed(level, of_a_line, tuple(contributions))
