"""Working time, at the places where clocks are known to go wrong: midnight, changes of the clock, holidays."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.policy.domain.calendars import WorkingTime
from services.policy.domain.roster import Calendar
from tests.policy.domain.random_calendars import (
    ALWAYS,
    MINUTE,
    WEEK,
    ZONES,
    amounts,
    at,
    calendar,
    calendars,
    moments,
)

COLOMBO = WorkingTime(
    calendar("Asia/Colombo", [(WEEK, "08:30", "12:00"), (WEEK, "13:00", "16:30")], [date(2026, 11, 24)])
)


def always(zone: str) -> WorkingTime:
    return WorkingTime(calendar(zone, [ALWAYS]))


def due(working: WorkingTime, start: datetime, minutes: int) -> datetime:
    found = working.after(start, minutes)
    assert found is not None
    return found


def colombo(said: str) -> datetime:
    return at("Asia/Colombo", said)


@pytest.mark.parametrize(
    ("start", "minutes", "expected"),
    [
        ("2026-11-23 09:00", 60, "2026-11-23 10:00"),
        ("2026-11-23 11:30", 60, "2026-11-23 13:30"),
        ("2026-11-23 12:20", 60, "2026-11-23 14:00"),
        ("2026-11-23 15:30", 60, "2026-11-23 16:30"),
        ("2026-11-23 16:00", 60, "2026-11-25 09:00"),
        ("2026-11-23 23:59", 1, "2026-11-25 08:31"),
        ("2026-11-21 10:00", 30, "2026-11-23 09:00"),
        ("2026-11-27 16:29:30", 1, "2026-11-30 08:30:30"),
        ("2026-11-23 09:00", 0, "2026-11-23 09:00"),
        ("2026-12-31 16:00", 45, "2027-01-01 08:45"),
    ],
    ids=[
        "within the morning",
        "over the break",
        "from within the break",
        "up to the end of the day, not the next morning",
        "over a night and a day off",
        "from before midnight",
        "from a weekend",
        "with its seconds",
        "nothing",
        "over the year's end",
    ],
)
def test_minutes_run_in_working_hours_only(start: str, minutes: int, expected: str) -> None:
    assert due(COLOMBO, colombo(start), minutes) == colombo(expected)


def test_a_day_as_long_as_three_is_three_working_days() -> None:
    eight_hours = WorkingTime(calendar("Asia/Colombo", [(WEEK, "08:30", "16:30")]))
    assert due(eight_hours, colombo("2026-11-20 10:00"), 1440) == colombo("2026-11-25 10:00")


def test_hours_that_overlap_are_counted_once() -> None:
    twice = WorkingTime(calendar("UTC", [(WEEK, "08:00", "12:00"), (WEEK, "10:00", "14:00"), ((1,), "09:00", "11:00")]))
    assert twice.between(at("UTC", "2026-11-23 00:00"), at("UTC", "2026-11-24 00:00")) == timedelta(hours=6)


def test_a_calendar_without_hours_is_never_due() -> None:
    assert WorkingTime(calendar("UTC", [])).after(at("UTC", "2026-11-23 00:00"), 1) is None


def test_a_holiday_is_off_from_midnight_to_midnight_of_its_own_zone() -> None:
    working = WorkingTime(calendar("Asia/Colombo", [ALWAYS], [date(2026, 11, 24)]))
    assert not working.is_open(colombo("2026-11-24 00:00"))
    assert not working.is_open(colombo("2026-11-24 23:59:59"))
    assert working.is_open(colombo("2026-11-25 00:00"))
    assert due(working, colombo("2026-11-23 23:59"), 2) == colombo("2026-11-25 00:01")


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-10-26", 24)], ids=["spring", "autumn", "any"]
)
def test_a_day_is_as_long_as_the_change_of_clocks_makes_it(day: str, hours: int) -> None:
    start = at("Europe/Berlin", f"{day} 00:00")
    end = start + timedelta(days=1)  # the same wall time on the next day
    assert always("Europe/Berlin").between(start, end) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("stretch", "day", "minutes"),
    [
        (("02:00", "03:00"), "2026-03-29", 0),
        (("02:30", "03:30"), "2026-03-29", 30),
        (("01:30", "02:30"), "2026-03-29", 30),
        (("01:30", "03:00"), "2026-10-25", 150),
        (("02:00", "02:30"), "2026-10-25", 30),
        (("02:30", "04:00"), "2026-10-25", 150),
    ],
)
def test_a_stretch_across_a_change_lasts_as_long_as_it_takes(stretch: tuple[str, str], day: str, minutes: int) -> None:
    working = WorkingTime(calendar("Europe/Berlin", [((7,), *stretch)]))
    noon_before = at("Europe/Berlin", f"{day} 12:00") - timedelta(days=1)
    assert working.between(noon_before, noon_before + timedelta(days=1)) == timedelta(minutes=minutes)


def test_a_change_at_midnight_loses_no_day() -> None:
    """In Cairo the clock goes from 24:00 on Thursday to 01:00 on Friday, so that Friday has no midnight."""
    working = always("Africa/Cairo")
    thursday = at("Africa/Cairo", "2026-04-23 23:59")
    assert due(working, thursday, 2) == at("Africa/Cairo", "2026-04-24 01:01")


def test_a_date_that_a_country_left_out_has_no_hours() -> None:
    working = always("Pacific/Apia")
    assert due(working, at("Pacific/Apia", "2011-12-29 23:59"), 2) == at("Pacific/Apia", "2011-12-31 00:01")


@given(calendars, moments, amounts)
def test_what_is_due_after_so_many_minutes_has_so_many_before_it(said: Calendar, start: datetime, minutes: int) -> None:
    working = WorkingTime(said)
    found = working.after(start, minutes)
    assume(found is not None)
    assert found is not None
    assert working.between(start, found) == minutes * MINUTE


@given(calendars, moments, amounts, st.integers(1, 5_000))
def test_minutes_may_be_counted_in_two_parts(said: Calendar, start: datetime, first: int, then: int) -> None:
    working = WorkingTime(said)
    whole = working.after(start, first + then)
    assume(whole is not None)
    assert working.after(due(working, start, first), then) == whole


@given(calendars, moments, st.timedeltas(timedelta(0), timedelta(days=20)), st.integers(1, 5_000))
def test_a_later_start_is_never_due_earlier(said: Calendar, start: datetime, wait: timedelta, minutes: int) -> None:
    working = WorkingTime(said)
    assume(working.after(start + wait, minutes) is not None)
    assert due(working, start, minutes) <= due(working, start + wait, minutes)


@given(calendars, moments, st.timedeltas(timedelta(0), timedelta(days=20)))
def test_no_more_is_worked_than_passes(said: Calendar, start: datetime, wait: timedelta) -> None:
    assert timedelta(0) <= WorkingTime(said).between(start, start + wait) <= wait


@given(st.sampled_from(ZONES), moments, amounts)
def test_where_work_never_ends_minutes_run_as_they_pass(zone: str, start: datetime, minutes: int) -> None:
    assert due(always(zone), start, minutes) == start + minutes * MINUTE


@given(calendars, moments)
def test_only_what_the_wall_clock_says_is_open(said: Calendar, moment: datetime) -> None:
    """Away from the hours in which the clock is changed, where a stretch goes on through what comes twice."""
    zone = ZoneInfo(said.time_zone)
    wall = moment.astimezone(zone)
    assume(wall.utcoffset() == (moment + timedelta(hours=25)).astimezone(zone).utcoffset())
    assume(wall.utcoffset() == (moment - timedelta(hours=25)).astimezone(zone).utcoffset())
    shown = wall.strftime("%H:%M")
    named = any(wall.isoweekday() in each.days and each.from_ <= shown < each.to for each in said.hours)
    day_off = wall.date() in {holiday.day for holiday in said.holidays}
    assert WorkingTime(said).is_open(moment) == (named and not day_off)
