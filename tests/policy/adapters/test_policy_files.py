"""Policy files: read with care, joined by what they say they are, and refused with file, line, path and a sentence."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.policy.adapters.policy_files import above, judged, load_file, load_folder, read_folder
from services.policy.domain.composing.composition import InvalidPolicy
from services.policy.domain.deciding.decisions import PolicyInForce
from tests.policy.builders import SAMPLES, decided

GOOD = "agency: a\nname: A\nversion: 1\n"
CONTAMINATION = """\
rules:
  - id: water.unsafe
    name: Water may be unsafe
    when: {kind: [complaint]}
    then:
      disposition: escalate
      level: L9
"""
UNIT = """\
agency: a
unit: laboratory
name: Laboratory
topics:
  - id: samples
    phrases: {en: [water sample]}
"""


def folder(path: Path, **files: str | bytes) -> Path:
    """A folder with files named by keyword: ``a__yaml`` is ``a.yaml``."""
    for name, content in files.items():
        (path / name.replace("__", ".")).write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusals(path: Path, **files: str | bytes) -> list[tuple[str, str]]:
    with pytest.raises(InvalidPolicy) as invalid:
        load_folder(folder(path, **files))
    return invalid.value.faults


def refused(path: Path, **files: str | bytes) -> tuple[str, str]:
    """Where the only fault is, and the sentence."""
    (fault,) = refusals(path, **files)
    return fault


def agency(path: Path, **files: str | bytes) -> PolicyInForce:
    return load_folder(folder(path, **files)).of("a")


def test_the_sample_folder_loads() -> None:
    assert [policy.agency for policy in load_folder(SAMPLES).all()] == ["central-bank", "passports", "water-board"]


@pytest.mark.parametrize("name", ["central-bank", "passports", "water-board"])
def test_every_level_of_a_sample_agency_is_held_and_every_case_can_be_cleared(name: str) -> None:
    policy = load_folder(SAMPLES).of(name).policy
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


def test_a_line_whose_languages_state_other_facts_is_refused_where_the_language_stands(tmp_path: Path) -> None:
    lines = """\
lines:
  - id: fee
    topics: [court-case]
    text:
      en: The fee is Rs. 100.
      ta: கட்டணம் ரூ. 100, டிசம்பர் 14.
    ceiling: {sensitivity: S0, damage: D0}
    cleared_by: {officer: comms, post: Communications, level: L2}
    cleared_at: 2026-11-01T09:00:00Z
"""
    where, sentence = refused(tmp_path, a__yaml=GOOD + lines)
    assert (where, sentence) == ("a.yaml:8: lines.fee.text.en", "it lacks the date 12-14, stated in ta")


def test_a_folder_without_policies_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidPolicy, match="no policy file"):
        load_folder(tmp_path)


@pytest.mark.parametrize(
    ("content", "where", "sentence"),
    [
        (GOOD + "version: 2\n", "a.yaml:4", "version stands here twice"),
        (GOOD + "colour: red\n", "a.yaml:4: colour", "unknown key"),
        (GOOD + "topic: []\n", "a.yaml:4: topic", "unknown key; did you mean topics?"),
        (GOOD + "topics: &x []\nlines: *x\n", "a.yaml:4", "aliases are not used in a policy"),
        (GOOD + "topics: !!python/tuple []\n", "a.yaml:4", "tags are not used in a policy"),
        (GOOD + "topics: {? [a] : b}\n", "a.yaml:4", "a key is a text"),
        (GOOD + "---\nagency: b\n", "a.yaml:5", "a policy file holds one document"),
        ("- a\n- b\n", "a.yaml:1", "a policy is a mapping of sections"),
        ("", "a.yaml:1", "a policy is a mapping of sections"),
        ("agency: a\nversion: 1\n", "a.yaml:1: name", "this is missing"),
        (GOOD + "languages: en\n", "a.yaml:4: languages", '"en" stands here; wanted is a list'),
        (GOOD + "kinds: [{kind: complaints}]\n", "a.yaml:4: kinds.complaints.kind", "did you mean complaint?"),
        (
            GOOD + "rules:\n- id: 15\n  name: x\n  when: {}\n  then: {}\n",
            "a.yaml:5: rules.0.id",
            '15 stands here; wanted is a text; write "15" in quotes',
        ),
        (
            GOOD + "topics:\n- id: t\n  damage: D9\n  phrases: {}\n",
            "a.yaml:6: topics.t.damage",
            '"D9" stands here; wanted is one of D0, D1, D2, D3, D4 or a mapping',
        ),
        (
            GOOD + "topics:\n- id: t\n  phrases: {}\n  damage: {market: D1,\n    legal: D9}\n",
            "a.yaml:8: topics.t.damage.legal",
            '"D9" stands here; wanted is one of D0, D1, D2, D3, D4',
        ),
        (
            GOOD + "kinds:\n- kind: spam\n  patterns: ['[a]',\n    '(?=x)']\n",
            "a.yaml:7: kinds.spam.patterns.(?=x)",
            "'(?=x)' is no pattern that RE2 can take",
        ),
        (
            GOOD + "rules:\n- id: r\n  name: x\n  then: {}\n  when:\n    pattern: ['a{1001}']\n",
            "a.yaml:9: rules.r.when.pattern.a{1001}",
            "'a{1001}' is no pattern that RE2 can take",
        ),
        (
            GOOD + "topics:\n- id: t\n  phrases:\n    en: [a, '*']\n",
            "a.yaml:7: topics.t.phrases.en.*",
            "the phrase '*' has no words",
        ),
        (GOOD + "ladder:\n  L1: {name: One}\n  L3: {name: Three}\n", "a.yaml:4: ladder.L2", "the ladder has a gap"),
        (
            GOOD + "clocks:\n  slow:\n    answer: 10\n    holding: 20\n",
            "a.yaml:5: clocks.slow",
            "holding comes at 20 minutes, after the answer is due at 10",
        ),
        (
            GOOD + "clocks:\n  slow: {answer: 90, escalate: 60, to_head: 30}\n",
            "a.yaml:5: clocks.slow",
            "escalate comes at 60 minutes, after to_head at 30",
        ),
        (
            GOOD + "clocks:\n  b: {answer: 9, faster: c}\n  c: {answer: 9, faster: b}\n",
            "a.yaml:5: clocks.b.faster",
            "c is no faster",
        ),
        (
            GOOD
            + "rules:\n- {id: r, name: x, when: {}, then: {}}\n- {id: s, name: x, when: {topic: [no]}, then: {}}\n",
            "a.yaml:6: rules.s.when.topic",
            "there is no topic no",
        ),
        (b"\xff\xfe\x00", "a.yaml", "this is not YAML"),
        (b"agency: \x00", "a.yaml", "this is not YAML"),
    ],
)
def test_a_bad_file_is_refused_with_its_line_path_and_a_sentence(
    tmp_path: Path, content: str | bytes, where: str, sentence: str
) -> None:
    place, said = refusals(tmp_path, a__yaml=content)[0]
    assert place == where
    assert said.startswith(sentence) or said.endswith(sentence)


@pytest.mark.parametrize(
    ("content", "where", "sentence"),
    [
        ('{"agency": "a",\n "name": }', "a.json:2", "this is not JSON"),
        ('{"agency": "a",\n "agency": "b"}', "a.json:2", "agency stands here twice"),
        ('{"a": {"x": [{"y": 1}]}, "b": [\n{"c": 1,\n"c": 2}]}', "a.json:3", "c stands here twice"),
        ('{"agency": "a", "name": "A", "version": NaN}', "a.json", "NaN is no number"),
        ('{"agency": "a", "name": "😀{[",\n "version": 1,\n"colour\\u0073": 1}', "a.json:3: colours", "unknown key"),
        (
            '{"agency": "a", "name": "A", "version": 1, "lines": [\n{},\n{"id": "x"}]}',
            "a.json:2: lines.0.id",
            "missing",
        ),
        ('{"\\ud800": 1,\n"\\ud800": 2}', "a.json:2", "? stands here twice"),
        ('{"agency": "a", "name": "\\ud800", "version": 1}', "a.json:1", "half a character"),
        ("[1]", "a.json:1", "mapping of sections"),
        (b"\xff", "a.json", "not UTF-8"),
    ],
)
def test_bad_json_is_refused_as_bad_yaml_is(tmp_path: Path, content: str | bytes, where: str, sentence: str) -> None:
    place, said = refusals(tmp_path, a__json=content)[0]
    assert place == where
    assert sentence in said


def test_every_fault_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    content = GOOD + "colour: red\n" + CONTAMINATION + "default_language: English\n"
    assert [place for place, _ in refusals(tmp_path, a__yaml=content)] == [
        "a.yaml:12: default_language",
        "a.yaml:11: rules.water.unsafe.then.level",
        "a.yaml:4: colour",
    ]


def test_a_hundred_faults_are_spelled_out_and_the_others_counted(tmp_path: Path) -> None:
    faults = refusals(tmp_path, a__yaml=GOOD + "".join(f"k{number}: 1\n" for number in range(2500)))
    assert len(faults) == 101
    assert faults[-1][1] == "and 2,400 more"


def test_a_fault_of_what_several_files_say_together_is_told_where_it_was_written(tmp_path: Path) -> None:
    own = GOOD + "include: [more.yaml]\n"
    part = "part: true\nrules:\n- id: dangling\n  name: x\n  when: {}\n  then: {clock: sun}\n"
    assert refused(tmp_path, a__yaml=own, more__yaml=part) == (
        "more.yaml:6: rules.dangling.then.clock",
        "there is no clock sun",
    )


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("16:30", "16:30"),
        ("2026-11-03", "2026-11-03"),
        ("011", "011"),
        ("1_000", "1_000"),
        ("<<", "<<"),
        ("true", True),
        ("~", None),
        ("-3", -3),
        ("0.5", 0.5),
        ("'1'", "1"),
    ],
)
def test_plain_words_are_read_as_editors_read_them(written: str, read: Any) -> None:
    with pytest.raises(InvalidPolicy) as invalid:
        judged(f"{GOOD}languages: {written}\n".encode(), "a.yaml")
    stands = {True: "true", None: "nothing"}.get(read, f'"{read}"' if isinstance(read, str) else str(read))
    assert invalid.value.faults[0][1].startswith(f"{stands} stands here")


def test_yaml_and_json_of_the_same_policy_are_the_same_policy(tmp_path: Path) -> None:
    for file in SAMPLES.glob("*.yaml"):
        document = dict(judged(file.read_bytes(), file.name).document)
        (tmp_path / f"{file.stem}.json").write_text(json.dumps(document, ensure_ascii=False))
    versions = [[policy.version for policy in load_folder(each).all()] for each in (tmp_path, SAMPLES)]
    assert versions[0] == versions[1]


def test_the_key_by_which_editors_find_the_schema_says_nothing(tmp_path: Path) -> None:
    plain = agency(tmp_path, a__json='{"agency": "a", "name": "A", "version": 1}').policy.digest
    told = '{"$schema": "../policy.schema.json", "agency": "a", "name": "A", "version": 1}'
    assert agency(tmp_path, a__json=told).policy.digest == plain


def test_other_files_of_the_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "old.yaml").mkdir()
    policies = load_folder(folder(tmp_path, a__yaml=GOOD, **{"README__md": "x", "__hidden__yaml": "["})).all()
    assert [policy.agency for policy in policies] == ["a"]


def test_two_files_for_one_agency_are_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, a__yaml=GOOD, b__yml="name: B\n" + GOOD.replace("name: A\n", "")) == (
        "b.yml:2: agency",
        "a has a policy in another file already: a.yaml",
    )


def test_a_unit_beside_its_agency_joins_it(tmp_path: Path) -> None:
    policy = agency(tmp_path, a__yaml=GOOD, **{"a__laboratory__yaml": UNIT})
    assert policy.policy.topic("samples").unit == "Laboratory"
    assert decided("how long does a water sample take?", policy).topics == ("samples",)


def test_a_unit_without_its_agency_is_refused(tmp_path: Path) -> None:
    place, said = refused(tmp_path, a__yaml=GOOD, b__yaml=UNIT.replace("agency: a", "agency: other"))
    assert (place, said) == ("b.yaml:1: agency", "no file of this folder is other's own")


def test_what_a_unit_may_not_say_is_refused_in_its_file(tmp_path: Path) -> None:
    assert refused(tmp_path, a__yaml=GOOD, b__yaml=UNIT + "scales: {}\n") == (
        "b.yaml:7: scales",
        "a unit may not set this; it is the agency's",
    )
    foreign = UNIT + "rules:\n- id: r\n  name: x\n  then: {}\n  when:\n    topic: [court-case]\n"
    place, said = refused(tmp_path, a__yaml=GOOD, b__yaml=foreign)
    assert place == "b.yaml:12: rules.r.when.topic"
    assert "own topics" in said


def test_a_unit_that_takes_a_name_of_its_agency_is_told_in_its_own_file(tmp_path: Path) -> None:
    own = GOOD + "topics:\n- id: samples\n  phrases: {en: [x]}\n"
    assert refused(tmp_path, a__yaml=own, b__yaml=UNIT)[0] == "b.yaml:5: topics.samples"


def test_the_floor_of_a_deployment_stands_above_every_agency(tmp_path: Path) -> None:
    centre = "centre: true\nfloor:\n  by_kind: {praise: L3}\n  by_sensitivity: {S4: L1}\n"
    deployment = read_folder(folder(tmp_path, a__yaml=GOOD, floor__yaml=centre))
    floor = deployment.agencies[0].policy.floor
    assert (floor.by_kind["praise"], floor.by_sensitivity["S4"], floor.by_kind["legal"]) == ("L3", "L4", "L3")
    assert deployment.above.centre["floor"]["by_kind"]["praise"] == "L3"


def test_an_agency_below_the_floor_of_its_deployment_is_refused_in_its_own_file(tmp_path: Path) -> None:
    centre = "centre: true\nfloor:\n  by_damage: {D1: L3}\n"
    own = GOOD + "scales:\n  by_damage:\n    D0: L1\n    D1: L2\n    D2: L3\n    D3: L3\n    D4: L4\n"
    assert refused(tmp_path, a__yaml=own, floor__yaml=centre) == (
        "a.yaml:7: scales.by_damage.D1",
        "L2 is below the floor L3",
    )


def test_a_fault_that_no_file_says_is_laid_to_the_agency(tmp_path: Path) -> None:
    centre = "centre: true\nfloor:\n  steps:\n    L1: [{level: L1}, {level: L1}]\n"
    place, said = refused(tmp_path, a__yaml=GOOD, floor__yaml=centre)
    assert place == "a.yaml:1: ladder.L1.steps"
    assert "than the floor asks for" in said


def test_included_sections_join_beneath_those_of_the_file(tmp_path: Path) -> None:
    own = GOOD + (
        "include: [rules.yaml, words.json]\n"
        "topics: [{id: fees, sensitivity: S1, phrases: {en: [fee]}}]\n"
        "clocks: {l1: {answer: 60}}\n"
        "rules: [{id: first, name: x, when: {topic: [fees]}, then: {duties: [own]}}]\n"
    )
    rules = (
        "part: true\n"
        "rules: [{id: second, name: x, when: {topic: [fees]}, then: {duties: [included]}}]\n"
        "clocks: {l1: {answer: 90}, fees: {answer: 45}}\n"
    )
    words = '{"part": true, "topics": [{"id": "fees", "sensitivity": "S2", "phrases": {"en": ["tariff"]}}]}'
    policy = agency(tmp_path, a__yaml=own, rules__yaml=rules, words__json=words)
    decision = decided("what is the tariff?", policy)
    assert [rule for rule in decision.rules if rule in ("first", "second")] == ["first", "second"]
    assert (policy.policy.clocks["l1"].answer, policy.policy.clocks["fees"].answer) == (60, 45)
    assert policy.policy.topic("fees").sensitivity == "S2"


def test_a_part_is_no_agency_and_two_may_include_it(tmp_path: Path) -> None:
    part = "part: true\nclocks: {fees: {answer: 45}}\n"
    including = "include: [part.yaml]\n"
    other = GOOD.replace("agency: a", "agency: b") + including
    shelf = load_folder(folder(tmp_path, a__yaml=GOOD + including, b__yaml=other, part__yaml=part))
    assert [policy.clocks["fees"].answer for policy in shelf.all()] == [45, 45]


def test_a_part_included_by_two_ways_is_taken_once(tmp_path: Path) -> None:
    rule = "rules: [{id: r, name: x, when: {}, then: {}}]\n"
    files = {
        "a__yaml": GOOD + "include: [b.yaml, c.yaml]\n",
        "b__yaml": "part: true\ninclude: [d.yaml]\n",
        "c__yaml": "part: true\ninclude: [d.yaml]\n",
        "d__yaml": "part: true\n" + rule,
    }
    assert [rule.id for rule in agency(tmp_path, **files).policy.rules].count("r") == 1


def test_files_that_include_each_other_are_refused_by_naming_the_circle(tmp_path: Path) -> None:
    files = {
        "a__yaml": GOOD + "include: [b.yaml]\n",
        "b__yaml": "part: true\ninclude:\n- c.yaml\n",
        "c__yaml": "part: true\ninclude: [b.yaml]\n",
    }
    assert refused(tmp_path, **files) == ("c.yaml:2: include.b.yaml", "b.yaml includes c.yaml includes b.yaml")
    files["b__yaml"] = "part: true\ninclude: [a.yaml]\n"
    assert refused(tmp_path, **files)[1] == "a.yaml includes b.yaml includes a.yaml"
    assert refused(tmp_path, **{**files, "a__yaml": GOOD + "include: [a.yaml]\n"})[1] == "a.yaml includes a.yaml"


@pytest.mark.parametrize(
    ("included", "sentence"),
    [
        ("gone.yaml", "there is no policy file gone.yaml beside this one"),
        ("other.yaml", "other.yaml is not there to be included; it does not say part: true"),
        ("../other.yaml", "stands here; wanted is"),
        ("sub/other.yaml", "stands here; wanted is"),
        (".hidden.yaml", "stands here; wanted is"),
        ("notes.txt", "stands here; wanted is"),
    ],
)
def test_only_parts_of_the_same_folder_can_be_included(tmp_path: Path, included: str, sentence: str) -> None:
    other = GOOD.replace("agency: a", "agency: other")
    place, said = refused(tmp_path, a__yaml=GOOD + f"include: [{included}]\n", other__yaml=other)
    assert place == f"a.yaml:4: include.{included}"
    assert sentence in said


def test_parts_include_each_other_only_so_deep(tmp_path: Path) -> None:
    parts = {f"p{n}__yaml": f"part: true\ninclude: [p{n + 1}.yaml]\n" for n in range(1, 9)}
    last = {"p9__yaml": "part: true\n"}
    assert refused(tmp_path, a__yaml=GOOD + "include: [p1.yaml]\n", **parts, **last)[1].endswith("at most 8 deep")
    assert agency(tmp_path, a__yaml=GOOD + "include: [p2.yaml]\n").policy.agency == "a"


def test_a_file_by_itself_has_its_units_and_parts_and_nobody_elses_faults(tmp_path: Path) -> None:
    files = {"a__yaml": GOOD + "include: [p.yaml]\n", "p__yaml": "part: true\nclocks: {fees: {answer: 45}}\n"}
    folder(tmp_path, **files, a__laboratory__yaml=UNIT, broken__yaml="[", b__yaml=GOOD)
    policy = load_file(tmp_path / "a.yaml", above()).policy
    assert policy.clocks["fees"].answer == 45
    assert policy.topic("samples").unit == "Laboratory"


def test_the_file_of_a_unit_is_not_that_of_an_agency(tmp_path: Path) -> None:
    with pytest.raises(InvalidPolicy, match="not the file of an agency"):
        load_file(folder(tmp_path, u__yaml=UNIT) / "u.yaml", above())


def test_an_oversize_file_is_refused_unread(tmp_path: Path) -> None:
    assert refused(tmp_path, a__yaml=b"#" * (10 << 20 | 1)) == ("a.yaml", "a policy file is at most 10 MiB")


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_deep_nesting_is_refused(tmp_path: Path, suffix: str) -> None:
    for depth in (40, 5_000, 200_000):
        content = '{"agency": ' + "[" * depth + "]" * depth + "}"
        assert refused(tmp_path, **{f"a__{suffix}": content})[1] == "a policy is nested at most 32 deep"


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_a_file_of_too_many_entries_is_refused(tmp_path: Path, suffix: str) -> None:
    content = '{"agency": [' + "1," * 300_000 + "1]}"
    assert refused(tmp_path, **{f"a__{suffix}": content})[1] == "a policy file has at most 250,000 entries"


def test_a_hundred_thousand_phrases_are_read_and_found(tmp_path: Path) -> None:
    topics = [
        {"id": f"t{number}", "phrases": {"en": [f"subject {number} case {each}" for each in range(1_000)]}}
        for number in range(100)
    ]
    policy = agency(tmp_path, a__json=json.dumps({"agency": "a", "name": "A", "version": 1, "topics": topics}))
    assert decided("what of subject 99 case 999?", policy).topics == ("t99",)
    assert decided("what of subject 0 case 0?", policy).topics == ("t0",)


@pytest.mark.parametrize(
    ("sections", "path", "sentence"),
    [
        ({"topics": [{"id": "t", "phrases": {"en": ["x"] * 120_001}}]}, "topics", "at most 120,000 phrases"),
        (
            {"rules": [{"id": f"r{n}", "name": "x", "when": {}, "then": {}} for n in range(5_001)]},
            "rules",
            "at most 5,000 rules",
        ),
        ({"kinds": [{"kind": "spam", "patterns": ["x"] * 2_001}]}, "kinds", "at most 2,000 patterns"),
    ],
)
def test_more_than_can_be_read_in_time_is_refused(
    tmp_path: Path, sections: dict[str, Any], path: str, sentence: str
) -> None:
    content = json.dumps({"agency": "a", "name": "A", "version": 1, **sections})
    place, said = refused(tmp_path, a__json=content)
    assert place == f"a.json:1: {path}"
    assert sentence in said


def test_dumped_yaml_is_read_as_it_was_meant(tmp_path: Path) -> None:
    document = {"agency": "a", "name": "yes: no # maybe", "version": 1, "languages": ["no", "en"]}
    policy = agency(tmp_path, a__yaml=yaml.safe_dump({**document, "default_language": "no"})).policy
    assert (policy.name, policy.languages) == ("yes: no # maybe", ("no", "en"))
