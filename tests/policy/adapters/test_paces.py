"""How long steps take, measured on the real tables; and the budget of a case over HTTP."""

import json
from datetime import timedelta
from typing import Any

import pytest

from services.policy.adapters.api.clock_bodies import budget_body
from services.policy.adapters.consumers import handler
from services.policy.adapters.paces import Paces
from services.policy.domain.clocks.budgets import Budget, BudgetedStep, ShorterPath, StandIn, StepKey
from services.policy.domain.policies import StepRule
from shared.clock import rfc3339
from shared.cloudevents import Received
from shared.database import EVERY_AGENCY
from shared.events import Author
from shared.ids import uuid7
from tests.policy.adapters.office import COMMS, DESK, DESK_2, Office, an_office
from tests.policy.adapters.support import running_policy
from tests.policy.builders import NOW, received, shelf

pytestmark = pytest.mark.asyncio

COMPLAINT = "Still waiting for my passport, terrible service"
STEP: StepKey = ("approval", "L1", None)


async def approved_after(office: Office, *minutes: int) -> None:
    for wait in minutes:
        office.now = NOW
        case = await office.case(f"{COMPLAINT} {uuid7().hex}", thread=f"t-{wait}")
        office.now = NOW + timedelta(minutes=wait)
        assert (await office.approve(case, COMMS)).status_code == 201
    office.now = NOW + timedelta(days=3)


async def paces(office: Office) -> Paces:
    known = Paces(office.policy.database, shelf(), lambda: office.now)
    assert dict(known) == {}
    await known.look()
    return known


async def test_nine_of_ten_are_measured_in_working_minutes_and_on_the_wall() -> None:
    async with an_office() as office:
        await approved_after(office, 10, 20, 30, 40, 24 * 60)
        pace = (await paces(office))["passports"]
        # Between the fourth and the fifth, six tenths of the way; the night and the rest at noon are not worked.
        assert pace.always.steps == {STEP: 880}
        assert 40 < pace.working.steps[STEP] < 480
        assert pace.working.persons == {COMMS: pace.working.steps[STEP]}


async def test_four_are_too_few_to_go_by() -> None:
    async with an_office() as office:
        await approved_after(office, 10, 20, 30, 40)
        pace = (await paces(office))["passports"]
        assert (pace.working.steps, pace.always.persons) == ({}, {})


async def test_who_may_decide_by_a_delegation_is_known_with_it() -> None:
    async with an_office() as office:
        delegation = await office.granted(COMMS, DESK_2, ceiling={"sensitivity": "S1", "damage": "D1"})
        known = (await paces(office))["passports"]
        assert [each.subject for each in known.mandates or () if each.instrument == delegation] == [DESK_2]
        await office.revoke(delegation, COMMS)
        assert delegation not in {each.instrument for each in (await paces(office))["passports"].mandates or ()}


async def test_who_is_on_leave_is_nobodys_way_out() -> None:
    async with an_office() as office:
        until = rfc3339(office.now + timedelta(days=1))
        made = await office.policy.post("/v1/leaves", {"agency": "passports", "until": until}, COMMS)
        assert made.status_code == 201, made.text
        office.now += timedelta(minutes=1)
        there = {each.subject for each in (await paces(office))["passports"].mandates or ()}
        assert COMMS not in there
        assert DESK_2 in there


async def test_where_steps_take_longer_than_the_clock_a_comment_is_marked_as_it_comes_in() -> None:
    async with an_office() as office:
        await approved_after(office, *(1200 + n for n in range(5)))
        handle = handler(shelf(), lambda: office.now, await paces(office))
        event = received(COMPLAINT, comment="cmt_9", thread="t-9", received_at=office.now)
        async with office.policy.database.begin(EVERY_AGENCY) as connection:
            await handle(connection, [Received(event, uuid7(), None)])
        (marked,) = await office.audited("case.cannot_fit")
        (row,) = await office.policy.rows(f"SELECT id, fired FROM \"case\" WHERE id = '{marked.subject}'")
        assert list(row.fired) == ["cannot_fit"]
        shown = (await office.policy.get(f"/v1/cases/{row.id}")).json()["clocks"]
        assert shown["cannot_fit_at"] is not None
        assert await office.audited("case.duty_officer_told") == []


async def test_a_case_shows_its_budget() -> None:
    async with an_office() as office:
        case = await office.case("My lawyer will sue you for defamation")
        office.now = NOW + timedelta(minutes=30)
        budget = (await office.policy.get(f"/v1/cases/{case}/clocks")).json()["budget"]
        assert (budget["fits"], budget["needs_minutes"], budget["shorter_path"]) == (True, 10, None)
        assert budget["remaining_minutes"] == 450
        assert budget["steps"][0] == {
            "kind": "approval", "level": "L2", "specialism": None, "minutes": 10, "share_minutes": 450,
        }  # fmt: skip
        await office.approve(case, COMMS)
        after = (await office.policy.get(f"/v1/cases/{case}/clocks")).json()["budget"]
        assert len(after["steps"]) == len(budget["steps"]) - 1


async def test_where_nobody_waits_no_budget_is_shown() -> None:
    async with running_policy() as policy:
        await policy.receive(received("Great service, well done"))
        (case,) = await policy.rows('SELECT id FROM "case"')
        assert (await policy.get(f"/v1/cases/{case.id}/clocks")).json()["budget"] is None


async def test_a_way_out_is_shown_with_whoever_walks_it() -> None:
    step = StepRule(level="L2")
    way_out = ShorterPath("delegate", 20, True, (StandIn(step, "desk-2", "Second Desk", "del_1", 20),))
    body: Any = budget_body(Budget(120, 60, (BudgetedStep(step, 120, 60),), way_out))
    told = {"kind": "approval", "level": "L2", "specialism": None}
    assert body["steps"] == [{**told, "minutes": 120, "share_minutes": 60}]
    assert body["shorter_path"] == {
        "kind": "delegate",
        "in_parallel": True,
        "needs_minutes": 20,
        "stand_ins": [{"step": told, "officer": "desk-2", "post": "Second Desk", "instrument": "del_1", "minutes": 20}],
    }
    assert body["fits"] is False


async def test_a_comment_for_people_who_are_all_on_leave_goes_at_once_to_the_next_who_is_there() -> None:
    async with an_office() as office:
        until = rfc3339(office.now + timedelta(days=1))
        for person in (DESK, DESK_2):
            made = await office.policy.post("/v1/leaves", {"agency": "passports", "until": until}, person)
            assert made.status_code == 201, made.text
        office.now += timedelta(minutes=1, microseconds=1234)
        handle = handler(shelf(), lambda: office.now, await paces(office))
        for number in (1, 2):
            event = received(
                COMPLAINT, comment=f"cmt_{number}", author=Author(id=f"citizen-{number}"), received_at=office.now
            )
            async with office.policy.database.begin(EVERY_AGENCY) as connection:
                await handle(connection, [Received(event, uuid7(), None)])
            office.now += timedelta(minutes=1)
        (act,) = await office.audited("case.escalated")
        details = json.loads(act.details)
        assert (details["reason"], details["officer"]) == ("nobody_there", COMMS)
        case = (await office.policy.get(f"/v1/cases/{act.subject}")).json()
        assert (case["level"], case["owner"]) == ("L1", "Communications Officer")
