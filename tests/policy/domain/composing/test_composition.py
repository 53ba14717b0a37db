"""An agency's file over the baseline: joined, never weaker, and refused with a path and a sentence."""

import contextlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.policy.adapters.policy_files import above
from services.policy.domain.authority.powers import Powers
from services.policy.domain.composing.composition import Above, InvalidPolicy, compose
from services.policy.domain.scales import LEVELS
from tests.policy.builders import a_policy, decided, document, in_force


def faults(**sections: Any) -> dict[str, str]:
    with pytest.raises(InvalidPolicy) as refused:
        a_policy(**sections)
    return dict(refused.value.faults)


def test_an_agency_that_says_nothing_has_the_baseline() -> None:
    policy = a_policy()
    assert [rule.id for rule in policy.rules] == [rule["id"] for rule in above().baseline["rules"]]
    assert policy.languages == ("en", "si", "ta")


def test_the_version_names_the_content() -> None:
    policy = a_policy()
    assert policy.version == f"test-agency/1@{policy.digest[:12]}"
    assert a_policy().version == policy.version
    assert a_policy(name="Other").version != policy.version
    assert a_policy(version=2).version.startswith("test-agency/2@")


def test_words_of_a_kind_join_those_of_the_baseline() -> None:
    policy = in_force(kinds=[{"kind": "spam", "phrases": {"en": ["cheap watches"]}}])
    assert decided("cheap watches", policy).kind == decided("click here", policy).kind == "spam"


@pytest.mark.parametrize(
    ("l1", "faster"),
    [
        ({"answer": 479}, "l1"),
        ({"answer": 480, "faster": "false_claim"}, "false_claim"),
        ({"answer": 1440, "faster": "l2"}, None),
        ({"answer": 480}, None),
    ],
)
def test_an_agency_may_slow_a_clock_and_nothing_is_sped_up_to_a_slower_one(
    l1: dict[str, Any], faster: str | None
) -> None:
    policy = a_policy(clocks={"l1": l1})
    assert (policy.clocks["l2"].faster, policy.clocks["l3"].faster) == (faster, "l2")
    speeds = {name: clock.answer for name, clock in policy.clocks.items()}
    assert all(speeds[clock.faster] < clock.answer for clock in policy.clocks.values() if clock.faster)


def test_an_agency_that_calls_a_slower_clock_faster_is_told_so() -> None:
    clocks = {"l1": {"answer": 480, "faster": "l2"}, "mine": {"answer": 60, "faster": "l1"}}
    assert faults(clocks=clocks) == {
        "clocks.l1.faster": "l2 is no faster: 480 minutes, not 480",
        "clocks.mine.faster": "l1 is no faster: 480 minutes, not 60",
    }


def test_a_topic_of_the_baseline_can_gain_weight_and_not_lose_it() -> None:
    weaker = {"id": "court-case", "sensitivity": "S0", "damage": "D4", "phrases": {"en": ["tribunal"]}}
    topic = a_policy(topics=[weaker]).topic("court-case")
    assert (topic.sensitivity, topic.damage, topic.closed) == ("S3", "D4", "court")
    assert "tribunal" in topic.phrases["en"]
    assert "high court" in topic.phrases["en"]


@pytest.mark.parametrize(
    ("sections", "path", "sentence"),
    [
        ({"colour": "red"}, "colour", "unknown key"),
        (
            {"rules": [{"id": "x", "name": "x", "when": {"mood": "bad"}, "then": {}}]},
            "rules.x.when.mood",
            "unknown key",
        ),
        (
            {"rules": [{"id": "x", "name": "x", "when": {"topic": ["no"]}, "then": {}}]},
            "rules.x.when.topic",
            "no topic no",
        ),
        (
            {"rules": [{"id": "x", "name": "x", "when": {}, "then": {"clock": "sun"}}]},
            "rules.x.then.clock",
            "no clock sun",
        ),
        ({"rules": [{"id": "39", "name": "x", "when": {}, "then": {}}]}, "rules.39", "borne twice"),
        (
            {"scales": {"by_sensitivity": dict.fromkeys(["S0", "S1", "S2", "S3"], "L1")}},
            "scales",
            "five",
        ),
        ({"default_language": "fr"}, "default_language", "not among the languages"),
        ({"version": "1"}, "version", "wanted is a whole number"),
    ],
)
def test_what_is_not_a_policy_is_refused_with_its_place(sections: dict[str, Any], path: str, sentence: str) -> None:
    found = faults(**sections)
    assert list(found) == [path]
    assert sentence in found[path]


def test_a_person_may_hold_several_posts_and_none_twice_at_one_time() -> None:
    july = "2026-07-01T00:00:00Z"
    desk = {"subject": "ana", "post": "Desk", "level": "L1", "until": july}
    comms = {"subject": "ana", "post": "Communications", "level": "L2", "from": july}
    policy = a_policy(officers=[desk, comms, {"subject": "ana", "post": "Secretary", "level": "L1"}])
    powers = Powers(policy.officers)
    held = [[mandate.post for mandate in powers.held("ana", datetime(2026, month, 15, tzinfo=UTC))] for month in (6, 7)]
    assert held == [["Desk", "Secretary"], ["Communications", "Secretary"]]
    assert faults(officers=[desk, {**desk, "from": "2026-06-01T00:00:00Z", "until": "2026-09-01T00:00:00Z"}]) == {
        "officers.ana": "holds Desk twice at one time"
    }
    again = {**desk, "from": "2026-09-01T00:00:00Z", "until": "2026-10-01T00:00:00Z"}
    assert len(a_policy(officers=[desk, again]).officers) == 2


def test_a_scale_below_the_floor_is_refused() -> None:
    lowered = {**above().baseline["scales"]["by_sensitivity"], "S4": "L2"}
    assert faults(scales={"by_sensitivity": lowered}) == {"scales.by_sensitivity.S4": "L2 is below the floor L4"}


def test_a_rung_with_fewer_or_lower_approvals_is_refused() -> None:
    assert "ladder.L3.steps" in faults(ladder={"L3": {"name": "One", "steps": [{"level": "L3"}]}})
    assert "ladder.L2.steps" in faults(ladder={"L2": {"name": "Low", "steps": [{"level": "L1"}]}})


def test_a_floor_can_be_raised_and_not_lowered() -> None:
    assert a_policy(floor={"by_damage": {"D4": "L2"}}).floor.by_damage["D4"] == "L4"
    assert a_policy(floor={"by_kind": {"spam": "L3"}}).floor.by_kind["spam"] == "L3"


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(LEVELS[:3]),
    st.sampled_from(["safety", "owner", "kind"]),
    st.sampled_from(
        ["will rates rise", "i will kill you", "my lawyer will sue you", "the high court", "the draft bill"]
    ),
)
def test_no_rule_of_an_agency_brings_a_closed_subject_below_the_floor(level: str, stage: str, text: str) -> None:
    rule = {
        "id": "x",
        "name": "x",
        "stage": stage,
        "when": {},
        "then": {"level": level, "disposition": "answer", "stop": True},
    }
    money = {"id": "money", "closed": "market", "phrases": {"en": ["rates"]}}
    floor = compose(document(topics=[money]), above()).floor
    decision = decided(text, in_force(topics=[money], rules=[rule]))
    least = {
        "will rates rise": floor.by_closed["market"],
        "i will kill you": floor.by_kind["threat"],
        "my lawyer will sue you": floor.by_kind["legal"],
        "the high court": floor.by_closed["court"],
        "the draft bill": floor.by_closed["draft_law"],
    }[text]
    assert decision.level >= least


@settings(max_examples=25, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_whatever_a_section_holds_the_answer_is_a_policy_or_a_refusal(section: Any) -> None:
    for name in ("rules", "topics", "kinds", "lines", "ladder", "floor", "scales", "officers", "periods"):
        with contextlib.suppress(InvalidPolicy):
            assert a_policy(**{name: section}).agency == "test-agency"


def test_a_scale_that_begins_at_l0_is_refused() -> None:
    with pytest.raises(InvalidPolicy) as refused:
        a_policy(scales={"by_sensitivity": {"S0": "L0", "S1": "L1", "S2": "L2", "S3": "L3", "S4": "L4"}})
    assert "L0 is for what goes out by itself" in str(refused.value.faults)


def test_words_of_a_line_that_say_nothing_are_refused() -> None:
    line = {
        "id": "x",
        "topics": ["t"],
        "text": {"en": "x"},
        "ceiling": {"sensitivity": "S0", "damage": "D0"},
        "cleared_by": {"officer": "comms", "post": "Communications", "level": "L2"},
        "cleared_at": "2026-11-01T09:00:00Z",
        "preconditions": {"unless": {"en": ["*"]}},
    }
    with pytest.raises(InvalidPolicy) as refused:
        a_policy(topics=[{"id": "t", "phrases": {"en": ["t"]}}], lines=[line])
    assert next(path for path, _ in refused.value.faults).startswith("lines.x.preconditions.unless")


@pytest.mark.parametrize(
    ("text", "path", "sentence"),
    [
        ({"en": "The fee is Rs. 100.", "ta": "கட்டணம் ரூ. 200."}, "en", "it lacks the amount 200, stated in ta"),
        ({"en": "The fee is Rs. 100.", "si": "ගාස්තුව රු. 100.", "ta": "கட்டணம்."}, "ta",
         "it lacks the amount 100, stated in en and si"),
        ({"en": "We are open.", "si": " \n"}, "si", "there is nothing in it to say"),
    ],
)  # fmt: skip
def test_a_line_that_could_not_be_cleared_by_officers_is_none_in_a_file_either(
    text: dict[str, str], path: str, sentence: str
) -> None:
    line = {
        "id": "fee",
        "topics": ["fees"],
        "text": text,
        "ceiling": {"sensitivity": "S0", "damage": "D0"},
        "cleared_by": {"officer": "comms", "post": "Communications", "level": "L2"},
        "cleared_at": "2026-11-01T09:00:00Z",
    }
    found = faults(topics=[{"id": "fees", "phrases": {"en": ["fee"]}}], lines=[line])
    assert found[f"lines.fee.text.{path}"] == sentence


def test_a_variant_of_a_line_in_a_file_states_what_the_line_states() -> None:
    line = {
        "id": "fee",
        "topics": ["fees"],
        "text": {"en": "The fee is Rs. 100."},
        "variants": [{"platform": "x", "language": "en", "text": "It is free."}],
        "ceiling": {"sensitivity": "S0", "damage": "D0"},
        "cleared_by": {"officer": "comms", "post": "Communications", "level": "L2"},
        "cleared_at": "2026-11-01T09:00:00Z",
    }
    found = faults(topics=[{"id": "fees", "phrases": {"en": ["fee"]}}], lines=[line])
    assert found == {"lines.fee.variants.0.text": "it lacks the amount 100, stated in en"}


def test_of_two_embargoes_the_later_one_stands() -> None:
    early, late = "2027-01-01T00:00:00+00:00", "2027-06-01T00:00:00+00:00"
    baseline = {**above().baseline}
    for first, second in ((early, late), (late, early)):
        topic = {"id": "court-case", "embargo_until": second, "phrases": {"en": ["xyz"]}}
        below = Above(
            {**baseline, "topics": [{**each, "embargo_until": first} for each in baseline["topics"]]}, above().centre
        )
        policy = compose(document(topics=[topic]), below)
        assert policy.topic("court-case").embargo_until == datetime.fromisoformat(late)
