"""By what a person may decide at a moment, and when that ends."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.policy.domain.authority.instruments import Lapse
from services.policy.domain.authority.powers import mandates_of
from tests.policy.builders import NOW
from tests.policy.domain.authority.building import (
    DAY,
    acting,
    asked,
    ceiling,
    changed,
    election,
    given,
    lapse_of,
    office,
    officer,
)

SECOND = timedelta(seconds=1)


def bases(powers, subject: str, now: datetime = NOW) -> list[tuple[str, str]]:  # type: ignore[no-untyped-def]
    return [(each.basis, each.level) for each in powers.of(subject, now)]


def test_the_holder_of_a_post_has_what_the_post_has() -> None:
    powers = office(roster=(officer("head", topics=["fees"], ceiling={"sensitivity": "S3", "damage": "D2"}),))
    (mandate,) = mandates_of("head", powers.roster, (), (), (), NOW)
    assert (mandate.post, mandate.level, mandate.topics) == ("Head", "L4", ("fees",))
    assert mandate.ceiling == ceiling("S3", "D2")
    assert powers.of("nobody", NOW) == ()


def test_a_post_gives_nothing_before_and_after_it_is_held() -> None:
    powers = office(roster=(officer("head", **{"from": NOW, "until": NOW + DAY}),))
    moments = (NOW - SECOND, NOW, NOW + DAY - SECOND, NOW + DAY)
    assert [len(powers.of("head", at)) for at in moments] == [0, 1, 1, 0]


def test_a_stand_in_holds_the_whole_post_and_their_own() -> None:
    limited = officer("head", topics=["fees"], specialisms=["legal"])
    powers = office(roster=(limited, officer("desk")), acting=(acting("desk", "Head"),))
    own, whole = powers.of("desk", NOW)
    assert (own.basis, own.post, whole.basis, whole.post) == ("post", "Desk", "acting", "Head")
    assert (whole.level, whole.topics, whole.specialisms, whole.instrument) == ("L4", ("fees",), ("legal",), "act_1")
    moments = (NOW - SECOND, NOW, NOW + 10 * DAY - SECOND, NOW + 10 * DAY)
    assert [len(powers.of("desk", at)) for at in moments] == [1, 2, 2, 1]


def test_a_stand_in_holds_a_post_whose_holder_has_gone() -> None:
    powers = office(roster=(officer("head", until=NOW - DAY),), acting=(acting("desk", "Head"),))
    assert bases(powers, "desk") == [("acting", "L4")]


def test_an_appointment_that_was_ended_gives_nothing_from_then_on() -> None:
    powers = office(acting=(acting("desk", "Head", ended_at=NOW + DAY, ended_by="head"),))
    assert bases(powers, "desk", NOW + DAY - SECOND) == [("post", "L1"), ("acting", "L4")]
    assert bases(powers, "desk", NOW + DAY) == [("post", "L1")]


def test_a_delegate_has_the_power_within_its_limits_and_the_delegator_keeps_it() -> None:
    powers = given(office(), "head", asked("desk", topics=("fees",), platforms=("x",), number_a_day=5))
    own, lent = powers.of("desk", NOW)
    assert (own.basis, lent.basis, lent.level, lent.post) == ("post", "delegation", "L4", "Desk")
    assert (lent.topics, lent.platforms, lent.number_a_day, lent.ceiling) == (("fees",), ("x",), 5, ceiling())
    assert lent.on_behalf_of is not None
    assert (lent.on_behalf_of.officer, lent.on_behalf_of.post, lent.instrument) == ("head", "Head", "del_1")
    assert bases(powers, "head") == [("post", "L4")]


def test_a_post_as_delegate_is_whoever_holds_it_or_stands_in() -> None:
    powers = given(office(), "head", asked(None, delegate_post="Division"))
    assert bases(powers, "division") == [("post", "L3"), ("delegation", "L4")]
    assert bases(replace(powers, acting=(acting("desk", "Division"),)), "desk") == [
        ("post", "L1"),
        ("acting", "L3"),
        ("delegation", "L4"),
    ]
    followed = replace(powers, roster=(officer("head"), officer("desk", post="Division")))
    assert bases(followed, "desk") == [("post", "L1"), ("delegation", "L4")]


def test_a_delegation_begins_and_ends_to_the_second() -> None:
    powers = given(office(), "head", asked("nobody", from_=NOW + DAY, until=NOW + 2 * DAY))
    moments = (NOW, NOW + DAY - SECOND, NOW + DAY, NOW + 2 * DAY - SECOND, NOW + 2 * DAY)
    assert [len(powers.of("nobody", at)) for at in moments] == [0, 0, 1, 1, 0]
    assert lapse_of(powers, NOW + 2 * DAY) == "ended"


def test_what_was_taken_back_gives_nothing_from_that_moment() -> None:
    powers = given(office(), "head", asked("desk"))
    taken = replace(powers, delegations=(powers.delegations[0].revoked("head", "enough", NOW + DAY),))
    assert [len(taken.of("desk", at)) for at in (NOW + DAY - SECOND, NOW + DAY)] == [2, 1]


@pytest.mark.parametrize(
    ("roster", "cause"),
    [
        ((officer("division"),), "delegator_left"),
        ((officer("head", until=NOW + DAY), officer("division")), "delegator_left"),
        ((officer("head", subject="new"), officer("division")), "holder_changed"),
        ((officer("head"), officer("division", post="Elsewhere")), "delegate_left"),
        ((officer("head"),), "delegate_left"),
    ],
)
def test_it_lapses_when_one_of_the_two_leaves_the_post(roster: tuple[object, ...], cause: str) -> None:
    powers = given(office(), "head", asked("division"))
    assert lapse_of(powers, NOW + DAY) is None
    assert lapse_of(replace(powers, roster=roster), NOW + DAY) == cause
    assert "delegation" not in dict(bases(replace(powers, roster=roster), "division", NOW + DAY))


def test_a_pre_election_period_suspends_what_is_above_l2_and_was_granted_before() -> None:
    begins = NOW + DAY
    high = given(office(periods=(election(begins),)), "head", asked("desk"))
    low = given(office(periods=(election(begins),)), "head", asked("desk", level="L2"))
    late = given(office(periods=(election(begins),)), "head", asked("desk", from_=begins), at=begins)
    assert [lapse_of(high, at) for at in (begins - SECOND, begins, begins + 25 * DAY)] == [
        None,
        "pre_election_period",
        "pre_election_period",
    ]
    assert lapse_of(low, begins + DAY) is None
    assert lapse_of(late, begins + DAY) is None


def test_what_rests_on_a_lapsed_delegation_lapses_with_it() -> None:
    powers = given(office(), "head", asked("division", sub_delegation=True))
    powers = given(powers, "division", asked("desk", until=NOW + 20 * DAY))
    assert bases(powers, "desk") == [("post", "L1"), ("delegation", "L4")]
    assert powers.of("desk", NOW)[1].chain == ("del_2", "del_1")
    gone = changed(powers, 0, lapse=Lapse(NOW + DAY, "revoked"), revoked_by="head")
    assert lapse_of(gone, NOW + DAY, at=1) == "parent_lapsed"
    assert lapse_of(replace(powers, delegations=powers.delegations[1:]), NOW + DAY) == "parent_lapsed"


def test_the_numbers_of_a_day_of_all_that_it_rests_on_are_counted() -> None:
    powers = given(office(), "head", asked("division", sub_delegation=True, number_a_day=7))
    powers = given(powers, "division", asked("desk", number_a_day=3))
    _, lent = powers.of("desk", NOW)
    assert lent.limits == (("del_2", 3), ("del_1", 7))
    assert lent.number_a_day == 3


def test_a_delegator_whose_post_is_narrowed_lends_no_more_than_is_left() -> None:
    powers = given(office(), "head", asked("desk", topics=("fees", "visas")))
    limited = officer("head", level="L3", topics=["visas", "queues"], ceiling={"sensitivity": "S1", "damage": "D4"})
    narrowed = replace(powers, roster=(limited, officer("desk")))
    _, lent = narrowed.of("desk", NOW)
    assert (lent.level, lent.topics, lent.ceiling) == ("L3", ("visas",), ceiling("S1", "D3"))
    nothing_left = replace(powers, roster=(officer("head", topics=["queues"]), officer("desk")))
    assert bases(nothing_left, "desk") == [("post", "L1")]
