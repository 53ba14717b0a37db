"""What differs between two versions of a policy, in the words in which a reader is told."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.policy.domain.differences import Difference, differences
from services.policy.domain.policies import Policy
from tests.policy.builders import a_policy, sample

MARKET: dict[str, Any] = {
    "id": "15.a",
    "name": "Market-sensitive subject",
    "when": {"topic": ["fees"]},
    "then": {"disposition": "hold", "level": "L3", "clock": "l3", "duties": ["neutral_line"]},
}
FEES: dict[str, Any] = {"id": "fees", "phrases": {"en": ["fee"]}}
LINE: dict[str, Any] = {
    "id": "fee",
    "text": {"en": "The fee is 100."},
    "topics": ["fees"],
    "ceiling": {"sensitivity": "S1", "damage": "D1"},
    "cleared_by": {"officer": "comms", "post": "Communications", "level": "L2"},
    "cleared_at": "2026-11-01T00:00:00Z",
}
BEFORE: dict[str, Any] = {"topics": [FEES], "rules": [MARKET], "lines": [LINE]}


def changed(**sections: Any) -> list[Difference]:
    return differences(a_policy(**BEFORE), a_policy(**{**BEFORE, **sections}))


def told(**sections: Any) -> list[str]:
    return [each.sentence for each in changed(**sections)]


def rule(**then: Any) -> dict[str, Any]:
    return {"rules": [{**MARKET, "then": {**MARKET["then"], **then}}]}


def test_two_policies_that_are_the_same_have_no_differences() -> None:
    assert changed() == []


@pytest.mark.parametrize(
    ("sections", "sentence", "tightens"),
    [
        (rule(signoffs=["legal"]), 'Rule 15.a "Market-sensitive subject" now also needs a legal sign-off.', True),
        (rule(level="L4"), 'Rule 15.a "Market-sensitive subject" needs at least level L4 instead of L3.', True),
        (rule(level="L2"), 'Rule 15.a "Market-sensitive subject" needs at least level L2 instead of L3.', False),
        (rule(disposition="escalate"), 'Rule 15.a "Market-sensitive subject" finds escalate instead of hold.', None),
        (rule(duties=[]), 'Rule 15.a "Market-sensitive subject" no longer asks for neutral line.', False),
        (rule(automatic=True), 'Rule 15.a "Market-sensitive subject" now needs nobody further.', False),
        (rule(stop=True), 'Rule 15.a "Market-sensitive subject" now ends the reading.', None),
        (rule(clock="l2"), 'Rule 15.a "Market-sensitive subject" runs by clock l2 instead of l3.', True),
        (
            rule(approvals=3),
            'Rule 15.a "Market-sensitive subject" needs at least so many approvals: 3 instead of 0.',
            True,
        ),
        (
            {"rules": [{**MARKET, "when": {"topic": ["fees", "court-case"]}}]},
            'Rule 15.a "Market-sensitive subject" now also holds where topic is court-case.',
            None,
        ),
        (
            {"rules": [{**MARKET, "when": {"topic": ["fees"], "public": True}}]},
            'Rule 15.a "Market-sensitive subject" now holds only where public is yes.',
            None,
        ),
        (
            {"rules": [{**MARKET, "stage": "owner"}]},
            'Rule 15.a "Market-sensitive subject" is read in stage owner instead of kind.',
            None,
        ),
        (
            {"rules": []},
            'Rule 15.a "Market-sensitive subject" is gone: disposition hold, level L3, clock l3, duties neutral_line.',
            False,
        ),
        (
            {"topics": [{**FEES, "phrases": {"en": ["fee", "tariff", "price", "cost", "charge"]}}]},
            "Topic fees: 4 phrases more (en: tariff, price, cost …).",
            None,
        ),
        ({"topics": [{**FEES, "phrases": {"en": ["tariff"]}}]}, "Topic fees: 1 phrase fewer (en: fee).", None),
        ({"topics": [{**FEES, "sensitivity": "S2"}]}, "Topic fees: sensitivity S2 instead of S0.", True),
        ({"topics": [{**FEES, "damage": {"market": "D3"}}]}, "Topic fees: damage D3 for market instead of D0.", True),
        ({"topics": [{**FEES, "closed": "market"}]}, "Topic fees: now closed as market.", True),
        (
            {"topics": [FEES, {"id": "new", "phrases": {"en": ["x", "y"]}}]},
            "Topic new: this is new, with 2 phrases.",
            None,
        ),
        (
            {"clocks": {"l1": {"answer": 120, "acknowledge": 60, "escalate": 60}}},
            "Clock l1: answer in 2 hours instead of 4.",
            True,
        ),
        (
            {"clocks": {"l1": {"answer": 250, "acknowledge": 60, "escalate": 180}}},
            "Clock l1: answer in 250 minutes instead of 4 hours.",
            False,
        ),
        (
            {
                "ladder": {
                    "L3": {"name": "Head of division", "steps": [{"level": "L2"}, {"level": "L2"}, {"level": "L3"}]}
                }
            },
            "Level L3 takes 3 approvals instead of 2.",
            True,
        ),
        (
            {"ladder": {"L2": {"name": "Press", "steps": [{"level": "L2"}]}}},
            'Level L2 is called "Press" instead of "Communications lead".',
            None,
        ),
        ({"floor": {"by_kind": {"praise": "L2"}}}, "The floor for praise is level L2, where there was none.", True),
        (
            {"scales": {"by_damage_class": {"market": {"D1": "L3"}}}},
            "Damage D1 of market asks for level L3, where there was none.",
            True,
        ),
        (
            {"least_confidence": 0.8},
            "A person says of what kind a comment is below a confidence of 0.8 instead of 0.7.",
            True,
        ),
        ({"same_issue": {"surge_at": 5}}, "For one issue, surge at is 5 instead of 10.", None),
        ({"replies": {"split": True}}, "An answer too long for one post may go out as a thread.", None),
        ({"lines": []}, "Line fee is gone.", True),
        ({"lines": [{**LINE, "text": {"en": "The fee is 200."}}]}, "Line fee has another text in en.", None),
        (
            {"lines": [{**LINE, "variants": [{"platform": "x", "language": "en", "text": "200."}]}]},
            "Line fee has a variant in en for x.",
            None,
        ),
        (
            {"lines": [{**LINE, "ceiling": {"sensitivity": "S2", "damage": "D1"}}]},
            "Line fee goes up to S2/D1 instead of S1/D1.",
            False,
        ),
        (
            {"periods": [{"kind": "crisis", "from": "2026-11-01T00:00:00Z"}]},
            "The crisis period from 2026-11-01 is new.",
            True,
        ),
        ({"known_authors": [{"account": "news", "kind": "press"}]}, "The author news is known as press.", None),
        ({"officers": [{"subject": "head", "post": "Head", "level": "L4"}]}, "Desk (desk) is gone.", None),
        ({"calendar": {"time_zone": "Asia/Colombo"}}, "The calendar has time zone Asia/Colombo instead of UTC.", None),
    ],
)
def test_a_difference_is_told_in_a_sentence(sections: dict[str, Any], sentence: str, tightens: bool | None) -> None:
    found = {each.sentence: each.tightens for each in changed(**sections)}
    assert sentence in found, list(found)
    assert found[sentence] is tightens


def test_what_was_turned_round_is_told_the_other_way_round() -> None:
    there = a_policy(**{**BEFORE, **rule(signoffs=["legal"])})
    back = differences(there, a_policy(**BEFORE))
    assert [(each.sentence, each.tightens) for each in back] == [
        ('Rule 15.a "Market-sensitive subject" no longer needs a legal sign-off.', False)
    ]


def test_a_rule_that_is_read_at_another_place_is_told() -> None:
    other = {**MARKET, "id": "16.a", "name": "Other"}
    before, now = a_policy(topics=[FEES], rules=[MARKET, other]), a_policy(topics=[FEES], rules=[other, MARKET])
    assert [each.sentence for each in differences(before, now)] == ['Rule 16.a "Other" is now read before rule 15.a.']


def test_differences_are_grouped_by_section() -> None:
    found = changed(**rule(level="L4"), name="Other", clocks={"x": {"answer": 5}}, lines=[])
    assert [each.section for each in found] == ["policy", "clocks", "rules", "lines"]


def test_only_another_order_is_told_as_that() -> None:
    assert told(topics=[{**FEES, "phrases": {"en": ["fee", "fee"]}}]) == [
        "Only the order in which things are written differs."
    ]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(set(Policy.model_fields) - {"agency"})), st.sampled_from(["water-board", "central-bank"]))
def test_whatever_differs_is_told(section: str, other: str) -> None:
    before = sample("passports").policy
    now = before.model_copy(update={section: getattr(sample(other).policy, section)})
    assert bool(differences(before, now)) == (before != now)
    assert all(each.sentence.endswith(".") for each in differences(before, now))
