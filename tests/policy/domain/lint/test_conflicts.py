"""Rules that want an answer and silence at once."""

from typing import Any

from services.policy.adapters.policy_files import above
from services.policy.domain.composing.composition import Above, compose
from tests.policy.builders import document
from tests.policy.domain.lint.planting import found, rule, topic

ASKED = rule("asked", {"topic": ["dams"]}, "owner", disposition="answer")
QUIET = rule("quiet", {"phrase": {"en": ["again"]}}, "owner", disposition="no_response")
DAMS = [topic("dams", "the dam")]


def without_a_way_out(**sections: Any) -> Any:
    baseline = dict(above().baseline)
    baseline["rules"] = [each for each in baseline["rules"] if not each["when"].get("conflict")]
    return compose(document(**sections), Above(baseline, above().centre))


def test_two_rules_that_contradict_each_other_are_shown_with_a_comment_that_meets_both() -> None:
    hole = found("conflicting-dispositions", topics=DAMS, rules=[ASKED, QUIET])["rules.quiet"]
    assert "asked wants answer and quiet wants no_response" in hole.sentence
    assert hole.example is not None
    assert {"asked", "quiet"} <= set(hole.example.decided["rules"])


def test_a_rule_on_conflicts_makes_it_a_warning_and_its_absence_an_error() -> None:
    resolved = found("conflicting-dispositions", topics=DAMS, rules=[ASKED, QUIET])["rules.quiet"]
    assert (resolved.severity, resolved.example and resolved.example.decided["disposition"]) == ("warning", "escalate")
    bare = found("conflicting-dispositions", policy=without_a_way_out(topics=DAMS, rules=[ASKED, QUIET]))["rules.quiet"]
    assert (bare.severity, bare.example and bare.example.decided["disposition"]) == ("error", "answer")


def test_a_rule_that_ends_the_reading_contradicts_nobody() -> None:
    ended = {**ASKED, "then": {**ASKED["then"], "stop": True}}
    holes = found("conflicting-dispositions", topics=DAMS, rules=[ended, QUIET])
    assert "rules.quiet" not in holes


def test_rules_that_cannot_hold_together_contradict_nobody() -> None:
    others = [
        rule("asked", {"public": True}, "safety", disposition="answer"),
        rule("quiet", {"public": False}, "safety", disposition="no_response", stop=True),
    ]
    holes = found("conflicting-dispositions", rules=others)
    assert "rules.quiet" not in holes


def test_silence_besides_moderation_or_escalation_is_no_contradiction() -> None:
    rules = [{**ASKED, "then": {"disposition": "escalate"}}, QUIET]
    assert "rules.quiet" not in found("conflicting-dispositions", topics=DAMS, rules=rules)


def test_where_the_baseline_contradicts_itself_and_ends_that_nothing_is_said() -> None:
    assert found("conflicting-dispositions") == {}
