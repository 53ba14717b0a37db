"""A shorter path that an officer takes: the same steps at once, where the policy allows it, and none of them lost."""

from typing import Any

import pytest

from services.policy import casework, handlers
from services.policy.adapters.store.work import UnitOfWork
from services.policy.clearance import approve
from services.policy.desk import Desk
from services.policy.domain.clearance.approvals import NotYourAuthority
from services.policy.domain.clearance.cases import Case
from services.policy.domain.clearance.casework import CaseOver, NoShorterPath
from services.policy.domain.clearance.paths import AgencyPace, budget_of
from services.policy.domain.clocks.budgets import Pace
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.policies import StepRule
from services.policy.domain.scales import LEVELS
from services.policy.drafting import Text, write_draft
from tests.policy.builders import NOW, OnePolicy, decider, received, sample, the_case

RATES = "Will the exchange rate fall?"


def staged(at_once: bool) -> PolicyInForce:
    """The bank's policy with three approvals one after the other, on L4."""
    policy = sample("central-bank").policy
    steps = tuple(StepRule(level=level, stage=stage) for stage, level in enumerate(("L2", "L3", "L4"), 1))
    rung = policy.ladder["L4"].model_copy(update={"steps": steps, "at_once_if_late": at_once})
    return PolicyInForce(policy.model_copy(update={"ladder": {**policy.ladder, "L4": rung}}))


class LateCase:
    """A case whose three steps take two hours each, of four."""

    def __init__(self, at_once: bool = True, minutes: int = 120) -> None:
        steps = Pace({("approval", level, None): minutes for level in LEVELS})
        self.pace, self.policy = AgencyPace(steps, steps), staged(at_once)
        self.work = UnitOfWork(paces={"central-bank": self.pace})
        handlers.on_comment_received(received(RATES, agency="central-bank"), self.work, OnePolicy(self.policy), NOW)
        turn = self.case.turns[0]
        turn.decision = turn.decision._replace(times={"answer": 240})

    @property
    def case(self) -> Case:
        return the_case(self.work, "central-bank")

    def desk(self, who: str) -> Desk:
        return Desk(self.case, self.case.draft, decider("central-bank", who), self.policy, self.work, NOW)

    def shorten(self, who: str = "governor") -> None:
        casework.shorten(self.desk(who), self.pace, "The markets open at nine.")

    def acts(self) -> list[Any]:
        return [act for act in self.work.acts if act.action == "case.path_shortened"]


def test_who_holds_the_post_takes_the_shorter_path_and_every_step_stays() -> None:
    late = LateCase()
    write_draft(late.desk("bank-desk"), Text("No."))
    assert late.case.draft is not None
    assert [step.stage for step in late.case.draft.steps] == [1, 2, 3]
    late.shorten()
    assert [(step.level, step.stage) for step in late.case.draft.steps] == [("L2", 1), ("L3", 1), ("L4", 1)]
    approve(late.desk("governor"), late.case.draft.digest)
    assert [step.taken is not None for step in late.case.draft.steps] == [False, False, True]
    (act,) = late.acts()
    assert (act.actor, act.details["path"]["kind"], act.details["path"]["in_parallel"]) == (
        "governor",
        "parallel",
        True,
    )
    assert (act.details["needs_minutes"], act.details["remaining_minutes"]) == (360, 240)


def test_a_draft_that_is_written_afterwards_has_the_shorter_path_as_well() -> None:
    late = LateCase()
    late.shorten()
    found = budget_of(late.case, late.policy, late.pace, NOW)
    assert found is not None
    assert (found.fits, found.needs) == (True, 120)
    draft = write_draft(late.desk("bank-desk"), Text("No."))
    assert [(step.level, step.stage) for step in draft.steps] == [("L2", 1), ("L3", 1), ("L4", 1)]


def test_where_the_policy_does_not_allow_it_there_is_no_shorter_path() -> None:
    late = LateCase(at_once=False)
    with pytest.raises(NoShorterPath):
        late.shorten()
    assert (late.case.casework.shortened, late.acts()) == (None, [])


def test_what_was_allowed_holds_no_longer_than_the_policy_allows_it() -> None:
    late = LateCase()
    late.shorten()
    late.policy = staged(at_once=False)
    draft = write_draft(late.desk("bank-desk"), Text("No."))
    assert [step.stage for step in draft.steps] == [1, 2, 3]


def test_what_fits_is_not_shortened() -> None:
    with pytest.raises(NoShorterPath):
        LateCase(minutes=60).shorten()


def test_a_desk_below_the_case_chooses_nothing() -> None:
    late = LateCase()
    with pytest.raises(NotYourAuthority):
        late.shorten("bank-desk")


def test_what_is_over_is_not_shortened() -> None:
    late = LateCase()
    late.case.state = "closed"
    with pytest.raises(CaseOver):
        late.shorten()
