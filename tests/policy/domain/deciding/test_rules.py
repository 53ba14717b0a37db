"""Reading rules in order: findings add up, the first disposition stands, stop ends the reading."""

import sys
from types import FrameType
from typing import Any

from services.policy.domain.deciding.decisions import PolicyInForce
from tests.policy.builders import decided, in_force


def rule(rule_id: str, when: dict[str, Any], stage: str = "safety", **then: Any) -> dict[str, Any]:
    return {"id": rule_id, "name": rule_id, "stage": stage, "when": when, "then": then}


def test_findings_add_up_to_the_highest() -> None:
    policy = in_force(
        rules=[
            rule("a", {}, sensitivity="S2", signoffs=["facts"], duties=["one"], clock="l3"),
            rule("b", {}, damage="D3", level="L1", signoffs=["legal", "facts"], duties=["two"], clock="press"),
        ]
    )
    decision = decided("the blue bus", policy)
    assert (decision.sensitivity, decision.damage, decision.level) == ("S2", "D3", "L3")
    assert decision.signoffs == ("facts", "legal")
    assert decision.duties[:2] == ("one", "two")
    assert decision.clock in ("press", "human_triage")
    assert decision.answer_within == 60


def test_the_first_disposition_stands() -> None:
    policy = in_force(rules=[rule("a", {}, disposition="refer"), rule("b", {}, disposition="answer", stop=True)])
    assert decided("the blue bus", policy).disposition == "refer"


def test_stop_ends_the_reading() -> None:
    policy = in_force(rules=[rule("a", {}, disposition="monitor", stop=True), rule("b", {}, level="L4")])
    decision = decided("the blue bus", policy)
    assert (decision.rules, decision.level) == (("a",), "L1")


def test_an_agency_rule_is_read_before_the_baseline_of_its_stage_and_after_earlier_stages() -> None:
    policy = in_force(rules=[rule("ours", {"kind": ["question"]}, stage="kind", disposition="refer", stop=True)])
    assert decided("Why did you move the office?", policy).rules == ("ours",)
    assert decided("I will kill you, why did you move?", policy).rules == ("4",)


def test_conditions_join_by_and_and_their_values_by_or() -> None:
    policy = in_force(
        rules=[
            rule(
                "ours",
                {"phrase": {"en": ["bus", "train"]}, "platform": ["x", "mastodon"], "public": True},
                disposition="answer",
                stop=True,
            )
        ]
    )
    assert decided("a train", policy, platform="x").rules == ("ours",)
    assert "ours" not in decided("a train", policy, platform="facebook").rules
    assert "ours" not in decided("a train", policy, platform="x", public=False).rules
    assert "ours" not in decided("a car", policy, platform="x").rules


def test_patterns_authors_and_private_data_are_conditions() -> None:
    policy = in_force(
        rules=[
            rule("pattern", {"pattern": ["ref[0-9]{4}"]}, duties=["p"]),
            rule("author", {"author": ["minister@gov.example"]}, duties=["a"]),
        ]
    )
    assert "pattern" in decided("See REF1234", policy).rules
    assert "author" in decided("hello", policy, handle="minister@gov.example").rules
    assert {"pattern", "author"}.isdisjoint(decided("hello", policy, author="someone").rules)


def test_the_explanation_says_what_matched_and_what_it_found() -> None:
    explanation = decided("I will kill you").explanation
    assert explanation["words"] == ["i will kill"]
    assert explanation["rules"][0]["id"] == "4"
    assert explanation["rules"][0]["found"]["level"] == "L3"
    assert {"source": "rule", "value": "4", "level": "L3"} in explanation["level"]["because"]


def test_the_same_comment_is_decided_alike() -> None:
    assert decided("Why did you move the office?") == decided("Why did you move the office?")


def test_a_decision_costs_little_more_work_with_many_rules_and_phrases() -> None:
    few, many = _with_rules_and_phrases(10, 50), _with_rules_and_phrases(1000, 5000)
    for text, found in (("What time do you open on Saturday? I live far away.", set()), ("Is word3x2 new?", {"r3"})):
        assert {each for each in decided(text, many).rules if each.startswith("r")} == found
        assert _lines_run(many, text) <= 1.1 * _lines_run(few, text)


def _with_rules_and_phrases(rules: int, phrases: int) -> PolicyInForce:
    topics = [
        {"id": f"t{n}", "phrases": {"en": [f"word{n}x{m}" for m in range(phrases // rules)]}} for n in range(rules)
    ]
    return in_force(topics=topics, rules=[rule(f"r{n}", {"topic": [f"t{n}"]}, duties=["x"]) for n in range(rules)])


def _lines_run(policy: PolicyInForce, text: str) -> int:
    """How many lines of code one decision takes."""
    count = 0

    def tell(_: FrameType, event: str, __: Any) -> Any:
        nonlocal count
        count += event == "line"
        return tell

    decided(text, policy)  # what is learned once, of letters and of rules, is no part of it
    before = sys.gettrace()
    sys.settrace(tell)
    try:
        decided(text, policy)
    finally:
        sys.settrace(before)
    return count
