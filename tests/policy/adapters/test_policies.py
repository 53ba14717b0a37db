"""Policy files: read with care, refused with their place."""

from pathlib import Path

import pytest

from services.policy.adapters.store.policies import load_folder
from services.policy.domain.composition import InvalidPolicy
from tests.policy.builders import SAMPLES

GOOD = "agency: a\nname: A\nversion: 1\n"


def refused(folder: Path, content: bytes | str, name: str = "a.yaml") -> tuple[str, str]:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InvalidPolicy) as invalid:
        load_folder(folder)
    return invalid.value.faults[0]


def test_the_sample_folder_loads() -> None:
    assert [policy.agency for policy in load_folder(SAMPLES).all()] == ["central-bank", "passports", "water-board"]


@pytest.mark.parametrize("agency", ["central-bank", "passports", "water-board"])
def test_every_level_of_a_sample_agency_is_held_and_every_case_can_be_cleared(agency: str) -> None:
    (policy,) = [policy for policy in load_folder(SAMPLES).all() if policy.agency == agency]
    by_level = {level: [o for o in policy.officers if o.level == level] for level in ("L1", "L2", "L3", "L4")}
    assert all(by_level.values())
    assert len(by_level["L1"]) >= 2
    assert {specialism for officer in policy.officers for specialism in officer.specialisms} == {
        "facts",
        "legal",
        "security",
    }
    for line in policy.lines:
        assert set(line.text) == set(policy.languages)
        holder = policy.officer(line.cleared_by.officer)
        assert holder is not None
        assert (holder.post, holder.level) == (line.cleared_by.post, line.cleared_by.level)


def test_a_folder_without_policies_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidPolicy, match="no policy file"):
        load_folder(tmp_path)


@pytest.mark.parametrize(
    ("content", "path", "sentence"),
    [
        ("agency: [", "a.yaml: line", ""),
        ("- a\n- b\n", "a.yaml", "mapping of sections"),
        (GOOD + "version: 2\n", "a.yaml: line 4", "version stands here twice"),
        (GOOD + "colour: red\n", "a.yaml: colour", "Extra inputs"),
        (GOOD + "topics: &x []\nlines: *x\n", "a.yaml: line 5", "aliases are not used"),
        (GOOD + "kinds: [{kind: spam, patterns: ['(?=x)']}]\n", "a.yaml", "no pattern that RE2 can take"),
        (GOOD + "topics: [{id: t, phrases: {en: ['*']}}]\n", "a.yaml", "no words"),
        (b"\xff\xfe", "a.yaml", ""),
        ("!!python/object:os.system {}", "a.yaml", ""),
    ],
)
def test_a_bad_file_is_refused_with_its_place(tmp_path: Path, content: str | bytes, path: str, sentence: str) -> None:
    place, said = refused(tmp_path, content)
    assert place.startswith(path)
    assert sentence in said


def test_two_files_for_one_agency_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    assert "in another file already" in refused(tmp_path, GOOD, "b.yaml")[1]


def test_an_oversize_file_is_refused(tmp_path: Path) -> None:
    assert "at most 10 MiB" in refused(tmp_path, b"#" * (10 << 20 | 1))[1]


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, "agency: " + "[" * 5000 + "]" * 5000)[0].startswith("a.yaml")
