"""Two orders about one response: what was decided last is what stands, whichever of them was still under way."""

import pytest

from services.publisher.domain.outcomes import Refused, Unknown
from tests.publisher.builders import NOW, a_response
from tests.publisher.test_putting_right import Wall, a_world, corrected, retracted

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_correction_that_could_not_be_edited_in_does_not_follow_what_was_taken_back_meanwhile() -> None:
    async with a_world(Wall(effects=[Refused("not_permitted", "too old")])) as world:
        response = a_response()
        await world.hear(response)
        await world.publish()
        await world.hear(corrected(response), retracted(response))
        await world.carry_out()
        await world.publish()
        assert (world.wall.standing, list(world.wall.parents)) == ({}, ["n1"])
        assert await world.states() == ["retracted"]
        assert len(await world.told("PublicationRetracted")) == 1
        assert [(one["action"], one["reason"]) for one in await world.told("PuttingRightFailed")] == [
            ("correct", "retracted")
        ]


async def test_a_correction_follows_what_could_not_be_taken_back_before() -> None:
    refused = Refused("not_permitted", "too old")
    async with a_world(Wall(effects=[refused, refused])) as world:
        response = a_response()
        await world.hear(response)
        await world.publish()
        await world.hear(retracted(response))
        await world.carry_out()
        await world.hear(corrected(response))
        await world.carry_out()
        await world.publish()
        assert list(world.wall.standing.values()) == [response.text, "Correction: we open at 10 a.m."]


async def test_what_could_not_be_taken_back_at_first_is_said_to_be_once_it_is() -> None:
    async with a_world(Wall(effects=[Refused("not_permitted", "not yet")])) as world:
        response = a_response()
        await world.hear(response)
        await world.publish()
        await world.hear(retracted(response))
        await world.carry_out()
        assert (len(world.wall.standing), await world.told("PublicationRetracted")) == (1, [])
        await world.hear(retracted(response, retraction="rtr_2"))
        await world.carry_out()
        assert (world.wall.standing, await world.states()) == ({}, ["retracted"])
        assert len(await world.told("PublicationRetracted")) == 1


async def test_the_last_of_two_corrections_stays_where_the_first_had_to_be_tried_again() -> None:
    async with a_world(Wall(effects=[Unknown("no answer")])) as world:
        response = a_response()
        await world.hear(response)
        await world.publish()
        await world.hear(corrected(response), corrected(response, correction="rsp_again", text="We open at 11 a.m."))
        await world.carry_out()
        await world.carry_out()
        assert list(world.wall.standing.values()) == ["We open at 11 a.m."]
        assert [one["correction"] for one in await world.told("PublicationCorrected")] == ["rsp_corrected", "rsp_again"]


@pytest.mark.parametrize("stands", [False, True])
async def test_a_correction_taken_back_while_it_is_being_sent_is_said_to_be(stands: bool) -> None:
    async with a_world(Wall(lost_answers=1)) as world:
        response = a_response()
        await world.hear(response)
        await world.hear(corrected(response))
        await world.dispatcher.claim_and_start()
        await world.dispatcher.finish()
        if not stands:
            world.wall.standing.clear()
        await world.hear(retracted(response))
        await world.publish()
        await world.carry_out()
        assert world.wall.standing == {}
        told = [(one["response"], one["was_published"]) for one in await world.told("PublicationRetracted")]
        assert told == [(response.response, False), ("rsp_corrected", stands)]


async def test_a_later_correction_of_what_never_went_out_takes_the_place_of_the_earlier_one() -> None:
    async with a_world() as world:
        response = a_response()
        await world.hear(response)
        await world.hear(corrected(response))
        await world.hear(corrected(response, correction="rsp_again", text="We open at 11 a.m."))
        await world.publish()
        assert list(world.wall.standing.values()) == ["We open at 11 a.m."]


async def test_a_correction_in_the_place_of_what_never_went_out_goes_out_no_later_than_that_was_to() -> None:
    async with a_world() as world:
        response = a_response(valid_until=NOW)
        await world.hear(response)
        await world.hear(corrected(response))
        await world.publish()
        assert world.wall.parents == {}
        (failed,) = await world.told("PuttingRightFailed")
        assert (failed["order"], failed["action"]) == ("rsp_corrected", "correct")
