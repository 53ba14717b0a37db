"""Centre, agency and units: nobody below silences, undoes or outspeaks those above."""

from typing import Any

import pytest

from services.policy.adapters.policy_files import above
from services.policy.domain.composing.composition import Above, compose
from services.policy.domain.deciding.decisions import Decision, PolicyInForce
from tests.policy.builders import NOW, decided, document


def rule(rule_id: str, when: dict[str, Any], stage: str = "safety", **then: Any) -> dict[str, Any]:
    return {"id": rule_id, "name": rule_id, "stage": stage, "when": when, "then": then}


def unit(name: str, topic: str, *rules: dict[str, Any], **sections: Any) -> dict[str, Any]:
    topics = [{"id": topic, "phrases": {"en": [topic]}}]
    return {"agency": "test-agency", "unit": name, "topics": topics, "rules": list(rules), **sections}


def policy(*units: dict[str, Any], centre: dict[str, Any] | None = None, **sections: Any) -> PolicyInForce:
    given = above()
    return PolicyInForce(
        compose(document(**sections), Above(given.baseline, {**given.centre, **(centre or {})}), units)
    )


def decide(text: str, *units: dict[str, Any], **sections: Any) -> Decision:
    return decided(text, policy(*units, **sections))


def needed(decision: Decision) -> str:
    return str(decision.explanation["level"]["needed"])


def test_a_units_stop_silences_neither_its_agency_nor_a_sibling() -> None:
    hush = rule("hush", {}, disposition="answer", stop=True)
    other = unit("v", "dams", rule("dam", {}, "kind", level="L3"))
    decision = decide("a dam on the road. complaint", unit("u", "road", hush), other)
    assert "31" in decision.rules
    assert "dam" not in decision.rules
    assert "dam" in decide("the dams and the road", unit("u", "road", hush), other).rules


def test_the_centre_silences_everybody_and_nobody_the_centre() -> None:
    ours = rule("ours", {}, disposition="hold", stop=True)
    theirs = rule("theirs", {}, "rest", level="L4")
    decision = decide("the blue bus", centre={"rules": [theirs]}, rules=[ours])
    assert (decision.rules, decision.level) == (("ours", "theirs"), "L4")
    first = rule("theirs", {}, "safety", disposition="hold", stop=True)
    assert decide("the blue bus", centre={"rules": [first]}, rules=[ours]).rules == ("theirs",)


FINDINGS = [
    {"disposition": "acknowledge"},
    {"sensitivity": "S1"},
    {"damage": "D1"},
    {"disposition": "answer", "stop": True},
]
CONDITIONS = [{"undecided": True}, {"sensitivity_at_most": "S0"}, {"damage_at_most": "D0"}]


@pytest.mark.parametrize("found", FINDINGS)
@pytest.mark.parametrize("when", CONDITIONS)
def test_what_a_unit_finds_does_not_keep_a_rule_of_its_agency_from_holding(
    found: dict[str, Any], when: dict[str, Any]
) -> None:
    strict = rule("strict", when, "kind", level="L4", signoffs=["legal"])
    decision = decide("the road", unit("u", "road", rule("ours", {}, **found)), rules=[strict])
    assert "strict" in decision.rules
    assert (decision.level, decision.signoffs) == ("L4", ("legal",))


@pytest.mark.parametrize("found", FINDINGS[:3])
def test_what_a_unit_finds_does_not_keep_a_rule_of_a_sibling_from_holding(found: dict[str, Any]) -> None:
    when = {"undecided": True, "sensitivity_at_most": "S0", "damage_at_most": "D0"}
    sibling = unit("v", "dams", rule("strict", when, "kind", level="L3"))
    decision = decide("dams at the road", unit("u", "road", rule("ours", {}, **found)), sibling)
    assert {"ours", "strict"} <= set(decision.rules)
    assert decision.level == "L3"


def test_a_rule_for_what_nothing_fits_gives_way_to_a_unit_that_fits() -> None:
    assert decide("the road").rules == ("39",)
    decision = decide("the road", unit("u", "road", rule("ours", {}, disposition="acknowledge", level="L1")))
    assert (decision.rules, decision.level) == (("ours",), "L1")


@pytest.mark.parametrize("silence", ["no_response", "let_stand", "monitor"])
@pytest.mark.parametrize(
    ("text", "disposition"),
    [("this is an emergency on the road", "escalate"), ("you bastard on the road", "moderate")],
)
def test_a_units_silence_does_not_outweigh_what_its_agency_has_somebody_look_at(
    silence: str, text: str, disposition: str
) -> None:
    assert decide(text, unit("u", "road", rule("hush", {}, disposition=silence))).disposition == disposition


def test_an_agencys_own_silence_stands() -> None:
    hush = rule("hush", {"kind": ["legal"]}, disposition="let_stand")
    assert decide("I will sue you", rules=[hush]).disposition == "let_stand"


@pytest.mark.parametrize("text", ["this is an emergency", "I will burn your office"])
def test_nobodys_silence_covers_danger_to_people(text: str) -> None:
    hush = rule("hush", {"platform": ["rest"]}, disposition="no_response", stage="safety", stop=True)
    decision = decide(text, rules=[hush])
    assert (decision.disposition, decision.level) == ("escalate", "L3")


def test_a_units_silence_against_an_answer_that_it_hid_from_view_is_a_conflict() -> None:
    topics = [{"id": "queue", "damage": "D2", "phrases": {"en": ["the queue"]}}]
    hush = unit("u", "road", rule("hush", {}, disposition="no_response"))
    decision = decide("they are hiding the queue on the road", hush, topics=topics)
    assert "24.1" in decision.rules
    assert (decision.level, decision.disposition) == ("L3", "escalate")


def a_line(**cleared: Any) -> dict[str, Any]:
    return {
        "id": "road",
        "topics": ["road"],
        "kinds": ["question", "complaint"],
        "ceiling": {"sensitivity": "S4", "damage": "D4"},
        "cleared_by": {"officer": "comms", "post": "Communications", "level": "L4", **cleared},
        "cleared_at": NOW.isoformat(),
        "text": {"en": "The road is open."},
    }


def test_a_line_goes_only_where_its_own_disposition_stands() -> None:
    hasty = rule("hasty", {"line_fits": True}, automatic=True)
    decision = decide("a complaint about the road", unit("u", "road", hasty, lines=[a_line()]))
    assert (decision.disposition, decision.line, decision.level) == ("restore", None, "L1")


def test_a_line_does_not_go_where_the_centre_wants_silence() -> None:
    quiet = rule("quiet", {"topic": ["road"]}, "rest", disposition="no_response")
    centre = {"rules": [quiet], "topics": [{"id": "road", "phrases": {"en": ["road"]}}]}
    decision = decided("how do i find the road?", policy(centre=centre, lines=[a_line()]))
    assert {"32", "quiet"} <= set(decision.rules)
    assert decision.line is None
    assert decided("how do i find the road?", policy(topics=centre["topics"], lines=[a_line()])).line == "road"


def test_a_line_that_one_rule_looked_at_does_not_go_with_another_that_hides() -> None:
    looks = rule("looks", {"line_fits": False}, duties=["none_fits"])
    hides = rule("hides", {"kind": ["complaint"]}, "owner", disposition="moderate", automatic=True)
    topics = [{"id": "road", "phrases": {"en": ["road"]}}]
    decision = decide("a complaint about the road", topics=topics, lines=[a_line()], rules=[looks, hides])
    assert (decision.disposition, decision.line) == ("moderate", None)


def test_a_floor_of_the_lowest_level_still_asks_for_a_person() -> None:
    hides = rule("hides", {"kind": ["spam"]}, disposition="moderate", automatic=True, stop=True)
    assert decide("click here", rules=[hides]).level == "L0"
    assert decide("click here", rules=[hides], floor={"by_kind": {"spam": "L1"}}).level == "L1"


def test_of_several_rules_on_a_conflict_the_first_decides() -> None:
    rules = [
        rule("silent", {"phrase": {"en": ["bus"]}}, disposition="no_response"),
        rule("loud", {"phrase": {"en": ["blue"]}}, disposition="answer"),
        rule("ends", {"conflict": True}, "doubt", disposition="hold", level="L3"),
    ]
    decision = decide("the blue bus", rules=rules)
    assert decision.disposition == "hold"
    assert {"ends", "38.1"} <= set(decision.rules)
