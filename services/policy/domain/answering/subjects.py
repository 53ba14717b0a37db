"""What may have to be answered: the subjects of an agency at each sensitivity, with the path that a release takes.

Subjects of the same owners, damage and levels are one row, and so are sensitivities that need the same of the same
persons. Beside them stands danger: what a safety rule puts on a clock that runs day and night.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from services.policy.domain.answering.paths import Path
from services.policy.domain.authority.mandates import Weight
from services.policy.domain.authority.powers import Powers
from services.policy.domain.clearance.clearing import BY_A_PERSON
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.deciding.findings import Findings, Minimum
from services.policy.domain.deciding.levels import needed
from services.policy.domain.policies import Rule, StepRule, Topic
from services.policy.domain.scales import SENSITIVITIES, Kind, Level, Sensitivity


class Row(NamedTuple):
    """Subjects at some sensitivities, and what releasing an answer takes.

    ``topics``: none stands for what is on no subject; ``kinds`` only of danger. ``around_the_clock``: somebody must be
    there day and night.
    """

    topics: tuple[str, ...]
    kinds: tuple[Kind, ...]
    sensitivities: tuple[Sensitivity, ...]
    level: Level
    path: Path
    around_the_clock: bool


def rows_of(policy: PolicyInForce, powers: Powers) -> tuple[Row, ...]:
    """Every row of an agency; subjects that another agency answers for have none."""
    groups: dict[tuple[object, ...], list[str]] = defaultdict(list)
    paths: dict[tuple[object, ...], list[_Cell]] = {}
    for topic in policy.policy.topics:
        if topic.agency in (None, policy.policy.agency):
            cells = _cells(topic, policy, powers)
            key = (_owners(topic.id, powers), *((*cell.signature, topic.worst) for cell in cells))
            groups[key].append(topic.id)
            paths.setdefault(key, cells)
    rows = [row for key, topics in groups.items() for row in _joined(tuple(topics), paths[key], policy)]
    nothing = _joined((), _cells(None, policy, powers), policy)
    return (*nothing, *rows, *_dangers(policy))


class _Cell(NamedTuple):
    sensitivity: Sensitivity
    level: Level
    path: Path
    covered: tuple[bool, ...]

    @property
    def signature(self) -> tuple[object, ...]:
        """What it takes, apart from how sensitive it is."""
        return self.level, self.path.steps, self.covered


def _cells(topic: Topic | None, policy: PolicyInForce, powers: Powers) -> list[_Cell]:
    """A subject at each of its sensitivities; the lowest is that of the topic itself."""
    least = SENSITIVITIES.index(topic.sensitivity if topic else "S0")
    ceilings = sorted(_ceilings(powers))
    cells = []
    for sensitivity in SENSITIVITIES[least:]:
        level = _level(sensitivity, topic, policy)
        weight = Weight(sensitivity, topic.worst if topic else "D0", (topic.id,) if topic else ())
        covered = tuple(sensitivity <= ceiling for ceiling in ceilings)
        cells.append(_Cell(sensitivity, level, Path(policy.steps(level, ()), weight), covered))
    return cells


def _level(sensitivity: Sensitivity, topic: Topic | None, policy: PolicyInForce) -> Level:
    findings = Findings(sensitivity=sensitivity)
    if topic is not None:
        findings.hurt(topic.damage)
    closed = [topic.closed] if topic and topic.closed else []
    return max(needed(policy.policy, findings, closed=closed).level, BY_A_PERSON)


def _joined(topics: tuple[str, ...], cells: Iterable[_Cell], policy: PolicyInForce) -> Iterator[Row]:
    """Rows of one group of subjects; sensitivities that come to the same are one, told by the highest."""
    alike: dict[tuple[object, ...], list[_Cell]] = defaultdict(list)
    for cell in cells:
        alike[cell.signature].append(cell)
    for same in alike.values():
        level, heaviest = same[-1].level, same[-1]
        always = policy.policy.clocks[level.lower()].around_the_clock
        yield Row(topics, (), tuple(cell.sensitivity for cell in same), level, heaviest.path, always)


def _owners(topic: str, powers: Powers) -> tuple[bool, ...]:
    """Which of the limits to some subjects, wherever there are such, leave this one in."""
    limits = [each.topics for each in powers.roster] + [each.topics for each in powers.delegations]
    return tuple(topic in limit for limit in dict.fromkeys(limits) if limit)


def _ceilings(powers: Powers) -> set[Sensitivity]:
    posts = {each.ceiling.sensitivity for each in powers.roster if each.ceiling is not None}
    return posts | {each.ceiling.sensitivity for each in powers.delegations}


def _dangers(policy: PolicyInForce) -> Iterator[Row]:
    alike: dict[tuple[Sensitivity, Level, Path], list[Kind]] = {}
    for rule in policy.policy.rules:
        if _is_danger(rule, policy):
            level, path = _needed_by(rule, policy)
            alike.setdefault((path.weight.sensitivity, level, path), []).extend(rule.when.kind)
    for (sensitivity, level, path), kinds in alike.items():
        yield Row((), tuple(dict.fromkeys(kinds)), (sensitivity,), level, path, True)


def _is_danger(rule: Rule, policy: PolicyInForce) -> bool:
    clock = policy.policy.clocks[rule.then.clock] if rule.then.clock else None
    return rule.stage == "safety" and bool(rule.when.kind) and clock is not None and clock.around_the_clock


def _needed_by(rule: Rule, policy: PolicyInForce) -> tuple[Level, Path]:
    then = rule.then
    findings = Findings(sensitivity=then.sensitivity or "S0")
    findings.hurt(then.damage or "D0")
    if then.level is not None:
        findings.minimums.append(Minimum(rule.id, then.level))
    level = max(needed(policy.policy, findings, kinds=rule.when.kind).level, BY_A_PERSON)
    steps: tuple[StepRule, ...] = policy.steps(level, then.signoffs, then.approvals)
    return level, Path(steps, Weight(findings.sensitivity, findings.damage))
