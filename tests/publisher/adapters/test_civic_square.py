"""Forum, mail and Open311 against the town square: an unclear end is told, and a look sees what stands."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.publisher.adapters.http import Http
from services.publisher.adapters.platforms import channels
from services.publisher.domain.outcomes import (
    Absent,
    CannotDo,
    CannotSee,
    CredentialsDead,
    Done,
    Found,
    Gone,
    Measured,
    Probed,
    Published,
    Refused,
    Throttled,
    Unavailable,
    Unknown,
)
from services.publisher.domain.tasks import Kind, Task
from services.publisher.ports import Channel, Credentials
from tests.local.support import Square, open_square
from tests.publisher.examples import Example, discourse, mailgun, open311, postmark

pytestmark = pytest.mark.asyncio(loop_scope="session")

EXAMPLES = {
    "discourse": discourse.EXAMPLE,
    "mailgun": mailgun.EXAMPLE,
    "open311": open311.EXAMPLE,
    "postmark": postmark.EXAMPLE,
}


@pytest.fixture
def square(tmp_path: Path) -> Iterator[Square]:
    with open_square(tmp_path) as running:
        accounts = [{**example.account, "token": example.token} for example in EXAMPLES.values()]
        running.http.put("/accounts", json=accounts).raise_for_status()
        yield running


@asynccontextmanager
async def a_channel(square: Square, example: Example) -> AsyncIterator[tuple[Channel, Credentials]]:
    http = Http()
    try:
        channel = channels(http, facebook_version="v25.0")[example.account["platform"]]
        yield channel, Credentials(example.token, square.url + example.path, secrets=example.secrets)
    finally:
        await http.close()


@pytest.mark.parametrize("platform", EXAMPLES)
@pytest.mark.parametrize("fault", ["accept_then_drop", "accept_then_500"])
async def test_what_was_taken_without_an_answer_is_found(square: Square, platform: str, fault: str) -> None:
    example = EXAMPLES[platform]
    publication, before = example.a_reply(square.http, example.account["account"]), datetime.now(UTC)
    async with a_channel(square, example) as (channel, credentials):
        square.fault(platform, fault)
        assert isinstance(await channel.send(publication, credentials), Unknown)
        (taken,) = square.replies(platform)
        found = await channel.find(publication, before, (), credentials)
        assert isinstance(found, Found)
        assert (found.native_id, taken["text"]) == (taken["id"], publication.text)


@pytest.mark.parametrize("platform", EXAMPLES)
async def test_what_hung_was_not_taken_and_is_not_seen(square: Square, platform: str) -> None:
    example = EXAMPLES[platform]
    publication, before = example.a_reply(square.http, example.account["account"]), datetime.now(UTC)
    async with a_channel(square, example) as (channel, credentials):
        square.fault(platform, "hang")
        assert isinstance(await channel.send(publication, credentials), Unknown)
        assert isinstance(await channel.find(publication, before, (), credentials), Absent)
        assert square.replies(platform) == []
        again = await channel.send(publication, credentials)
        assert isinstance(again, Published)
        assert [each["id"] for each in square.replies(platform)] == [again.native_id]


@pytest.mark.parametrize("platform", EXAMPLES)
@pytest.mark.parametrize("fault", ["throttle", "down", "token_dead", "parent_gone"])
async def test_a_platform_in_trouble_takes_nothing_and_says_why(square: Square, platform: str, fault: str) -> None:
    example = EXAMPLES[platform]
    publication = example.a_reply(square.http, example.account["account"])
    async with a_channel(square, example) as (channel, credentials):
        square.fault(platform, fault)
        outcome = await channel.send(publication, credentials)
        assert square.replies(platform) == []
    match fault:
        case "throttle":
            assert isinstance(outcome, Throttled)
            assert outcome.retry_after == 1
        case "down":
            asked = {"mailgun": Unknown, "open311": Unknown}
            assert isinstance(outcome, asked.get(platform, Unavailable))
        case "token_dead":
            assert isinstance(outcome, CredentialsDead)
        case _:
            assert isinstance(outcome, Refused)
            assert outcome.reason == "not_possible"


@pytest.mark.parametrize(("key", "reads"), [("mailgun-key", True), ("sending-key", False)])
async def test_a_probe_finds_out_what_a_key_may_without_sending_anything(square: Square, key: str, reads: bool) -> None:
    example = replace(mailgun.EXAMPLE, token=key)
    square.http.put("/accounts", json=[{**example.account, "token": key}]).raise_for_status()
    async with a_channel(square, example) as (channel, credentials):
        probed = await channel.probe(example.account["account"], credentials)
        assert isinstance(probed, Probed)
        assert (probed.rights["reply"], probed.rights["read"]) == (True, reads)
        stranger = replace(credentials, token="another-key")
        assert isinstance(await channel.probe(example.account["account"], stranger), CredentialsDead)
        assert square.replies("mailgun") == []


async def test_the_same_update_is_one_update(square: Square) -> None:
    example = open311.EXAMPLE
    publication = example.a_reply(square.http, "city.example")
    async with a_channel(square, example) as (channel, credentials):
        sent = [await channel.send(publication, credentials) for _ in range(2)]
        assert sent == [Published(publication.publication)] * 2
        assert len(square.replies("open311")) == 1


def on_the_forum(kind: Kind, native_id: str, text: str | None = None) -> Task:
    return Task("task_1", "passports", "discourse", "passport-office", "t310", kind, native_id, text=text)


async def test_a_reply_that_the_forum_must_approve_is_found_once_it_did(square: Square) -> None:
    square.http.put("/discourse/square/users/passport-office", json={"staff": False, "needs_approval": True})
    example, before = discourse.EXAMPLE, datetime.now(UTC)
    publication = example.a_reply(square.http, "passport-office")
    async with a_channel(square, example) as (channel, credentials):
        assert isinstance(await channel.send(publication, credentials), Unknown)
        assert isinstance(await channel.find(publication, before, (), credentials), CannotSee)
        headers = {"Api-Key": example.token, "Api-Username": "passport-office"}
        pending = square.http.get("/discourse/posts/passport-office/pending.json", headers=headers).json()
        (waiting,) = pending["pending_posts"]
        square.http.post(f"/discourse/square/pending/{waiting['id']}").raise_for_status()
        found = await channel.find(publication, before, (), credentials)
        assert isinstance(found, Found)
        assert found.native_id == str(waiting["id"])


async def test_the_same_text_again_is_in_doubt_until_a_look_shows_what_stands(square: Square) -> None:
    square.http.put("/discourse/square/users/passport-office", json={"staff": False})
    example, before = discourse.EXAMPLE, datetime.now(UTC)
    publication = example.a_reply(square.http, "passport-office")
    async with a_channel(square, example) as (channel, credentials):
        sent = await channel.send(publication, credentials)
        assert isinstance(sent, Published)
        assert isinstance(await channel.send(publication, credentials), Unknown)
        found = await channel.find(publication, before, (), credentials)
        assert isinstance(found, Found)
        assert (found.native_id, found.url) == (sent.native_id, sent.url)


async def test_our_post_is_put_right_and_taken_back(square: Square) -> None:
    example = discourse.EXAMPLE
    async with a_channel(square, example) as (channel, credentials):
        sent = await channel.send(example.a_reply(square.http, "passport-office"), credentials)
        assert isinstance(sent, Published)
        corrected = "Our office opens at 10 a.m. from Monday on."
        assert await channel.change(on_the_forum("edit", sent.native_id, corrected), credentials) == Done()
        shown = await channel.view("passport-office", sent.native_id, credentials)
        assert getattr(shown, "text", None) == corrected
        assert isinstance(await channel.change(on_the_forum("delete", sent.native_id), credentials), Done)
        assert isinstance(await channel.view("passport-office", sent.native_id, credentials), Gone)
        assert isinstance(await channel.change(on_the_forum("delete", sent.native_id), credentials), Done)
        assert isinstance(await channel.change(on_the_forum("edit", sent.native_id, corrected), credentials), CannotDo)


async def test_staff_hide_show_and_remove_a_citizens_post(square: Square) -> None:
    async with a_channel(square, discourse.EXAMPLE) as (channel, credentials):
        kinds: tuple[Kind, ...] = ("hide", "hide", "show", "show", "remove", "remove")
        for kind in kinds:
            assert isinstance(await channel.change(on_the_forum(kind, "4711"), credentials), Done)


async def test_who_is_not_of_the_staff_hides_nothing(square: Square) -> None:
    square.http.put("/discourse/square/users/passport-office", json={"staff": False})
    async with a_channel(square, discourse.EXAMPLE) as (channel, credentials):
        kinds: tuple[Kind, ...] = ("hide", "remove")
        for kind in kinds:
            assert isinstance(await channel.change(on_the_forum(kind, "4711"), credentials), Refused)
        probed = await channel.probe("passport-office", credentials)
        assert isinstance(probed, Probed)
        assert probed.rights["hide"] is False


async def test_the_forum_has_numbers_of_any_post(square: Square) -> None:
    async with a_channel(square, discourse.EXAMPLE) as (channel, credentials):
        measured = await channel.measure("passport-office", "4711", credentials)
        assert isinstance(measured, Measured)
        assert measured.numbers == {"views": 3, "likes": 1, "replies": 0, "quotes": 0}


@pytest.mark.parametrize("platform", ["discourse", "mailgun", "postmark"])
async def test_a_probe_tells_a_token_that_is_good_from_one_that_is_not(square: Square, platform: str) -> None:
    example = EXAMPLES[platform]
    async with a_channel(square, example) as (channel, credentials):
        assert isinstance(await channel.probe(example.account["account"], credentials), Probed)
        other = Credentials("another-token", credentials.base_url, secrets=example.secrets)
        assert isinstance(await channel.probe(example.account["account"], other), CredentialsDead)
