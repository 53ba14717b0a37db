"""Holding replies and acknowledgements on the real tables: once, and shown for what they are."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.policy.adapters.store import rows
from services.policy.adapters.timekeeping import Timekeeper
from shared.clock import utc_now
from shared.events import ResponseApproved
from tests.policy.adapters.support import Policy, running_policy
from tests.policy.adapters.test_timekeeping import ALWAYS_OPEN, nothing_new, receive
from tests.policy.builders import edited, published, received

pytestmark = pytest.mark.asyncio

RATES = "Will the exchange rate fall?"
COMPLAINT = "Still waiting for my passport, terrible service"


def keeper(policy: Policy) -> Timekeeper:
    return Timekeeper(policy.database, ALWAYS_OPEN, nothing_new, utc_now, 3600)


async def since(policy: Policy, hours: float, text: str = RATES, agency: str = "central-bank", **about: Any) -> None:
    began = datetime.now(UTC) - timedelta(hours=hours)
    await receive(policy, [received(text, agency=agency, received_at=began, **about)])


async def responses(policy: Policy) -> list[ResponseApproved]:
    found = await policy.rows("SELECT payload FROM outbox WHERE type = 'ResponseApproved' ORDER BY seq")
    return [ResponseApproved.model_validate(rows.from_json(row.payload)) for row in found]


async def purposes(policy: Policy) -> list[str]:
    return [each.purpose for each in await responses(policy)]


async def test_replicas_that_look_again_and_again_send_one_holding_reply() -> None:
    async with running_policy() as policy:
        await since(policy, 2.1)
        for _ in range(2):
            await asyncio.gather(*(keeper(policy).work_off() for _ in range(2)))
        assert await purposes(policy) == ["holding"]
        (kept,) = await policy.rows("SELECT purpose, level, state FROM response")
        assert (kept.purpose, kept.level, kept.state) == ("holding", "L0", "approved")


async def test_an_acknowledgement_in_its_hour_and_a_holding_reply_in_the_next() -> None:
    async with running_policy() as policy:
        await since(policy, 1.1)
        await keeper(policy).work_off()
        assert await purposes(policy) == ["acknowledgement"]
        await policy.rows("UPDATE timer SET due_at = now() - interval '1 minute' WHERE kind = 'holding' RETURNING 1")
        await policy.rows("UPDATE turn SET received_at = received_at - interval '1 hour' RETURNING 1")
        await policy.rows('UPDATE "case" SET calendar = NULL RETURNING 1')
        await keeper(policy).move_deadlines()
        await keeper(policy).work_off()
        assert await purposes(policy) == ["acknowledgement", "holding"]


async def test_the_answer_goes_out_after_a_holding_reply_and_alone_ends_the_waiting() -> None:
    async with running_policy() as policy:
        await since(policy, 1.1, COMPLAINT, "passports")
        await keeper(policy).work_off()
        await receive(policy, [published((await responses(policy))[0])])
        (waiting,) = await policy.rows('SELECT t.state, t.answered_at, c.state AS of_case FROM turn t, "case" c')
        assert (waiting.state, waiting.answered_at, waiting.of_case) == ("waiting", None, "open")
        (case,) = await policy.rows('SELECT id FROM "case"')
        written = await policy.post(f"/v1/cases/{case.id}/drafts", {"text": "We are sorry."}, "passports-desk")
        digest = {"digest": written.json()["digest"]}
        assert (await policy.post(f"/v1/cases/{case.id}/drafts/1/approvals", digest, "passports-comms")).is_success
        assert await purposes(policy) == ["acknowledgement", "answer"]
        await receive(policy, [published((await responses(policy))[1])])
        (answered,) = await policy.rows("SELECT state FROM turn")
        assert answered.state == "answered"
        states = await policy.rows("SELECT purpose, state FROM response ORDER BY purpose")
        assert [(row.purpose, row.state) for row in states] == [
            ("acknowledgement", "published"),
            ("answer", "published"),
        ]


async def test_what_was_said_meets_its_own_deadline_and_not_the_answers() -> None:
    async with running_policy() as policy:
        await since(policy, 2.02)
        await keeper(policy).work_off()
        (case,) = await policy.rows('SELECT id FROM "case"')
        short = (await policy.get(f"/v1/cases/{case.id}", "governor")).json()["clocks"]["due"]
        states = {each["kind"]: each["state"] for each in short}
        assert (states["holding"], states["acknowledge"]) == ("met", "breached")
        (clock,) = (await policy.get(f"/v1/cases/{case.id}/clocks", "governor")).json()["clocks"]
        assert (clock["acknowledged_at"], clock["answered_at"]) == (None, None)
        assert clock["held_at"] is not None
        listed = (await policy.get("/v1/cases", "governor")).json()["items"][0]["clocks"]["due"]
        assert {each["kind"]: each["state"] for each in listed}["holding"] == "met"


async def test_the_earlier_revision_was_told_and_nobody_is_told_again() -> None:
    async with running_policy() as policy:
        await since(policy, 1.1, COMPLAINT, "passports")
        await keeper(policy).work_off()
        began = datetime.now(UTC) - timedelta(hours=1.05)
        await receive(policy, [edited(f"{COMPLAINT}!!", received_at=began)])
        assert await keeper(policy).work_off() == 1
        assert await purposes(policy) == ["acknowledgement"]
