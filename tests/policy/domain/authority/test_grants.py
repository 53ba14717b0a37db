"""Nobody gives more than they have; and what is refused says which field is at fault."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.policy.domain.authority.grants import Asked, GrantRefused, Place, appoint
from services.policy.domain.authority.powers import Powers
from services.policy.domain.clearance.approvals import NotYourAuthority
from tests.policy.builders import NOW
from tests.policy.domain.authority.building import DAY, TOPICS, asked, ceiling, given, office, officer

YEAR = datetime(NOW.year + 1, NOW.month, NOW.day, NOW.hour, NOW.minute, tzinfo=UTC)


def faults(powers: Powers, grantor: str, wish: Asked) -> list[tuple[str, str]]:
    with pytest.raises(GrantRefused) as refused:
        given(powers, grantor, wish)
    return [(fault.pointer, fault.reason) for fault in refused.value.faults]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"level": "L4"}, ("/level", "more-than-you-have")),
        ({"ceiling": ceiling("S3", "D1")}, ("/ceiling/sensitivity", "more-than-you-have")),
        ({"ceiling": ceiling("S1", "D3")}, ("/ceiling/damage", "more-than-you-have")),
        ({"topics": ("fees", "queues")}, ("/topics/1", "more-than-you-have")),
        ({"specialisms": ("security",)}, ("/specialisms/0", "more-than-you-have")),
        ({"from_": NOW - 2 * DAY}, ("/from", "more-than-you-have")),
        ({"until": NOW + 61 * DAY}, ("/until", "more-than-you-have")),
    ],
)
def test_nobody_gives_more_than_they_have(changes: dict[str, Any], fault: tuple[str, str]) -> None:
    limited = officer(
        "legal",
        topics=["fees", "visas"],
        ceiling={"sensitivity": "S2", "damage": "D2"},
        specialisms=["legal"],
        **{"from": NOW - DAY, "until": NOW + 60 * DAY},
    )
    powers = office(roster=(limited, officer("desk")))
    modest = asked("desk", ceiling=ceiling("S2", "D2"))
    assert given(powers, "legal", modest).delegations
    assert faults(powers, "legal", replace(modest, **changes)) == [fault]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"delegate": "head"}, ("/delegate/subject", "to-oneself")),
        ({"delegate": None, "delegate_post": "Head"}, ("/delegate/post", "to-oneself")),
        ({"delegate": None, "delegate_post": "Nobody's"}, ("/delegate/post", "unknown-post")),
        ({"until": NOW}, ("/until", "ends-before-it-begins")),
        ({"from_": NOW - 3 * DAY, "until": NOW - DAY}, ("/until", "over-already")),
        ({"until": YEAR + timedelta(seconds=1)}, ("/until", "too-long")),
        ({"topics": ("weather",)}, ("/topics/0", "unknown-topic")),
        ({"ceiling": ceiling("S4")}, ("/until", "one-day-only")),
        ({"ceiling": ceiling("S4"), "until": NOW + DAY, "delegate": None, "delegate_post": "Desk"},
         ("/delegate/post", "by-name-only")),
    ],
)  # fmt: skip
def test_what_is_never_given_is_refused_with_the_field(changes: dict[str, Any], fault: tuple[str, str]) -> None:
    assert faults(
        office(), "head", asked("division", **changes) if "delegate" not in changes else asked(**changes)
    ) == [fault]


@pytest.mark.parametrize("changes", [{"until": YEAR}, {"ceiling": ceiling("S4", "D4"), "until": NOW + DAY}])
def test_what_is_just_within_the_limits_is_given(changes: dict[str, Any]) -> None:
    assert given(office(), "head", asked("division", **changes)).delegations


def test_a_power_is_passed_on_only_where_its_instrument_permits_it() -> None:
    powers = given(office(), "head", asked("comms"))
    assert faults(powers, "comms", asked("desk", level="L3")) == [("/delegate", "sub-delegation-not-permitted")]
    assert faults(powers, "comms", asked("desk")) == [("/delegate", "sub-delegation-not-permitted")]
    allowed = given(given(office(), "head", asked("comms", sub_delegation=True)), "comms", asked("desk", level="L3"))
    assert allowed.delegations[1].parent == "del_1"
    assert [each.level for each in allowed.of("desk", NOW)] == ["L1", "L3"]


def test_passing_on_keeps_within_the_instrument_and_not_only_within_the_post() -> None:
    powers = given(office(), "head", asked("comms", sub_delegation=True, platforms=("x",), number_a_day=5))
    wish = asked("desk", level="L4", platforms=("x", "bluesky"), number_a_day=6, until=NOW + 31 * DAY)
    assert faults(powers, "comms", wish) == [
        ("/platforms/1", "more-than-you-have"),
        ("/number_a_day", "more-than-you-have"),
        ("/until", "more-than-you-have"),
    ]


def test_the_own_post_can_be_delegated_beside_what_cannot_be_passed_on() -> None:
    powers = given(office(), "head", asked("comms"))
    assert given(powers, "comms", asked("desk", level="L2")).delegations[1].parent is None


@pytest.mark.parametrize("delegate", ["head", "division"])
def test_a_power_cannot_go_back_to_where_it_came_from(delegate: str) -> None:
    powers = given(office(), "head", asked("division", sub_delegation=True))
    powers = given(powers, "division", asked("comms", level="L4", sub_delegation=True))
    assert faults(powers, "comms", asked(delegate, level="L4")) == [("/delegate/subject", "loop")]


def test_who_has_nothing_can_give_nothing() -> None:
    with pytest.raises(NotYourAuthority):
        given(office(), "nobody", asked("desk"))
    with pytest.raises(NotYourAuthority):
        given(office(), "head", asked("desk", under="del_9"))


def test_a_stand_in_is_appointed_by_another_on_the_level_or_above() -> None:
    place = Place("test-agency", office(), TOPICS, NOW)
    span = (NOW, NOW + DAY)
    made = appoint("desk", "Division", span, "legal", place, "act_1")
    assert (made.subject, made.post, made.appointed_by) == ("desk", "Division", "legal")
    for by in ("comms", "desk", "nobody"):
        with pytest.raises(NotYourAuthority):
            appoint("desk", "Division", span, by, place, "act_1")
    with pytest.raises(NotYourAuthority):
        appoint("head", "Division", span, "head", place, "act_1")


@pytest.mark.parametrize(
    ("subject", "post", "until", "fault"),
    [
        ("desk", "Nobody's", NOW + DAY, ("/post", "unknown-post")),
        ("division", "Division", NOW + DAY, ("/subject", "holds-it-already")),
        ("desk", "Division", NOW, ("/until", "ends-before-it-begins")),
        ("desk", "Division", YEAR + DAY, ("/until", "too-long")),
    ],
)
def test_an_impossible_appointment_is_refused_with_the_field(
    subject: str, post: str, until: datetime, fault: tuple[str, str]
) -> None:
    with pytest.raises(GrantRefused) as refused:
        appoint(subject, post, (NOW, until), "head", Place("test-agency", office(), TOPICS, NOW), "act_1")
    assert [(each.pointer, each.reason) for each in refused.value.faults] == [fault]
