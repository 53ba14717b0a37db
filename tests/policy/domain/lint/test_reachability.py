"""Rules that no comment comes to."""

from typing import Any

import pytest

from services.policy.adapters.policy_files import above
from services.policy.domain.composing.composition import compose
from tests.policy.builders import document
from tests.policy.domain.lint.planting import found, rule, topic


def unreached(**sections: Any) -> dict[str, Any]:
    return found("rule-never-reached", **sections)


DAMS = [topic("dams", "the dam")]


def test_a_rule_that_an_earlier_one_silences_is_an_error_with_a_comment_that_meets_both() -> None:
    first = rule("first", {"topic": ["dams"]}, disposition="answer", stop=True)
    second = rule("second", {"topic": ["dams"], "kind": ["complaint"]}, disposition="restore")
    hole = unreached(topics=DAMS, rules=[first, second])["rules.second"]
    assert (hole.severity, hole.sentence.startswith("first holds whenever this does")) == ("error", True)
    assert hole.example is not None
    assert "first" in hole.example.decided["rules"]
    assert "second" not in hole.example.decided["rules"]


@pytest.mark.parametrize(
    ("silencing", "silenced"),
    [
        ({}, {"kind": ["question"]}),
        ({"kind": ["question", "complaint"]}, {"kind": ["complaint"]}),
        ({"not_kind": ["praise"]}, {"not_kind": ["praise", "spam"]}),
        ({"any_topic": True}, {"topic": ["dams"]}),
        ({"seen_by_at_least": 10}, {"seen_by_at_least": 500}),
        ({"turn_at_least": 2}, {"turn_at_least": 3, "kind": ["complaint"]}),
        ({"sensitivity_at_least": "S1"}, {"topic": ["dikes"]}),
        ({"closed": ["court"]}, {"topic": ["court-case"]}),
        ({"phrase": {"en": ["blue", "red"]}}, {"phrase": {"en": ["red"]}}),
        ({"platform": ["x", "mastodon"]}, {"platform": ["x"], "public": True}),
        ({"surge": True}, {"same_issue_at_least": 20}),
        ({"undecided": True}, {"undecided": True, "kind": ["complaint"]}),
    ],
)
def test_what_follows_from_a_later_rules_conditions_silences_it(
    silencing: dict[str, Any], silenced: dict[str, Any]
) -> None:
    topics = [*DAMS, topic("dikes", sensitivity="S2")]
    rules = [
        rule("first", silencing, "safety", disposition="answer", stop=True),
        rule("second", silenced, "safety", disposition="hold"),
    ]
    assert "rules.second" in unreached(topics=topics, rules=rules)
    apart = [rules[1], rules[0]]
    assert "rules.second" not in unreached(topics=topics, rules=apart)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"kind": ["question"]}, {"kind": ["question", "complaint"]}),
        ({"topic": ["dams"]}, {"any_topic": True}),
        ({"seen_by_at_least": 500}, {"seen_by_at_least": 10}),
        ({"damage_at_least": "D1"}, {"topic": ["dams"]}),
        ({"private_data": True}, {"kind": ["complaint"]}),
    ],
)
def test_a_rule_that_an_earlier_one_leaves_something_is_reached(first: dict[str, Any], second: dict[str, Any]) -> None:
    rules = [
        rule("first", first, "safety", disposition="answer", stop=True),
        rule("second", second, "safety", disposition="hold"),
    ]
    assert "rules.second" not in unreached(topics=DAMS, rules=rules)


@pytest.mark.parametrize(
    ("when", "sentence"),
    [
        ({"kind": ["question"], "not_kind": ["question"]}, "every kind that it asks for"),
        ({"topic": ["dams"], "not_topic": ["dams"]}, "every topic that it asks for"),
        ({"topic": ["dams"], "any_topic": False}, "a topic and for none"),
        ({"seen_by_at_least": 9, "seen_by_at_most": 8}, "more readers"),
        ({"sensitivity_at_least": "S3", "sensitivity_at_most": "S1"}, "more sensitivity"),
        ({"damage_at_least": "D3", "damage_at_most": "D1"}, "more damage"),
        ({"undecided": False, "line_fits": True}, "while nothing is decided"),
    ],
)
def test_a_rule_that_contradicts_itself_is_a_warning_that_says_how(when: dict[str, Any], sentence: str) -> None:
    hole = unreached(topics=DAMS, rules=[rule("ours", when, disposition="hold")])["rules.ours.when"]
    assert (hole.severity, sentence in hole.sentence) == ("warning", True)


@pytest.mark.parametrize(
    ("when", "condition"),
    [
        ({"period": "crisis"}, "period"),
        ({"author_kind": ["press"]}, "author_kind"),
        ({"competence": "elsewhere"}, "competence"),
        ({"closed": ["market"]}, "closed"),
        ({"admitted": True}, "admitted"),
        ({"embargoed": True}, "embargoed"),
    ],
)
def test_a_rule_that_waits_for_what_the_policy_does_not_have_says_for_what(
    when: dict[str, Any], condition: str
) -> None:
    assert list(unreached(rules=[rule("ours", when, disposition="hold")])) == [f"rules.ours.when.{condition}"]


def test_the_baselines_rules_may_wait() -> None:
    assert unreached() == {}


def test_an_agency_that_silences_the_baseline_is_warned() -> None:
    everything = rule("ours", {}, "safety", disposition="hold", stop=True)
    holes = unreached(rules=[everything])
    assert {hole.severity for hole in holes.values()} == {"warning"}
    assert {"rules.3", "rules.39"} <= set(holes)


def test_a_units_stop_silences_nobody_else() -> None:
    units = [
        {
            "agency": "test-agency",
            "unit": "u",
            "topics": DAMS,
            "rules": [rule("unit.all", {}, "safety", disposition="answer", stop=True)],
        }
    ]
    ours = rule("ours", {"any_topic": True}, "safety", disposition="hold", level="L2")
    policy = compose(document(rules=[ours]), above(), units)
    assert unreached(policy=policy) == {}
