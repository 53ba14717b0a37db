"""Orders from the desk to the platform and back: policy and the publisher on real databases, with a wall between them
and nobody."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from services.publisher.domain.publications import Nature
from shared.events import EVENTS, Event
from tests.policy.adapters.office import DESK, DESK_2, Office, an_office
from tests.policy.builders import received
from tests.publisher.builders import PAGE
from tests.publisher.test_putting_right import EVERYTHING, Wall, World, a_world

pytestmark = pytest.mark.asyncio

COMPLAINT = "Still waiting for my passport, terrible service"


@dataclass
class Town:
    """An office, and the publisher of its page; each hears what the other has said."""

    office: Office
    world: World
    heard: dict[str, int] = field(default_factory=dict)

    async def pass_on(self) -> None:
        """Let everything go round once: to the publisher, to the platform, and back."""
        await self.send_out()
        await self.world.carry_out()
        await self.world.publish()
        await self.office.policy.receive(*await self._new("publisher", await self.world.rows(_OUTBOX)))

    async def send_out(self) -> None:
        """Let the publisher hear and send; nobody is told yet what came of it."""
        await self.world.hear(*await self._new("policy", await self.office.policy.rows(_OUTBOX)))
        await self.world.publish()

    async def _new(self, service: str, rows: Any) -> list[Event]:
        rows, known = list(rows), self.heard.get(service, 0)
        self.heard[service] = len(rows)
        return [EVENTS[kind].model_validate(payload) for kind, payload in (tuple(row) for row in rows[known:])]

    async def order(self, path: str, body: dict[str, Any], by: str) -> str:
        """An order that somebody has cleared; its id."""
        asked = await self.office.policy.post(path, {"reason": "It says so.", **body}, DESK)
        assert asked.status_code == 201, asked.text
        order = asked.json()
        cleared = await self.office.policy.post(f"/v1/orders/{order['id']}/approvals", {"digest": order["digest"]}, by)
        assert cleared.json()["state"] == "cleared"
        await self.pass_on()
        return str(order["id"])

    async def outcome(self, order: str) -> Any:
        return (await self.office.policy.get(f"/v1/orders/{order}")).json()["outcome"]

    async def case(self) -> dict[str, Any]:
        (found,) = (await self.office.policy.get("/v1/cases")).json()["items"]
        return dict(found)


@asynccontextmanager
async def a_town(wall: Wall | None = None) -> AsyncIterator[Town]:
    """A complaint on the page, and the office that is to answer it."""
    async with an_office() as office, a_world(wall) as world:
        world.wall.standing["c9"] = COMPLAINT
        place = {"platform": "facebook", "account": PAGE, "thread": "900_1", "native_id": "c9"}
        await office.policy.receive(received(COMPLAINT, **place))
        yield Town(office, world)


async def answered(town: Town, *, sent: bool = True) -> str:
    """The response to the complaint, sent unless it is not to be yet; its id."""
    case = (await town.case())["id"]
    await town.office.policy.post(f"/v1/cases/{case}/drafts", {"text": "We open at 8:30."}, DESK)
    assert (await town.office.approve(case, DESK_2)).json()["state"] == "released"
    if sent:
        await town.pass_on()
        assert (await town.case())["state"] == "answered"
    (row,) = await town.office.policy.rows("SELECT id FROM response")
    return str(row.id)


def said(town: Town) -> list[str]:
    """What stands there of ours."""
    return [words for native, words in town.world.wall.standing.items() if native != "c9"]


async def test_a_comment_goes_out_of_sight_and_comes_back() -> None:
    async with a_town() as town:
        path = f"/v1/cases/{(await town.case())['id']}/moderations"
        hidden = await town.order(path, {"comment": "cmt_1", "action": "hide", "rule": "No abuse"}, DESK_2)
        assert town.world.wall.hidden == {"c9"}
        assert ((await town.outcome(hidden))["result"], (await town.case())["state"]) == ("done", "closed")
        await town.order(path, {"comment": "cmt_1", "action": "show"}, DESK_2)
        assert (town.world.wall.hidden, (await town.case())["state"]) == (set(), "open")


async def test_what_the_platform_cannot_do_is_said() -> None:
    async with a_town(Wall(nature=Nature(tasks=frozenset({"delete"})))) as town:
        path = f"/v1/cases/{(await town.case())['id']}/moderations"
        order = await town.order(path, {"comment": "cmt_1", "action": "hide"}, DESK_2)
        assert (await town.outcome(order))["result"] == "not_possible"
        assert (await town.case())["state"] == "open"


@pytest.mark.parametrize(("tasks", "how"), [(EVERYTHING, "edit"), (EVERYTHING - {"edit"}, "reply")])
async def test_a_response_is_corrected_and_then_taken_back_as_a_whole(tasks: frozenset[Any], how: str) -> None:
    wall = Wall(nature=Nature(can_look=True, absence_proves=True, tasks=tasks))
    async with a_town(wall) as town:
        response = await answered(town)
        correction = await town.order(f"/v1/responses/{response}/corrections", {"text": "We open at 9:00."}, DESK_2)
        assert (await town.outcome(correction))["how"] == how
        assert said(town) == (["We open at 9:00."] if how == "edit" else ["We open at 8:30.", "We open at 9:00."])
        assert (await town.case())["state"] == "answered"
        retraction = await town.order(f"/v1/responses/{response}/retractions", {}, DESK)
        assert said(town) == []
        assert await town.outcome(retraction) == {"result": "done", "was_published": True}
        assert (await town.case())["state"] == "open"


async def test_what_was_corrected_before_it_went_out_never_does_and_its_correction_can_be_taken_back() -> None:
    async with a_town() as town:
        response = await answered(town, sent=False)
        correction = await town.order(f"/v1/responses/{response}/corrections", {"text": "We open at 9:00."}, DESK_2)
        assert said(town) == ["We open at 9:00."]
        assert (await town.outcome(correction))["how"] == "reply"
        assert (await town.case())["state"] == "answered"
        retraction = await town.order(f"/v1/responses/{response}/retractions", {}, DESK)
        assert said(town) == []
        assert (await town.outcome(retraction))["result"] == "done"
        assert (await town.case())["state"] == "open"


async def test_what_is_taken_back_before_it_went_out_never_does() -> None:
    async with a_town() as town:
        response = await answered(town, sent=False)
        retraction = await town.order(f"/v1/responses/{response}/retractions", {}, DESK)
        assert (said(town), town.world.wall.parents) == ([], {})
        assert await town.outcome(retraction) == {"result": "done", "was_published": False}
        assert (await town.case())["state"] == "open"


_OUTBOX = "SELECT type, payload FROM outbox ORDER BY seq"
