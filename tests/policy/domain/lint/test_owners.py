"""A subject at a sensitivity for which nobody stands."""

from typing import Any

import pytest

from tests.policy.builders import OFFICERS, in_force
from tests.policy.domain.lint.planting import confirm, found, post, rule, topic

LIMITED = [
    post("desk", "L1"),
    post("desk-2", "L1"),
    post("comms", "L2"),
    post("comms-2", "L2", topics=["roads"]),
    post("division", "L3", "legal", "security", topics=["roads"]),
    post("division-2", "L3", "legal", "security", topics=["roads"]),
    post("head", "L4", topics=["roads", "court-case", "draft-law", "named-person"]),
]


def without_owner(**sections: Any) -> dict[str, Any]:
    return found("subject-without-owner", **sections)


def test_a_topic_above_everybody_who_stands_for_it_is_shown_with_a_comment_on_it() -> None:
    sections: dict[str, Any] = {"topics": [topic("roads"), topic("dams", sensitivity="S3")], "officers": LIMITED}
    hole = without_owner(**sections)["topics.dams"]
    assert (hole.severity, "S3 needs L3" in hole.sentence) == ("error", True)
    decision = confirm(hole, in_force(**sections))
    assert (decision.level, decision.topics) == ("L3", ("dams",))


def test_a_topic_that_a_rule_makes_heavier_is_shown_with_a_comment_on_both() -> None:
    heavier = rule("ours", {"phrase": {"en": ["leaked plan"]}}, "safety", sensitivity="S3", disposition="hold")
    hole = without_owner(topics=[topic("roads"), topic("dams")], officers=LIMITED, rules=[heavier])["topics.dams"]
    assert hole.severity == "error"
    assert hole.example is not None
    assert hole.example.decided["topics"] == ["dams"]
    assert hole.example.decided["sensitivity"] == "S3"


def test_a_ceiling_below_the_subject_leaves_it_without_an_owner() -> None:
    low = [{**each, "ceiling": {"sensitivity": "S1", "damage": "D1"}} for each in OFFICERS]
    assert "topics.dams" in without_owner(topics=[topic("dams", sensitivity="S2")], officers=low)


def test_posts_that_stand_for_every_subject_own_each() -> None:
    assert without_owner(topics=[topic("dams", sensitivity="S3", damage="D3")]) == {}


def test_another_agencys_topic_needs_no_owner_here() -> None:
    sections: dict[str, Any] = {"topics": [topic("ships", agency="harbour", sensitivity="S3")]}
    assert "topics.ships" not in without_owner(officers=LIMITED, **{"topics": [topic("roads"), *sections["topics"]]})


def test_a_level_that_nobody_holds_is_told_once_and_not_of_each_topic() -> None:
    officers = [each for each in OFFICERS if each["level"] < "L4"]
    topics = [topic("dams", sensitivity="S4"), topic("roads", sensitivity="S4")]
    assert without_owner(topics=topics, officers=officers) == {}
    assert list(found("level-without-holder", topics=topics, officers=officers)) == ["ladder.L4"]


def test_two_subjects_with_an_owner_each_and_none_together_are_a_warning() -> None:
    split = [post("desk", "L1"), *(post(f"head-{name}", "L4", topics=[name]) for name in ("roads", "dams"))]
    topics = [topic("roads", sensitivity="S2"), topic("dams", sensitivity="S2")]
    together = [hole for hole in without_owner(topics=topics, officers=split).values() if "both" in hole.sentence]
    assert [hole.severity for hole in together] == ["warning"]
    assert together[0].example is not None
    assert len(together[0].example.decided["topics"]) == 2


@pytest.mark.parametrize("unit", [None, "Roads unit"])
def test_a_unit_as_owner_does_not_stand_in_for_a_post(unit: str | None) -> None:
    roads = topic("dams", sensitivity="S3", **({"unit": unit} if unit else {}))
    assert "topics.dams" in without_owner(topics=[topic("roads"), roads], officers=LIMITED)
