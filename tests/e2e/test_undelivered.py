"""A platform takes a reply and says later that it did not arrive: nobody was answered, and somebody is told."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.test_answers_everywhere import _answer, _write
from tests.support.parley import Parley, running_parley, wait_for

pytestmark = pytest.mark.system

SECONDS = 30.0


@pytest.fixture(scope="module")
def parley() -> Iterator[Parley]:
    """A system of its own, to which the recorded bodies are new."""
    with running_parley() as running:
        yield running


def shown(parley: Parley, comment: dict[str, Any]) -> Any:
    return parley.get("ingest", f"/v1/comments/{comment['id']}")


@pytest.mark.parametrize("platform", ["whatsapp", "viber", "postmark", "mailgun"])
def test_a_reply_that_did_not_arrive_brings_its_case_back_into_work(parley: Parley, platform: str) -> None:
    comment = _write(parley, platform)
    case = f"/v1/cases/{comment['case']}"
    if comment["status"] != "answered" and parley.get("policy", case)["disposition"] != "answer":
        _answer(parley, comment["case"])
    wait_for(lambda: shown(parley, comment)["status"] == "answered", SECONDS, "the comment is answered")
    (reply,) = parley.replies(platform)
    response = shown(parley, comment)["reply"]["response"]
    account = parley.account(platform)
    told = {name: account[name] for name in ("webhook", "secret", "username") if name in account}
    said = {"platform": platform, "id": reply["id"], **told}
    answer = parley.client.post(f"{parley.found['town_square']}/undelivered", json=said)
    assert (answer.status_code, answer.json()) == (200, {"status": 200})

    def in_work() -> bool:
        listed = parley.get("policy", "/v1/cases?agency=passports&state=open")["items"]
        return comment["case"] in [each["id"] for each in listed]

    wait_for(in_work, SECONDS, "the case is in work again")
    wait_for(lambda: shown(parley, comment)["status"] == "routed", SECONDS, "the comment waits again")
    assert shown(parley, comment)["reply"] is None
    (publication,) = parley.get("publisher", f"/v1/responses/{response}")["publications"]
    assert (publication["state"], publication["reason"]) == ("failed", "rejected")
    assert len(parley.replies(platform)) == 1
