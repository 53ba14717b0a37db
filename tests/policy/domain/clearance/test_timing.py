"""The clocks of a case, from the first comment to the answer."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.policy.domain.clearance import timing
from services.policy.domain.clearance.cases import Case, Thread, Turn
from services.policy.domain.clocks.agency_time import AgencyTime
from services.policy.domain.clocks.pauses import AlreadyPaused, ClockNotRunning, PauseOver, WrongUntil
from services.policy.domain.roster import Calendar
from shared.events import Author
from shared.ids import CaseId
from tests.policy.builders import bare, decided, received
from tests.policy.domain.random_calendars import WEEK, at, calendar

TIME = AgencyTime(calendar("UTC", [(WEEK, "08:00", "16:00")]))
COMPLAINT = "Still waiting for my passport, terrible service"


def monday(said: str) -> datetime:
    return at("UTC", f"2026-11-23 {said}")


def a_turn(when: datetime, text: str = COMPLAINT, **about: Any) -> Turn:
    return Turn.of(received(text, received_at=when, **about), decided(text))


def a_case(*turns: Turn) -> Case:
    case = Case(CaseId("case_1"), Thread("passports", "mastodon", "acc-1", "thread-1"), monday("08:00"))
    for turn in turns:
        timing.begin(case, turn, TIME)
    return case


def test_a_case_is_due_when_the_first_of_its_open_turns_is() -> None:
    case = a_case(a_turn(monday("15:00")), a_turn(monday("15:30"), comment="cmt_2"))
    assert case.due_at == at("UTC", "2026-11-24 11:00")
    assert [(timer.kind, timer.turn) for timer in timing.timers(case)] == [
        ("acknowledge", 1),
        ("escalate", 1),
        ("near_breach", 1),
        ("breach", 1),
    ]


def test_the_clock_is_that_of_the_policy_that_decided() -> None:
    slower = Turn.of(received(COMPLAINT, received_at=monday("08:00")), decided(COMPLAINT, bare()))
    slower.decision = slower.decision._replace(times={"answer": 60, "around_the_clock": True})
    assert a_case(slower).due_at == monday("09:00")


def test_what_was_decided_before_times_were_kept_has_its_answer_at_least() -> None:
    turn = a_turn(monday("08:00"))
    turn.decision = turn.decision._replace(times={})
    assert (a_case(turn).due_at, turn.decision.answer_within) == (monday("12:00"), 240)


def test_nothing_is_due_where_a_line_or_nobody_answers() -> None:
    case = a_case(a_turn(monday("08:00"), "Great service, well done"))
    assert (case.due_at, timing.timers(case)) == (None, [])


def test_what_is_only_watched_is_due_but_rings_nobody() -> None:
    case = a_case(a_turn(monday("08:00"), "They are hiding it"))
    assert case.state == "watching"
    assert (case.due_at is not None, timing.timers(case)) == (True, [])


def test_a_pause_moves_what_lies_ahead_and_the_clock_runs_on_from_where_it_stood() -> None:
    case = a_case(a_turn(monday("08:00")))
    begun = timing.pause(case, "waiting_for_citizen", None, "desk", TIME, monday("10:00"))
    assert case.due_at == at("UTC", "2026-12-01 10:00")
    timing.resume(case, begun, TIME, monday("11:30"))
    assert case.due_at == monday("13:30")
    again = timing.pause(case, "embargo", monday("13:00"), "desk", TIME, monday("12:30"))
    assert (again.number, case.due_at) == (2, monday("14:00"))


def test_while_a_pause_has_no_end_nothing_is_due() -> None:
    case = a_case(a_turn(monday("08:00")))
    case.fired = {"acknowledge": monday("09:00")}
    timing.pause(case, "transferred", None, "desk", TIME, monday("10:00"))
    assert (case.due_at, timing.timers(case)) == (None, [])


def test_the_citizen_who_writes_ends_the_waiting_for_them() -> None:
    case = a_case(a_turn(monday("08:00")))
    timing.pause(case, "waiting_for_citizen", None, "desk", TIME, monday("10:00"))
    assert timing.begin(case, a_turn(monday("11:00"), comment="cmt_2"), TIME) is not None
    assert case.due_at == monday("13:00")


@pytest.mark.parametrize(
    ("reason", "until", "author"),
    [("waiting_for_citizen", None, "another"), ("embargo", "15:00", "citizen"), ("transferred", None, "citizen")],
)
def test_nothing_else_ends_by_a_comment(reason: Any, until: str | None, author: str) -> None:
    case = a_case(a_turn(monday("08:00")))
    timing.pause(case, reason, monday(until) if until else None, "desk", TIME, monday("10:00"))
    written = a_turn(monday("11:00"), comment="cmt_2", author=Author(id=author))
    assert timing.begin(case, written, TIME) is None
    assert case.pauses[0].ended_at is None


def test_a_pause_is_refused_where_it_makes_no_sense() -> None:
    case = a_case(a_turn(monday("08:00")))
    for until in (None, monday("10:00")):
        with pytest.raises(WrongUntil):
            timing.pause(case, "embargo", until, "desk", TIME, monday("10:00"))
    begun = timing.pause(case, "embargo", monday("12:00"), "desk", TIME, monday("10:00"))
    with pytest.raises(AlreadyPaused):
        timing.pause(case, "transferred", None, "desk", TIME, monday("11:00"))
    with pytest.raises(PauseOver):
        timing.resume(case, begun, TIME, monday("12:00"))
    with pytest.raises(ClockNotRunning):
        timing.pause(a_case(), "transferred", None, "desk", TIME, monday("11:00"))


def test_another_calendar_moves_what_is_open_and_says_so() -> None:
    case = a_case(a_turn(monday("15:00")))
    free = calendar("UTC", [(WEEK, "08:00", "16:00")], [at("UTC", "2026-11-24 00:00").date()])
    assert timing.derive(case, AgencyTime(free))
    assert case.due_at == at("UTC", "2026-11-25 11:00")
    assert not timing.derive(case, AgencyTime(free))


def test_a_holiday_that_is_over_moves_nothing() -> None:
    case = a_case(a_turn(monday("08:00")))
    late: Calendar = calendar("UTC", [(WEEK, "08:00", "16:00")], [at("UTC", "2026-12-25 00:00").date()])
    assert not timing.derive(case, AgencyTime(late))
    assert case.calendar == AgencyTime(late).version


def test_a_new_calendar_holds_for_older_turns_as_soon_as_one_comes() -> None:
    case = a_case(a_turn(monday("15:00")))
    longer = AgencyTime(calendar("UTC", [(WEEK, "08:00", "20:00")]))
    timing.begin(case, a_turn(monday("15:30"), comment="cmt_2"), longer)
    assert case.due_at == monday("19:00")


def test_what_went_off_is_forgotten_when_somebody_waits_anew() -> None:
    case = a_case(a_turn(monday("08:00")))
    case.fired = {"breach": monday("12:00")}
    case.turns[0].state = "answered"
    case.settle()
    assert case.fired
    timing.begin(case, a_turn(monday("13:00"), comment="cmt_2"), TIME)
    assert case.fired == {}
    assert case.due_at == monday("13:00") + timedelta(hours=20)
