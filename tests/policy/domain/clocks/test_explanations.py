"""How a deadline explains itself to a reader."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy.domain.clocks.agency_time import AgencyTime
from services.policy.domain.clocks.explanations import Ending, ExplainedDeadline, explained, minutes_of
from services.policy.domain.clocks.pauses import Pause
from services.policy.domain.clocks.response_clock import ResponseClock
from services.policy.domain.roster import Calendar
from tests.policy.domain.random_calendars import WEEK, at, calendar, moments, working_calendars

COLOMBO = AgencyTime(
    calendar("Asia/Colombo", [(WEEK, "08:30", "12:00"), (WEEK, "13:00", "16:30")], [date(2026, 11, 24)])
)
RUNNING = Ending()


def colombo(said: str) -> datetime:
    return at("Asia/Colombo", said)


def one(clock: ResponseClock, kind: str, now: datetime, ending: Ending = RUNNING) -> ExplainedDeadline:
    return next(each for each in explained(clock, COLOMBO, ending, now) if each.kind == kind)


MONDAY = colombo("2026-11-23 11:00")
CLOCK = ResponseClock.of(MONDAY, {"answer": 480, "acknowledge": 60, "escalate": 120}, "L1")


def test_the_days_that_were_counted_are_named_with_their_stretches() -> None:
    answer = one(CLOCK, "answer", MONDAY)
    assert answer.due_at == colombo("2026-11-25 12:00")
    assert {day.isoformat(): minutes_of(worked) for day, worked in answer.days.items()} == {
        "2026-11-23": 270,
        "2026-11-25": 210,
    }
    assert [(each.start, each.end) for each in answer.days[date(2026, 11, 23)]] == [
        (MONDAY, colombo("2026-11-23 12:00")),
        (colombo("2026-11-23 13:00"), colombo("2026-11-23 16:30")),
    ]
    assert [each.day for each in answer.holidays] == [date(2026, 11, 24)]


def test_the_sentence_says_it_all() -> None:
    held = Pause(1, "waiting_for_citizen", colombo("2026-11-23 14:00"), "desk", None, colombo("2026-11-23 15:00"))
    clock = ResponseClock.of(MONDAY, {"answer": 480}, "L1", (held,))
    assert one(clock, "answer", MONDAY).sentence == (
        "480 working minutes from 2026-11-23 11:00 (Asia/Colombo); 210 on 2026-11-23, 270 on 2026-11-25; "
        "days off: 2026-11-24 a day off; waiting_for_citizen from 2026-11-23 14:00 to 2026-11-23 15:00; "
        "due 2026-11-25 14:00."
    )


def test_they_are_told_as_they_come_due() -> None:
    kinds = [each.kind for each in explained(CLOCK, COLOMBO, RUNNING, MONDAY)]
    assert kinds == ["acknowledge", "escalate", "near_breach", "answer"]


ANSWERED_EARLY = Ending(colombo("2026-11-23 11:30"))
ANSWERED_LATE = Ending(colombo("2026-11-27 09:00"))


@pytest.mark.parametrize(
    ("kind", "now", "ending", "state"),
    [
        ("answer", "2026-11-23 12:00", RUNNING, "running"),
        ("answer", "2026-11-27 09:00", RUNNING, "breached"),
        ("answer", "2026-11-27 09:00", ANSWERED_EARLY, "met"),
        ("answer", "2026-11-27 10:00", ANSWERED_LATE, "breached"),
        ("answer", "2026-11-27 10:00", Ending(is_void=True), "void"),
        ("acknowledge", "2026-11-23 14:00", RUNNING, "breached"),
        ("escalate", "2026-11-23 14:30", RUNNING, "met"),
        ("escalate", "2026-11-23 14:30", ANSWERED_EARLY, "void"),
        ("escalate", "2026-11-27 14:30", ANSWERED_LATE, "met"),
    ],
)
def test_a_state_says_what_became_of_a_deadline(kind: str, now: str, ending: Ending, state: str) -> None:
    assert one(CLOCK, kind, colombo(now), ending).state == state


def test_what_is_answered_at_the_very_moment_is_met() -> None:
    due_at = CLOCK.deadline("answer", COLOMBO)
    assert due_at is not None
    assert one(CLOCK, "answer", due_at, Ending(due_at)).state == "met"


def test_a_deadline_that_was_missed_before_a_pause_stays_missed() -> None:
    away = Pause(1, "transferred", colombo("2026-11-23 14:00"), "desk")
    clock = ResponseClock.of(MONDAY, {"answer": 480, "acknowledge": 60}, "L1", (away,))
    now = colombo("2026-11-23 15:00")
    assert (one(clock, "answer", now).state, one(clock, "answer", now).due_at) == ("paused", None)
    assert one(clock, "acknowledge", now).state == "breached"
    assert "no moment yet" in one(clock, "answer", now).sentence


@given(working_calendars, moments, st.integers(1, 3_000))
def test_the_days_add_up_to_the_minutes_that_were_asked(said: Calendar, start: datetime, minutes: int) -> None:
    time = AgencyTime(said)
    clock = ResponseClock.of(start, {"answer": minutes}, "L1")
    found = next(each for each in explained(clock, time, RUNNING, start) if each.kind == "answer")
    assert found.due_at is not None
    assert minutes_of([each for worked in found.days.values() for each in worked]) == minutes
