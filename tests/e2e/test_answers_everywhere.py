"""A citizen is answered where they asked, on every platform: from the signed body to what the platform recorded.

Where a cleared line answers by itself, it does; else the desk drafts and whoever the path asks for approves.
"""

import re
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from services.ingest.platforms import POLLED, WEBHOOKS
from shared.ids import uuid7
from tests.e2e.test_clearance import Office
from tests.e2e.test_platforms import HEADERS, PROOF
from tests.ingest.support import PAYLOADS
from tests.support.parley import Parley, running_parley, wait_for
from tests.support.senders import SENDERS

pytestmark = pytest.mark.system

SECONDS = 30.0
SAID_BY_ITSELF = frozenset({"standard"})
"""Publishing there is making the reply readable; nothing is sent to the town square."""

SUBJECTS = dict.fromkeys(("postmark", "mailgun"), "Re: Passport PA-1183 තවම නැහැ")
"""A letter is answered under its own subject, or mail programs would not show the two together."""

STAMP = re.compile(rb"(?<!\d)17953\d{5}(\d{3})?(?!\d)")
"""A moment of the recorded bodies, in seconds or milliseconds: after a day some platforms take no answer to it."""


@pytest.fixture(scope="module")
def parley() -> Iterator[Parley]:
    """A system of its own: the recorded bodies are new to it, as they have to be to whoever else sends them."""
    with running_parley() as running:
        yield running


def _now(recorded: re.Match[bytes]) -> bytes:
    now = time.time()
    return str(int(now * 1000) if recorded.group(1) else int(now)).encode()


def _write(parley: Parley, platform: str) -> dict[str, Any]:
    """A citizen writes on the platform; the comment once it is routed."""
    known = {one["id"] for one in parley.comments(platform=platform)}
    account = parley.account(platform)
    if "base_url" in account:
        said = {"name": "Kamala", "account": account["account"], "text": f"When do you open on Saturday? {uuid7().hex}"}
        parley.client.post(f"{account['base_url']}/citizens/posts", json=said).raise_for_status()
    else:
        _post(parley, platform, account)

    def routed() -> list[dict[str, Any]]:
        found = parley.comments(platform=platform)
        return [one for one in found if one["id"] not in known and one["case"]]

    wait_for(routed, SECONDS, "its comment is routed")
    return routed()[0]


def _post(parley: Parley, platform: str, account: dict[str, str]) -> None:
    sender = SENDERS[platform]
    (path,) = (PAYLOADS / platform).glob("new.*")
    secrets = {PROOF[platform]: account["secret"], **{name: account[name] for name in ("username",) if name in account}}
    recorded = path.read_bytes().replace(sender.account.encode(), account["account"].encode())
    body, headers = sender.send(STAMP.sub(_now, recorded), secrets)
    webhook = account.get("webhook") or f"{parley.found['ingest']}/webhooks/{platform}/{account['account']}"
    answer = httpx.post(webhook, content=body, headers={**headers, **HEADERS.get(platform, {})}, trust_env=False)
    assert answer.status_code == 200, answer.text


def _answer(parley: Parley, case: str) -> None:
    """Draft, and let everybody approve whose consent the path asks for."""
    office = Office(parley)
    digest = office.draft(case, text="Thank you. The counters are open from 9 a.m. to 4 p.m. on all working days.")[
        "digest"
    ]
    officers = [one for one in parley.found["officers"] if one["agency"] == "passports"]
    for officer in sorted(officers, key=lambda one: str(one["level"])):
        number = office.shown(case)["drafts"][-1]["number"]
        parley.client.post(
            f"{parley.found['policy']}/v1/cases/{case}/drafts/{number}/approvals",
            json={"digest": digest},
            headers={"Authorization": f"Bearer {officer['token']}", "Idempotency-Key": uuid7().hex},
        )


@pytest.mark.parametrize("platform", sorted({*WEBHOOKS, *POLLED} - SAID_BY_ITSELF))
def test_a_citizen_is_answered_where_they_asked(parley: Parley, platform: str) -> None:
    before = len(parley.replies(platform))
    comment = _write(parley, platform)
    if (
        comment["status"] != "answered"
        and parley.get("policy", f"/v1/cases/{comment['case']}")["disposition"] != "answer"
    ):
        _answer(parley, comment["case"])
    wait_for(lambda: len(parley.replies(platform)) > before, SECONDS, "the reply is on the platform")
    (reply,) = parley.replies(platform)[before:]
    assert reply.get("subject") == SUBJECTS.get(platform)

    def known() -> dict[str, Any]:
        found: dict[str, Any] = parley.get("ingest", f"/v1/comments/{comment['id']}")
        return found

    wait_for(lambda: known()["status"] == "answered", SECONDS, "the comment is answered")
    assert known()["reply"]["text"] in reply["text"]
