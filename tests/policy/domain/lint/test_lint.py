"""Lint as a whole: the samples hold, what it calls an error is confirmed, and every code has a sentence."""

import functools
import json
from typing import get_args

import pytest

from services.policy.domain.lint import CODES, Hole, lint
from services.policy.domain.lint.holes import Code
from tests.policy.builders import NOW, OFFICERS, a_policy, sample
from tests.policy.domain.lint.planting import confirm, topic


@pytest.mark.parametrize("agency", ["central-bank", "passports", "water-board"])
def test_the_samples_have_no_errors(agency: str) -> None:
    assert [hole for hole in lint(sample(agency).policy, NOW) if hole.severity == "error"] == []


def test_the_baseline_has_no_errors() -> None:
    assert [hole for hole in lint(a_policy(), NOW) if hole.severity == "error"] == []


@pytest.mark.parametrize("agency", ["central-bank", "water-board"])
def test_every_example_of_a_sample_is_decided_as_it_says(agency: str) -> None:
    policy = sample(agency)
    for hole in [each for each in lint(policy.policy, NOW) if each.code != "phrase-shadowed"]:
        if hole.example is not None:
            confirm(hole, policy)


@functools.cache
def holed() -> tuple[Hole, ...]:
    officers = [each for each in OFFICERS if each["level"] < "L3"]
    return lint(a_policy(officers=officers, topics=[topic("dams", sensitivity="S3")]), NOW)


def test_errors_come_first_and_each_has_an_example() -> None:
    severities = [hole.severity for hole in holed()]
    assert severities == sorted(severities)
    assert "error" in severities
    assert all(hole.example for hole in holed() if hole.severity == "error")


def test_a_hole_is_fit_for_json() -> None:
    for hole in holed():
        assert json.loads(json.dumps(hole.as_json())) == hole.as_json()
        assert set(hole.as_json()) == {"code", "severity", "path", "sentence", "example"}


def test_every_code_has_a_sentence() -> None:
    assert tuple(CODES) == get_args(Code)
    assert all(sentence.endswith(".") for sentence in CODES.values())


def test_the_same_policy_has_the_same_holes() -> None:
    assert lint(sample("passports").policy, NOW) == lint(sample("passports").policy, NOW)
