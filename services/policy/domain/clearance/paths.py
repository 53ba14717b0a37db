"""The path that a case has yet to go, and whether it fits into what is left of its clock."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from services.policy.domain.authority.mandates import Mandate
from services.policy.domain.authority.presence import Presence
from services.policy.domain.clearance import timing
from services.policy.domain.clearance.approvals import Step
from services.policy.domain.clearance.cases import Case, Turn
from services.policy.domain.clearance.clearing import BY_A_PERSON, path
from services.policy.domain.clocks.agency_time import AgencyTime
from services.policy.domain.clocks.budgets import Budget, Circle, Pace, Stages, budget, shorter_path
from services.policy.domain.clocks.response_clock import ResponseClock
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.policies import StepRule
from services.policy.domain.scales import Level


@dataclass(frozen=True, slots=True)
class AgencyPace:
    """How long steps take in an agency, in its working minutes and around the clock, and by what those who are there
    may decide; None before that was looked up, and the posts of the roster count. ``presence`` is who can be expected
    at work; None before that was looked up."""

    working: Pace = field(default_factory=Pace)
    always: Pace = field(default_factory=Pace)
    mandates: tuple[Mandate, ...] | None = None
    presence: Presence | None = None

    def mandates_at(self, policy: PolicyInForce, now: datetime) -> list[Mandate]:
        """The mandates that hold at ``now``."""
        known = self.mandates
        if known is None:
            known = tuple(Mandate.of_post(each) for each in policy.policy.officers)
        return [
            each for each in known if (not each.from_ or each.from_ <= now) and (not each.until or now < each.until)
        ]


def budget_of(case: Case, policy: PolicyInForce, pace: AgencyPace, now: datetime) -> Budget | None:
    """The budget of whoever waits most urgently, with a shorter path where it does not fit; None where nobody waits."""
    turn = _most_urgent(case)
    if turn is None or case.standing is None:
        return None
    clock = timing.clock_of(turn, case.pauses)
    left, window = _left(clock, case.window_ends_at, policy.time, now)
    stages, otherwise = stages_of(case, policy), policy.policy.step_minutes
    steps = pace.always if clock.around_the_clock else pace.working
    found = replace(budget(stages, left, steps, otherwise), window_ends_at=window)
    if found.fits:
        return found
    at_once = policy.policy.ladder[_level(case)].at_once_if_late
    circle = Circle(pace.mandates_at(policy, now), case.weight, _taken_by(case), at_once)
    return replace(found, shorter=shorter_path(stages, left, steps, otherwise, circle))


def _left(
    clock: ResponseClock, window: datetime | None, time: AgencyTime, now: datetime
) -> tuple[int, datetime | None]:
    """The minutes that are left of a clock, or until the platform's window ends, which is told where that is sooner."""
    left = clock.left("answer", time, now)
    open_for = None if window is None else time.of(clock.around_the_clock).between(now, max(now, window))
    if open_for is None or open_for >= left:
        return left // timedelta(minutes=1), None
    return open_for // timedelta(minutes=1), window


def stages_of(case: Case, policy: PolicyInForce) -> Stages:
    """The steps that are yet to be taken, by their stages: those of the open draft, else of the path that a draft will
    have."""
    assert case.standing is not None
    if case.draft is not None and case.draft.state == "open":
        return _by_stage(_rule(step) for step in case.draft.steps if step.taken is None)
    standing = case.standing
    return _by_stage(path(case, policy, _level(case), standing.signoffs, standing.approvals))


def _level(case: Case) -> Level:
    """On which level an answer is cleared: of the open draft, that of its highest approval."""
    assert case.standing is not None
    steps = case.draft.steps if case.draft is not None and case.draft.state == "open" else ()
    asked = (step.level for step in steps if step.kind == "approval")
    return max(case.standing.level, BY_A_PERSON, case.least_level, *asked)


def _by_stage(steps: Iterable[StepRule]) -> Stages:
    stages: dict[int, list[StepRule]] = {}
    for step in steps:
        stages.setdefault(step.stage, []).append(step)
    return tuple(tuple(stages[number]) for number in sorted(stages))


def _rule(step: Step) -> StepRule:
    return StepRule(kind=step.kind, level=step.level, specialism=step.specialism, posts=step.posts, stage=step.stage)


def _most_urgent(case: Case) -> Turn | None:
    timed = [turn for turn in case.waiting if turn.deadlines and "answer" in turn.deadlines]
    if not timed:
        return next(iter(case.waiting), None)
    return min(timed, key=lambda turn: (turn.deadlines or {})["answer"])


def _taken_by(case: Case) -> frozenset[str]:
    """Who may take no further step: the author of the open draft, and whoever has consented to it."""
    if case.draft is None or case.draft.state != "open":
        return frozenset()
    return frozenset((case.draft.author, *(step.taken.officer for step in case.draft.steps if step.taken)))
