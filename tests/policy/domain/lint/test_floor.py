"""The floor, tried with comments."""

from services.policy.domain.policies import Policy
from tests.policy.builders import a_policy
from tests.policy.domain.lint.planting import found, rule, topic


def test_no_comment_gets_below_the_floor_that_comes_with_parley() -> None:
    assert found("below-floor") == {}
    assert found("floor-silenced") == {}


def test_a_kind_that_the_floor_guards_and_praise_hides_is_an_error_with_that_comment() -> None:
    hole = found("below-floor", floor={"by_kind": {"complaint": "L3"}})["floor.by_kind.complaint"]
    assert (hole.severity, hole.sentence) == ("error", "the floor asks for L3, and this comes to L2")
    assert hole.example is not None
    assert hole.example.decided["level"] == "L2"


def test_a_policy_that_was_not_composed_is_measured_as_well() -> None:
    policy = a_policy()
    lowered = {**policy.scales.by_sensitivity, "S4": "L1"}
    weaker = policy.model_copy(update={"scales": policy.scales.model_copy(update={"by_sensitivity": lowered})})
    hole = found("below-floor", policy=Policy.model_validate(weaker))["scales.by_sensitivity.S4"]
    assert hole.example is not None
    assert hole.example.decided["sensitivity"] == "S4"


def test_a_rung_with_too_few_approvals_is_shown_with_a_comment_that_comes_there() -> None:
    policy = a_policy()
    low = policy.ladder["L3"].model_copy(update={"steps": ()})
    weaker = policy.model_copy(update={"ladder": {**policy.ladder, "L3": low}})
    hole = found("below-floor", policy=weaker)["ladder.L3.steps"]
    assert hole.example is not None
    assert (hole.severity, hole.example.decided["approvals"]) == ("error", 0)


def test_what_the_floor_puts_high_and_a_rule_lets_stand_is_a_warning() -> None:
    hush = rule("hush", {"kind": ["legal"]}, "safety", disposition="let_stand", stop=True)
    hole = found("floor-silenced", rules=[hush])["floor.by_kind.legal"]
    assert (hole.severity, hole.sentence) == ("warning", "the floor puts this before L3, and it ends as let_stand")


def test_a_closed_subject_stays_above_the_floor_with_every_kind_of_comment() -> None:
    assert found("below-floor", topics=[topic("money", closed="market")], floor={"by_closed": {"person": "L4"}}) == {}
