"""The demo, as an evaluator runs it: two commands' worth of Parley, from nothing to a table."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from deploy.local.scenes import SCENES
from tests.support.parley import Parley, running_parley

KEYS = {
    *("comment", "platform", "agency", "rule", "level"),
    *("disposition", "approvals", "published", "seconds"),
}

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def parley() -> Iterator[Parley]:
    with running_parley() as running:
        yield running


@pytest.fixture(scope="module")
def shown(parley: Parley) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "services.cli", "demo", "--json", "--home", str(parley.home)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_every_comment_of_the_demo_ends_as_expected(shown: "subprocess.CompletedProcess[str]") -> None:
    assert shown.returncode == 0, shown.stderr


def test_the_demo_prints_one_json_object_a_comment(shown: "subprocess.CompletedProcess[str]") -> None:
    rows = [json.loads(line) for line in shown.stdout.splitlines()]
    assert len(rows) == len(SCENES) >= 12
    assert all(set(row) == KEYS for row in rows)


def test_the_demo_speaks_three_languages_to_three_agencies_over_three_roads(
    shown: "subprocess.CompletedProcess[str]",
) -> None:
    rows = [json.loads(line) for line in shown.stdout.splitlines()]
    assert {row["agency"] for row in rows} == {"passports", "water-board", "central-bank"}
    assert {row["platform"] for row in rows} >= {"facebook", "mastodon", "rest"}
    assert {row["level"] for row in rows} >= {"L0", "L1", "L2", "L3", "L4"}


def test_each_published_reply_stands_on_its_platform_once(
    parley: Parley, shown: "subprocess.CompletedProcess[str]"
) -> None:
    rows = [json.loads(line) for line in shown.stdout.splitlines()]
    for platform in ("facebook", "mastodon"):
        parents = [reply["parent"] for reply in parley.replies(platform)]
        expected = sum(row["published"] for row in rows if row["platform"] == platform)
        assert len(parents) == len(set(parents)) == expected


def test_parley_is_gone_without_a_trace_after_sigterm() -> None:
    with running_parley() as parley:
        pids = [pid for pid in parley.found["pids"].values() if pid]
        assert parley.stop() == 0
        assert not (parley.home / "parley.json").exists()
        assert not [pid for pid in pids if _runs(pid)]


def _runs(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().split()[2] != "Z"
    except FileNotFoundError:
        return False
