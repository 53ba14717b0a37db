"""A publisher dies, or is thought dead, with a reply in flight: the platform shows it once.

A Graph API of the test's own takes replies at once and answers late, so that the moment can be hit.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deploy.local import sample
from deploy.local.keep import open_keep
from shared.ids import account_id
from tests.support.parley import OPENING_HOURS, Parley, facebook_comment, wait_for
from tests.support.ports import free_port
from tests.support.slow_graph import SlowGraph

pytestmark = pytest.mark.system

LEASE_SECONDS = 20
HEAL_SECONDS = 90.0


@pytest.fixture
def graph(parley: Parley) -> Iterator[SlowGraph]:
    """Where the passport office's Facebook replies go for the length of a test."""
    graph = SlowGraph()
    _publish_to(parley, graph.url)
    yield graph
    _publish_to(parley, f"{parley.found['town_square']}/graph")
    graph.close()


def test_a_publisher_killed_after_the_platform_took_the_reply_finds_it(parley: Parley, graph: SlowGraph) -> None:
    graph.answer_after = 10
    comment = _ask(parley)
    wait_for(lambda: comment in graph.parents(), 20, "the platform has the reply")
    parley.kill("publisher")
    graph.answer_after = 0
    wait_for(lambda: _is_answered(parley, comment), HEAL_SECONDS, "the reply is found after the lease")
    assert graph.parents().count(comment) == 1


def test_a_publisher_that_wakes_up_after_its_lease_changes_nothing(parley: Parley, graph: SlowGraph) -> None:
    graph.answer_after = 5
    comment = _ask(parley)
    wait_for(lambda: comment in graph.parents(), 20, "the platform has the reply")
    sleeping = parley.pid("publisher")
    os.kill(sleeping, signal.SIGSTOP)
    graph.answer_after = 0
    try:
        with _second_publisher(sleeping, parley.home):
            wait_for(lambda: _is_answered(parley, comment), LEASE_SECONDS + HEAL_SECONDS, "the second one takes over")
            more = _ask(parley)
            wait_for(lambda: _is_answered(parley, more), HEAL_SECONDS, "the second one goes on")
            published_at = _reply(parley, comment)
            os.kill(sleeping, signal.SIGCONT)
            time.sleep(5)
    finally:
        os.kill(sleeping, signal.SIGCONT)
    assert graph.parents().count(comment) == graph.parents().count(more) == 1
    assert _reply(parley, comment) == published_at


class _second_publisher:
    """Another replica with the settings of a running one, on a port of its own."""

    def __init__(self, like: int, home: Path) -> None:
        environment = dict(
            line.split("=", 1) for line in Path(f"/proc/{like}/environ").read_text().split("\0") if "=" in line
        )
        environment["PARLEY_HTTP__PORT"] = str(free_port())
        self._log = (home / "logs" / "publisher-2.log").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "services.cli", "serve", "publisher"],
            env=environment,
            stdout=self._log,
            stderr=self._log,
        )

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            assert self._process.wait(15) in (0, -signal.SIGTERM)
        finally:
            self._process.kill()
            self._log.close()


def _publish_to(parley: Parley, base_url: str) -> None:
    path = f"/v1/accounts/{account_id('facebook', '110000000000001')}/credentials"
    headers = {"Authorization": f"Bearer {parley.found['tokens']['admin']}"}
    body = {"token": _page_token(parley), "base_url": base_url}
    parley.client.put(f"{parley.found['publisher']}{path}", json=body, headers=headers).raise_for_status()


def _page_token(parley: Parley) -> str:
    (account,) = [one for one in sample.accounts(open_keep(parley.home)) if one.platform == "facebook"]
    assert account.token is not None
    return account.token


def _ask(parley: Parley) -> str:
    account = parley.account("facebook")
    comment = f"9201_{random.randrange(10**12)}"
    body, headers = facebook_comment(account, comment, OPENING_HOURS)
    assert httpx.post(account["webhook"], content=body, headers=headers, trust_env=False).status_code == 200
    return comment


def _reply(parley: Parley, comment: str) -> object:
    found = parley.comment(comment)
    return found and found["reply"]


def _is_answered(parley: Parley, comment: str) -> bool:
    found = parley.comment(comment)
    return found is not None and found["status"] == "answered"
