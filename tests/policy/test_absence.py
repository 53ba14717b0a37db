"""A case that comes in for people who are not there goes at once to the next authority who is."""

from datetime import datetime, timedelta
from typing import Any

from services.policy import handlers
from services.policy.adapters.store.work import UnitOfWork
from services.policy.domain.authority.powers import Powers
from services.policy.domain.authority.presence import Leave, Presence
from services.policy.domain.clearance.cases import Case
from services.policy.domain.clearance.paths import AgencyPace
from services.policy.domain.deciding.decisions import PolicyInForce
from shared.events import CaseEscalated
from tests.policy.builders import NOW, OFFICERS, OnePolicy, in_force, officer, received, sample, the_case

COMPLAINT = "Still waiting for my passport, terrible service"
PRAISE = "Great service, well done"
FIRE = "Help! Our house is on fire"
BY_NIGHT = NOW + timedelta(hours=14)
DESKS = ("passports-desk", "passports-desk-2")


class Intake:
    """Comments that come in while ``away`` are on leave, as the paces of the agency know."""

    def __init__(self, *away: str, at: datetime = NOW, policy: PolicyInForce | None = None) -> None:
        self.policy, self.at = policy or sample("passports"), at
        week = timedelta(days=7)
        leaves = [Leave(f"lve_{each}", "passports", each, NOW - week, NOW + week, each, NOW) for each in away]
        presence = Presence(Powers(self.policy.policy.officers), self.policy.time, leaves)
        self.work = UnitOfWork(paces={"passports": AgencyPace(presence=presence)})

    def receive(self, text: str = COMPLAINT, **about: Any) -> Case:
        event = received(text, received_at=self.at, **about)
        handlers.on_comment_received(event, self.work, OnePolicy(self.policy), self.at)
        return the_case(self.work, "passports")

    @property
    def told(self) -> list[CaseEscalated]:
        return [event for event in self.work.events if isinstance(event, CaseEscalated)]


def test_while_somebody_on_its_level_is_there_a_case_waits_for_them() -> None:
    intake = Intake("passports-desk")
    assert intake.receive().escalation is None
    assert intake.told == []


def test_where_nobody_on_its_level_is_there_the_next_authority_has_it_at_once() -> None:
    intake = Intake(*DESKS)
    case = intake.receive()
    comms = officer("passports", "passports-comms").post
    (event,) = intake.told
    assert (event.reason, event.level, event.post, event.owner, event.comments) == (
        "escalate", "L2", comms, comms, ("cmt_1",),
    )  # fmt: skip
    assert case.standing is not None
    assert (case.standing.owner, case.standing.level) == (comms, "L1")
    (act,) = [act for act in intake.work.acts if act.action == "case.escalated"]
    assert (act.details["reason"], act.details["officer"]) == ("nobody_there", "passports-comms")
    assert act.details["passed_over"] == ["Enquiries Officer"]


def test_who_is_not_there_above_is_passed_over_as_well() -> None:
    intake = Intake(*DESKS, "passports-comms")
    intake.receive()
    (event,) = intake.told
    assert (event.level, event.post) == ("L3", officer("passports", "passports-division").post)


def test_where_nobody_at_all_is_there_a_case_stays_where_it_is() -> None:
    intake = Intake(*(each.subject for each in sample("passports").policy.officers))
    assert intake.receive().escalation is None
    assert intake.told == []


def test_a_case_is_passed_up_once_and_not_with_every_comment() -> None:
    intake = Intake(*DESKS)
    intake.receive()
    intake.receive("Another delay, terrible service", comment="cmt_2")
    assert len(intake.told) == 1


def test_by_night_nobody_is_asked_about_what_can_wait_for_the_morning() -> None:
    intake = Intake(*DESKS, at=BY_NIGHT)
    intake.receive()
    assert intake.told == []


def test_what_nobody_is_to_answer_is_passed_to_nobody() -> None:
    intake = Intake(*DESKS)
    intake.receive(PRAISE)
    assert intake.told == []


def test_danger_by_night_goes_at_once_to_whoever_is_there_at_that_hour() -> None:
    always = [{"days": [1, 2, 3, 4, 5, 6, 7], "from": "00:00", "to": "24:00"}]
    duty = {"subject": "duty", "post": "Duty officer of the head", "level": "L4", "hours": always}
    policy = in_force(officers=[*OFFICERS, duty])
    for comment, expected in ((FIRE, ["Duty officer of the head"]), (COMPLAINT, [])):
        intake = Intake(at=BY_NIGHT, policy=policy)
        intake.receive(comment)
        assert [event.post for event in intake.told] == expected
