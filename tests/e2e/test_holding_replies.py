"""A citizen who has waited long is told so, once, and gets the answer all the same."""

import asyncio

import asyncpg
import httpx
import pytest

from deploy.local.players import Officers
from shared.ids import uuid7
from tests.support.parley import Parley, facebook_comment, wait_for

pytestmark = pytest.mark.system

SECONDS = 30.0
ANSWER = "Your passport is ready; please bring your receipt."


async def a_month_passes(parley: Parley, case: str) -> None:
    """As if the comment had come in a month ago; what is due by that goes off."""
    connection = await asyncpg.connect(parley.found["database_url"])
    try:
        await connection.execute(
            "UPDATE policy.turn SET received_at = received_at - interval '30 days' WHERE case_id = $1", case
        )
        await connection.execute('UPDATE policy."case" SET calendar = NULL WHERE id = $1', case)
    finally:
        await connection.close()


async def clear(parley: Parley, case: str) -> None:
    async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
        officers = [each for each in parley.found["officers"] if each["agency"] == "passports"]
        await Officers(client, parley.found["policy"], officers).clear(case, ANSWER, "en")


def answered(parley: Parley) -> dict[str, tuple[int, int]]:
    """How many answers of each level count, and how many of them were in time."""
    counted = parley.get("policy", "/v1/clearance/times?agency=passports")["agencies"][0]["answers"]
    found: dict[str, tuple[int, int]] = {}
    for each in counted:
        count, within_target = found.get(each["level"], (0, 0))
        found[each["level"]] = (count + each["count"], within_target + each["within_target"])
    return found


def test_after_a_holding_reply_the_answer_still_goes_out_and_is_the_reply(parley: Parley) -> None:
    account = parley.account("facebook")
    native = f"{account['account']}_{uuid7().int % 10**12}"
    body, headers = facebook_comment(account, native, f"When will my passport be ready? {uuid7().hex}")
    httpx.post(account["webhook"], content=body, headers=headers, trust_env=False).raise_for_status()

    def said() -> list[str]:
        return [one["text"] for one in parley.replies("facebook") if one["parent"] == native]

    def shown() -> dict[str, object]:
        return parley.comment(native) or {}

    wait_for(lambda: shown().get("case"), SECONDS, "its comment is routed")
    case = str(shown()["case"])
    assert said() == []
    before = answered(parley)
    asyncio.run(a_month_passes(parley, case))
    wait_for(said, SECONDS, "the citizen is told")
    (holding,) = said()
    assert "being prepared" in holding
    assert answered(parley) == before
    assert (shown()["status"], shown()["reply"]) == ("routed", None)

    asyncio.run(clear(parley, case))
    wait_for(lambda: shown()["status"] == "answered", SECONDS, "it is answered")
    assert said() == [holding, ANSWER]
    reply = shown()["reply"]
    assert isinstance(reply, dict)
    assert reply["text"] == ANSWER
    purposes = {
        one["text"]: one["purpose"] for one in parley.get("publisher", "/v1/publications?agency=passports")["items"]
    }
    assert (purposes[holding], purposes[ANSWER]) == ("holding", "answer")
    count, within_target = before.get("L2", (0, 0))
    assert answered(parley)["L2"] == (count + 1, within_target)
