"""A path that does not fit into its time: marked at intake, with the way out, or told to who acts for the head."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.policy import handlers, timekeeping
from services.policy.adapters.store.work import UnitOfWork
from services.policy.clearance import approve
from services.policy.domain.authority.mandates import Mandate, OnBehalfOf
from services.policy.domain.clearance.cases import Case
from services.policy.domain.clearance.paths import AgencyPace, budget_of, stages_of
from services.policy.domain.clocks.budgets import Pace, ShorterPath
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.policies import StepRule
from services.policy.domain.scales import LEVELS
from services.policy.drafting import Text, write_draft
from shared.events import CaseEscalated
from tests.policy.builders import NOW, a_desk, decider, received, sample, the_case
from tests.policy.test_timekeeping import OnePolicy, timer

COMPLAINT = "Still waiting for my passport, terrible service"
LEGAL = "My lawyer will sue you for defamation"
RATES = "Will the exchange rate fall?"
FIRE = "Help! Our house is on fire"


def slow(minutes: int, persons: Mapping[str, int] | None = None, *mandates: Mandate) -> AgencyPace:
    """Every step takes so long; people besides take what ``persons`` says."""
    steps = Pace({("approval", level, None): minutes for level in LEVELS}, persons or {})
    return AgencyPace(steps, steps, mandates or None)


class Intake:
    """One comment that comes in where steps take their time."""

    def __init__(self, pace: AgencyPace, text: str = COMPLAINT, agency: str = "passports", **about: Any) -> None:
        self.pace, self.agency, self.policy = pace, agency, sample(agency)
        self.work = UnitOfWork(paces={agency: pace})
        self.receive(text, **about)

    def receive(self, text: str, **about: Any) -> None:
        event = received(text, agency=self.agency, **about)
        handlers.on_comment_received(event, self.work, OnePolicy(self.policy), NOW)

    @property
    def case(self) -> Case:
        return the_case(self.work, self.agency)

    def acts(self, action: str) -> list[dict[str, Any]]:
        return [act.details for act in self.work.acts if act.action == action]

    @property
    def told(self) -> list[CaseEscalated]:
        return [event for event in self.work.events if isinstance(event, CaseEscalated)]


def everybody(minutes: int, agency: str = "passports") -> dict[str, int]:
    return {each.subject: minutes for each in sample(agency).policy.officers}


def test_what_fits_is_neither_marked_nor_told() -> None:
    intake = Intake(slow(200))
    assert (intake.case.fired, intake.told, intake.acts("case.cannot_fit")) == ({}, [], [])


def test_before_anything_was_measured_the_policys_minutes_count() -> None:
    intake = Intake(AgencyPace())
    found = budget_of(intake.case, intake.policy, intake.pace, NOW)
    assert found is not None
    assert (found.needs, found.remaining, found.fits) == (intake.policy.policy.step_minutes, 240, True)


def test_what_cannot_fit_is_marked_at_intake_with_the_shorter_path_named() -> None:
    intake = Intake(slow(300, {"passports-comms": 30}))
    assert set(intake.case.fired) == {"cannot_fit"}
    (act,) = intake.acts("case.cannot_fit")
    assert (act["needs_minutes"], act["remaining_minutes"]) == (300, 240)
    assert act["shorter_path"]["kind"] == "duty_authority"
    assert intake.told == []


def test_a_delegate_is_named_before_the_authority_above() -> None:
    behalf = OnBehalfOf("passports-desk", "Enquiries Officer")
    stand_in = Mandate("clerk", "Clerk", "L1", "delegation", instrument="del_1", on_behalf_of=behalf)
    posts = [Mandate.of_post(each) for each in sample("passports").policy.officers]
    intake = Intake(slow(300, {"clerk": 20}, *posts, stand_in))
    path = intake.acts("case.cannot_fit")[0]["shorter_path"]
    assert path["kind"] == "delegate"
    assert [(each["officer"], each["instrument"]) for each in path["stand_ins"]] == [("clerk", "del_1")]


def test_without_any_path_who_acts_for_the_head_is_told_at_once_and_once() -> None:
    intake = Intake(slow(300, everybody(300)))
    (event,) = intake.told
    head = next(each for each in intake.policy.policy.officers if each.level == "L4")
    assert (event.reason, event.level, event.post, event.comments) == ("cannot_fit", "L4", head.post, ("cmt_1",))
    (act,) = intake.acts("case.duty_officer_told")
    assert (act["shorter_path"], act["officer"]) == (None, head.subject)
    intake.receive("Another delay, terrible service", comment="cmt_2")
    at = timer(intake.case, "near_breach").due_at
    timekeeping.on_timer_due("near_breach", intake.case, intake.policy, intake.work, at)
    assert (len(intake.told), len(intake.acts("case.cannot_fit"))) == (1, 1)


def test_the_heads_stand_in_is_told_before_the_head() -> None:
    posts = [Mandate.of_post(each) for each in sample("passports").policy.officers]
    acting = Mandate("deputy", "Controller of Passports", "L4", "acting", instrument="act_1")
    intake = Intake(slow(300, {**everybody(300), "deputy": 300}, *posts, acting))
    (act,) = intake.acts("case.duty_officer_told")
    assert (act["officer"], act["instrument"]) == ("deputy", "act_1")


def test_what_fitted_at_intake_is_looked_at_again_near_the_breach() -> None:
    intake = Intake(slow(100, everybody(100)))
    assert intake.told == []
    at = timer(intake.case, "near_breach").due_at
    timekeeping.on_timer_due("near_breach", intake.case, intake.policy, intake.work, at)
    assert [event.reason for event in intake.told] == ["cannot_fit"]


def test_what_runs_around_the_clock_is_measured_on_the_wall() -> None:
    quick = Pace({("approval", level, None): 5 for level in LEVELS})
    at_night = AgencyPace(quick, Pace({("approval", level, None): 600 for level in LEVELS}, everybody(600)))
    assert [event.reason for event in Intake(at_night, FIRE).told] == ["cannot_fit"]
    assert Intake(at_night, COMPLAINT).told == []


@pytest.mark.parametrize("minutes", [1, 300, 10_000])
def test_what_moves_markets_never_loses_a_step_however_late(minutes: int) -> None:
    intake = Intake(slow(minutes, everybody(minutes, "central-bank")), RATES, "central-bank")
    for hours in (0, 1, 24, 24 * 30):
        found = budget_of(intake.case, intake.policy, intake.pace, NOW + timedelta(hours=hours))
        assert found is not None
        assert [each.step.level for each in found.steps] == ["L2", "L3", "L4"]
    draft = write_draft(a_desk(intake.case, intake.work, "bank-desk"), Text("No."))
    assert [step.level for step in draft.steps] == ["L2", "L3", "L4"]


def test_steps_that_were_taken_are_needed_no_more() -> None:
    intake = Intake(slow(100), LEGAL)
    policy, work = intake.policy, intake.work
    before = stages_of(intake.case, policy)
    draft = write_draft(a_desk(intake.case, work, "passports-desk"), Text("We are sorry."))
    assert stages_of(intake.case, policy) == before
    approve(a_desk(intake.case, work, "passports-comms"), draft.digest)
    (left,) = stages_of(intake.case, policy)
    assert len(left) == len(before[0]) - 1


def test_steps_in_stages_are_shortened_to_steps_at_once_and_none_is_lost() -> None:
    intake = Intake(slow(120), RATES, "central-bank")
    ladder = {**intake.policy.policy.ladder}
    steps = [StepRule(level=step.level, stage=number) for number, step in enumerate(ladder["L4"].steps, 1)]
    for at_once, shorter in ((True, ShorterPath("parallel", 120, True)), (False, None)):
        ladder["L4"] = ladder["L4"].model_copy(update={"steps": tuple(steps), "at_once_if_late": at_once})
        staged = PolicyInForce(intake.policy.policy.model_copy(update={"ladder": ladder}))
        intake.case.turns[0].decision = intake.case.turns[0].decision._replace(times={"answer": 240})
        found = budget_of(intake.case, staged, intake.pace, NOW)
        assert found is not None
        assert (found.fits, found.needs, found.remaining, len(found.steps)) == (False, 360, 240, 3)
        assert found.shorter == shorter


def test_what_was_passed_up_needs_the_steps_of_the_level_it_came_to() -> None:
    intake = Intake(AgencyPace())
    intake.case.raised_to = "L3"
    (stage,) = stages_of(intake.case, intake.policy)
    assert [step.level for step in stage] == ["L2", "L3"]


def test_while_the_clock_stands_still_nothing_of_it_is_used_up() -> None:
    intake = Intake(AgencyPace())
    desk, policy = decider("passports", "passports-desk"), intake.policy
    timekeeping.pause(intake.case, desk, "transferred", None, policy, intake.work, NOW + timedelta(minutes=60))
    found = budget_of(intake.case, policy, intake.pace, NOW + timedelta(days=3))
    assert found is not None
    assert found.remaining == 180


def test_what_comes_in_too_late_is_a_breach_and_told_as_that() -> None:
    intake = Intake(slow(300, everybody(300)), received_at=NOW - timedelta(days=30))
    assert (intake.case.fired, intake.told) == ({}, [])


def test_where_nobody_waits_there_is_no_budget() -> None:
    intake = Intake(slow(300), "Great service, well done")
    assert budget_of(intake.case, intake.policy, intake.pace, NOW) is None
    assert intake.case.fired == {}


def test_a_post_that_is_not_held_any_more_is_no_way_out() -> None:
    posts = [Mandate.of_post(each) for each in sample("passports").policy.officers]
    gone = [replace(each, until=NOW) if each.level > "L1" else each for each in posts]
    intake = Intake(slow(300, None, *gone))
    assert [event.reason for event in intake.told] == ["cannot_fit"]
