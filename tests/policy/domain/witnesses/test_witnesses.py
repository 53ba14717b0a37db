"""Comments that are made to meet rules, and decided to prove it."""

from datetime import timedelta
from typing import Any

import pytest

from services.policy.domain.policies import Rule
from services.policy.domain.triage.phrases import PatternSet
from services.policy.domain.witnesses.pattern_texts import text_for
from services.policy.domain.witnesses.witnesses import Witness, Witnesses
from tests.policy.builders import NOW, in_force, sample


def witness_of(when: dict[str, Any], *, stage: str = "safety", **sections: Any) -> Witness | None:
    """A comment that a rule with these conditions decides on."""
    ours = {"id": "ours", "name": "ours", "stage": stage, "when": when, "then": {"duties": ["seen"]}}
    witnesses = Witnesses(in_force(**{**sections, "rules": [*sections.get("rules", ()), ours]}), NOW)
    return witnesses.meeting(rule_of(witnesses, "ours"))


def rule_of(witnesses: Witnesses, rule_id: str) -> Rule:
    return next(rule for rule in witnesses.policy.rules if rule.id == rule_id)


TOPICS = [
    {"id": "dams", "phrases": {"en": ["the dam"]}, "damage": {"safety": "D2"}, "sensitivity": "S1"},
    {"id": "ships", "agency": "harbour", "phrases": {"en": ["ships"]}},
    {"id": "money", "closed": "market", "phrases": {"en": ["rates"], "si": ["පොලිය"]}},
    {"id": "leak", "admitted": True, "phrases": {"en": ["the leak"]}},
    {"id": "budget", "embargo_until": (NOW + timedelta(days=1)).isoformat(), "phrases": {"en": ["budget"]}},
    {"id": "past", "embargo_until": (NOW - timedelta(days=9)).isoformat(), "phrases": {"en": ["annual report"]}},
]
PRESS = [{"account": "@daily", "kind": "press", "platform": "x"}]
PERIODS = [
    {"kind": "crisis", "from": (NOW - timedelta(days=1)).isoformat(), "platforms": ["mastodon"]},
    {"kind": "blackout", "from": (NOW + timedelta(days=5)).isoformat()},
]


@pytest.mark.parametrize(
    "when",
    [
        {},
        {"kind": ["complaint"], "not_kind": ["question"]},
        {"kind": ["other"]},
        {"kind": ["private_data"]},
        {"kind": ["question"], "topic": ["dams"]},
        {"kind": ["complaint"], "confidence_at_least": 0.99},
        {"unsure": True},
        {"topic": ["dams"], "not_topic": ["money"]},
        {"any_topic": False},
        {"any_topic": True},
        {"closed": ["market"]},
        {"embargoed": True},
        {"embargoed": True, "not_topic": ["budget"]},
        {"admitted": True},
        {"competence": "elsewhere"},
        {"competence": "several"},
        {"phrase": {"si": ["නිල් පාට*"]}},
        {"pattern": ["ref(no)? ?[0-9]{4,6}"], "topic": ["dams"]},
        {"private_data": ["card"]},
        {"private_data": False, "kind": ["praise"]},
        {"language": ["si"]},
        {"language": ["ta"], "kind": ["complaint"]},
        {"platform": ["x", "facebook"], "public": False},
        {"author": ["minister@gov.example"]},
        {"author_kind": ["press"]},
        {"echo": True},
        {"turn_at_least": 3, "earlier_kind": ["abuse"], "earlier_disposition": ["answer", "hold"]},
        {"budget_spent": True},
        {"drift": ["new_subject"]},
        {"drift": ["new_fact"]},
        {"drift": ["hostile"]},
        {"drift": ["press"]},
        {"drift": ["reach"]},
        {"judged": ["spam"]},
        {"seen_by_at_least": 10, "seen_by_at_most": 20},
        {"followers_at_least": 1000},
        {"prominent": True},
        {"prominent": True, "seen_by_at_most": 10},
        {"surge": True},
        {"same_issue_at_least": 4, "surge": False},
        {"older_than_days": 30},
        {"period": "crisis"},
        {"period": "blackout"},
    ],
)
def test_each_condition_is_met_by_a_comment(when: dict[str, Any]) -> None:
    found = witness_of(when, topics=TOPICS, known_authors=PRESS, periods=PERIODS)
    assert found is not None
    assert "ours" in found.decision.rules


@pytest.mark.parametrize(
    "when",
    [
        {"sensitivity_at_least": "S3", "kind": ["question"]},
        {"damage_at_least": "D2", "topic": ["dams"]},
        {"damage_class": ["safety"]},
        {"sensitivity_at_most": "S1", "topic": ["dams"]},
        {"undecided": False},
        {"undecided": True, "kind": ["praise"]},
    ],
)
def test_conditions_on_findings_are_met_by_a_topic_or_a_rule_before(when: dict[str, Any]) -> None:
    before = {"id": "before", "name": "before", "when": {"phrase": {"en": ["plan"]}}, "stage": "safety"}
    finds = {**before, "then": {"sensitivity": "S3", "damage": {"safety": "D3"}, "disposition": "hold"}}
    assert witness_of(when, topics=TOPICS, rules=[finds]) is not None


def test_a_line_that_fits_is_asked_for() -> None:
    found = witness_of({"line_fits": True}, stage="kind", topics=TOPICS, lines=[a_line()])
    assert found is not None
    later = a_line(preconditions={"from": (NOW + timedelta(days=2)).isoformat()})
    found = witness_of({"line_fits": True}, stage="kind", topics=TOPICS, lines=[later])
    assert found is not None
    assert found.now > NOW


def a_line(**about: Any) -> dict[str, Any]:
    return {
        "id": "dams",
        "topics": ["dams"],
        "ceiling": {"sensitivity": "S2", "damage": "D2"},
        "cleared_by": {"officer": "comms", "post": "Communications", "level": "L2"},
        "cleared_at": NOW.isoformat(),
        "text": {"en": "The dam stands."},
        **about,
    }


def test_a_rule_on_other_languages_is_met_where_it_is_read_before_doubt() -> None:
    when = {"language": ["other"], "topic": ["dams"]}
    for stage, is_met in (("owner", True), ("kind", False)):
        ours = {"id": "ours", "name": "ours", "stage": stage, "when": when, "then": {}}
        witnesses = Witnesses(in_force(topics=TOPICS, rules=[ours]), NOW)
        assert (witnesses.meeting(rule_of(witnesses, "ours")) is not None) == is_met


@pytest.mark.parametrize("when", [{"author_kind": ["press"]}, {"period": "crisis"}, {"admitted": True}])
def test_a_condition_that_nothing_in_the_policy_can_meet_is_named(when: dict[str, Any]) -> None:
    witnesses = Witnesses(in_force(rules=[{"id": "ours", "name": "ours", "when": when, "then": {}}]), NOW)
    assert witnesses.unmet(rule_of(witnesses, "ours")) == list(when)
    assert witnesses.meeting(rule_of(witnesses, "ours")) is None


def test_every_rule_of_the_samples_that_can_be_met_is_met() -> None:
    for agency in ("central-bank", "passports", "water-board"):
        witnesses = Witnesses(sample(agency), NOW)
        own = [rule for rule in witnesses.policy.rules if rule.layer == "agency"]
        assert [rule.id for rule in own if witnesses.meeting(rule) is None] == []


def test_a_witness_touches_what_it_is_asked_for_and_meets_several_rules() -> None:
    witnesses = Witnesses(sample("water-board"), NOW)
    both = witnesses.meeting(rule_of(witnesses, "20"), rule_of(witnesses, "31"), topics=("tariff-revision",))
    assert both is not None
    assert both.is_on("tariff-revision")
    assert both.meets(rule_of(witnesses, "20"), rule_of(witnesses, "31"))
    assert both.decision == witnesses.in_force.decide(both.comment, both.history, both.now)


def test_words_are_chosen_that_say_the_least_besides() -> None:
    topics = [
        {"id": "dams", "phrases": {"en": ["flood at the dam", "the dam"]}},
        {"id": "floods", "phrases": {"en": ["flood"]}},
    ]
    witnesses = Witnesses(in_force(topics=topics), NOW)
    found = witnesses.meeting(topics=("dams",))
    assert found is not None
    assert found.decision.topics == ("dams",)


PATTERNS = [
    "[?？]",
    "ref[0-9]{4}",
    r"\bno\.? ?\d{3,5}\b",
    "(?:a|b)+c",
    "(?i)water (?:cut|off)",
    r"[^\d]x",
    r"\p{N}{2}",
    "(?P<n>ab)*z",
    "^hello$",
    "[[:digit:]]+k",
    r"\x{0d9a}\.",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_text_is_made_that_a_pattern_matches(pattern: str) -> None:
    text = text_for(pattern)
    assert text is not None
    assert PatternSet([(pattern, "found")]).find(text) == ["found"]


@pytest.mark.parametrize("pattern", ["(", "[a", "a)b", "(?P<n", "a{99999}", "\\"])
def test_what_cannot_be_read_as_a_pattern_gives_no_text(pattern: str) -> None:
    assert text_for(pattern) is None
