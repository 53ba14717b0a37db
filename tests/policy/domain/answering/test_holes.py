"""Holes named in advance, and the delegations that would close them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.policy.domain.answering.holes import Hole, holes
from services.policy.domain.answering.maps import AnsweringMap
from services.policy.domain.answering.remedies import Remedies, Remedy
from services.policy.domain.authority.grants import Place, grant
from services.policy.domain.authority.presence import Leave, Presence
from services.policy.domain.deciding.decisions import PolicyInForce
from tests.policy.domain.answering.building import (
    MONDAY,
    PEOPLE,
    agency,
    colombo,
    holes_at,
    lack_at,
    leave,
    mapped,
    presence,
)

POLICY = agency()
FRIDAY, BACK = "2026-11-27 14:00", "2026-11-30 00:00"
BOTH = leave("head", FRIDAY, BACK), leave("deputy", FRIDAY, BACK)


def test_head_and_deputy_on_leave_is_a_hole_from_s3_on_named_four_days_before() -> None:
    found = mapped(POLICY, presence(POLICY, *BOTH))
    assert found.start == colombo("2026-11-23 10:00")
    assert [holes_at(found, "fees", each) for each in ("S0", "S2")] == [[], []]
    for sensitivity, needs in (("S3", "L3"), ("S4", "L3")):
        (hole,) = holes_at(found, "fees", sensitivity)
        assert (hole.from_, hole.until) == (colombo(FRIDAY), colombo("2026-11-30 08:30"))
        assert hole.missing == f"nobody may take the approval on {needs}"
        assert hole.felt_for == timedelta(hours=2, minutes=30)


def test_a_night_in_which_nobody_works_is_no_hole_but_for_danger() -> None:
    found = mapped(POLICY, presence(POLICY), days=2)
    told = {each.row.kinds for each in holes(found)}
    assert told == {("emergency",), ("threat",)}
    nights = [(each.from_, each.until) for each in holes(found) if each.row.kinds == ("emergency",)]
    assert nights == [
        (colombo("2026-11-23 16:30"), colombo("2026-11-24 08:30")),
        (colombo("2026-11-24 16:30"), colombo("2026-11-25 08:30")),
    ]


def test_duty_officers_who_have_the_nights_close_those_holes() -> None:
    always = [{"days": [1, 2, 3, 4, 5, 6, 7], "from": "00:00", "to": "24:00"}]
    duty = [{**each, "hours": always} for each in PEOPLE if each["subject"] in ("desk", "comms", "deputy")]
    there = agency([*duty, PEOPLE[5]])
    found = mapped(there, presence(there))
    assert [each for each in holes(found) if each.row.kinds == ("emergency",)] == []


def test_what_nobody_can_ever_answer_is_one_hole_without_an_end() -> None:
    there = agency(PEOPLE[:5])
    (hole,) = holes_at(mapped(there, presence(there)), "fees", "S4")
    assert (hole.from_, hole.until) == (MONDAY, None)


def offered(there: Presence, hole: Hole, found: AnsweringMap) -> Remedy | None:
    return Remedies(found, place(there)).of(hole)


def place(there: Presence) -> Place:
    return Place("test-agency", there.powers, {"fees", "visas"}, MONDAY)


def after(found: Remedy, policy: PolicyInForce, there: Presence) -> AnsweringMap:
    """The map once the delegation is given."""
    given = grant(found.asked, found.delegator.subject, place(there), "del_1")
    return mapped(policy, Presence(replace(there.powers, delegations=(given,)), there.time, there.leaves))


def test_the_hole_is_offered_a_delegation_that_closes_it() -> None:
    there = presence(POLICY, *BOTH)
    found = mapped(POLICY, there)
    (hole,) = holes_at(found, "fees", "S3")
    offer = offered(there, hole, found)
    assert offer is not None
    asked = offer.asked
    assert (offer.delegator.subject, asked.delegate, asked.level) == ("deputy", "comms", "L3")
    assert (asked.ceiling.sensitivity, asked.ceiling.damage, asked.topics) == ("S3", "D0", ("fees",))
    assert (asked.from_, asked.until, offer.closes) == (hole.from_, hole.until, True)
    assert not asked.sub_delegation
    mended = after(offer, POLICY, there)
    assert holes_at(mended, "fees", "S3") == []
    assert lack_at(mended, "visas", "S3", hole.from_) is not None


def test_what_is_above_s3_is_offered_by_name_and_for_one_day() -> None:
    few = [leave("head", "2026-11-24 00:00", "2026-11-27 00:00")]
    there = presence(POLICY, *few)
    found = mapped(POLICY, there)
    (hole,) = holes_at(found, "fees", "S4")
    offer = offered(there, hole, found)
    assert offer is not None
    assert (offer.delegator.subject, offer.asked.delegate) == ("head", "comms")
    assert offer.asked.until - offer.asked.from_ == timedelta(days=1)
    assert not offer.closes
    mended = after(offer, POLICY, there)
    assert [each.from_ for each in holes_at(mended, "fees", "S4")] == [colombo("2026-11-25 08:30")]


@pytest.mark.parametrize(
    ("people", "leaves"),
    [
        (PEOPLE[4:], ()),
        ((PEOPLE[0], *PEOPLE[4:]), BOTH),
    ],
    ids=["nobody is left to be given anything", "two steps are without a person"],
)
def test_what_no_single_delegation_closes_is_offered_none(people: Any, leaves: tuple[Leave, ...]) -> None:
    policy = agency(people)
    there = presence(policy, *leaves)
    found = mapped(policy, there)
    for hole in holes_at(found, "fees", "S3"):
        assert offered(there, hole, found) is None
    assert holes_at(found, "fees", "S3")
