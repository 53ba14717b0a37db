"""What comes across one another: orders about the same reply, decisions in the middle of a thread, odd words."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from services.publisher.adapters import api
from services.publisher.adapters.bell import Bell
from services.publisher.domain.outcomes import Captured, CredentialsDead, Refused, Unknown, View
from services.publisher.domain.publications import Nature
from services.publisher.ports import Credentials
from shared import problems
from shared.database import EVERY_AGENCY
from shared.errors import Dead
from shared.events import Event
from tests.publisher.adapters.test_api import Tokens, as_
from tests.publisher.builders import NOW, a_response
from tests.publisher.test_putting_right import Wall, World, a_world, corrected, moderation, retracted

pytestmark = pytest.mark.asyncio(loop_scope="session")

BLIND = Nature(tasks=frozenset({"delete"}))
LONG = "The counters are open from 9 a.m. to 4 p.m. on all working days of the week. " * 300


async def decide(world: World, **decision: Any) -> httpx.Response:
    app = FastAPI()
    app.state.tokens = Tokens()
    problems.install(app)
    app.include_router(api.router(world.database, Bell()))
    ((publication,),) = await world.rows("SELECT id FROM publication WHERE needs_person")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://publisher") as client:
        address = f"/v1/publications/{publication}/decision"
        return await client.post(address, json=decision, headers=as_("passports", "key"))


async def change(world: World, statement: str) -> None:
    async with world.database.begin(EVERY_AGENCY) as connection:
        await connection.execute(text(statement))


async def until_a_person_is_needed(world: World) -> None:
    for _ in range(5):
        await world.publish()
        if await world.rows("SELECT id FROM publication WHERE needs_person"):
            return
    raise AssertionError("nobody is needed")


async def test_a_thread_goes_on_after_a_person_has_said_that_its_doubtful_part_stands() -> None:
    async with a_world(Wall(nature=BLIND, lost_answers=1)) as world:
        await world.hear(a_response(text=LONG, may_split=True))
        await until_a_person_is_needed(world)
        assert len(world.wall.standing) == 1
        answer = await decide(world, action="published", native_id="n1")
        body = answer.json()
        assert (answer.status_code, body["state"], body["posted"]) == (200, "pending", ["n1"])
        await world.publish()
        assert len(world.wall.standing) == len(body["parts"]) > 1
        assert await world.states() == ["published"]
        assert [one["native_id"] for one in await world.told("ResponsePublished")] == ["n1"]


async def test_a_person_who_gives_a_thread_up_does_not_forget_what_stands_of_it() -> None:
    async with a_world(Wall(nature=BLIND)) as world:
        response = a_response(text=LONG, may_split=True)
        await world.hear(response)
        await world.dispatcher.claim_and_start()
        await world.dispatcher.finish()
        world.wall.lost_answers = 1
        await until_a_person_is_needed(world)
        await decide(world, action="give_up")
        await world.hear(retracted(response))
        await world.carry_out()
        assert ("delete", "n1") in world.wall.changes


async def test_what_a_person_finds_after_it_was_taken_back_is_deleted() -> None:
    async with a_world(Wall(nature=BLIND, lost_answers=1)) as world:
        response = a_response()
        await world.hear(response)
        await until_a_person_is_needed(world)
        await world.hear(retracted(response))
        await decide(world, action="published", native_id="n1")
        await world.carry_out()
        assert world.wall.standing == {}
        assert await world.states() == ["retracted"]


async def test_what_a_person_decides_about_a_correction_is_told_of_what_it_corrects() -> None:
    async with a_world(Wall(nature=BLIND)) as world:
        response = a_response()
        await world.hear(response)
        await world.publish()
        world.wall.lost_answers = 1
        await world.hear(corrected(response))
        await until_a_person_is_needed(world)
        await decide(world, action="published", native_id="n2")
        told = await world.told("PublicationCorrected")
        assert [(one["response"], one["native_id"]) for one in told] == [(response.response, "n2")]
        assert len(await world.told("ResponsePublished")) == 1


@pytest.mark.parametrize("decision", [{"action": "send_again"}, {"action": "published", "native_id": "n1"}])
async def test_what_a_person_decides_after_a_weekend_is_done_all_the_same(decision: dict[str, str]) -> None:
    async with a_world(Wall(nature=BLIND, lost_answers=1)) as world:
        await world.hear(a_response(text=LONG, may_split=True))
        await until_a_person_is_needed(world)
        if decision["action"] == "send_again":
            world.wall.standing.clear()
        await change(world, "UPDATE publication SET recorded_at = now() - interval '3 days'")
        ((parts,),) = await world.rows("SELECT cardinality(parts) FROM publication")
        await decide(world, **decision)
        await world.publish()
        assert await world.states() == ["published"]
        assert len(world.wall.standing) == parts


async def test_a_correction_in_the_place_of_what_came_too_late_is_too_late_itself() -> None:
    async with a_world() as world:
        response = a_response(valid_until=NOW)
        await world.hear(response, corrected(response))
        await world.publish()
        assert world.wall.parents == {}
        assert [one["reason"] for one in await world.told("PuttingRightFailed")] == ["window_closed"]


@pytest.mark.parametrize("order", [retracted, corrected])
async def test_an_order_about_a_response_that_nobody_knows_is_not_passed_over(order: Callable[..., Event]) -> None:
    async with a_world() as world:
        with pytest.raises(Dead) as dead:
            await world.hear(order(a_response()))
        assert dead.value.code == "unknown_response"


async def test_nobody_can_send_again_what_its_answer_has_overtaken() -> None:
    async with a_world(Wall(nature=BLIND, lost_answers=1)) as world:
        await world.hear(a_response(purpose="holding"))
        await until_a_person_is_needed(world)
        await world.hear(a_response())
        await world.publish()
        await decide(world, action="send_again")
        await world.publish()
        assert len(world.wall.parents) == 2
        assert await world.states() == ["failed", "published"]


async def test_an_edit_that_comes_to_nothing_is_followed_by_no_correction_of_what_was_taken_back() -> None:
    wall = Wall(effects=[Unknown("no answer")])
    async with a_world(wall) as world:
        response = a_response()
        await world.hear(response)
        await world.publish()
        await world.hear(corrected(response))
        await world.putting_right.carry_out_due()
        await change(world, "UPDATE task SET due_at = now() + interval '1 day'")
        await world.hear(retracted(response))
        await world.carry_out()
        await change(world, "UPDATE task SET due_at = now() WHERE state = 'pending'")
        await world.carry_out()
        await world.publish()
        assert wall.standing == {}
        assert len(wall.parents) == 1
        told = await world.told("PuttingRightFailed")
        assert [(one["order"], one["action"], one["reason"]) for one in told] == [
            ("rsp_corrected", "correct", "retracted")
        ]


async def test_two_edits_of_one_reply_are_made_in_the_order_in_which_they_were_asked_for() -> None:
    wall = Wall(effects=[Unknown("no answer")])
    async with a_world(wall) as world:
        response = a_response()
        await world.hear(response)
        await world.publish()
        await world.hear(corrected(response, correction="rsp_1", text="We open at 10."))
        await world.putting_right.carry_out_due()
        await change(world, "UPDATE task SET due_at = now() + interval '1 day'")
        await world.hear(corrected(response, correction="rsp_2", text="We open at 11."))
        await world.carry_out()
        assert wall.standing == {"n1": response.text}
        await change(world, "UPDATE task SET due_at = now()")
        await world.carry_out()
        assert wall.standing == {"n1": "We open at 11."}
        assert [one["correction"] for one in await world.told("PublicationCorrected")] == ["rsp_1", "rsp_2"]


async def test_a_later_order_makes_good_one_that_failed() -> None:
    async with a_world(Wall(effects=[Refused("not_permitted", "not now")])) as world:
        response = a_response()
        await world.hear(response)
        await world.publish()
        await world.hear(retracted(response))
        await world.carry_out()
        assert await world.states() == ["published"]
        await world.hear(retracted(response, retraction="rtr_2"))
        await world.carry_out()
        assert await world.states() == ["retracted"]
        assert len(await world.told("PublicationRetracted")) == 1


class Odd(Wall):
    """Shows a comment whose words no database holds as they are."""

    async def view(self, account: str, native_id: str, credentials: Credentials | None) -> View:
        words = "ends in \\u0000"
        return Captured(words, {"half": "\ud83d", "nul": "\x00", "beyond": float("inf"), "many": [words]})


async def test_words_that_no_database_holds_do_not_keep_a_moderation_from_its_end() -> None:
    async with a_world(Odd(standing={"c9": "x"})) as world:
        await world.hear(moderation("hide"))
        await world.carry_out()
        assert [one["outcome"] for one in await world.told("ModerationEnded")] == ["done"]
        ((evidence,),) = await world.rows("SELECT evidence FROM task")
        assert evidence[0]["text"] == "ends in \\u0000"
        assert evidence[0]["body"] == {"half": "?", "nul": "", "beyond": None, "many": ["ends in \\u0000"]}


async def test_an_answer_to_the_same_comments_overtakes_no_correction() -> None:
    async with a_world(Wall(nature=BLIND)) as world:
        response = a_response()
        await world.hear(response)
        await world.publish()
        await world.hear(corrected(response))
        await world.hear(a_response(text="And bring your old passport."))
        await world.publish()
        assert len(world.wall.standing) == 3
        assert await world.states() == ["published"] * 3


async def test_a_correction_taken_back_in_doubt_that_never_arrived_is_said_to_be_taken_back() -> None:
    async with a_world() as world:
        response = a_response()
        await world.hear(response)
        await world.hear(corrected(response))
        world.wall.gate, world.wall.lost_answers = asyncio.Event(), 1
        await world.dispatcher.claim_and_start()
        await world.hear(retracted(response))
        world.wall.gate.set()
        await world.dispatcher.finish()
        world.wall.standing.clear()
        await world.publish()
        assert await world.states() == ["retracted", "retracted"]
        told = await world.told("PublicationRetracted")
        assert [one["response"] for one in told] == [response.response, "rsp_corrected"]


async def test_the_tasks_of_one_account_leave_room_for_those_of_another() -> None:
    async with a_world() as world:
        await change(world, "INSERT INTO account (id, agency, platform, account) VALUES ('b', 'b', 'facebook', 'b')")
        crowd = [moderation("hide", f"c{number}").model_copy(update={"order": f"ord_{number}"}) for number in range(20)]
        await world.hear(*crowd)
        await world.hear(moderation("hide").model_copy(update={"agency": "b", "account": "b", "order": "ord_b"}))
        await world.putting_right.carry_out_due()
        assert await world.rows("SELECT attempts FROM task WHERE ordered_by = 'ord_b'") == [(1,)]


async def test_credentials_that_a_platform_refused_for_a_task_are_looked_at_at_once() -> None:
    async with a_world(Wall(standing={"c9": "x"}, effects=[CredentialsDead("revoked")])) as world:
        await change(world, "UPDATE credentials SET keep_at = now() + interval '1 day'")
        await world.hear(moderation("hide"))
        await world.putting_right.carry_out_due()
        assert await world.rows("SELECT keep_at <= clock_timestamp() FROM credentials") == [(True,)]
