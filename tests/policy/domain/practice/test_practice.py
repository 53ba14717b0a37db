"""What agencies do alike and where they differ, and what of it is proposed for everyone."""

from typing import Any

from services.policy.adapters.policy_files import above
from services.policy.domain.policies import Policy
from services.policy.domain.practice.candidates import Candidate, candidates
from services.policy.domain.practice.comparison import Shared, practice
from tests.policy.builders import a_policy

BASELINE = a_policy(agency="baseline", name="Baseline", officers=[])
FEES: dict[str, Any] = {"id": "fees", "phrases": {"en": ["fee", "price"]}}
RULE: dict[str, Any] = {
    "id": "fees",
    "name": "Fees",
    "when": {"topic": ["fees"]},
    "then": {"level": "L2", "clock": "fast"},
}


def of(agency: str, **sections: Any) -> Policy:
    return a_policy(agency=agency, **sections)


def clock_of_the_baseline(name: str, **changes: int) -> dict[str, Any]:
    return {"clocks": {name: {**above().baseline["clocks"][name], **changes}}}


def shared(section: str, name: str, *policies: Policy) -> Shared:
    return next(each for each in practice(policies, BASELINE)[section] if each.id == name)


def proposed(*policies: Policy) -> list[Candidate]:
    return candidates(policies, BASELINE)


def test_what_everyone_has_from_the_baseline_is_the_same() -> None:
    rule = shared("rules", "15", of("a"), of("b"))
    assert (rule.agencies, rule.same, rule.baseline) == (("a", "b"), True, True)
    assert [(variant.agencies, variant.differs) for variant in rule.variants] == [(("a", "b"), ())]


def test_an_agency_that_differs_from_the_baseline_is_told_in_words() -> None:
    clock = shared("clocks", "l1", of("a"), of("b"), of("c", **clock_of_the_baseline("l1", answer=180, escalate=120)))
    assert not clock.same
    assert [(variant.agencies, variant.differs) for variant in clock.variants] == [
        (("a", "b"), ()),
        (("c",), ("Clock l1: answer in 3 hours instead of 4.", "Clock l1: escalate after 2 hours instead of 3.")),
    ]


def test_what_the_baseline_has_not_is_shown_as_it_is() -> None:
    topic = shared("topics", "fees", of("a", topics=[FEES]), of("b"))
    assert (topic.agencies, topic.baseline) == (("a",), False)
    assert topic.variants[0].value == {"phrases": {"en": ["fee", "price"]}}


def test_whose_a_thing_is_within_its_agency_makes_no_difference() -> None:
    topic = shared("topics", "fees", of("a", topics=[{**FEES, "unit": "Counter"}]), of("b", topics=[FEES]))
    assert topic.same


GRAVE = {"sensitivity": "S4", "damage": "D4", "embargo_until": "2027-01-01T00:00:00Z", "closed": "market"}


def test_how_grave_a_topic_is_and_what_is_kept_back_about_it_is_not_told() -> None:
    court = {"id": "court-case", "phrases": {}}
    policies = (of("a", topics=[{**FEES, **GRAVE}, {**court, **GRAVE}]), of("b", topics=[FEES]))
    fees, court_case = (shared("topics", name, *policies) for name in ("fees", "court-case"))
    assert (fees.same, fees.variants[0].value) == (True, {"phrases": {"en": ["fee", "price"]}})
    assert [variant.differs for variant in court_case.variants] == [()]
    (found,) = proposed(*policies)
    assert found.value == {"phrases": {"en": ["fee", "price"]}}


def test_agencies_that_have_nothing_in_common_propose_nothing() -> None:
    assert proposed(of("a", topics=[FEES]), of("b")) == []


def test_the_same_thing_at_two_agencies_is_proposed() -> None:
    (found,) = proposed(of("a", topics=[FEES]), of("b", topics=[FEES]), of("c"))
    assert found.section == "topics"
    assert found.names == {"a": "fees", "b": "fees"}
    assert found.sentence == "Topic fees: a and b say the same."
    assert found.value == {"phrases": {"en": ["fee", "price"]}}


def test_a_rule_is_proposed_with_what_it_needs() -> None:
    own = {"topics": [FEES], "rules": [RULE], "clocks": {"fast": {"answer": 45}}}
    found = {each.section: each for each in proposed(of("a", **own), of("b", **own))}
    assert list(found) == ["rules", "topics", "clocks"]
    assert found["rules"].needs == ("topics.fees", "clocks.fast")


def test_the_same_change_of_the_baseline_is_proposed() -> None:
    slower = clock_of_the_baseline("optional", answer=2880)
    (found,) = proposed(of("a", **slower), of("b", **slower), of("c"))
    assert (found.section, found.sentence) == ("clocks", "Clock optional: answer in 48 hours instead of 24.")
    assert sorted(found.names) == ["a", "b"]


def test_the_same_rule_under_different_names_is_proposed() -> None:
    one = {"id": "a.1", "name": "One", "when": {"platform": ["youtube"]}, "then": {"level": "L2"}}
    (found,) = proposed(of("a", rules=[one]), of("b", rules=[{**one, "id": "b.7", "name": "Other"}]))
    assert found.names == {"a": "a.1", "b": "b.7"}
    assert found.sentence == "Rules a.1 (a) and b.7 (b) say the same under different names."


def test_topics_of_the_same_phrases_are_proposed_without_what_else_is_said_of_them() -> None:
    admitted = {**FEES, "id": "tariff", "sensitivity": "S3", "admitted": True}
    (found,) = proposed(of("a", topics=[FEES]), of("b", topics=[admitted]))
    assert found.sentence == "Topics fees (a) and tariff (b) have the same phrases under different names."
    assert found.value == {"phrases": {"en": ["fee", "price"]}}


def test_phrases_that_two_agencies_add_to_a_kind_are_proposed() -> None:
    spam = [{"kind": "spam", "phrases": {"en": ["cheap watches", word]}} for word in ("x", "y")]
    (found,) = proposed(of("a", kinds=[spam[0]]), of("b", kinds=[spam[1]]))
    assert found.value == {"phrases": {"en": ["cheap watches"]}}
    assert found.sentence == "Kind spam: 1 phrase that 2 agencies have in common (en: cheap watches)."
