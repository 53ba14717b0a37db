"""Training with scikit-learn: what it makes, what it is worth, and ``parley policy train``."""

import asyncio
import functools
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from services.cli import main
from services.policy.adapters import training
from services.policy.adapters.store.classifiers import ClassifiersInUse
from services.policy.adapters.store.policies import PolicyShelf
from services.policy.domain.learning.examples import Example, one_of_each
from services.policy.domain.learning.learned import Learned
from services.policy.domain.learning.linear_model import LinearModel, families_of, values_of
from services.policy.domain.triage.classification import Lexicon
from services.policy.domain.triage.phrases import normalised
from tests.policy.adapters.support import running_policy
from tests.policy.builders import SAMPLES, bare, decided, received, sample
from tests.policy.test_learning import CORRECTIONS

CORRECTED = Path(__file__).parents[1] / "corrections.jsonl"
train_anew = training.train

COMMAND = ["policy", "train", "--agency", "passports", "--policies", str(SAMPLES)]


class Written(NamedTuple):
    """What the command made of the corrections of this folder: what it said, and what it wrote."""

    code: int
    report: str
    progress: str
    content: dict[str, Any]


@pytest.fixture(scope="module", autouse=True)
def _each_model_is_fitted_once() -> Iterator[None]:
    """To fit one takes a second or two, and the same examples make the same model, as is shown here."""
    fitted = functools.cache(train_anew)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "train", lambda examples: fitted(tuple(examples)))
        yield


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    out = tmp_path_factory.mktemp("trained") / "model.json"
    with redirect_stdout(StringIO()) as said, redirect_stderr(StringIO()) as beside:
        code = main([*COMMAND, "--file", str(CORRECTED), "--out", str(out)])
    return Written(code, said.getvalue(), beside.getvalue(), json.loads(out.read_text("utf-8")))


def trained(capsys: pytest.CaptureFixture[str], out: Path, *more: str) -> tuple[int, str, str]:
    """The command on the passports' policy: exit code, output, and what was said beside."""
    try:
        code = main([*COMMAND, "--out", str(out), *more])
    except SystemExit as ended:
        code = int(ended.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_unseen_comments_in_three_languages_are_sorted_better_than_before(written: Written) -> None:
    assert len(CORRECTIONS) > 150
    learned, before = written.content["scores"]["learned"], written.content["scores"]["before"]
    assert learned["accuracy"] > before["accuracy"]
    assert learned["surely_wrong"] < 0.15
    assert learned["kinds"]["complaint"]["recall"] > before["kinds"]["complaint"]["recall"]


def matrix_for(fitted: training.Fitted, examples: Sequence[Example]) -> Any:
    texts = [families_of(normalised(each.text)) for each in examples]
    return training.matrix_of([values_of(text, fitted.rarities) for text in texts], list(fitted.rarities))


def test_a_model_says_what_scikit_learn_says() -> None:
    examples = one_of_each(CORRECTIONS)
    fitted = training.fit(examples)
    model = training.model_of(fitted)
    matrix = matrix_for(fitted, examples)
    for each, expected in zip(examples, fitted.estimator.predict_proba(matrix), strict=True):
        named = dict(zip(fitted.estimator.classes_, expected, strict=True))
        assert model.probabilities(normalised(each.text)) == pytest.approx(named, abs=5e-3)


def test_a_model_of_two_kinds_says_what_scikit_learn_says() -> None:
    examples = [each for each in one_of_each(CORRECTIONS) if each.kind in ("complaint", "praise")]
    fitted = training.fit(examples)
    matrix = matrix_for(fitted, examples)
    expected = dict(zip(fitted.estimator.classes_, fitted.estimator.predict_proba(matrix)[0], strict=True))
    assert training.model_of(fitted).probabilities(normalised(examples[0].text)) == pytest.approx(expected, abs=5e-3)


def test_the_same_examples_make_the_same_model() -> None:
    model = training.train(one_of_each(CORRECTIONS))
    again = train_anew(one_of_each(reversed(CORRECTIONS)))
    assert again is not model
    assert again.digest == model.digest
    assert training.train(one_of_each(CORRECTIONS[:50])).digest != training.train(one_of_each(CORRECTIONS[:49])).digest


def test_a_stored_model_gives_the_same_verdicts() -> None:
    model = training.train(one_of_each(CORRECTIONS))
    stored = json.loads(json.dumps(model.as_json()))
    before, after = (Learned(Lexicon(), each, "v") for each in (model, LinearModel.from_json(stored)))
    for each in CORRECTIONS:
        cues = bare().cues(each.text)
        assert after.classify(cues) == before.classify(cues)


def test_a_text_is_tried_with_a_model_that_was_written(
    written: Written, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    model = tmp_path / "model.json"
    model.write_text(json.dumps(written.content), "utf-8")
    sorted_by = []
    for more in ([], ["--model", str(model)]):
        assert main(["policy", "try", "--agency", "passports", "--json", *more, "The counter closed at noon"]) == 0
        sorted_by.append(json.loads(capsys.readouterr().out)["trace"]["classifier"])
    assert [each == written.content["version"] for each in sorted_by] == [False, True]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read"),
        ("{", "is no model"),
        ("[]", "is no model"),
        ('{"agency": "passports", "version": "v", "model": {"scheme": 0}}', "of scheme 0"),
    ],
)
def test_a_file_that_is_no_model_is_refused_in_one_line(
    content: str | None, sentence: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    model = tmp_path / "model.json"
    if content is not None:
        model.write_text(content, "utf-8")
    with pytest.raises(SystemExit, match="2"):
        main(["policy", "try", "--agency", "passports", "--model", str(model), "No water"])
    (line,) = capsys.readouterr().err.splitlines()
    assert (line.startswith(str(model)), sentence in line) == (True, True)


def test_the_model_of_another_agency_is_refused(
    written: Written, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    model = tmp_path / "model.json"
    model.write_text(json.dumps(written.content), "utf-8")
    with pytest.raises(SystemExit, match="2"):
        main(["policy", "try", "--agency", "water-board", "--model", str(model), "No water"])
    assert "of passports, not of water-board" in capsys.readouterr().err


def test_the_command_writes_a_model_that_can_be_used(written: Written) -> None:
    content = written.content
    model = LinearModel.from_json(content["model"])
    assert (written.code, content["agency"]) == (0, "passports")
    assert content["version"].startswith("passports/")
    assert content["version"].endswith(f"@{model.digest[:12]}")
    assert content["scores"]["examples"] == {"corrected": len(CORRECTIONS)}


def test_the_command_reports_for_people(written: Written) -> None:
    lines = written.report.splitlines()
    assert lines[0] == (f"{written.content['version']}: {len(CORRECTIONS)} corrected; measured on 5 folds held out")
    assert [line.split()[0] for line in lines if "→" in line].count("complaint") == 1
    assert "fold 1 of 5" in written.progress


@pytest.mark.parametrize(
    ("lines", "more", "code", "sentence"),
    [
        (['{"text": "No water", "kind": "complaint"}'], [], 1, "There are 1 corrections of different texts"),
        (['{"text": "No water", "kind": "rant"}'], [], 1, "line 1: kind: "),
        (["", '{"text": ""}'], [], 1, "line 2: text: "),
        (["no json"], [], 1, "line 1: "),
        ([], ["--days", "3"], 2, "--days is about corrections in the database"),
        ([], ["--days", "0"], 2, "is not a number from 1"),
        ([], ["--agency", "nobody"], 2, "known are"),
    ],
)
def test_the_command_refuses_with_a_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, lines: list[str], more: list[str], code: int, sentence: str
) -> None:
    file, out = tmp_path / "given.jsonl", tmp_path / "model.json"
    file.write_text("\n".join(lines), "utf-8")
    ended, said, beside = trained(capsys, out, "--file", str(file), *more)
    assert (ended, said) == (code, "")
    assert sentence in beside
    assert not out.exists()


def test_a_file_that_is_not_there_cannot_be_had(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, beside = trained(capsys, tmp_path / "m", "--file", str(tmp_path / "none.jsonl"))
    assert (code, "No such file" in beside) == (3, True)


def test_without_a_running_system_the_corrections_cannot_be_had(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for more in (["--home", str(tmp_path)], ["--database", "postgresql://u:p@127.0.0.1:1/none"]):
        code, _, beside = trained(capsys, tmp_path / "m", *more)
        assert (code, len(beside.splitlines())) == (3, 1)


def test_without_scikit_learn_training_cannot_be_had(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    code, _, beside = trained(capsys, tmp_path / "m", "--file", str(CORRECTED))
    assert (code, beside) == (3, "Training needs scikit-learn; install parley with its extra `train`.\n")


def test_no_service_needs_scikit_learn() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import services.policy.main, services.cli, sys; print('sklearn' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert loaded.stdout.strip() == "False"


def test_a_text_without_known_features_can_be_learned_from() -> None:
    model = training.train([Example("ඔ", "praise"), Example("ක", "complaint"), Example("ක ක", "complaint")])
    assert set(model.kinds) == {"praise", "complaint"}


@pytest.mark.asyncio
async def test_what_was_corrected_in_the_database_sorts_the_next_comments(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with running_policy() as policy:
        events = [received(each.text, comment=f"cmt_{n}", thread=f"t-{n}") for n, each in enumerate(CORRECTIONS)]
        await policy.receive(*events)
        await policy.rows(_correct_all())
        await policy.rows("UPDATE policy_adoption SET effective_from = '2020-01-01' RETURNING 1")
        url = policy.database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        command = ["policy", "train", "--agency", "passports", "--database", url, "--json"]
        versions = []
        for _ in range(2):
            assert await asyncio.to_thread(main, command) == 0
            told = json.loads(capsys.readouterr().out.splitlines()[-1])
            versions.append(told["version"])
        (row,) = await policy.rows("SELECT version, scores FROM classifier")
        assert versions == [row.version, row.version]
        assert row.scores == told["scores"]
        assert row.scores["examples"] == {"corrected": len(CORRECTIONS)}
        trail = await policy.rows("SELECT subject FROM audit WHERE action = 'classifier.trained'")
        assert [each.subject for each in trail] == [row.version]
        shelf = PolicyShelf([sample("passports")])
        await ClassifiersInUse(policy.database, shelf).look()
        decision = decided("Third visit, they lost my documents and shouted at us", shelf.of("passports"))
        assert (decision.kind, decision.explanation["classifier"]) == ("complaint", row.version)


def _correct_all() -> str:
    """A statement by which an officer has said of every comment what it is."""
    given = ", ".join(f"('cmt_{n}', '{each.kind}')" for n, each in enumerate(CORRECTIONS))
    return f"""
        INSERT INTO correction (id, agency, case_id, turn, comment, kind_was, kind, officer, at)
        SELECT 'cor_' || t.comment, t.agency, t.case_id, t.number, t.comment, t.decision ->> 'kind', g.kind,
               'passports-desk', t.received_at
        FROM turn AS t JOIN (VALUES {given}) AS g (comment, kind) ON g.comment = t.comment RETURNING 1
    """
