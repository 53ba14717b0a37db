"""What is ordered while something earlier is under way: at the end the last word stands, and each is done once."""

import asyncio
from dataclasses import dataclass, field

import pytest
from sqlalchemy import text

from services.publisher.adapters.bell import Bell
from services.publisher.adapters.store.tasks import PostgresTasks
from services.publisher.domain.outcomes import CannotDo, Effect, Refused, Unknown, View
from services.publisher.domain.pacing import Backoff
from services.publisher.domain.publications import Nature
from services.publisher.domain.tasks import Patience, Task
from services.publisher.ports import Credentials
from services.publisher.putting_right import PuttingRight
from shared.database import EVERY_AGENCY
from shared.events import ResponseApproved
from tests.publisher.builders import a_response
from tests.publisher.test_putting_right import EVERYTHING, VAULT, Wall, World, a_world, corrected, moderation, retracted

pytestmark = pytest.mark.asyncio(loop_scope="session")

LATER = "We open at 11 a.m."


@dataclass
class Slow(Wall):
    """Takes its time with a change: ``reached`` is set when it has one, which it carries out when ``go_on`` is."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def change(self, task: Task, credentials: Credentials | None) -> Effect:
        self.reached.set()
        await self.go_on.wait()
        return await super().change(task, credentials)


def again(response: ResponseApproved, **changes: object):  # type: ignore[no-untyped-def]
    return corrected(response, correction="rsp_again", text=LATER, **changes)


async def published(world: World) -> ResponseApproved:
    response = a_response()
    await world.hear(response)
    await world.publish()
    return response


async def under_way(world: World, wall: Slow) -> "asyncio.Task[int]":
    """The first order is with the platform, and has no answer yet."""
    first = asyncio.create_task(world.putting_right.carry_out_due())
    await wall.reached.wait()
    return first


async def test_a_second_correction_waits_for_the_edit_that_is_under_way() -> None:
    wall = Slow()
    async with a_world(wall) as world:
        response = await published(world)
        await world.hear(corrected(response))
        first = await under_way(world, wall)
        await world.hear(again(response))
        assert await world.putting_right.carry_out_due() == 0
        wall.go_on.set()
        await first
        await world.carry_out()
        assert wall.standing == {"n1": LATER}
        assert wall.changes == [("edit", "n1"), ("edit", "n1")]
        assert [one["correction"] for one in await world.told("PublicationCorrected")] == ["rsp_corrected", "rsp_again"]
        assert await world.rows("SELECT text FROM publication") == [(LATER,)]


@pytest.mark.parametrize("effect", [Refused("refused", "no"), CannotDo("too late for an edit")])
async def test_a_first_correction_that_could_not_be_edited_in_does_not_follow_the_second(effect: Effect) -> None:
    wall = Slow(effects=[effect])
    async with a_world(wall) as world:
        response = await published(world)
        await world.hear(corrected(response))
        first = await under_way(world, wall)
        await world.hear(again(response))
        wall.go_on.set()
        await first
        await world.carry_out()
        await world.publish()
        assert wall.standing == {"n1": LATER}
        told = await world.told("PuttingRightFailed")
        assert [(one["order"], one["action"], one["reason"]) for one in told] == [
            ("rsp_corrected", "correct", "superseded")
        ]


async def test_of_two_corrections_that_cannot_be_edited_in_the_later_one_follows_once() -> None:
    wall = Slow(effects=[CannotDo("no"), CannotDo("no")])
    async with a_world(wall) as world:
        response = await published(world)
        await world.hear(corrected(response))
        first = await under_way(world, wall)
        await world.hear(again(response))
        wall.go_on.set()
        await first
        await world.carry_out()
        await world.publish()
        assert wall.standing == {"n1": response.text, "n2": LATER}


async def test_a_first_correction_does_not_follow_a_second_that_went_out_as_a_reply() -> None:
    wall = Slow(effects=[CannotDo("no")])
    async with a_world(wall) as world:
        response = await published(world)
        await world.hear(corrected(response))
        first = await under_way(world, wall)
        wall.nature = Nature(can_look=True, absence_proves=True)
        await world.hear(again(response))
        await world.publish()
        wall.go_on.set()
        await first
        await world.publish()
        assert wall.standing == {"n1": response.text, "n2": LATER}


@pytest.mark.parametrize("stands", [False, True])
async def test_a_correction_comes_after_an_earlier_one_that_is_a_reply(stands: bool) -> None:
    async with a_world(Wall(nature=Nature(can_look=True, absence_proves=True))) as world:
        response = await published(world)
        await world.hear(corrected(response))
        world.wall.gate = asyncio.Event()
        await world.dispatcher.claim_and_start()
        if stands:
            world.wall.gate.set()
            await world.dispatcher.finish()
        world.wall.nature = Nature(can_look=True, absence_proves=True, tasks=EVERYTHING)
        await world.hear(again(response))
        await world.carry_out()
        world.wall.gate.set()
        await world.dispatcher.finish()
        await world.publish()
        assert list(world.wall.standing.values()) == [response.text, "Correction: we open at 10 a.m.", LATER]


async def test_what_is_taken_back_while_a_correction_is_under_way_does_not_stand_at_the_end() -> None:
    wall = Slow()
    async with a_world(wall) as world:
        response = await published(world)
        await world.hear(corrected(response))
        first = await under_way(world, wall)
        await world.hear(retracted(response))
        second = asyncio.create_task(world.putting_right.carry_out_due())
        wall.go_on.set()
        await asyncio.gather(first, second)
        await world.carry_out()
        await world.publish()
        assert wall.standing == {}
        assert await world.states() == ["retracted"]
        assert len(await world.told("PublicationRetracted")) == 1


async def test_a_comment_that_is_hidden_and_shown_again_at_once_is_shown_at_the_end() -> None:
    wall = Slow(standing={"c9": "Call me"})
    async with a_world(wall) as world:
        await published(world)
        await world.hear(moderation("hide"))
        first = await under_way(world, wall)
        await world.hear(moderation("show"))
        assert await world.putting_right.carry_out_due() == 0
        wall.go_on.set()
        await first
        await world.carry_out()
        assert wall.hidden == set()
        assert wall.changes == [("hide", "c9"), ("show", "c9")]
        assert [one["action"] for one in await world.told("ModerationEnded")] == ["hide", "show"]


@dataclass
class Forgetful(Wall):
    """Does what it is told, and loses the answer."""

    async def change(self, task: Task, credentials: Credentials | None) -> Effect:
        done = await super().change(task, credentials)
        return Unknown("no answer") if len(self.changes) == 1 else done


async def test_a_comment_that_was_removed_although_the_answer_was_lost_is_said_to_be_removed() -> None:
    wall = Forgetful(standing={"c9": "Call me"})
    async with a_world(wall) as world:
        await world.hear(moderation("remove"))
        await world.carry_out()
        assert wall.standing == {}
        told = await world.told("ModerationEnded")
        assert [(one["outcome"], one["reason"]) for one in told] == [("done", None)]


@dataclass
class Stalled(Wall):
    """A process that sleeps between what it sees and what it would change; ``clock`` is its watch."""

    clock: float = 0.0
    asleep: asyncio.Event = field(default_factory=asyncio.Event)
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    async def view(self, account: str, native_id: str, credentials: Credentials | None) -> View:
        seen = await super().view(account, native_id, credentials)
        self.asleep.set()
        await self.wake.wait()
        self.clock += 61
        return seen


async def test_a_process_that_slept_through_its_lease_does_not_bring_the_older_words_back() -> None:
    async with a_world() as world:
        response = await published(world)
        await world.hear(corrected(response))
        sleeper = Stalled(standing=world.wall.standing)
        tasks = PostgresTasks(world.database, VAULT)
        patience = Patience(waits=Backoff(0.001, 0.002))
        asleep = PuttingRight(tasks, {"facebook": sleeper}, Bell(), patience, watch=lambda: sleeper.clock)
        sleeping = asyncio.create_task(asleep.carry_out_due())
        await sleeper.asleep.wait()
        async with world.database.begin(EVERY_AGENCY) as connection:
            await connection.execute(text("UPDATE task SET due_at = now()"))
        await world.hear(again(response))
        await world.carry_out()
        sleeper.wake.set()
        await sleeping
        assert world.wall.standing == {"n1": LATER}
        assert sleeper.changes == []


async def test_a_task_that_hangs_ends_before_its_lease_and_keeps_what_was_seen() -> None:
    wall = Slow()
    async with a_world(wall) as world:
        response = await published(world)
        await world.hear(corrected(response))
        tasks = PostgresTasks(world.database, VAULT)
        patience = Patience(waits=Backoff(0.001, 0.002))
        hasty = PuttingRight(tasks, {"facebook": wall}, Bell(), patience, watch=lambda: 0.0, try_seconds=0.5)
        assert await hasty.carry_out_due() == 1
        ((state, detail, evidence),) = await world.rows("SELECT state, detail, evidence FROM task")
        assert (state, detail) == ("pending", "it took longer than its claim is good for")
        assert evidence[0]["text"] == response.text
