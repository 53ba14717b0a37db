"""What time does to a case, with a unit of work in memory."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.policy import handlers, timekeeping
from services.policy.adapters.store.work import UnitOfWork
from services.policy.clearance import approve
from services.policy.domain.authority.mandates import Mandate
from services.policy.domain.authority.passing_up import Reach
from services.policy.domain.authority.powers import Powers
from services.policy.domain.authority.presence import Leave, Presence
from services.policy.domain.clearance import timing
from services.policy.domain.clearance.approvals import CeilingExceeded, NotYourAuthority
from services.policy.domain.clearance.cases import Case
from services.policy.domain.clearance.deciders import Decider
from services.policy.domain.clocks.timers import Timer, TimerKind
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.roster import Officer
from services.policy.drafting import Text, write_draft
from shared.events import CaseEscalated, ResponseApproved
from tests.policy.builders import (
    NOW,
    OFFICERS,
    OnePolicy,
    a_desk,
    decider,
    failed,
    in_force,
    officer,
    published,
    received,
    sample,
    the_case,
)

COMPLAINT = "Still waiting for my passport, terrible service"
RATES = "Will the exchange rate fall?"
LEGAL = "My lawyer will sue you for defamation"


def opened(text: str, policy: PolicyInForce | None = None, agency: str = "passports") -> tuple[Case, UnitOfWork]:
    work = UnitOfWork()
    handlers.on_comment_received(received(text, agency=agency), work, OnePolicy(policy or sample(agency)), NOW)
    case = the_case(work, agency)
    work.events.clear()
    work.acts.clear()
    return case, work


def timer(case: Case, kind: TimerKind) -> Timer:
    return next(each for each in timing.timers(case) if each.kind == kind)


def ring(case: Case, kind: TimerKind, work: UnitOfWork, policy: PolicyInForce | None = None) -> Timer:
    """The timer goes off a moment after it is due."""
    due = timer(case, kind)
    policy = policy or sample(case.thread.agency)
    assert timekeeping.on_timer_due(kind, case, policy, work, due.due_at + timedelta(seconds=1)) is None
    return due


def escalations(work: UnitOfWork) -> list[CaseEscalated]:
    return [event for event in work.events if isinstance(event, CaseEscalated)]


@pytest.mark.parametrize(("kind", "action"), [("near_breach", "clock.near_breach"), ("breach", "clock.breached")])
def test_a_warning_and_a_breach_are_put_on_record_and_marked(kind: Any, action: str) -> None:
    case, work = opened(COMPLAINT)
    due = ring(case, kind, work)
    (act,) = work.acts
    assert (act.action, act.actor, act.details["turn"]) == (action, "parley:policy", 1)
    assert case.fired == {kind: due.due_at + timedelta(seconds=1)}
    assert work.events == []


def test_a_timer_goes_off_once() -> None:
    case, work = opened(COMPLAINT)
    due = ring(case, "escalate", work)
    assert timekeeping.on_timer_due(due.kind, case, sample("passports"), work, due.due_at) is None
    assert (len(work.acts), len(work.events)) == (1, 1)


def test_escalating_gives_the_case_to_the_post_above() -> None:
    case, work = opened(COMPLAINT)
    before = case.standing
    assert before is not None
    assert before.owner == "Enquiries Officer"
    ring(case, "escalate", work)
    (event,) = escalations(work)
    above = officer("passports", "passports-comms")
    assert (event.reason, event.level, event.post, event.owner) == ("escalate", "L2", above.post, above.post)
    assert (event.comments, event.due_at) == (("cmt_1",), case.due_at)
    assert case.standing is not None
    assert (case.standing.owner, case.standing.level) == (above.post, "L1")
    assert [act.action for act in work.acts] == ["case.escalated"]


def test_an_escalated_case_stays_with_its_new_owner_when_another_comment_comes() -> None:
    case, work = opened(COMPLAINT)
    ring(case, "escalate", work)
    another = received("Another delay, terrible service", comment="cmt_2")
    handlers.on_comment_received(another, work, OnePolicy(sample("passports")), NOW)
    assert case.standing is not None
    assert case.standing.owner == officer("passports", "passports-comms").post


def test_a_post_that_nobody_holds_is_passed_over() -> None:
    away = [{**each, "until": NOW} if each["subject"] == "comms" else each for each in OFFICERS]
    policy = in_force(officers=away)
    case, work = opened(COMPLAINT, policy)
    ring(case, "escalate", work, policy)
    (event,) = escalations(work)
    assert (event.level, event.post) == ("L3", "Division")


def test_where_nobody_stands_above_the_case_stays_and_that_is_on_record() -> None:
    policy = in_force(officers=[{"subject": "desk", "post": "Desk", "level": "L1"}])
    case, work = opened(COMPLAINT, policy)
    ring(case, "escalate", work, policy)
    assert escalations(work) == []
    assert case.standing is not None
    assert (case.standing.owner, [act.action for act in work.acts]) == ("Desk", ["case.not_escalated"])


def on_leave(policy: PolicyInForce, *persons: str, centre: str | None = None) -> Reach:
    leaves = [Leave("lve_1", "passports", each, NOW, NOW + timedelta(days=3), each, NOW) for each in persons]
    return Reach(Presence(Powers(policy.policy.officers), policy.time, leaves), centre)


def test_escalating_goes_past_who_is_on_leave_and_names_them() -> None:
    case, work = opened(COMPLAINT)
    policy, due = sample("passports"), timer(case, "escalate")
    there = on_leave(policy, "passports-comms")
    assert timekeeping.on_timer_due("escalate", case, policy, work, due.due_at, there) is None
    (event,) = escalations(work)
    assert (event.level, event.post) == ("L3", officer("passports", "passports-division").post)
    assert work.acts[0].details["passed_over"] == [officer("passports", "passports-comms").post]


def test_where_everybody_above_is_on_leave_the_case_stays_and_that_is_on_record() -> None:
    case, work = opened(COMPLAINT)
    policy, due = sample("passports"), timer(case, "escalate")
    above = [each.subject for each in policy.policy.officers if each.level > "L1"]
    there = on_leave(policy, *above)
    assert timekeeping.on_timer_due("escalate", case, policy, work, due.due_at, there) is None
    assert escalations(work) == []
    (act,) = work.acts
    assert (act.action, act.details["reason"]) == ("case.not_escalated", "everybody above is on leave")


CENTRE = "Duty Officer of the Centre"


def test_where_nobody_above_is_there_the_centre_is_told_as_well() -> None:
    case, work = opened(COMPLAINT)
    policy, due = sample("passports"), timer(case, "escalate")
    above = [each.subject for each in policy.policy.officers if each.level > "L1"]
    reach = on_leave(policy, *above, centre=CENTRE)
    assert timekeeping.on_timer_due("escalate", case, policy, work, due.due_at, reach) is None
    (event,) = escalations(work)
    assert (event.reason, event.level, event.post, event.owner) == ("to_centre", "L5", CENTRE, "Enquiries Officer")
    assert [act.action for act in work.acts] == ["case.not_escalated", "case.centre_told"]


def test_what_cannot_wait_goes_to_the_next_above_at_night_and_the_centre_is_told() -> None:
    night = datetime.fromisoformat("2026-11-24T01:00:00+05:30")
    work, policy = UnitOfWork(), sample("passports")
    event = received("Help! Our house is on fire", received_at=night)
    handlers.on_comment_received(event, work, OnePolicy(policy), night)
    due = timer(case := the_case(work), "escalate")
    reach = on_leave(policy, centre=CENTRE)
    assert timekeeping.on_timer_due("escalate", case, policy, work, due.due_at, reach) is None
    head = officer("passports", "passports-head")
    assert [(each.reason, each.post) for each in escalations(work)] == [("escalate", head.post), ("to_centre", CENTRE)]
    assert case.standing is not None
    assert case.standing.owner == head.post


def test_the_centre_is_not_told_where_somebody_above_is_there() -> None:
    case, work = opened(COMPLAINT)
    policy, due = sample("passports"), timer(case, "escalate")
    reach = on_leave(policy, "passports-comms", centre=CENTRE)
    assert timekeeping.on_timer_due("escalate", case, policy, work, due.due_at, reach) is None
    assert [each.reason for each in escalations(work)] == ["escalate"]


def test_a_case_waits_for_somebody_above_who_comes_before_its_deadline() -> None:
    afternoons = [{"days": [1, 2, 3, 4, 5], "from": "12:00", "to": "16:30"}]
    late = [{**each, "hours": afternoons} if each["level"] > "L1" else each for each in OFFICERS]
    policy = in_force(officers=late)
    case, work = opened(COMPLAINT, policy)
    due, breach = timer(case, "escalate"), timer(case, "breach")
    put_off = timekeeping.on_timer_due("escalate", case, policy, work, due.due_at)
    assert put_off == datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    assert due.due_at < put_off < breach.due_at
    assert timekeeping.on_timer_due("escalate", case, policy, work, put_off) is None
    assert [event.post for event in escalations(work)] == ["Communications"]


def test_a_case_of_the_day_does_not_wait_for_who_has_the_nights() -> None:
    nights = [{"days": [1, 2, 3, 4, 5], "from": "16:30", "to": "24:00"}]
    late = [{**each, "hours": nights} if each["level"] > "L1" else each for each in OFFICERS]
    policy = in_force(officers=late, clocks={"l1": {"answer": 960, "escalate": 60}})
    case, work = opened(COMPLAINT, policy)
    ring(case, "escalate", work, policy)
    assert [event.post for event in escalations(work)] == ["Communications"]


def test_where_nobody_above_comes_before_the_deadline_the_next_is_told_at_once() -> None:
    evenings = [{"days": [1, 2, 3, 4, 5], "from": "20:00", "to": "22:00"}]
    late = [{**each, "hours": evenings} if each["level"] > "L1" else each for each in OFFICERS]
    policy = in_force(officers=late)
    case, work = opened(COMPLAINT, policy)
    ring(case, "escalate", work, policy)
    assert [event.post for event in escalations(work)] == ["Communications"]
    assert work.acts[0].details["present"] is False


def test_a_head_on_leave_is_told_where_nobody_else_stands_there() -> None:
    case, work = opened(RATES, agency="central-bank")
    policy, due = sample("central-bank"), timer(case, "to_head")
    head = next(each for each in policy.policy.officers if each.level == "L4")
    there = on_leave(policy, head.subject)
    assert timekeeping.on_timer_due("to_head", case, policy, work, due.due_at, there) is None
    (event,) = escalations(work)
    assert (event.level, event.post) == ("L4", head.post)
    assert work.acts[0].details["present"] is False


def test_nobody_is_given_a_case_at_night() -> None:
    case, work = opened(COMPLAINT)
    due = timer(case, "escalate")
    night = datetime.fromisoformat("2026-11-24T01:00:00+05:30")
    put_off = timekeeping.on_timer_due(due.kind, case, sample("passports"), work, night)
    assert put_off == datetime.fromisoformat("2026-11-24T08:30:00+05:30")
    assert (case.fired, work.acts, work.events) == ({}, [], [])


def test_what_runs_around_the_clock_is_passed_up_at_night() -> None:
    night = datetime.fromisoformat("2026-11-24T01:00:00+05:30")
    work = UnitOfWork()
    event = received("Help! Our house is on fire", received_at=night)
    handlers.on_comment_received(event, work, OnePolicy(sample("passports")), night)
    case = the_case(work)
    due = timer(case, "escalate")
    assert due.due_at == night + timedelta(minutes=15)
    assert timekeeping.on_timer_due("escalate", case, sample("passports"), work, due.due_at) is None
    assert [event.reason for event in escalations(work)] == ["escalate"]


def test_the_head_is_told_at_once_of_what_is_the_heads_by_the_name_of_the_post() -> None:
    case, work = opened(RATES, agency="central-bank")
    due = ring(case, "to_head", work)
    assert due.due_at == NOW
    (event,) = escalations(work)
    head = next(each for each in sample("central-bank").policy.officers if each.level == "L4")
    assert (event.reason, event.level, event.post) == ("to_head", "L4", head.post)
    assert [act.action for act in work.acts] == ["case.head_told"]


def test_a_holding_reply_that_is_due_is_put_on_record_and_nothing_is_sent() -> None:
    case, work = opened(LEGAL, in_force(rules=[], clocks={"legal": {"answer": 480, "holding": 60}}))
    ring(case, "holding", work, in_force(clocks={"legal": {"answer": 480, "holding": 60}}))
    assert [act.action for act in work.acts] == ["holding_reply.due"]
    assert work.events == work.responses == []


def test_what_is_answered_rings_no_more_and_what_will_not_appear_rings_again() -> None:
    case, work = opened(COMPLAINT)
    due = timer(case, "breach")
    policy = sample("passports")
    draft = write_draft(a_desk(case, work, "passports-desk"), Text("We are sorry."))
    approve(a_desk(case, work, "passports-comms"), draft.digest)
    assert (timing.timers(case), case.due_at, case.turns[0].answered_at) == ([], None, NOW)
    assert timekeeping.on_timer_due(due.kind, case, policy, work, due.due_at) is None
    assert case.fired == {}
    (response,) = [event for event in work.events if isinstance(event, ResponseApproved)]
    handlers.on_publication_failed(failed(response, "refused"), work, OnePolicy(policy), NOW)
    assert (timer(case, "breach"), case.turns[0].answered_at) == (due, None)


def test_an_answer_counts_from_when_it_stood_on_its_platform() -> None:
    case, work = opened(COMPLAINT)
    policy = sample("passports")
    draft = write_draft(a_desk(case, work, "passports-desk"), Text("We are sorry."))
    approve(a_desk(case, work, "passports-comms"), draft.digest)
    (response,) = [event for event in work.events if isinstance(event, ResponseApproved)]
    event = published(response)
    handlers.on_response_published(event, work, OnePolicy(policy), NOW)
    assert case.turns[0].answered_at == event.published_at


def somebody(**about: Any) -> Decider:
    """Somebody with such a post and nothing else."""
    post = Officer.model_validate({"subject": "someone", "post": "Someone", "level": "L1", **about})
    return Decider(post.subject, (Mandate.of_post(post),))


def test_an_officer_stops_the_clock_and_lets_it_run_and_both_are_on_record() -> None:
    case, work = opened(COMPLAINT)
    policy, desk, due_at = sample("passports"), decider("passports", "passports-desk"), timer(case, "breach").due_at
    begun = timekeeping.pause(case, desk, "waiting_for_citizen", None, policy, work, NOW)
    timekeeping.resume(case, begun, desk, policy, work, NOW + timedelta(minutes=30))
    assert [(act.action, act.actor, act.on_behalf_of) for act in work.acts] == [
        ("clock.paused", desk.subject, desk.mandates[0].post),
        ("clock.resumed", desk.subject, desk.mandates[0].post),
    ]
    assert case.due_at == due_at + timedelta(minutes=30)


@pytest.mark.parametrize(
    ("officer_about", "refusal"),
    [
        ({"level": "L2"}, NotYourAuthority),
        ({"level": "L3", "topics": ("something-else",)}, NotYourAuthority),
        ({"level": "L3", "ceiling": {"sensitivity": "S0", "damage": "D0"}}, CeilingExceeded),
    ],
)
def test_only_who_may_act_on_the_case_stops_its_clock(officer_about: Any, refusal: type[Exception]) -> None:
    case, work = opened(LEGAL)
    with pytest.raises(refusal):
        timekeeping.pause(case, somebody(**officer_about), "transferred", None, sample("passports"), work, NOW)
    assert (case.pauses, work.acts) == ((), [])


def test_the_owner_may_stop_the_clock_of_what_lies_above() -> None:
    case, work = opened(LEGAL)
    assert case.standing is not None
    owner = somebody(post=case.standing.owner)
    assert timekeeping.pause(case, owner, "transferred", None, sample("passports"), work, NOW).number == 1


def test_a_citizen_who_writes_lets_the_clock_run_again() -> None:
    case, work = opened(COMPLAINT)
    policy, due_at = sample("passports"), timer(case, "breach").due_at
    timekeeping.pause(case, decider("passports", "passports-desk"), "waiting_for_citizen", None, policy, work, NOW)
    written = received("Still no answer, terrible service", comment="cmt_2", received_at=NOW + timedelta(hours=1))
    handlers.on_comment_received(written, work, OnePolicy(policy), NOW + timedelta(hours=1))
    assert "clock.resumed" in [act.action for act in work.acts]
    assert case.due_at == due_at + timedelta(hours=1)
