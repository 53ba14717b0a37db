"""Who can be expected at work: hours of posts, leave, and stand-ins."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy.domain.authority.mandates import Weight
from services.policy.domain.authority.passing_up import above
from services.policy.domain.authority.powers import Powers
from services.policy.domain.authority.presence import Leave, Presence, changes, ended
from services.policy.domain.clocks.agency_time import AgencyTime
from services.policy.domain.roster import Hours
from tests.policy.builders import NOW
from tests.policy.domain.authority.building import DAY, acting, office, officer
from tests.policy.domain.random_calendars import WEEK, at, calendar, moments, working_calendars

COLOMBO = AgencyTime(calendar("Asia/Colombo", [(WEEK, "08:30", "16:30")], [datetime(2026, 11, 25).date()]))
NIGHTS = [
    {"days": (1, 2, 3, 4, 5, 6, 7), "from": "16:30", "to": "24:00"},
    {"days": (1, 2, 3, 4, 5, 6, 7), "from": "00:00", "to": "08:30"},
]


def colombo(said: str) -> datetime:
    return at("Asia/Colombo", said)


def leave(subject: str, start: datetime, end: datetime, **changes: Any) -> Leave:
    return replace(Leave("lve_1", "test-agency", subject, start, end, subject, start), **changes)


def presence(*leaves: Leave, powers: Powers | None = None) -> Presence:
    return Presence(powers or office(), COLOMBO, leaves)


@pytest.mark.parametrize(
    ("moment", "there"),
    [
        ("2026-11-24 08:29", False),
        ("2026-11-24 08:30", True),
        ("2026-11-24 16:30", False),
        ("2026-11-25 10:00", False),
        ("2026-11-28 10:00", False),
    ],
    ids=["before", "from the first minute", "after", "day off", "Saturday"],
)
def test_who_has_no_hours_of_their_own_works_the_agencys(moment: str, there: bool) -> None:
    assert presence().is_present("desk", colombo(moment)) is there


def test_a_post_of_its_own_hours_works_those_and_keeps_the_days_off_unless_it_says_otherwise() -> None:
    duty = [officer("legal", hours=NIGHTS), officer("head", hours=NIGHTS, on_holidays=True)]
    there = presence(powers=Powers(tuple(duty)))
    night, free = colombo("2026-11-24 23:59"), colombo("2026-11-25 02:00")
    assert [there.is_present(each, night) for each in ("legal", "head")] == [True, True]
    assert [there.is_present(each, free) for each in ("legal", "head")] == [False, True]
    assert not there.is_present("legal", colombo("2026-11-24 10:00"))


def test_who_stands_in_for_a_post_works_its_hours_beside_their_own() -> None:
    roster = (officer("desk"), officer("head", hours=NIGHTS))
    there = presence(powers=Powers(roster, (acting("desk", "Head"),)))
    assert there.is_present("desk", colombo("2026-11-24 23:00"))
    assert there.is_present("desk", colombo("2026-11-24 10:00"))
    assert not there.is_present("desk", colombo("2026-12-24 23:00"))


def test_leave_lasts_until_its_end_or_until_it_is_ended() -> None:
    away = leave("head", colombo("2026-11-24 14:00"), colombo("2026-11-30 00:00"))
    there, back = presence(away), presence(ended(away, "head", colombo("2026-11-26 10:00")))
    before, within, later = (colombo(said) for said in ("2026-11-24 13:59", "2026-11-24 14:00", "2026-11-26 10:00"))
    assert [there.is_present("head", each) for each in (before, within, later)] == [True, False, False]
    assert [back.is_present("head", each) for each in (before, within, later)] == [True, False, True]
    assert there.is_present("desk", within)


def test_leave_takes_no_authority_away() -> None:
    away = leave("head", NOW - DAY, NOW + DAY)
    assert [each.level for each in presence(away).powers.of("head", NOW)] == ["L4"]


def test_a_person_comes_when_hours_and_leave_let_them() -> None:
    away = leave("head", colombo("2026-11-24 14:00"), colombo("2026-11-27 12:00"))
    assert presence(away).comes("head", colombo("2026-11-24 17:00")) == colombo("2026-11-27 12:00")
    assert presence(away).comes("desk", colombo("2026-11-24 17:00")) == colombo("2026-11-26 08:30")
    assert presence(away).without({"desk"}).comes("desk", NOW) is None


WEIGHT = Weight("S1", "D1")
NOON = colombo("2026-11-24 12:00")


def test_a_case_goes_to_the_next_above_who_is_there() -> None:
    found = above(presence(leave("comms", NOON, NOON + DAY)), "L1", WEIGHT, NOON)
    assert found.chosen is not None
    assert (found.chosen.post, found.present, found.passed_over) == ("Division", True, ("Communications",))


def test_a_stand_in_who_is_there_counts_for_the_post() -> None:
    there = presence(leave("comms", NOON, NOON + DAY), powers=office(acting=(acting("desk-2", "Communications"),)))
    found = above(there, "L1", WEIGHT, NOON)
    assert found.chosen is not None
    assert (found.chosen.subject, found.chosen.post, found.passed_over) == ("desk-2", "Communications", ())


def test_who_stepped_aside_and_whose_ceiling_is_below_is_no_authority() -> None:
    roster = tuple(
        officer(name, **({"ceiling": {"sensitivity": "S2", "damage": "D2"}} if name == "comms" else {}))
        for name in ("desk", "comms", "division", "legal", "head")
    )
    there = presence(powers=Powers(roster)).without({"division"})
    found = above(there, "L1", Weight("S3", "D1"), NOON)
    assert found.chosen is not None
    assert (found.chosen.post, found.passed_over) == ("Legal", ())


def test_at_night_the_duty_officer_of_the_centre_is_the_last_of_the_chain() -> None:
    centre = officer("head", subject="centre-duty", post="Duty Officer of the Centre", level="L5", hours=NIGHTS)
    night = colombo("2026-11-24 23:00")
    found = above(presence(powers=Powers((*office().roster, centre))), "L3", WEIGHT, night)
    assert found.chosen is not None
    assert (found.chosen.post, found.present, found.passed_over) == (centre.post, True, ("Head",))


def test_where_nobody_is_in_their_hours_the_next_who_is_not_on_leave_is_told() -> None:
    night = colombo("2026-11-24 23:00")
    found = above(presence(leave("comms", night - DAY, night + DAY)), "L1", WEIGHT, night)
    assert found.chosen is not None
    assert (found.chosen.post, found.present) == ("Division", False)
    everybody = [leave(name, night - DAY, night + DAY) for name in ("comms", "division", "legal", "head")]
    assert above(presence(*everybody), "L1", WEIGHT, night).chosen is None


@given(working_calendars, moments, st.integers(0, 72), st.integers(1, 72), st.integers(0, 96 * 60))
def test_between_two_changes_presence_stays_as_it_is(calendar: Any, start: Any, first: int, long: int, at: int) -> None:
    hour = timedelta(hours=1)
    hours = [Hours.model_validate(each) for each in NIGHTS]
    roster = (
        officer("desk"),
        officer("head", hours=tuple(hours), on_holidays=True),
        officer("comms", hours=tuple(hours)),
    )
    away = leave("desk", start + first * hour, start + (first + long) * hour)
    there = Presence(Powers(roster), AgencyTime(calendar), [away])
    end = start + 96 * hour
    moment = start + at * timedelta(minutes=1)
    bounds = sorted({start, *(each for each in changes(there, start, end) if start <= each <= end)})
    begun = max(each for each in bounds if each <= moment)
    for person in ("desk", "head", "comms"):
        assert there.is_present(person, begun) == there.is_present(person, moment)
