"""``parley policy lint`` at a shell."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.cli import main
from tests.policy.builders import OFFICERS, SAMPLES, document


def lint(*arguments: str) -> int:
    """The exit code."""
    try:
        return main(["policy", "lint", *arguments])
    except SystemExit as end:
        return int(end.code or 0)


def written(folder: Path, **sections: Any) -> str:
    file = folder / "ours.yaml"
    file.write_text(yaml.safe_dump(document(**sections)))
    return str(file)


HOLED: dict[str, Any] = {"officers": [each for each in OFFICERS if each["level"] < "L4"]}


def test_the_samples_hold(capsys: pytest.CaptureFixture[str]) -> None:
    assert lint("--policies", str(SAMPLES)) == 0
    shown = capsys.readouterr().out
    assert all(f"{agency}/1@" in shown for agency in ("central-bank", "passports", "water-board"))
    assert shown.count(": 0 errors") == 3


def test_one_agency_may_be_asked_about(capsys: pytest.CaptureFixture[str]) -> None:
    assert lint("--policies", str(SAMPLES), "--agency", "passports") == 0
    assert "water-board/" not in capsys.readouterr().out


def test_a_hole_is_shown_with_a_comment_that_falls_into_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert lint("--policy", written(tmp_path, **HOLED)) == 1
    shown = capsys.readouterr().out
    assert "1 error" in shown
    assert "ERROR level-without-holder: A level is asked for on which nobody stands." in shown
    assert "ladder.L4\n    nobody holds L4 (Head of agency)" in shown
    assert "→ hold on L4, l4, by 14" in shown


def test_warnings_are_no_failure(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert lint("--policy", written(tmp_path, clocks={"idle": {"answer": 30}})) == 0
    assert "0 errors, 1 warning" in capsys.readouterr().out


def test_what_the_baseline_brings_is_hidden_until_asked_for(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = written(tmp_path)
    lint("--policy", file, "--json")
    inherited = [hole["inherited"] for hole in json.loads(capsys.readouterr().out)["holes"]]
    lint("--policy", file)
    shown = capsys.readouterr().out
    assert "0 errors, 0 warnings" in shown
    lint("--policy", file, "--all")
    assert capsys.readouterr().out.count("→") == len(inherited)
    assert all(inherited)


def test_json_is_one_object_a_policy_whose_examples_can_be_tried(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = written(tmp_path, **HOLED)
    assert lint("--policy", file, "--json") == 1
    body = json.loads(capsys.readouterr().out)
    assert set(body) == {"agency", "policy_version", "holes"}
    (hole,) = [each for each in body["holes"] if each["severity"] == "error"]
    comments = tmp_path / "comments.jsonl"
    comments.write_text(json.dumps(hole["example"]["comment"]) + "\n")
    assert main(["policy", "try", "--policy", file, "--file", str(comments), "--json"]) == 0
    tried = json.loads(capsys.readouterr().out)
    assert {name: tried[name] for name in hole["example"]["decided"]} == hole["example"]["decided"]


def test_posts_count_as_they_are_held_at_the_time_asked_about(tmp_path: Path) -> None:
    officers = [{**each, "until": "2030-01-01T00:00:00+00:00"} for each in OFFICERS]
    file = written(tmp_path, officers=officers)
    assert lint("--policy", file, "--at", "2029-06-01T00:00:00+00:00") == 0
    assert lint("--policy", file, "--at", "2031-06-01T00:00:00+00:00") == 1


def test_wrong_use_missing_files_and_refused_files_are_told_apart(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert lint("--policies", str(SAMPLES), "--agency", "nobody") == 2
    assert "known are: central-bank, passports, water-board" in capsys.readouterr().err
    assert lint("--at", "yesterday") == 2
    assert lint("--policy", str(tmp_path / "missing.yaml")) == 3
    assert lint("--policy", written(tmp_path, colour="red")) == 1
    assert "colour" in capsys.readouterr().err
