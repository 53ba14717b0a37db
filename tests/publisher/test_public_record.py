"""From a released response to the public record and the receipt: published, put right and taken back on a platform."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from services.publisher.domain.publications import Nature
from shared.events import ResponseApproved
from tests.publisher.builders import a_response
from tests.publisher.public_office import Office, a_routing, an_office_over
from tests.publisher.test_putting_right import EVERYTHING, Wall, World, a_world, corrected, retracted

pytestmark = pytest.mark.asyncio(loop_scope="session")

FIRST, LATER = "Our office opens at 9 a.m.", "Correction: we open at 10 a.m."
CANNOT_EDIT = Nature(can_look=True, absence_proves=True, tasks=EVERYTHING - {"edit"})


@asynccontextmanager
async def a_world_in_public(wall: Wall | None = None) -> AsyncIterator[tuple[World, Office]]:
    async with a_world(wall) as world, an_office_over(world.database) as office:
        await office.hear(a_routing())
        yield world, office


async def put_out(world: World, office: Office, *orders: Any) -> None:
    """Let orders take their whole way, and our own events come back."""
    await world.hear(*orders)
    await world.publish()
    await world.carry_out()
    await world.publish()
    await office.hear_what_was_told()


async def the_items(office: Office) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await office.get("/public/passports/feed.json")).json()["items"]
    return found


async def the_receipt(office: Office) -> dict[str, Any]:
    found: dict[str, Any] = (await office.get("/public/passports/receipts?comment=cmt_1")).json()
    return found


def outcome(receipt: dict[str, Any]) -> tuple[str, int, bool]:
    return receipt["outcome"], receipt["corrections"], receipt["retracted"]


@pytest.mark.parametrize("nature", [None, CANNOT_EDIT])
async def test_a_correction_stands_with_what_it_corrects_however_it_was_made(nature: Nature | None) -> None:
    async with a_world_in_public(Wall(nature=nature) if nature else None) as (world, office):
        response = a_response()
        await put_out(world, office, response)
        await put_out(world, office, corrected(response))
        (item,) = await the_items(office)
        assert item["_parley"]["first_wording"] == FIRST
        assert [one["text"] for one in item["_parley"]["corrections"]] == [LATER]
        assert outcome(await the_receipt(office)) == ("answered", 1, False)


async def test_the_first_words_outlast_a_second_edit() -> None:
    async with a_world_in_public() as (world, office):
        response = a_response()
        await put_out(world, office, response)
        await put_out(world, office, corrected(response))
        await put_out(world, office, corrected(response, correction="rsp_again", text="We open at 11 a.m."))
        (item,) = await the_items(office)
        assert item["_parley"]["first_wording"] == FIRST
        assert [one["text"] for one in item["_parley"]["corrections"]] == [LATER, "We open at 11 a.m."]
        assert outcome(await the_receipt(office)) == ("answered", 2, False)


async def test_an_edit_that_nobody_has_heard_of_yet_reads_as_it_stands() -> None:
    async with a_world_in_public() as (world, office):
        response = a_response()
        await put_out(world, office, response)
        await world.hear(corrected(response))
        await world.carry_out()
        (item,) = await the_items(office)
        assert item["content_text"] == LATER


async def test_a_correction_of_what_never_went_out_is_the_answer() -> None:
    async with a_world_in_public() as (world, office):
        response = a_response()
        await put_out(world, office, response, corrected(response))
        (item,) = await the_items(office)
        assert (item["content_text"], item["_parley"]["corrections"]) == (LATER, [])
        assert outcome(await the_receipt(office)) == ("answered", 0, False)
        assert (await the_receipt(office))["level"] == "L2"


@pytest.mark.parametrize("nature", [None, CANNOT_EDIT])
async def test_what_is_taken_back_leaves_one_place_without_words(nature: Nature | None) -> None:
    async with a_world_in_public(Wall(nature=nature) if nature else None) as (world, office):
        response: ResponseApproved = a_response()
        await put_out(world, office, response)
        await put_out(world, office, corrected(response))
        await put_out(world, office, retracted(response))
        assert world.wall.standing == {}
        (item,) = await the_items(office)
        assert "retracted" in item["tags"]
        assert "a.m." not in (await office.get("/public/passports")).text
        assert outcome(await the_receipt(office)) == ("answered", 1, True)


async def test_a_correction_that_was_itself_taken_back_no_longer_shows_its_words() -> None:
    async with a_world_in_public(Wall(nature=CANNOT_EDIT)) as (world, office):
        response = a_response()
        await put_out(world, office, response)
        order = corrected(response)
        await put_out(world, office, order)
        await put_out(world, office, retracted(response.model_copy(update={"response": order.correction})))
        assert [str(said) for said in world.wall.standing.values() if LATER in str(said)] == []
        (item,) = await the_items(office)
        assert LATER not in str(item)
        assert item["content_text"] == FIRST
        assert LATER not in (await office.get("/public/passports")).text


async def test_what_never_went_out_leaves_nothing_on_record() -> None:
    async with a_world_in_public() as (world, office):
        response = a_response()
        await put_out(world, office, response, retracted(response))
        assert await the_items(office) == []
        assert outcome(await the_receipt(office)) == ("open", 0, False)
