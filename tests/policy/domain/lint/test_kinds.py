"""Kinds without a rule, and lines without an authority."""

from typing import Any

from services.policy.adapters.policy_files import above
from services.policy.domain.composing.composition import Above, compose
from tests.policy.builders import NOW, document
from tests.policy.domain.lint.planting import found, topic


def without_rules(*ids: str) -> Any:
    baseline = {**above().baseline, "rules": [each for each in above().baseline["rules"] if each["id"] not in ids]}
    return compose(document(), Above(baseline, above().centre))


def test_every_kind_of_the_baseline_has_a_rule() -> None:
    assert found("kind-without-rule") == {}


def test_a_kind_whose_only_rule_is_gone_falls_through() -> None:
    hole = found("kind-without-rule", policy=without_rules("35"))["kinds.suggestion"]
    assert hole.example is not None
    assert (hole.severity, "39" in hole.example.decided["rules"]) == ("warning", True)


def test_a_kind_falls_through_where_no_rule_says_so_either() -> None:
    assert "kinds.praise" in found("kind-without-rule", policy=without_rules("36", "39"))


def a_line(**cleared: Any) -> dict[str, Any]:
    return {
        "id": "hours",
        "topics": ["hours"],
        "ceiling": {"sensitivity": "S1", "damage": "D1"},
        "cleared_by": {"officer": "comms", "post": "Communications", "level": "L2", **cleared},
        "cleared_at": NOW.isoformat(),
        "text": {"en": "We are open from nine to five."},
    }


def unauthorised(**cleared: Any) -> dict[str, Any]:
    return found("line-without-authority", topics=[topic("hours", "opening hours")], lines=[a_line(**cleared)])


def test_a_line_cleared_by_whoever_stands_on_its_level_has_authority() -> None:
    assert unauthorised() == {}
    assert unauthorised(level="L1") == {}


def test_a_line_that_claims_more_than_its_officer_has_is_shown_answering() -> None:
    hole = unauthorised(level="L4")["lines.hours.cleared_by"]
    assert hole.sentence == "it was cleared on L4 by comms, who stands on L2"
    assert hole.example is not None
    assert hole.example.decided["level"] == "L0"


def test_a_line_cleared_by_somebody_who_left_must_be_cleared_anew() -> None:
    assert "who holds no post now" in unauthorised(officer="gone")["lines.hours.cleared_by"].sentence
