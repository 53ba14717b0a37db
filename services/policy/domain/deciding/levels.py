"""Which level a release needs, and what each part of the answer contributed.

``level = max(by_sensitivity[S], by_damage[D], rule minimum, floor)``, then moved up where a rule says so. Nothing
lowers it.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from services.policy.domain.deciding.findings import Findings
from services.policy.domain.policies import Floor, Policy, Scales
from services.policy.domain.scales import Closed, Kind, Level, raised


class Contribution(NamedTuple):
    """One reason for a level: ``source`` is sensitivity, damage, rule, floor or up; ``value`` says which.

    ``spares_lines``: an unchanged cleared line need not heed it.
    """

    source: str
    value: str
    level: Level
    spares_lines: bool = False


class Needed(NamedTuple):
    """The level that is needed, and every contribution to it; ``of_a_line`` is what an unchanged line needs."""

    level: Level
    of_a_line: Level
    contributions: tuple[Contribution, ...]


def needed(policy: Policy, findings: Findings, *, kinds: Iterable[Kind] = (), closed: Iterable[Closed] = ()) -> Needed:
    """The level for what was found in a comment of these kinds, on these closed subjects."""
    contributions = [*_by_findings(policy.scales, findings), *_by_floor(policy.floor, findings, kinds, closed)]
    level = max([each.level for each in contributions])
    of_a_line = max([each.level for each in contributions if not each.spares_lines])
    for rule, steps in findings.ups:
        level, of_a_line = raised(level, steps), raised(of_a_line, steps)
        contributions.append(Contribution("up", rule, level))
    return Needed(level, of_a_line, tuple(contributions))


def _by_findings(scales: Scales, findings: Findings) -> list[Contribution]:
    sensitivity, damage = findings.sensitivity, findings.damage
    contributions = [
        Contribution("sensitivity", sensitivity, scales.by_sensitivity[sensitivity]),
        Contribution("damage", damage, scales.by_damage[damage]),
    ]
    for name, value in findings.damages.items():
        if (level := scales.by_damage_class.get(name, {}).get(value)) is not None:
            contributions.append(Contribution("damage", f"{name} {value}", level))
    for each in findings.minimums:
        contributions.append(Contribution("rule", each.rule, each.level, each.spares_lines))
    return contributions


def _by_floor(
    floor: Floor, findings: Findings, kinds: Iterable[Kind], closed: Iterable[Closed]
) -> Iterator[Contribution]:
    if findings.sensitivity in floor.by_sensitivity:
        yield Contribution("floor", findings.sensitivity, floor.by_sensitivity[findings.sensitivity])
    if findings.damage in floor.by_damage:
        yield Contribution("floor", findings.damage, floor.by_damage[findings.damage])
    for kind in kinds:
        if kind in floor.by_kind:
            yield Contribution("floor", kind, floor.by_kind[kind])
    for subject in closed:
        if subject in floor.by_closed:
            yield Contribution("floor", subject, floor.by_closed[subject])
