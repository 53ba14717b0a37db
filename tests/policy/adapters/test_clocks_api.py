"""Clocks over HTTP: every deadline explained, and what stops them."""

from datetime import timedelta
from typing import Any

import pytest

from tests.policy.adapters.support import Policy, running_policy
from tests.policy.adapters.test_timekeeping import timekeeper
from tests.policy.builders import NOW, received

pytestmark = pytest.mark.asyncio

COMPLAINT = "Still waiting for my passport, terrible service"
DUE = "2026-11-23T09:00:00.000Z"
"""Four hours after ten in the morning in Colombo, with half an hour of lunch in between."""


async def the_case(policy: Policy, text: str = COMPLAINT, agency: str = "passports", **about: Any) -> str:
    await policy.receive(received(text, agency=agency, **about))
    (row,) = await policy.rows('SELECT id FROM "case"')
    return str(row.id)


async def clocks(policy: Policy, case: str, who: str = "passports-desk") -> Any:
    answer = await policy.get(f"/v1/cases/{case}/clocks", who)
    assert answer.status_code == 200, answer.text
    return answer.json()


def deadline(body: Any, kind: str) -> Any:
    (turn,) = body["clocks"]
    return next(each for each in turn["deadlines"] if each["kind"] == kind)


def iso(hours: float) -> str:
    return (NOW + timedelta(hours=hours)).isoformat()


async def test_every_deadline_explains_itself() -> None:
    async with running_policy() as policy:
        body = await clocks(policy, await the_case(policy))
        assert (body["due_at"], body["time_zone"], body["pauses"]) == (DUE, "Asia/Colombo", [])
        (turn,) = body["clocks"]
        assert (turn["class"], turn["started_at"]) == ("service", "2026-11-23T04:30:00.000Z")
        assert [each["kind"] for each in turn["deadlines"]] == ["acknowledge", "escalate", "near_breach", "answer"]
        answer = deadline(body, "answer")
        assert (answer["minutes"], answer["due_at"], answer["state"]) == (240, DUE, "running")
        (day,) = answer["days"]
        assert (day["day"], day["minutes"], len(day["periods"])) == ("2026-11-23", 240, 2)
        assert answer["explanation"].startswith("240 working minutes from 2026-11-23 10:00 (Asia/Colombo)")


async def test_a_case_shows_its_clocks_in_short() -> None:
    async with running_policy() as policy:
        case = await the_case(policy)
        body = (await policy.get(f"/v1/cases/{case}")).json()["clocks"]
        assert (body["class"], body["due_at"], body["paused"], body["breached_at"]) == ("service", DUE, None, None)
        assert body["due"][-1] == {"kind": "answer", "due_at": DUE, "state": "running"}
        listed = (await policy.get("/v1/cases")).json()["items"]
        assert [each["clocks"] for each in listed] == [body]


async def test_what_went_off_is_seen_on_the_case() -> None:
    async with running_policy() as policy:
        case = await the_case(policy)
        await policy.rows("UPDATE timer SET due_at = now() - interval '1 second' RETURNING 1")
        await policy.rows("UPDATE turn SET received_at = now() - interval '40 days' RETURNING 1")
        await policy.rows('UPDATE "case" SET calendar = NULL RETURNING 1')
        keeper = timekeeper(policy)
        await keeper.move_deadlines()
        await keeper.work_off()
        body = (await policy.get(f"/v1/cases/{case}")).json()
        assert None not in (body["clocks"]["near_breach_at"], body["clocks"]["breached_at"])
        assert body["clocks"]["escalated"]["level"] == "L2"
        assert body["owner"] == body["clocks"]["escalated"]["post"]


async def test_it_is_seen_on_the_case_that_its_head_was_told() -> None:
    async with running_policy() as policy:
        case = await the_case(policy, "Will the exchange rate fall?", "central-bank")
        await policy.rows("UPDATE timer SET due_at = now() - interval '1 second' WHERE kind = 'to_head' RETURNING 1")
        await policy.rows("UPDATE turn SET received_at = now() - interval '1 minute' RETURNING 1")
        await policy.rows('UPDATE "case" SET calendar = NULL RETURNING 1')
        keeper = timekeeper(policy)
        await keeper.move_deadlines()
        await keeper.work_off()
        body = (await policy.get(f"/v1/cases/{case}", "bank-governor")).json()
        assert body["clocks"]["head_told_at"] is not None
        (told,) = await policy.rows("SELECT payload ->> 'level' AS level FROM outbox WHERE type = 'CaseEscalated'")
        assert told.level == "L4"


async def test_an_officer_stops_the_clock_and_lets_it_run() -> None:
    async with running_policy() as policy:
        case = await the_case(policy)
        paused = await policy.post(f"/v1/cases/{case}/pauses", {"reason": "waiting_for_citizen"}, "passports-desk")
        assert paused.status_code == 201, paused.text
        begun = paused.json()
        assert (begun["number"], begun["state"], begun["by"], begun["until"]) == (1, "paused", "passports-desk", None)
        assert begun["due_at"] > DUE
        body = await clocks(policy, case)
        assert (deadline(body, "answer")["state"], deadline(body, "answer")["pauses"]) == ("paused", [1])
        assert (await policy.get(f"/v1/cases/{case}")).json()["clocks"]["paused"] == "waiting_for_citizen"
        ended = await policy.post(f"/v1/cases/{case}/pauses/1/end", None, "passports-desk")
        assert (ended.status_code, ended.json()["state"], ended.json()["due_at"]) == (201, "ended", DUE)
        (due,) = await policy.rows("SELECT due_at FROM timer WHERE kind = 'breach'")
        assert due.due_at.isoformat() == "2026-11-23T09:00:00+00:00"
        trail = await policy.rows("SELECT action, actor FROM audit WHERE action LIKE 'clock.%' ORDER BY number")
        assert [tuple(row) for row in trail] == [
            ("clock.paused", "passports-desk"),
            ("clock.resumed", "passports-desk"),
        ]


async def test_an_embargo_holds_until_its_moment() -> None:
    async with running_policy() as policy:
        case = await the_case(policy)
        body = {"reason": "embargo", "until": iso(1)}
        paused = await policy.post(f"/v1/cases/{case}/pauses", body, "passports-desk")
        assert (paused.status_code, paused.json()["due_at"]) == (201, "2026-11-23T10:00:00.000Z")
        again = await policy.post(f"/v1/cases/{case}/pauses", body, "passports-desk")
        assert (again.status_code, again.json()["type"]) == (409, "urn:parley:problem:already-paused")


async def test_the_same_request_twice_is_one_pause() -> None:
    async with running_policy() as policy:
        case = await the_case(policy)
        path, body = f"/v1/cases/{case}/pauses", {"reason": "transferred"}
        first, second = [await policy.post(path, body, "passports-desk", key="once") for _ in range(2)]
        assert (first.status_code, first.json()) == (201, second.json())
        assert [each["number"] for each in (await clocks(policy, case))["pauses"]] == [1]
        assert first.json()["due_at"] is None


@pytest.mark.parametrize(
    ("body", "who", "status", "kind"),
    [
        ({"reason": "embargo"}, "passports-desk", 422, "wrong-until"),
        ({"reason": "embargo", "until": iso(-1)}, "passports-desk", 422, "wrong-until"),
        ({"reason": "tired"}, "passports-desk", 422, "invalid-input"),
        ({"reason": "embargo", "until": "tomorrow"}, "passports-desk", 422, "invalid-input"),
        ({"reason": "transferred"}, "passports-nobody", 403, "not-your-authority"),
    ],
)
async def test_a_pause_that_cannot_be_is_refused(body: Any, who: str, status: int, kind: str) -> None:
    async with running_policy() as policy:
        case = await the_case(policy)
        answer = await policy.post(f"/v1/cases/{case}/pauses", body, who)
        assert (answer.status_code, answer.json()["type"]) == (status, f"urn:parley:problem:{kind}")
        assert await policy.rows("SELECT 1 FROM audit WHERE action = 'clock.paused'") == []


async def test_what_waits_for_nobody_cannot_be_paused() -> None:
    async with running_policy() as policy:
        case = await the_case(policy, "Great service, well done")
        answer = await policy.post(f"/v1/cases/{case}/pauses", {"reason": "transferred"}, "passports-desk")
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:parley:problem:clock-not-running")
        assert {each["state"] for each in (await clocks(policy, case))["clocks"][0]["deadlines"]} == {"void"}


async def test_a_desk_officer_does_not_stop_the_clock_of_what_lies_above() -> None:
    async with running_policy() as policy:
        case = await the_case(policy, "My lawyer will sue you for defamation")
        answer = await policy.post(f"/v1/cases/{case}/pauses", {"reason": "transferred"}, "passports-desk")
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:parley:problem:not-your-authority")


async def test_a_pause_that_is_not_there_or_over_cannot_be_ended() -> None:
    async with running_policy() as policy:
        case = await the_case(policy)
        path = f"/v1/cases/{case}/pauses"
        assert (await policy.post(f"{path}/1/end", None, "passports-desk")).status_code == 404
        await policy.post(path, {"reason": "transferred"}, "passports-desk")
        assert (await policy.post(f"{path}/1/end", None, "passports-desk")).status_code == 201
        late = await policy.post(f"{path}/1/end", None, "passports-desk")
        assert (late.status_code, late.json()["type"]) == (409, "urn:parley:problem:pause-over")


async def test_another_agency_sees_no_clocks() -> None:
    async with running_policy() as policy:
        case = await the_case(policy)
        assert (await policy.get(f"/v1/cases/{case}/clocks", "water-desk")).status_code == 404
        assert (
            await policy.post(f"/v1/cases/{case}/pauses", {"reason": "transferred"}, "water-desk")
        ).status_code == 404


async def test_a_pause_wants_an_idempotency_key_and_the_scope() -> None:
    async with running_policy() as policy:
        case = await the_case(policy)
        path, body = f"/v1/cases/{case}/pauses", {"reason": "transferred"}
        assert (await policy.post(path, body, "passports-desk", key=" ")).status_code == 400
        assert (await policy.client.post(path, json=body)).status_code == 401
