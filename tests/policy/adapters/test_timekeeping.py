"""Timers and moved deadlines on the real tables, by the clock of the database."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.policy.adapters.consumers import handler
from services.policy.adapters.store import rows, timers
from services.policy.adapters.store.policies import PolicyShelf
from services.policy.adapters.timekeeping import Timekeeper
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.roster import Calendar, Holiday, Hours
from shared.clock import rfc3339, utc_now
from shared.cloudevents import Received
from shared.database import EVERY_AGENCY
from shared.events import CommentReceived, ResponseApproved
from shared.ids import uuid7
from tests.policy.adapters.support import Policy, running_policy
from tests.policy.builders import officer, published, received, sample
from tests.policy.domain.random_calendars import ALWAYS, calendar

pytestmark = pytest.mark.asyncio

COMPLAINT = "Still waiting for my passport, terrible service"
LONG_AGO = datetime.now(UTC) - timedelta(days=60)
FAR_AHEAD = datetime.now(UTC) + timedelta(days=60)
L1 = ["acknowledge", "breach", "escalate", "near_breach"]
"""The timers of what a desk officer answers."""


def by_calendar(said: Calendar) -> PolicyShelf:
    """The agencies' policies, with one calendar for all."""
    agencies = ("central-bank", "passports", "water-board")
    return PolicyShelf(
        PolicyInForce(sample(agency).policy.model_copy(update={"calendar": said})) for agency in agencies
    )


ALWAYS_OPEN = by_calendar(calendar("UTC", [ALWAYS]))


async def nothing_new() -> None:
    """No policy has changed meanwhile."""


def timekeeper(policy: Policy, policies: PolicyShelf = ALWAYS_OPEN) -> Timekeeper:
    return Timekeeper(policy.database, policies, nothing_new, utc_now, 3600)


async def receive(policy: Policy, events: Sequence[Any], policies: PolicyShelf = ALWAYS_OPEN) -> None:
    handle = handler(policies, utc_now)
    async with policy.database.begin(EVERY_AGENCY) as connection:
        await handle(connection, [Received(event, uuid7(), None) for event in events])


def complaints(many: int, received_at: datetime, **about: Any) -> list[CommentReceived]:
    """One in a thread of its own each; not so alike that they are one issue."""
    return [
        received(f"{COMPLAINT} {uuid7().hex}", comment=f"cmt_{n}", thread=f"t-{n}", received_at=received_at, **about)
        for n in range(many)
    ]


async def acts(policy: Policy, *actions: str) -> list[Any]:
    found = await policy.rows("SELECT agency, action, subject, details FROM audit ORDER BY agency, number")
    return [row for row in found if row.action in actions]


CLOCK_ACTS = ("clock.near_breach", "clock.breached", "case.escalated")


async def test_what_came_due_while_nobody_looked_goes_off_once_and_is_marked_on_the_case() -> None:
    async with running_policy() as policy:
        await receive(policy, complaints(1, LONG_AGO))
        keeper = timekeeper(policy)
        assert await keeper.work_off() == 4
        assert await keeper.work_off() == 0
        assert [row.action for row in await acts(policy, *CLOCK_ACTS)] == [
            "case.escalated",
            "clock.near_breach",
            "clock.breached",
        ]
        (case,) = await policy.rows('SELECT fired, owner, level, escalation FROM "case"')
        assert sorted(rows.from_json(case.fired)) == L1
        assert (case.owner, case.level) == (officer("passports", "passports-comms").post, "L1")
        announced = await policy.rows("SELECT payload FROM outbox WHERE type = 'CaseEscalated'")
        assert [rows.from_json(row.payload)["owner"] for row in announced] == [case.owner]
        fired = await policy.rows("SELECT kind FROM timer WHERE fired_at IS NOT NULL ORDER BY kind")
        assert [row.kind for row in fired] == L1


async def test_what_is_not_due_yet_stays_armed() -> None:
    async with running_policy() as policy:
        await receive(policy, complaints(2, FAR_AHEAD))
        assert await timekeeper(policy).work_off() == 0
        armed = await policy.rows("SELECT kind, turn FROM timer WHERE fired_at IS NULL AND due_at > now()")
        assert sorted(row.kind for row in armed) == sorted(L1 * 2)


async def test_two_replicas_let_each_timer_go_off_once() -> None:
    async with running_policy() as policy:
        await receive(policy, complaints(40, LONG_AGO))
        worked = await asyncio.gather(*(timekeeper(policy).work_off(batch=7) for _ in range(2)))
        assert sum(worked) == 160
        done = [(row.subject, row.action) for row in await acts(policy, *CLOCK_ACTS)]
        assert len(done) == len(set(done)) == 120


async def die_holding(policy: Policy, held: int, meanwhile: Timekeeper) -> None:
    async with policy.database.begin(EVERY_AGENCY) as connection:
        assert len(await timers.claim(connection, ["passports"], held)) == held
        assert await meanwhile.work_off() < 8
        raise ConnectionError


async def test_what_one_replica_holds_is_passed_over_and_done_when_that_one_dies() -> None:
    async with running_policy() as policy:
        await receive(policy, complaints(2, LONG_AGO))
        with pytest.raises(ConnectionError):
            await die_holding(policy, 3, timekeeper(policy))
        await timekeeper(policy).work_off()
        done = [(row.subject, row.action) for row in await acts(policy, *CLOCK_ACTS)]
        assert len(done) == len(set(done)) == 6


async def test_thousands_that_are_due_at_once_each_go_off_once() -> None:
    async with running_policy() as policy:
        for first in range(0, 1000, 250):
            batch = complaints(250, LONG_AGO)
            await receive(policy, [each.model_copy(update={"thread": f"{first}-{each.thread}"}) for each in batch])
        await timekeeper(policy).work_off()
        (left,) = await policy.rows("SELECT count(*) AS n FROM timer WHERE fired_at IS NULL")
        assert left.n == 0
        done = [(row.subject, row.action) for row in await acts(policy, *CLOCK_ACTS)]
        assert len(done) == len(set(done)) == 3000


async def test_an_answered_case_has_no_timers() -> None:
    async with running_policy() as policy:
        await receive(policy, complaints(1, LONG_AGO))
        (case,) = await policy.rows('SELECT id FROM "case"')
        written = await policy.post(f"/v1/cases/{case.id}/drafts", {"text": "We are sorry."}, "passports-desk")
        path = f"/v1/cases/{case.id}/drafts/1/approvals"
        approved = await policy.post(path, {"digest": written.json()["digest"]}, "passports-comms")
        assert approved.status_code == 201, approved.text
        assert await policy.rows("SELECT 1 FROM timer") == []
        (row,) = await policy.rows("SELECT payload FROM outbox WHERE type = 'ResponseApproved'")
        await receive(policy, [published(ResponseApproved.model_validate(rows.from_json(row.payload)))])
        assert await timekeeper(policy).work_off() == 0
        (turn,) = await policy.rows("SELECT state, answered_at FROM turn")
        assert (turn.state, turn.answered_at is not None) == ("answered", True)


async def test_what_is_answered_by_a_line_is_never_timed() -> None:
    async with running_policy() as policy:
        await receive(policy, [received("What time do you open on Saturday?", received_at=LONG_AGO)])
        assert await policy.rows("SELECT 1 FROM timer") == []


async def test_nobody_is_given_a_case_outside_the_hours() -> None:
    """The agency works on one weekday only, and that is not today."""
    weekday = (datetime.now(UTC) + timedelta(days=3)).isoweekday()
    policies = by_calendar(calendar("UTC", [((weekday,), "08:00", "16:00")]))
    async with running_policy() as policy:
        await receive(policy, complaints(1, LONG_AGO), policies)
        keeper = timekeeper(policy, policies)
        await keeper.work_off()
        assert [row.action for row in await acts(policy, *CLOCK_ACTS)] == ["clock.near_breach", "clock.breached"]
        (put_off,) = await policy.rows("SELECT kind, due_at > now() AS later FROM timer WHERE fired_at IS NULL")
        assert (put_off.kind, put_off.later) == ("escalate", True)
        await policy.rows("UPDATE timer SET due_at = now() WHERE fired_at IS NULL RETURNING 1")
        await timekeeper(policy).work_off()
        assert [row.action for row in await acts(policy, *CLOCK_ACTS)][-1] == "case.escalated"


async def leave_of(policy: Policy, who: str) -> None:
    until = rfc3339(utc_now() + timedelta(days=1))
    made = await policy.post("/v1/leaves", {"agency": "passports", "until": until}, who)
    assert made.status_code == 201, made.text


async def test_a_case_goes_past_who_is_on_leave_and_who_stepped_aside_and_to_a_stand_in() -> None:
    async with running_policy(utc_now) as policy:
        await receive(policy, complaints(2, LONG_AGO))
        (first, second) = [row.id for row in await policy.rows('SELECT id FROM "case" ORDER BY thread')]
        await leave_of(policy, "passports-comms")
        for who in ("passports-division", "passports-legal"):
            aside = await policy.post(f"/v1/cases/{second}/recusals", {"reason": "my cousin"}, who)
            assert aside.status_code == 201, aside.text
        assert await timekeeper(policy).work_off() == 8
        owners = {row.id: row.owner for row in await policy.rows('SELECT id, owner FROM "case"')}
        assert owners[first] == officer("passports", "passports-division").post
        assert owners[second] == officer("passports", "passports-head").post
        await receive(policy, [complaints(1, LONG_AGO)[0].model_copy(update={"thread": "t-9", "comment": "cmt_9"})])
        stands_in = {"agency": "passports", "subject": "passports-desk-2", "post": "Communications Officer"}
        asked = {**stands_in, "until": rfc3339(utc_now() + timedelta(days=1))}
        assert (await policy.post("/v1/acting-appointments", asked, "passports-head")).status_code == 201
        await timekeeper(policy).work_off()
        (case,) = await policy.rows("SELECT owner FROM \"case\" WHERE thread = 't-9'")
        assert case.owner == "Communications Officer"
        escalated = [rows.from_json(row.details) for row in await acts(policy, "case.escalated")]
        assert [each["officer"] for each in escalated][-1] == "passports-desk-2"
        assert [each.get("passed_over") for each in escalated] == [["Communications Officer"]] * 2 + [None]


def with_holidays(*days_ahead: int) -> PolicyShelf:
    free = [(FAR_AHEAD + timedelta(days=days)).date() for days in days_ahead]
    said = calendar("UTC", [ALWAYS])
    return by_calendar(said.model_copy(update={"holidays": tuple(Holiday(day=day, name="free") for day in free)}))


async def test_a_new_holiday_moves_open_deadlines_and_their_timers_and_is_on_record_once() -> None:
    async with running_policy() as policy:
        await receive(policy, complaints(7, FAR_AHEAD))
        await receive(policy, [received("Great service, well done", thread="closed", received_at=FAR_AHEAD)])
        before = await policy.rows('SELECT id, due_at FROM "case" WHERE due_at IS NOT NULL ORDER BY id')
        later = with_holidays(-1, 0, 1)
        await asyncio.gather(*(timekeeper(policy, later).move_deadlines(batch=2) for _ in range(2)))
        await timekeeper(policy, later).move_deadlines()
        after = await policy.rows('SELECT id, due_at FROM "case" WHERE due_at IS NOT NULL ORDER BY id')
        assert [row.id for row in after] == [row.id for row in before]
        assert all(now.due_at >= was.due_at + timedelta(days=1) for was, now in zip(before, after, strict=True))
        rung = await policy.rows("SELECT due_at FROM timer WHERE kind = 'breach' ORDER BY case_id")
        assert [row.due_at for row in rung] == [row.due_at for row in after]
        (moved,) = await acts(policy, "deadlines.moved")
        assert (moved.agency, rows.from_json(moved.details)["cases"]) == ("passports", 7)
        assert await policy.rows("SELECT 1 FROM deadline_move") == []


async def test_a_holiday_long_after_the_deadlines_moves_none_and_is_looked_at_once() -> None:
    async with running_policy() as policy:
        await receive(policy, complaints(2, FAR_AHEAD))
        before = await policy.rows('SELECT due_at FROM "case" ORDER BY id')
        later = with_holidays(90)
        await timekeeper(policy, later).move_deadlines()
        assert await policy.rows('SELECT due_at FROM "case" ORDER BY id') == before
        assert await acts(policy, "deadlines.moved") == []
        (version,) = await policy.rows('SELECT DISTINCT calendar FROM "case"')
        assert version.calendar == later.of("passports").time.version


async def test_a_case_of_before_the_upgrade_gets_its_deadlines_and_timers() -> None:
    async with running_policy() as policy:
        await receive(policy, complaints(1, FAR_AHEAD))
        (derived,) = await policy.rows('SELECT due_at FROM "case"')
        await policy.rows('UPDATE "case" SET calendar = NULL, due_at = opened_at RETURNING 1')
        await policy.rows("UPDATE turn SET deadlines = NULL RETURNING 1")
        await policy.rows("DELETE FROM timer RETURNING 1")
        await timekeeper(policy).move_deadlines()
        (again,) = await policy.rows('SELECT due_at FROM "case"')
        assert again.due_at == derived.due_at
        assert sorted(row.kind for row in await policy.rows("SELECT kind FROM timer")) == L1


async def test_a_roster_that_changes_while_the_service_runs_moves_deadlines() -> None:
    async with running_policy() as policy:
        await policy.receive(received(COMPLAINT))
        (before,) = await policy.rows('SELECT due_at FROM "case"')
        hours = Hours.model_validate({"days": (7,), "from": "08:00", "to": "20:00"})
        said = Calendar(time_zone="Asia/Colombo", hours=(hours,)).model_dump_json(by_alias=True)
        await policy.rows(
            "INSERT INTO roster SELECT agency, since + interval '1 microsecond', 'files', officers,"
            f" CAST('{said}' AS json) FROM roster WHERE agency = 'passports' RETURNING 1"
        )
        shelf = PolicyShelf()
        now = datetime.now(UTC) + timedelta(days=36500)
        await shelf.refresh(policy.database, now)
        await timekeeper(policy, shelf).move_deadlines()
        (after,) = await policy.rows('SELECT due_at FROM "case"')
        assert before.due_at < after.due_at == datetime.fromisoformat("2026-11-29T12:00:00+05:30")
