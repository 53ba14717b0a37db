"""Conditions of rules: which a rule waits under, and that all others are still tried."""

from typing import Any

import pytest

from services.policy.domain.deciding.conditions import conditions_of, left_to_try, waits_under
from services.policy.domain.policies import Rule
from tests.policy.builders import bare, decided, in_force


def rule(**when: Any) -> Rule:
    return Rule.model_validate({"id": "r", "name": "A rule", "when": when, "then": {"level": "L4"}}, strict=False)


def open_conditions(**when: Any) -> list[str]:
    return [each.name for each in left_to_try(rule(**when))]


@pytest.mark.parametrize(
    ("when", "key"),
    [
        ({"kind": ["spam"], "topic": ["fees"]}, ("topic", "fees")),
        ({"kind": ["spam"], "phrase": {"en": ["blue"]}}, ("phrase", "r")),
        ({"kind": ["spam"], "unsure": True}, ("unsure", "")),
        ({"kind": ["spam"], "private_data": ["nic"]}, ("private_data", "")),
        ({"kind": ["spam"], "competence": "several"}, ("competence", "several")),
    ],
)
def test_a_rule_waits_under_its_most_telling_condition(when: dict[str, Any], key: tuple[str, str]) -> None:
    assert waits_under(rule(**when)) == [key]


def test_what_a_rule_waits_under_is_not_tried_again() -> None:
    assert open_conditions(topic=["fees"], public=True) == ["public"]
    assert open_conditions(period="crisis") == []
    assert open_conditions(turn_at_least=3) == ["turn_at_least"]


def test_a_comment_that_holds_other_private_data_is_still_told_apart() -> None:
    policy = in_force(rules=[rule(private_data=["nic"]).model_dump(include={"id", "name", "when", "then"})])
    assert "r" not in decided("Call me on 071 234 5678", policy).rules
    assert "r" in decided("It is 853401234V", policy).rules


def test_a_rule_on_a_conflict_is_held_to_all_its_conditions() -> None:
    assert open_conditions(conflict=True, kind=["spam"]) == ["kind", "conflict"]


@pytest.mark.parametrize("of_baseline", bare().policy.rules, ids=lambda each: each.id)
def test_every_condition_that_a_rule_states_has_its_check(of_baseline: Rule) -> None:
    stated = of_baseline.when.model_dump(exclude_defaults=True, exclude={"line_fits"})
    assert {each.name for each in conditions_of(of_baseline)} == set(stated)
