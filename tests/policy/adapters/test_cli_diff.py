"""``parley policy diff``: two versions of a policy compared in words."""

import json
import shutil
from pathlib import Path

import pytest

from services import cli
from tests.policy.builders import SAMPLES

SAMPLE = SAMPLES / "water-board.yaml"
NAME = "name: National Water Board\n"


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """The sample with another name and a version of its own, in a folder of its own."""
    file = tmp_path / "draft.yaml"
    file.write_text(SAMPLE.read_text().replace("version: 1\n", "version: 2\n").replace(NAME, "name: Water\n"))
    return file


def test_the_same_file_twice_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["policy", "diff", str(SAMPLE), str(SAMPLE)]) == 0
    assert "They say the same." in capsys.readouterr().out


def test_what_differs_is_told_and_the_exit_code_says_that_it_does(
    tmp_path: Path, new: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = Path(shutil.copy(SAMPLE, tmp_path / "old.yaml"))
    assert cli.main(["policy", "diff", str(old), str(new)]) == 1
    said = capsys.readouterr().out
    assert '~ The agency is called "Water" instead of "National Water Board".' in said


def test_one_file_is_compared_with_the_policy_in_force_and_the_units_beside_that(
    new: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["policy", "diff", str(new), "--agency", "water-board", "--policies", str(SAMPLES), "--json"]
    assert cli.main(arguments) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["agency"], said["same"]) == ("water-board", False)
    assert [each["id"] for each in said["differences"]] == ["name", "version"]
    assert set(said["differences"][0]) == {"section", "id", "change", "sentence", "tightens"}


def test_the_same_is_the_same_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["policy", "diff", str(SAMPLE), "--agency", "water-board", "--policies", str(SAMPLES), "--json"]
    assert cli.main(arguments) == 0
    assert json.loads(capsys.readouterr().out)["differences"] == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([str(SAMPLE)], 2, "Give two files"),
        ([str(SAMPLE), str(SAMPLE), "--agency", "water-board"], 2, "Give two files"),
        ([str(SAMPLE), "--agency", "nobody", "--policies", str(SAMPLES)], 2, "no policy of nobody"),
        ([str(SAMPLE), str(SAMPLES / "passports.yaml")], 2, "the policy of passports, not of water-board"),
        ([str(SAMPLE), "gone.yaml"], 3, "gone.yaml cannot be read"),
    ],
)
def test_what_cannot_be_compared_says_why(
    arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        found = cli.main(["policy", "diff", *arguments])
    except SystemExit as ended:
        found = int(str(ended.code))
    assert found == code
    assert said in capsys.readouterr().err


def test_a_file_that_cannot_be_taken_is_no_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("agency: water-board\nname: x\nversion: 1\ncolour: red\n")
    with pytest.raises(SystemExit) as ended:
        cli.main(["policy", "diff", str(SAMPLE), str(broken)])
    assert ended.value.code == 2
    assert capsys.readouterr().err == "broken.yaml:4: colour: unknown key\n"
