"""Deadlines, at the places where clocks are known to go wrong: midnight, changes of the clock, holidays, pauses."""

from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy.domain.clocks.agency_time import AgencyTime
from services.policy.domain.clocks.pauses import Pause
from services.policy.domain.clocks.response_clock import ResponseClock
from services.policy.domain.roster import Calendar
from tests.policy.domain.random_calendars import MINUTE, WEEK, amounts, at, calendar, moments, working_calendars

L3 = {"answer": 1440, "acknowledge": 60, "holding": 240, "escalate": 960, "to_head": 1440}
SPLIT = [(WEEK, "08:30", "12:00"), (WEEK, "13:00", "17:30")]


def clock(start: datetime, minutes: int, *pauses: Pause, around_the_clock: bool = False) -> ResponseClock:
    return ResponseClock.of(start, {"answer": minutes, "around_the_clock": around_the_clock}, "L1", pauses)


def due(said: Calendar, start: datetime, minutes: int, *pauses: Pause, **more: bool) -> datetime | None:
    return clock(start, minutes, *pauses, **more).deadline("answer", AgencyTime(said))


def embargo(start: datetime, until: datetime | None, number: int = 1) -> Pause:
    return Pause(number, "embargo" if until else "transferred", start, "officer", until)


@pytest.mark.parametrize(
    ("zone", "start", "minutes", "expected"),
    [
        ("Europe/London", "2026-03-27 17:00", 60, "2026-03-30 09:00"),
        ("Europe/London", "2026-10-23 17:00", 1440, "2026-10-28 17:00"),
        ("America/New_York", "2026-03-06 17:29", 2, "2026-03-09 08:31"),
        ("America/New_York", "2026-10-30 23:59", 480, "2026-11-02 17:30"),
        ("Asia/Colombo", "2026-11-23 11:30", 60, "2026-11-23 13:30"),
        ("Asia/Colombo", "2026-11-23 00:00", 1, "2026-11-23 08:31"),
    ],
    ids=["into summer", "out of summer", "a minute each side", "midnight and a weekend", "over lunch", "at midnight"],
)
def test_an_answer_is_due_by_the_agencys_hours(zone: str, start: str, minutes: int, expected: str) -> None:
    assert due(calendar(zone, SPLIT), at(zone, start), minutes) == at(zone, expected)


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "Asia/Colombo"])
@pytest.mark.parametrize("start", ["2026-03-28 23:59", "2026-10-24 23:59", "2026-10-31 23:59", "2026-11-23 00:00"])
def test_what_runs_around_the_clock_loses_no_minute(zone: str, start: str) -> None:
    moment = at(zone, start)
    closed = calendar(zone, [], [moment.date()])
    for minutes in (1, 30, 24 * 60):
        assert due(closed, moment, minutes, around_the_clock=True) == moment.astimezone(UTC) + minutes * MINUTE


def test_a_holiday_moves_a_deadline_that_lies_behind_it() -> None:
    start = at("Asia/Colombo", "2026-11-23 16:30")
    free, closed = calendar("Asia/Colombo", SPLIT), calendar("Asia/Colombo", SPLIT, [date(2026, 11, 24)])
    assert due(free, start, 120) == at("Asia/Colombo", "2026-11-24 09:30")
    assert due(closed, start, 120) == at("Asia/Colombo", "2026-11-25 09:30")


def test_every_time_of_a_class_has_its_deadline_and_a_warning_comes_at_four_fifths() -> None:
    said = calendar("UTC", [(WEEK, "08:00", "16:00")])
    start = at("UTC", "2026-11-23 08:00")
    found = ResponseClock.of(start, L3, "L3").deadlines(AgencyTime(said))
    assert {kind: f"{moment:%d %H:%M}" for kind, moment in found.items()} == {
        "acknowledge": "23 09:00",
        "holding": "23 12:00",
        "escalate": "24 16:00",
        "near_breach": "25 11:12",
        "to_head": "25 16:00",
        "answer": "25 16:00",
    }


def test_the_head_is_told_at_intake_of_what_is_the_heads() -> None:
    night = at("UTC", "2026-11-21 03:00")
    found = ResponseClock.of(night, {"answer": 1440}, "L4").deadlines(AgencyTime(calendar("UTC", SPLIT)))
    assert found["to_head"] == night


def test_waiting_for_the_citizen_ends_by_itself_when_the_fifth_working_day_closes() -> None:
    said = calendar("UTC", [(WEEK, "08:00", "16:00")], [date(2026, 11, 26)])
    start = at("UTC", "2026-11-23 08:00")
    waiting = Pause(1, "waiting_for_citizen", at("UTC", "2026-11-23 09:00"), "officer")
    assert waiting.runs_out(AgencyTime(said).working) == at("UTC", "2026-12-01 16:00")
    assert due(said, start, 120, waiting) == at("UTC", "2026-12-02 09:00")


def test_a_pause_without_an_end_leaves_no_deadline_but_those_that_lie_before_it() -> None:
    time = AgencyTime(calendar("UTC", [(WEEK, "08:00", "16:00")]))
    start = at("UTC", "2026-11-23 08:00")
    away = embargo(at("UTC", "2026-11-23 10:00"), None)
    found = ResponseClock.of(start, {"answer": 240, "acknowledge": 60}, "L1", (away,)).deadlines(time)
    assert found == {"acknowledge": at("UTC", "2026-11-23 09:00")}


def test_an_agency_that_never_works_owes_nothing_by_working_time() -> None:
    time = AgencyTime(calendar("UTC", []))
    assert ResponseClock.of(at("UTC", "2026-11-23 08:00"), L3, "L3").deadlines(time) == {}


later = st.timedeltas(timedelta(0), timedelta(days=12))


def surely_due(said: Calendar, start: datetime, minutes: int, *pauses: Pause, **more: bool) -> datetime:
    found = due(said, start, minutes, *pauses, **more)
    assert found is not None
    return found


@given(working_calendars, moments, amounts, amounts, st.booleans())
def test_more_minutes_are_never_due_sooner(
    said: Calendar, start: datetime, some: int, more: int, around_the_clock: bool
) -> None:
    first = surely_due(said, start, some, around_the_clock=around_the_clock)
    assert first <= surely_due(said, start, some + more, around_the_clock=around_the_clock)


@given(working_calendars, moments, amounts, st.booleans())
def test_between_start_and_deadline_lie_the_minutes_that_were_asked(
    said: Calendar, start: datetime, minutes: int, around_the_clock: bool
) -> None:
    found = surely_due(said, start, minutes, around_the_clock=around_the_clock)
    assert AgencyTime(said).of(around_the_clock).between(start, found) == minutes * MINUTE


@given(working_calendars, moments, st.integers(1, 5_000), st.integers(0, 99), later, st.booleans())
def test_a_pause_moves_the_deadline_by_exactly_its_working_length(
    said: Calendar, start: datetime, minutes: int, percent: int, length: timedelta, around_the_clock: bool
) -> None:
    passing = AgencyTime(said).of(around_the_clock)
    plain = surely_due(said, start, minutes, around_the_clock=around_the_clock)
    begun = start + (plain - start) * percent / 100
    moved = surely_due(said, start, minutes, embargo(begun, begun + length), around_the_clock=around_the_clock)
    assert passing.between(plain, moved) == passing.between(begun, begun + length)


@given(working_calendars, moments, st.integers(1, 5_000), later, later)
def test_a_pause_that_begins_after_the_deadline_moves_nothing(
    said: Calendar, start: datetime, minutes: int, wait: timedelta, length: timedelta
) -> None:
    plain = surely_due(said, start, minutes)
    assert due(said, start, minutes, embargo(plain + wait, plain + wait + length)) == plain


@given(working_calendars, moments, st.integers(1, 5_000), st.lists(st.tuples(later, later), max_size=4), st.randoms())
def test_the_order_in_which_pauses_are_told_does_not_matter(
    said: Calendar, start: datetime, minutes: int, spans: list[tuple[timedelta, timedelta]], chance: Random
) -> None:
    pauses = [embargo(start + wait, start + wait + length, n) for n, (wait, length) in enumerate(spans)]
    mixed = chance.sample(pauses, len(pauses))
    assert due(said, start, minutes, *pauses) == due(said, start, minutes, *mixed)


@given(working_calendars, moments, st.integers(1, 5_000), st.integers(1, 400))
def test_calendars_that_differ_by_a_holiday_after_the_deadline_agree(
    said: Calendar, start: datetime, minutes: int, days_later: int
) -> None:
    found = surely_due(said, start, minutes)
    free = (found + timedelta(days=1 + days_later)).date()
    known = [(each.days, each.from_, each.to) for each in said.hours]
    other = calendar(said.time_zone, known, [*(each.day for each in said.holidays), free])
    assert due(other, start, minutes) == found
