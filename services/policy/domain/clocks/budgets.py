"""Clock budgets: what is left of a clock, divided among the steps of a path by how long such steps take.

Where the path needs more than is left, a lawful shorter one is looked for. It has the same steps, each on its level or
above and each by another person; only their order is given up, or who takes them. So nothing loses a step because it
is late.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Literal

from services.policy.domain.authority.mandates import Mandate, Weight
from services.policy.domain.policies import StepRule
from services.policy.domain.scales import Level, Specialism

StepKey = tuple[str, Level, Specialism | None]
"""Steps that are measured together: kind, level and specialism."""

Stages = tuple[tuple[StepRule, ...], ...]
"""The steps of a path: those of a stage may be taken at the same time, one stage comes after the other."""

ShorterKind = Literal["parallel", "delegate", "duty_authority"]

_Via = Literal["post", "delegate", "duty_authority"]
_ORDER: tuple[_Via, ...] = ("post", "delegate", "duty_authority")


@dataclass(frozen=True, slots=True)
class Pace:
    """How long steps take in an agency as a rule (their 90th percentile in minutes), by the step and by the person, as
    far as enough were measured."""

    steps: Mapping[StepKey, int] = field(default_factory=dict)
    persons: Mapping[str, int] = field(default_factory=dict)

    def of(self, step: StepRule, otherwise: int) -> int:
        """The minutes of a step; ``otherwise`` where too few were measured."""
        return self.steps.get((step.kind, step.level, step.specialism), otherwise)


@dataclass(frozen=True, slots=True)
class BudgetedStep:
    """A step, the ``minutes`` that it takes, and its ``share`` of what is left of the clock."""

    step: StepRule
    minutes: int
    share: int


@dataclass(frozen=True, slots=True)
class StandIn:
    """Somebody else who may take a step in so many minutes; ``instrument`` is what lets them."""

    step: StepRule
    subject: str
    post: str
    instrument: str | None
    minutes: int


_Taker = tuple[_Via, StandIn]


@dataclass(frozen=True, slots=True)
class ShorterPath:
    """The same steps in less time: at once if ``in_parallel``, those of ``stand_ins`` by somebody else."""

    kind: ShorterKind
    needs: int
    in_parallel: bool
    stand_ins: tuple[StandIn, ...] = ()


@dataclass(frozen=True, slots=True)
class Budget:
    """What a path needs and what remains, in minutes of its clock; ``shorter`` is the way out where it does not fit.

    ``window_ends_at`` is set where the platform stops taking an answer before the clock has run: it is the deadline.
    """

    needs: int
    remaining: int
    steps: tuple[BudgetedStep, ...]
    shorter: ShorterPath | None = None
    window_ends_at: datetime | None = None

    @property
    def fits(self) -> bool:
        """Whether the path can be walked in what remains."""
        return self.needs <= self.remaining


@dataclass(frozen=True, slots=True)
class Circle:
    """Who could take the steps of a case: mandates that hold now, without those who may take none of these steps; and
    whether the policy lets them be taken ``at_once``, whatever their stages."""

    mandates: Sequence[Mandate]
    weight: Weight
    without: frozenset[str] = frozenset()
    at_once: bool = True


def needed(stages: Stages, pace: Pace, otherwise: int) -> int:
    """The minutes that a path needs: its stages one after the other, of each the slowest step."""
    return sum(max((pace.of(step, otherwise) for step in stage), default=0) for stage in stages)


def budget(stages: Stages, remaining: int, pace: Pace, otherwise: int) -> Budget:
    """Divide what remains among the stages as they need it; the steps of a stage have the same time."""
    needs = needed(stages, pace, otherwise)
    steps = []
    for stage in stages:
        slowest = needed((stage,), pace, otherwise)
        share = remaining * slowest // needs if needs else remaining
        steps += [BudgetedStep(step, pace.of(step, otherwise), share) for step in stage]
    return Budget(needs, remaining, tuple(steps))


def shorter_path(stages: Stages, remaining: int, pace: Pace, otherwise: int, circle: Circle) -> ShorterPath | None:
    """The least change by which a path fits into what remains: its steps at the same time where the policy allows it,
    then the next delegate, then whoever stands above; None where no lawful one does."""
    steps = tuple(step for stage in stages for step in stage)
    in_parallel = len(stages) > 1 and circle.at_once
    at_once = needed((steps,), pace, otherwise)
    if in_parallel and at_once <= remaining:
        return ShorterPath("parallel", at_once, in_parallel)
    takers = [_takers(step, remaining, pace, otherwise, circle) for step in steps]
    kinds: tuple[tuple[ShorterKind, tuple[_Via, ...]], ...] = (
        ("delegate", ("post", "delegate")),
        ("duty_authority", _ORDER),
    )
    for kind, ways in kinds:
        chosen = _matched([[taker for taker in each if taker[0] in ways] for each in takers])
        if chosen is None:
            continue
        needs = _lasting(
            [taker.minutes for _, taker in chosen], [len(steps)] if in_parallel else list(map(len, stages))
        )
        if needs <= remaining:
            return ShorterPath(kind, needs, in_parallel, tuple(taker for via, taker in chosen if via != "post"))
    return None


def _lasting(minutes: Sequence[int], stages: Sequence[int]) -> int:
    """How long steps of so many minutes last, taken in stages of so many steps: of each stage the slowest."""
    left = iter(minutes)
    return sum(max(islice(left, count), default=0) for count in stages)


def may_take(mandate: Mandate, step: StepRule, weight: Weight) -> bool:
    """Whether a mandate is good for a step of a case of that weight."""
    return (
        mandate.level >= step.level
        and (not step.posts or mandate.post_behind in step.posts)
        and (step.specialism is None or step.specialism in mandate.specialisms)
        and mandate.stands_for(weight.topics)
        and mandate.speaks_on(weight.platform)
        and not mandate.exceeded_by(weight)
    )


def _takers(step: StepRule, remaining: int, pace: Pace, otherwise: int, circle: Circle) -> list[_Taker]:
    """Who may take a step in time, whoever does it as a rule first."""
    able = [
        each for each in circle.mandates if each.subject not in circle.without and may_take(each, step, circle.weight)
    ]
    usual = min((each.level for each in able if each.basis == "post"), default=step.level)
    found: list[_Taker] = []
    for mandate in able:
        via = _via(mandate, step, usual)
        minutes = pace.of(step, otherwise) if via == "post" else pace.persons.get(mandate.subject, otherwise)
        if minutes <= remaining:
            found.append((via, StandIn(step, mandate.subject, mandate.post, mandate.instrument, minutes)))
    return sorted(found, key=lambda each: (_ORDER.index(each[0]), each[1].minutes))


def _via(mandate: Mandate, step: StepRule, usual: Level) -> _Via:
    if mandate.basis != "post":
        return "delegate"
    return "post" if step.specialism is not None or mandate.level == usual else "duty_authority"


def _matched(offers: Sequence[Sequence[_Taker]]) -> list[_Taker] | None:
    """One taker for each step, each another person (augmenting paths); None where there are not as many."""
    step_of: dict[str, int] = {}
    chosen: dict[int, _Taker] = {}

    def give(step: int, asked: set[str]) -> bool:
        for taker in offers[step]:
            subject = taker[1].subject
            if subject not in asked:
                asked.add(subject)
                if subject not in step_of or give(step_of[subject], asked):
                    step_of[subject], chosen[step] = step, taker
                    return True
        return False

    if all(give(step, set()) for step in range(len(offers))):
        return [chosen[step] for step in range(len(offers))]
    return None
