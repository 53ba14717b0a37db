"""``parley policy replay`` as one types it."""

import asyncio
import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import text

from services.cli import main
from services.policy.adapters.cli.progress import Progress
from shared.clock import utc_now
from shared.database import EVERY_AGENCY
from tests.policy.adapters.support import running_policy
from tests.policy.builders import SAMPLES, received

RULE = {"id": "passports.bridge", "name": "Bridges", "when": {"phrase": {"en": ["bridge"]}}, "then": {"level": "L3"}}
COMMENTS = [
    {"id": "first", "text": "What time do you open on Saturday?", "now": "2026-11-20T10:00:00+05:30"},
    {"id": "second", "text": "The counter at the bridge is closed, call 071 234 5678"},
    {"text": "Thank you!"},
]


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """The file of the sample passport office with one more rule."""
    document = yaml.safe_load((SAMPLES / "passports.yaml").read_text())
    file = tmp_path / "draft" / "passports.yaml"
    file.parent.mkdir()
    file.write_text(yaml.safe_dump({**document, "version": 2, "rules": [*document["rules"], RULE]}))
    return file


@pytest.fixture
def comments(tmp_path: Path) -> Path:
    file = tmp_path / "comments.jsonl"
    file.write_text("".join(json.dumps(comment) + "\n" for comment in COMMENTS))
    return file


def replay(*options: object) -> int:
    return main(["policy", "replay", "--agency", "passports", "--policies", str(SAMPLES), *map(str, options)])


def test_a_draft_over_a_file_of_comments(draft: Path, comments: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replay("--policy", draft, "--file", comments, "--json", "--items") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["policy_version"].startswith("passports/2@")
    assert (said["totals"]["comments"], said["totals"]["changed"]) == (3, 1)
    (item,) = said["items"]
    assert (item["comment"], item["new"]["level"], item["changed"][:2]) == ("second", "L3", ["rules", "level"])
    assert said["consequential"] == [item]


def test_what_a_policy_owner_reads(draft: Path, comments: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replay("--policy", draft, "--file", comments, "--items") == 0
    out, err = capsys.readouterr()
    assert "1 of 3 comments would have gone otherwise (33.3%; of those to come 6.2% to 79.2%)" in out
    assert "The counter at the bridge is closed, call [phone]" in out
    assert "071 234" not in out
    assert out.count("second  L") == 2  # among the gravest, and among all
    assert "100% of 3 comments" in err


def test_the_policy_in_force_changes_nothing(comments: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replay("--file", comments) == 0
    assert "0 of 3 comments would have gone otherwise (0.0%" in capsys.readouterr().out


def test_the_same_file_gives_the_same_hash(draft: Path, comments: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hashes = []
    for _ in range(2):
        replay("--policy", draft, "--file", comments, "--to", "2026-11-20T10:00:00Z", "--json")
        hashes.append(json.loads(capsys.readouterr().out)["hash"])
    assert hashes[0] == hashes[1]


def test_the_first_comments_only(comments: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replay("--file", comments, "--limit", 2, "--json")
    assert json.loads(capsys.readouterr().out)["totals"]["comments"] == 2


def test_a_line_that_is_no_comment_is_named(comments: Path, capsys: pytest.CaptureFixture[str]) -> None:
    comments.write_text('{"text": "Hello"}\n{"words": "Hello"}\n')
    with pytest.raises(SystemExit) as refused:
        replay("--file", comments)
    assert refused.value.code == 1
    assert "line 2: text" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [
        ("--file", "c.jsonl", "--days", "3"),
        ("--days", "3", "--from", "2026-11-20T10:00:00Z"),
        ("--from", "2026-11-20T10:00:00Z", "--to", "2026-11-19T10:00:00Z"),
    ],
)
def test_a_wrong_use_ends_with_2(options: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert replay(*options) == 2
    assert capsys.readouterr().err


@pytest.mark.parametrize("options", [("--days", "0"), ("--from", "yesterday"), ("--from", "2026-11-20T10:00:00")])
def test_what_is_no_number_or_time_ends_with_2(options: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as refused:
        replay(*options)
    assert refused.value.code == 2


def test_what_cannot_be_had_ends_with_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replay("--file", tmp_path / "nothing.jsonl") == 3
    assert "nothing.jsonl" in capsys.readouterr().err
    with pytest.raises(SystemExit) as refused:
        replay("--database", "postgresql://nobody:nothing@127.0.0.1:1/nothing")
    assert refused.value.code == 3


@pytest.mark.asyncio
async def test_a_draft_over_what_a_database_holds(draft: Path, capsys: pytest.CaptureFixture[str]) -> None:
    yesterday = utc_now() - timedelta(days=1)
    async with running_policy() as policy:
        await policy.receive(
            received(COMMENTS[1]["text"], received_at=yesterday),
            received("Thank you!", comment="cmt_2", thread="thread-2", received_at=yesterday),
            received(
                COMMENTS[1]["text"], comment="cmt_3", thread="thread-3", received_at=yesterday - timedelta(days=9)
            ),
            moment=yesterday,
        )
        database = policy.database.engine.url.render_as_string(hide_password=False)
        of_database = ("--database", database, "--json")
        assert await asyncio.to_thread(replay, "--policy", draft, "--days", 3, *of_database) == 0
        said = _answer(capsys)
        assert (said["totals"]["comments"], said["totals"]["changed"]) == (2, 1)
        assert [item["comment"] for item in said["consequential"]] == ["cmt_1"]

        async with policy.database.begin(EVERY_AGENCY) as connection:
            await connection.execute(text("UPDATE policy_adoption SET effective_from = '2020-01-01'"))
        assert await asyncio.to_thread(main, ["policy", "replay", "--agency", "passports", *of_database]) == 0
        said = _answer(capsys)
        assert (said["totals"]["comments"], said["totals"]["changed"]) == (3, 0)


@pytest.mark.asyncio
async def test_only_an_agencys_own_policy_must_be_readable(capsys: pytest.CaptureFixture[str]) -> None:
    broken = "UPDATE policy SET content = '{}' WHERE agency = "
    async with running_policy() as policy:
        database = policy.database.engine.url.render_as_string(hide_password=False)
        command = ["policy", "replay", "--agency", "passports", "--database", database, "--json"]
        await policy.rows(broken + "'water-board' RETURNING 1")
        assert await asyncio.to_thread(main, command) == 0
        assert _answer(capsys)["totals"]["comments"] == 0
        await policy.rows(broken + "'passports' RETURNING 1")
        with pytest.raises(SystemExit) as refused:
            await asyncio.to_thread(main, command)
        assert refused.value.code == 3
        assert "The policy of passports that is in force there cannot be read" in capsys.readouterr().err


def _answer(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The answer of the command, among what the service in the same process says."""
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    answer: dict[str, Any] = json.loads(line)
    return answer


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _ticking(*seconds: float) -> Callable[[], float]:
    return iter(seconds).__next__


@pytest.mark.asyncio
async def test_progress_on_a_terminal_renews_its_line() -> None:
    terminal = _Terminal()
    progress = Progress("comments", terminal, _ticking(0, 0.1, 1, 4))
    for done in (5, 10, 40):
        await progress.report(done, 40)
    assert terminal.getvalue().split("\x1b[K") == [
        "\r 25% of 40 comments, 10 a second, 3 s left",
        "\r100% of 40 comments, 10 a second",
        "\n",
    ]


@pytest.mark.asyncio
async def test_progress_in_a_log_is_a_line_now_and_then() -> None:
    log = io.StringIO()
    progress = Progress("comments", log, _ticking(0, 1, 5, 6, 8))
    for done in (10, 20, 30, 40):
        await progress.report(done, 40)
    assert log.getvalue().splitlines() == [
        " 50% of 40 comments, 4 a second, 5 s left",
        "100% of 40 comments, 5 a second",
    ]
