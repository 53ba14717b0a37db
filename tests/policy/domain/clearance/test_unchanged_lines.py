"""Mandates that are good for unchanged cleared lines only."""

from datetime import timedelta
from typing import Any

import pytest

from services.policy.domain.authority.grants import GrantRefused
from services.policy.domain.authority.mandates import Mandate, Weight
from services.policy.domain.clearance.approvals import Draft, NotYourAuthority, Step
from services.policy.domain.clearance.deciders import Decider, acting, approval_step, returning, signoff_step
from services.policy.domain.clearance.unchanged_lines import is_unchanged_line
from tests.policy.builders import NOW, a_policy
from tests.policy.domain.authority.building import asked, given, office

WORDS = "We open at nine on Saturdays."
LINE: dict[str, Any] = {
    "id": "hours",
    "text": {"en": WORDS, "si": "සෙනසුරාදා නවයට."},
    "topics": ["fees"],
    "ceiling": {"sensitivity": "S1", "damage": "D1"},
    "cleared_by": {"officer": "head", "post": "Head", "level": "L4"},
    "cleared_at": NOW - timedelta(days=30),
}
TOPICS = [{"id": "fees", "phrases": {"en": ["fee"]}}]
WEIGHT = Weight("S1", "D1", ("fees",), "mastodon")


def unchanged(text: str, language: str | None, **preconditions: Any) -> bool:
    line = {**LINE, "preconditions": preconditions}
    return is_unchanged_line(text, language, a_policy(topics=TOPICS, lines=[line]).lines, NOW)


@pytest.mark.parametrize(
    ("text", "language", "is_line"),
    [
        (WORDS, "en", True),
        (WORDS, "en-GB", True),
        (WORDS, "EN", True),
        (WORDS + " ", "en", False),
        (WORDS.lower(), "en", False),
        (WORDS, "si", False),
        (WORDS, None, False),
    ],
)
def test_only_the_very_words_in_their_language_are_the_line(text: str, language: str | None, is_line: bool) -> None:
    assert unchanged(text, language) is is_line


def test_a_line_whose_time_has_not_come_or_is_over_is_not_cleared() -> None:
    hour = timedelta(hours=1)
    assert unchanged(WORDS, "en", **{"from": NOW, "until": NOW + hour})
    assert not unchanged(WORDS, "en", **{"from": NOW + hour})
    assert not unchanged(WORDS, "en", until=NOW)


def desk_with(cleared_line: bool) -> Decider:
    powers = given(office(), "comms", asked("desk", level="L2", cleared_lines_only=True))
    return Decider("desk", powers.of("desk", NOW), cleared_line=cleared_line)


def draft(*steps: Step) -> Draft:
    return Draft(1, 1, "division", WORDS, "en", "0" * 64, "test", steps, "open", NOW, weight=WEIGHT)


def test_it_takes_a_step_of_a_draft_that_is_the_line_and_of_no_other() -> None:
    waiting = draft(Step("approval", "L2"))
    _, mandate = approval_step(waiting, desk_with(cleared_line=True))
    assert (mandate.basis, mandate.cleared_lines_only) == ("delegation", True)
    for act in (
        lambda decider: approval_step(waiting, decider),
        lambda decider: returning(waiting, decider),
        lambda decider: acting(decider, WEIGHT, "L2", "Communications"),
    ):
        with pytest.raises(NotYourAuthority, match="unchanged cleared lines only"):
            act(desk_with(cleared_line=False))


def test_their_own_post_is_as_good_as_ever() -> None:
    _, mandate = approval_step(draft(Step("approval", "L1")), desk_with(cleared_line=False))
    assert mandate.basis == "post"


def test_it_signs_nothing_off_but_the_line() -> None:
    held = Mandate("desk", "Desk", "L2", "delegation", specialisms=("facts",), cleared_lines_only=True)
    waiting = draft(Step("signoff", "L1", "facts"))
    assert signoff_step(waiting, Decider("desk", (held,), cleared_line=True), "facts")[1] == held
    with pytest.raises(NotYourAuthority, match="unchanged cleared lines only"):
        signoff_step(waiting, Decider("desk", (held,)), "facts")


def test_what_is_for_cleared_lines_is_passed_on_for_cleared_lines_only() -> None:
    lines = asked("division", level="L4", sub_delegation=True, cleared_lines_only=True)
    powers = given(office(), "head", lines)
    with pytest.raises(GrantRefused) as refused:
        given(powers, "division", asked("comms", level="L4"))
    assert [(each.pointer, each.reason) for each in refused.value.faults] == [
        ("/cleared_lines_only", "more-than-you-have")
    ]
    passed = given(powers, "division", asked("comms", level="L4", cleared_lines_only=True))
    assert [each.cleared_lines_only for each in passed.of("comms", NOW)] == [False, True]
