"""Time in the running system: what is the head's is told to the head at once, and the clock explains itself."""

import time
from typing import Any

import pytest

from tests.support.parley import Parley

pytestmark = pytest.mark.system

SECONDS = 30.0


def _case_of(parley: Parley, comment: str) -> dict[str, Any] | None:
    found = parley.get("ingest", f"/v1/comments/{comment}", "client")["case"]
    return None if found is None else parley.get("policy", f"/v1/cases/{found}")


def test_the_head_is_told_of_a_market_question_when_it_comes_in(parley: Parley) -> None:
    posted = parley.client.post(
        f"{parley.found['ingest']}/v1/comments",
        json={"agency": "central-bank", "text": "Will the exchange rate fall?", "author": {"id": "trader"}},
        headers={
            "Authorization": f"Bearer {parley.found['tokens']['client']}",
            "Idempotency-Key": "a-question-for-the-governor",
        },
    )
    comment = posted.raise_for_status().json()["id"]

    deadline = time.monotonic() + SECONDS
    while (case := _case_of(parley, comment)) is None or case["clocks"]["head_told_at"] is None:
        assert time.monotonic() < deadline, "nobody told the head"
        time.sleep(0.1)
    explained = parley.get("policy", f"/v1/cases/{case['id']}/clocks")
    (clock,) = explained["clocks"]
    told = next(each for each in clock["deadlines"] if each["kind"] == "to_head")
    assert (told["minutes"], told["state"], told["due_at"]) == (0, "met", clock["started_at"])
    assert explained["due_at"] == case["clocks"]["due_at"]
