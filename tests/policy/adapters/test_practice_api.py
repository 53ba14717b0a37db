"""``GET /v1/policies/common``: how all agencies decide, side by side, for everyone who works with cases."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.policy.adapters.support import Policy, running_policy

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def policy() -> AsyncIterator[Policy]:
    async with running_policy() as policy:
        yield policy


async def test_an_officer_of_one_agency_sees_what_all_have_in_common(policy: Policy) -> None:
    answer = await policy.get("/v1/policies/common", "water-desk")
    assert answer.status_code == 200
    body = answer.json()
    assert [each["agency"] for each in body["agencies"]] == ["central-bank", "passports", "water-board"]
    rule = next(each for each in body["rules"] if each["id"] == "15")
    assert (rule["same"], rule["baseline"], rule["variants"][0]["differs"]) == (True, True, [])
    outage = next(each for each in body["clocks"] if each["id"] == "outage")
    assert (outage["agencies"], outage["baseline"]) == (["water-board"], False)
    assert outage["variants"][0]["value"]["answer"] == 120


async def test_what_two_agencies_do_alike_is_a_candidate(policy: Policy) -> None:
    candidates = (await policy.get("/v1/policies/common")).json()["candidates"]
    assert {"central-bank", "water-board"} in [set(each["agencies"]) for each in candidates]
    assert all({"section", "sentence", "names", "value", "needs"} <= set(each) for each in candidates)


async def test_nobody_is_named_in_it(policy: Policy) -> None:
    text = (await policy.get("/v1/policies/common")).text
    assert "officers" not in text
    assert "water-head" not in text
    assert "cleared_by" not in text


async def test_a_token_without_the_scope_sees_nothing(policy: Policy) -> None:
    assert (await policy.client.get("/v1/policies/common")).status_code == 401
