"""Levels that nobody holds, and paths with fewer persons than steps."""

from datetime import timedelta
from typing import Any

import pytest

from services.policy.adapters.policy_files import above
from services.policy.domain.composing.composition import Above, compose
from services.policy.domain.lint.persons import Persons, Task
from services.policy.domain.policies import StepRule
from services.policy.domain.roster import Officer
from tests.policy.builders import NOW, OFFICERS, document
from tests.policy.domain.lint.planting import found, post, rule, topic


def unheld(**sections: Any) -> list[str]:
    return list(found("level-without-holder", **sections))


def unwalked(**sections: Any) -> list[str]:
    return [hole.sentence for hole in found("path-without-persons", **sections).values()]


def test_a_full_roster_holds_every_level_that_is_asked_for() -> None:
    assert unheld() == []
    assert unwalked() == []


def test_a_level_that_a_topic_asks_for_and_nobody_holds_is_an_error() -> None:
    officers = [each for each in OFFICERS if each["level"] < "L4"]
    hole = found("level-without-holder", officers=officers)["ladder.L4"]
    assert hole.severity == "error"
    assert hole.example is not None
    assert hole.example.decided["level"] == "L4"


def test_a_level_above_all_is_no_hole_until_a_rule_asks_for_it() -> None:
    centre = rule("ours", {"phrase": {"en": ["coup"]}}, disposition="escalate", level="L5", stop=True)
    assert unheld(rules=[centre]) == ["ladder.L5"]


def test_a_level_to_which_one_rule_lifts_another_is_found() -> None:
    few = [each for each in above().baseline["topics"] if each.get("closed") != "draft_law"]
    baseline = {**above().baseline, "topics": few}
    baseline["rules"] = [each for each in baseline["rules"] if each["id"] not in ("14", "15", "15.1", "24")]
    officers = [each for each in OFFICERS if each["level"] < "L4"]
    policy = compose(document(officers=officers), Above(baseline, above().centre))
    example = found("level-without-holder", policy)["ladder.L4"].example
    assert example is not None
    assert "20" in example.decided["rules"]


@pytest.mark.parametrize("held", [{"until": NOW.isoformat()}, {"from": (NOW + timedelta(days=1)).isoformat()}])
def test_a_post_that_is_not_held_now_does_not_count(held: dict[str, str]) -> None:
    officers = [each if each["level"] < "L4" else {**each, **held} for each in OFFICERS]
    assert unheld(officers=officers) == ["ladder.L4"]


def test_a_post_above_stands_in_for_a_level_without_one() -> None:
    officers = [each for each in OFFICERS if each["subject"] != "comms"]
    assert unheld(officers=officers) == []


def test_a_path_with_more_steps_than_persons_is_an_error() -> None:
    officers = [post("desk", "L1"), post("desk-2", "L1"), post("comms", "L2", "legal", "security"), post("head", "L4")]
    holes = found("path-without-persons", officers=officers)
    assert any("3 steps need 3 different persons" in hole.sentence for hole in holes.values())
    assert all(hole.severity == "error" for hole in holes.values())


def test_the_author_is_one_person_more() -> None:
    ladder = {"L1": {"name": "Desk", "steps": [{"level": "L1"}]}}
    assert any(
        "write the draft" in each for each in unwalked(officers=[post("all", "L4", "legal", "security")], ladder=ladder)
    )


def test_a_signoff_that_no_specialist_can_give_is_an_error() -> None:
    officers = [{**each, "specialisms": []} for each in OFFICERS]
    assert any("nobody may take the legal sign-off" in each for each in unwalked(officers=officers))


def test_sign_offs_that_rules_ask_for_together_need_a_person_each() -> None:
    asking = [
        rule("one", {"phrase": {"en": ["blue"]}}, signoffs=["facts"], level="L3", disposition="answer"),
        rule("two", {"phrase": {"en": ["red"]}}, signoffs=["legal"], disposition="answer"),
    ]
    officers = [
        post("desk", "L1"),
        post("comms", "L2"),
        post("division", "L3", "facts", "legal", "security"),
        post("second", "L3", "security"),
        post("head", "L4"),
    ]
    both = found("path-without-persons", rules=asking, officers=officers).values()
    assert any(set(("one", "two")) <= set(hole.example.decided["rules"]) for hole in both if hole.example)


def test_more_approvals_than_a_rung_has_need_as_many_persons() -> None:
    crowd = rule("crowd", {"phrase": {"en": ["strike"]}}, approvals=6, level="L2", disposition="answer", stop=True)
    assert any("6 steps" in each for each in unwalked(rules=[crowd]))


def test_a_subject_with_too_few_posts_has_a_path_that_cannot_be_walked() -> None:
    officers = [
        *(each for each in OFFICERS if each["subject"] in ("desk", "desk-2", "comms", "head")),
        post("legal", "L3", "legal", "security", topics=["court-case", "named-person", "draft-law"]),
        post("division", "L3", topics=["court-case", "named-person", "draft-law"]),
    ]
    holes = found("path-without-persons", officers=officers, topics=[topic("dams", sensitivity="S4")])
    assert "topics.dams" in holes


def test_posts_for_some_subjects_leave_what_is_on_none_without_a_person() -> None:
    every = [each["id"] for each in above().baseline["topics"]]
    limited = [{**each, "topics": every} if each["level"] > "L2" else each for each in OFFICERS]
    assert "on L3 nobody may take the approval on L3" in unwalked(officers=limited)


def persons(*officers: dict[str, Any]) -> Persons:
    return Persons([Officer.model_validate(each, strict=False) for each in officers], NOW)


def a_task(*levels: str) -> Task:
    return Task(tuple(StepRule.model_validate({"level": level}) for level in levels), (), "S0", "D0")


def test_steps_are_given_so_that_all_are_taken_where_that_can_be() -> None:
    three = persons(post("a", "L4"), post("b", "L3"), post("c", "L2"), post("writer", "L1"))
    assert three.missing(a_task("L2", "L3", "L4")) is None
    assert three.missing(a_task("L4", "L3", "L2")) is None
    assert three.missing(a_task("L3", "L3", "L3")) == "3 steps need 3 different persons, and there are not as many"
    assert three.missing(a_task("L5")) == "nobody may take the approval on L5"
