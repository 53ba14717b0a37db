"""A line answers by itself only where no doubt is left."""

from datetime import timedelta
from typing import Any

import pytest

from services.policy.domain.composing.composition import InvalidPolicy
from services.policy.domain.deciding.decisions import Decision
from tests.policy.builders import NOW, decided, in_force

TOPICS = [
    {"id": "hours", "phrases": {"en": ["open"], "si": ["විවෘත"]}},
    {"id": "rates", "sensitivity": "S2", "phrases": {"en": ["tariff"]}},
    {"id": "fees", "phrases": {"en": ["fee"]}},
]


def a_line(**changes: Any) -> dict[str, Any]:
    return {
        "id": "hours",
        "topics": ["hours"],
        "text": {"en": "Nine to three.", "si": "නවයේ සිට තුනට."},
        "ceiling": {"sensitivity": "S1", "damage": "D1"},
        "cleared_by": {"officer": "comms", "post": "Communications", "level": "L2"},
        "cleared_at": "2026-11-01T09:00:00Z",
        **changes,
    }


def asked(text: str = "When do you open?", rules: Any = (), line: Any = None, **about: Any) -> Decision:
    return decided(text, in_force(topics=TOPICS, rules=list(rules), lines=[line or a_line()]), **about)


def doubts(decision: Decision) -> list[str]:
    found: list[str] = decision.explanation["line"]["doubts"].get("hours", [])
    return found


def test_a_line_without_doubts_answers_at_l0() -> None:
    decision = asked()
    assert (decision.level, decision.line, decision.disposition, decision.rules) == ("L0", "hours", "answer", ("32",))


def test_the_text_of_the_comments_language_is_needed() -> None:
    assert asked("විවෘත කවදද?").line == "hours"
    decision = asked(line=a_line(text={"si": "නවයේ සිට තුනට."}))
    assert (decision.level, doubts(decision)) == ("L1", ["it has no text in en"])


def test_a_text_that_the_platform_would_not_take_goes_to_a_person() -> None:
    line = a_line(text={"en": "We are open from nine to three. " * 10})
    assert asked(line=line, platform="facebook").line == "hours"
    decision = asked(line=line, platform="bluesky")
    assert (decision.line, doubts(decision)) == (None, ["it does not fit on bluesky"])
    split = in_force(topics=TOPICS, lines=[line], replies={"split": True})
    assert decided("When do you open?", split, platform="bluesky").line == "hours"


def test_a_variant_makes_a_line_fit_on_its_platform_and_on_no_other() -> None:
    short = {"platform": "bluesky", "language": "en", "text": "Nine to three."}
    line = a_line(text={"en": "We are open from nine to three. " * 10}, variants=[short])
    assert asked(line=line, platform="bluesky").line == "hours"
    assert doubts(asked(line=line, platform="x")) == ["it does not fit on x"]


@pytest.mark.parametrize(
    ("variant", "sentence"),
    [
        ({"platform": "x", "language": "ta", "text": "Nine."}, "there is no text in ta beside which it would stand"),
        ({"platform": "bluesky", "language": "en", "text": "a" * 301}, "301 graphemes, where bluesky takes 300"),
        (
            {"platform": "discourse", "language": "en", "text": "Nine."},
            "5 characters, where discourse takes 20 to 32000",
        ),
    ],
)
def test_a_variant_that_never_goes_out_is_a_fault_of_the_policy(variant: dict[str, str], sentence: str) -> None:
    with pytest.raises(InvalidPolicy, match=sentence):
        in_force(topics=TOPICS, lines=[a_line(variants=[variant])])


def test_the_mention_of_its_author_counts_in_a_line() -> None:
    line = a_line(text={"en": "a" * 495})
    assert asked(line=line, platform="mastodon").line == "hours"
    assert asked(line=line, platform="mastodon", handle="nimal").line is None


def test_a_comment_that_is_also_about_something_else_goes_to_a_person() -> None:
    assert asked("When do you open, and why was the tariff raised?").line is None
    assert asked("When do you open, and what is the fee?").line is None


def test_a_complaint_is_not_answered_by_a_line() -> None:
    assert asked("When do you open? Terrible service, no reply").line is None


def test_private_data_keeps_the_line_back() -> None:
    assert asked("When do you open? 0771234567").line is None


@pytest.mark.parametrize(
    ("finding", "doubt"),
    [
        ({"level": "L3"}, "L3 is needed and it was cleared on L2"),
        ({"sensitivity": "S2"}, "S2/D0 is above its ceiling"),
        ({"damage": "D2"}, "S0/D2 is above its ceiling"),
    ],
)
def test_a_line_does_not_go_above_its_clearing(finding: dict[str, str], doubt: str) -> None:
    decision = asked(rules=[{"id": "x", "name": "x", "when": {}, "then": finding, "stage": "owner"}])
    assert (decision.line, doubts(decision)) == (None, [doubt])


def test_a_line_waits_for_its_time_and_ends_with_it() -> None:
    early = a_line(preconditions={"from": (NOW + timedelta(seconds=1)).isoformat()})
    late = a_line(preconditions={"until": NOW.isoformat()})
    in_time = a_line(preconditions={"from": NOW.isoformat(), "until": (NOW + timedelta(seconds=1)).isoformat()})
    assert doubts(asked(line=early)) == ["its time has not come"]
    assert doubts(asked(line=late)) == ["its time is over"]
    assert asked(line=in_time).line == "hours"


def test_a_public_line_does_not_answer_in_private() -> None:
    line = a_line(preconditions={"public_only": True})
    assert asked(line=line, public=True).line == "hours"
    assert asked(line=line, public=False).line is None
    assert asked(public=False).line == "hours"


def test_a_sign_off_cannot_be_skipped_by_a_line() -> None:
    rule = {"id": "x", "name": "x", "stage": "owner", "when": {}, "then": {"signoffs": ["legal"]}}
    decision = asked(rules=[rule])
    assert (decision.level, decision.line) == ("L1", None)


def test_the_third_turn_is_not_answered_by_a_line_cleared_below_it() -> None:
    line = a_line(cleared_by={"officer": "desk", "post": "Desk", "level": "L1"})
    assert asked(line=line, turn=2).line == "hours"
    assert asked(line=line, turn=3).line is None


def test_nothing_that_goes_one_level_up_is_answered_without_a_person() -> None:
    decision = asked(turn=3)
    assert (decision.level, decision.line, decision.disposition) == ("L2", None, "answer")


def test_a_question_that_asks_for_more_than_the_line_says_goes_to_a_person() -> None:
    line = a_line(preconditions={"unless": {"en": ["branch*"], "si": ["ශාඛා*"]}})
    assert asked(line=line).line == "hours"
    decision = asked("When do you open the new branch?", line=line)
    assert (decision.level, doubts(decision)) == ("L1", ["the comment asks for more than it says"])
    assert asked("ශාඛාව විවෘත කවදද?", line=line).line is None


@pytest.mark.parametrize("purpose", ["holding", "acknowledgement", "closing"])
def test_only_a_line_that_is_meant_to_answer_answers(purpose: str) -> None:
    assert asked(line=a_line(purpose=purpose)).line is None


def test_a_line_that_answers_names_its_topics_and_any_other_may_be_for_all() -> None:
    with pytest.raises(InvalidPolicy, match="names the topics"):
        in_force(topics=TOPICS, lines=[a_line(topics=[])])
    assert asked(line=a_line(topics=[], purpose="holding")).line is None
