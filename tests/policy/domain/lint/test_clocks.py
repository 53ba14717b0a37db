"""Clocks that a path cannot meet, and clocks that nothing goes by."""

from typing import Any

from services.policy.adapters.policy_files import above
from tests.policy.domain.lint.planting import found, rule, topic


def too_short(severity: str = "error", **sections: Any) -> dict[str, str]:
    holes = found("clock-too-short", **sections)
    return {path: hole.sentence for path, hole in holes.items() if hole.severity == severity}


def test_the_baselines_clocks_can_be_met() -> None:
    assert too_short() == {}


def test_a_rules_clock_shorter_than_its_path_is_an_error_with_a_comment() -> None:
    hasty = rule("hasty", {"phrase": {"en": ["dam"]}}, disposition="hold", level="L4", clock="hasty", stop=True)
    hole = found("clock-too-short", clocks={"hasty": {"answer": 20}}, rules=[hasty])["rules.hasty.then.clock"]
    assert (hole.severity, "gives 20 minutes" in hole.sentence, "3 steps" in hole.sentence) == ("error", True, True)
    assert hole.example is not None
    assert hole.example.decided["clock"] == "hasty"


def test_a_levels_own_clock_shorter_than_its_rung_is_an_error() -> None:
    clocks = {"l4": {"answer": 25}}
    assert any("the clock l4 gives 25" in each for each in too_short(clocks=clocks).values())


def test_a_topic_that_comes_to_a_level_is_measured_by_the_clock_of_that() -> None:
    long = [{"level": "L1"}] * 6
    ladder = {"L2": {"name": "Long", "steps": [{"level": "L2"}, *long]}}
    sentences = too_short(ladder=ladder, clocks={"l2": {"answer": 60}}, topics=[topic("dams", sensitivity="S2")])
    assert any("7 steps" in each for each in sentences.values())


def test_what_one_step_takes_is_the_agencys_to_say() -> None:
    assert too_short(step_minutes=10) == {}
    assert too_short(step_minutes=120)


def test_rules_and_subjects_that_meet_seldom_are_a_warning() -> None:
    swift = rule("swift", {"phrase": {"en": ["dam"]}}, "safety", disposition="hold", clock="swift")
    sections: dict[str, Any] = {
        "clocks": {"swift": {"answer": 20}},
        "rules": [swift],
        "topics": [topic("secret", sensitivity="S4")],
    }
    assert "rules.swift.then.clock" in too_short("warning", **sections)
    assert "rules.swift.then.clock" not in too_short("error", **sections)


def test_a_clock_that_escalates_before_a_step_can_be_taken_is_a_warning() -> None:
    service = {**above().baseline["clocks"]["service"], "escalate": 5}
    assert "clocks.service.escalate" in too_short("warning", clocks={"service": service})


def test_a_clock_that_nothing_goes_by_is_a_warning() -> None:
    assert list(found("clock-never-used", clocks={"idle": {"answer": 60}})) == ["clocks.idle"]
    assert found("clock-never-used") == {}


def test_a_clock_that_another_one_speeds_up_to_is_used() -> None:
    clocks = {"slow": {"answer": 60, "faster": "quick"}, "quick": {"answer": 30}}
    going = rule("going", {"phrase": {"en": ["dam"]}}, clock="slow")
    assert found("clock-never-used", clocks=clocks, rules=[going]) == {}
