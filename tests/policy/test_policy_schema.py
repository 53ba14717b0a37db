"""The published schema says what the loader does: by it an editor completes a file that will be taken."""

import copy
import json
from importlib import resources
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services import cli
from services.policy.adapters.policy_files import above, judged
from services.policy.domain.composing.shapes import faults_of_shape, json_schema
from services.policy.domain.policies import Policy
from tests.policy.builders import SAMPLES

SCHEMA = jsonschema_rs.validator_for(json_schema())
ONLY_THE_LOADER_SEES = (
    "a time with its zone",
    "a day, such as",
    "there is no time zone",
    "comes at",
    "names its",
    "names the topics",
    " to ",
)
"""Times, and how one value stands to another: a schema cannot say these."""

AGENCY: dict[str, Any] = {"agency": "a", "name": "A", "version": 1}
UNIT: dict[str, Any] = {"agency": "a", "unit": "u"}
RULE: dict[str, Any] = {"id": "r", "name": "R", "when": {}, "then": {}}
TOPIC: dict[str, Any] = {"id": "t", "phrases": {"en": ["x"]}}


def samples() -> dict[str, Any]:
    return {file.stem: dict(judged(file.read_bytes(), file.name).document) for file in sorted(SAMPLES.glob("*.yaml"))}


def test_the_published_file_is_what_the_models_give() -> None:
    published = resources.files("services.policy").joinpath("policy.schema.json").read_text()
    assert json.loads(published) == json_schema(), "write it anew: parley policy schema > …/policy.schema.json"


def test_the_command_prints_the_published_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["policy", "schema"]) == 0
    assert capsys.readouterr().out == resources.files("services.policy").joinpath("policy.schema.json").read_text()


def test_the_schema_is_one_of_2020_12() -> None:
    assert json_schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert jsonschema_rs.meta.is_valid(json_schema())


def test_every_section_of_a_policy_can_be_completed() -> None:
    sections = {field.alias or name for name, field in Policy.model_fields.items()}
    assert sections <= set(json_schema()["$defs"]["AgencyFile"]["properties"])


def test_what_composition_says_of_a_rule_is_not_there_to_be_written() -> None:
    assert {"layer", "unit"}.isdisjoint(json_schema()["$defs"]["Rule"]["properties"])


@pytest.mark.parametrize("name", sorted(file.stem for file in SAMPLES.glob("*.yaml")))
def test_every_sample_is_of_the_schema(name: str) -> None:
    assert faults_of_shape(samples()[name]) == []
    SCHEMA.validate(samples()[name])


@pytest.mark.parametrize("section", sorted(above().baseline))
def test_every_section_of_the_baseline_can_stand_in_an_agencys_file(section: str) -> None:
    document = {**AGENCY, section: above().baseline[section]}
    assert faults_of_shape(document) == []
    SCHEMA.validate(document)


def test_the_floor_can_stand_in_a_file_of_the_centre() -> None:
    document = {"centre": True, **above().centre}
    assert faults_of_shape(document) == []
    SCHEMA.validate(document)


@pytest.mark.parametrize(
    "document",
    [
        AGENCY,
        {**AGENCY, "$schema": "x", "include": ["a.yaml", "b.json"]},
        {**AGENCY, "topics": [{"id": "court-case", "sensitivity": "S4"}]},
        {**AGENCY, "scales": {"by_damage_class": {"market": {"D1": "L3"}}}},
        {**UNIT, "topics": [TOPIC], "rules": [RULE]},
        {"centre": True, "floor": {"by_kind": {"spam": "L3"}}},
        {"part": True, "kinds": [{"kind": "spam"}], "include": ["other.yml"]},
    ],
)
def test_loader_and_schema_take_the_same(document: dict[str, Any]) -> None:
    assert faults_of_shape(document) == []
    SCHEMA.validate(document)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"agency": "a", "version": 1},
        {**AGENCY, "version": "1"},
        {**AGENCY, "agency": "Capital"},
        {**AGENCY, "colour": "red"},
        {**AGENCY, "lines": None},
        {**AGENCY, "include": ["../a.yaml"]},
        {**AGENCY, "languages": []},
        {**AGENCY, "topics": [{"id": "t", "phrases": {"English": ["x"]}}]},
        {**AGENCY, "topics": [{**TOPIC, "damage": {"market": "D9"}}]},
        {**AGENCY, "rules": [{**RULE, "layer": "centre"}]},
        {**AGENCY, "rules": [{**RULE, "when": {"topics": ["t"]}}]},
        {**AGENCY, "rules": [{**RULE, "then": {"stop": "no"}}]},
        {**AGENCY, "clocks": {"L1": {"answer": 5}}},
        {**AGENCY, "clocks": {"l1": {"answer": 0}}},
        {**AGENCY, "ladder": {"L6": {"name": "x"}}},
        {**AGENCY, "periods": [{"kind": "war", "from": "2026-11-23T09:30:00+05:30"}]},
        {**AGENCY, "part": True},
        {**AGENCY, "centre": True},
        {**UNIT, "kinds": []},
        {"unit": "u"},
        {"centre": False},
        {"centre": True, "ladder": {}},
        {"part": True, "officers": []},
    ],
)
def test_loader_and_schema_refuse_the_same(document: dict[str, Any]) -> None:
    assert faults_of_shape(document) != []
    assert not SCHEMA.is_valid(document)


def places(document: Any) -> list[tuple[Any, Any]]:
    """Every mapping or list of a document with each of its keys."""
    found: list[tuple[Any, Any]] = []
    within = [document]
    while within:
        at = within.pop()
        for key in at if isinstance(at, dict) else range(len(at)):
            found.append((at, key))
            if isinstance(at[key], (dict, list)):
                within.append(at[key])
    return found


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_loader_and_schema_agree_on_samples_that_were_spoilt_anywhere(data: st.DataObject) -> None:
    document = copy.deepcopy(samples()[data.draw(st.sampled_from(["central-bank", "passports", "water-board"]))])
    at, key = data.draw(st.sampled_from(places(document)))
    change = data.draw(st.sampled_from([None, True, -1, 3, 0.5, "", "X 9", "x", [], {}, "gone", "new key"]))
    if change == "gone":
        del at[key]
    elif change == "new key" and isinstance(at, dict):
        at["new key"] = 1
    else:
        at[key] = change
    faults = faults_of_shape(document)
    if SCHEMA.is_valid(document):
        assert all(any(only in fault.sentence for only in ONLY_THE_LOADER_SEES) for fault in faults), faults
    else:
        assert faults != []
