"""What a unit, an agency and a floor may write when they join: nothing that weakens another."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.policy.adapters.policy_files import above
from services.policy.domain.composing import floors
from services.policy.domain.composing.composition import InvalidPolicy, compose
from services.policy.domain.policies import Floor, Policy, Rung
from services.policy.domain.scales import LEVELS
from tests.policy.builders import a_policy, document


def a_unit(name: str = "roads", **sections: Any) -> dict[str, Any]:
    topics = [{"id": f"{name}-works", "phrases": {"en": [f"{name} works"]}}]
    return {"agency": "test-agency", "unit": name, "topics": topics, **sections}


def composed(*units: dict[str, Any], **sections: Any) -> Policy:
    return compose(document(**sections), above(), units)


def faults(*units: dict[str, Any], **sections: Any) -> dict[str, str]:
    with pytest.raises(InvalidPolicy) as refused:
        composed(*units, **sections)
    return dict(refused.value.faults)


def rule(**about: Any) -> dict[str, Any]:
    return {"id": "ours", "name": "ours", "when": {}, "then": {}, **about}


def line(*topics: str) -> dict[str, Any]:
    return {
        "id": "hours",
        "topics": list(topics),
        "ceiling": {"sensitivity": "S1", "damage": "D1"},
        "cleared_by": {"officer": "comms", "post": "C", "level": "L2"},
        "cleared_at": "2026-11-01T09:00:00+05:30",
        "text": {"en": "Open."},
    }


def test_a_unit_joins_with_topics_rules_lines_posts_and_clocks_of_its_own() -> None:
    unit = a_unit(
        rules=[rule(then={"clock": "swift"})],
        lines=[line("roads-works")],
        officers=[{"subject": "engineer", "post": "Engineer", "level": "L2"}],
        clocks={"swift": {"answer": 30}},
    )
    policy = composed(unit)
    assert policy.topic("roads-works").unit == "roads"
    assert [(each.layer, each.unit, each.when.topic) for each in policy.rules if each.id == "ours"] == [
        ("unit", "roads", ("roads-works",))
    ]
    engineer = policy.officer("engineer")
    assert engineer is not None
    assert (engineer.topics, engineer.unit) == (("roads-works",), "roads")
    assert policy.clocks["swift"].answer == 30


FOREIGN = [
    ({"kinds": [{"kind": "praise", "phrases": {"en": ["hiding"]}}]}, "kinds"),
    ({"floor": {}}, "floor"),
    ({"topics": [{"id": "x", "agency": "harbour", "phrases": {"en": ["x"]}}]}, "topics.x.agency"),
    ({"topics": [{"id": "court-case", "phrases": {"en": ["x"]}}]}, "topics.court-case"),
    ({"topics": [{"id": "ours", "phrases": {"en": ["x"]}}]}, "topics.ours"),
    ({"rules": [rule(when={"topic": ["court-case"]})]}, "rules.ours.when.topic"),
    ({"rules": [rule(when={"conflict": True})]}, "rules.ours.when.conflict"),
    ({"rules": [rule(then={"disposition": "moderate", "automatic": True})]}, "rules.ours.then.automatic"),
    ({"rules": [rule(layer="centre")]}, "rules.ours.layer"),
    ({"lines": [line("roads-works", "ours")]}, "lines.hours.topics"),
    ({"officers": [{"subject": "me", "post": "P", "level": "L4", "topics": ["ours"]}]}, "officers.me.topics"),
    ({"officers": [{"subject": "me", "post": "P", "level": "L4"}], "topics": []}, "officers.me"),
    ({"officers": [{"subject": "me", "post": "P", "level": "L2", "unit": "dams"}]}, "officers.me.unit"),
    ({"officers": [{"subject": "me", "post": "P", "level": "L3"}]}, "officers.me.level"),
    ({"clocks": {"press": {"answer": 9000}}}, "clocks.press"),
]


@pytest.mark.parametrize(("sections", "path"), FOREIGN)
def test_a_unit_that_reaches_beyond_itself_is_refused_with_the_place(sections: dict[str, Any], path: str) -> None:
    ours = [{"id": "ours", "phrases": {"en": ["ours"]}}]
    assert list(faults(a_unit(**sections), topics=ours)) == [path]


@pytest.mark.parametrize(
    ("theirs", "path"),
    [
        ({"topics": [{"id": "roads-works", "phrases": {"en": ["dams"]}}]}, "topics.roads-works"),
        ({"clocks": {"swift": {"answer": 9000}}}, "clocks.swift"),
        ({"unit": "roads"}, "unit"),
        ({"unit": "Roads and Bridges"}, "unit"),
        ({"name": "roads"}, "name"),
        ({"name": "Roads and Bridges"}, "name"),
    ],
)
def test_a_unit_takes_no_name_of_a_sibling(theirs: dict[str, Any], path: str) -> None:
    roads = {**a_unit(clocks={"swift": {"answer": 30}}), "name": "Roads and Bridges"}
    assert list(faults(roads, {**a_unit("dams"), **theirs})) == [path]


def test_a_post_of_a_unit_belongs_to_it_by_whichever_name_it_was_written() -> None:
    post = {"subject": "engineer", "post": "Engineer", "level": "L1", "unit": "Roads and Bridges"}
    engineer = composed({**a_unit(officers=[post]), "name": "Roads and Bridges"}).officer("engineer")
    assert engineer is not None
    assert engineer.unit == "roads"


def test_a_topic_of_the_baseline_keeps_its_damage_against_an_empty_one() -> None:
    lighter = {"id": "court-case", "damage": {}, "phrases": {"en": ["tribunal"]}}
    assert a_policy(topics=[lighter]).topic("court-case").worst == "D3"


def test_an_agencys_floor_of_as_many_lower_steps_does_not_replace_the_centres() -> None:
    lower = {"steps": {"L3": [{"level": "L1"}, {"level": "L1"}]}}
    assert [step.level for step in a_policy(floor=lower).floor.steps["L3"]] == ["L2", "L3"]
    found = faults(floor=lower, ladder={"L3": {"name": "Low", "steps": [{"level": "L1"}, {"level": "L1"}]}})
    assert list(found) == ["ladder.L3.steps"]


def test_a_sign_off_below_the_level_that_the_floor_asks_for_is_not_enough() -> None:
    def signed(level: str) -> list[dict[str, str]]:
        return [{"level": "L2"}, {"level": "L3"}, {"kind": "signoff", "level": level, "specialism": "legal"}]

    floor = {"steps": {"L3": signed("L3")}}
    assert list(faults(floor=floor, ladder={"L3": {"name": "Low", "steps": signed("L1")}})) == ["ladder.L3.steps"]
    assert a_policy(floor=floor, ladder={"L3": {"name": "High", "steps": signed("L4")}}).ladder["L3"].name == "High"


def steps() -> st.SearchStrategy[list[dict[str, str]]]:
    level = st.sampled_from(LEVELS[1:])
    approval = st.fixed_dictionaries({"level": level})
    signoff = st.fixed_dictionaries(
        {"kind": st.just("signoff"), "level": level, "specialism": st.sampled_from(["legal", "facts"])}
    )
    return st.lists(approval | signoff, max_size=4)


@settings(deadline=None)
@given(steps(), steps())
def test_what_stands_above_two_floors_together_stands_above_each(one: list[Any], other: list[Any]) -> None:
    both = floors.highest({"steps": {"L3": one}}, {"steps": {"L3": other}})
    rung = Rung.model_validate({"name": "Both", "steps": tuple(both["steps"]["L3"])})
    policy = a_policy()
    for steps_asked in (one, other):
        least = Floor.model_validate({"steps": {"L3": tuple(steps_asked)}})
        standing = policy.model_copy(update={"floor": least, "ladder": {**policy.ladder, "L3": rung}})
        assert list(floors.below(standing)) == []
