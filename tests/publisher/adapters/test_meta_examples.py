"""One reply on each of Meta's platforms against the town square's stand-in, on a good day and on bad ones."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.publisher.adapters.http import Http
from services.publisher.adapters.platforms import channels
from services.publisher.domain.outcomes import (
    Absent,
    CannotSee,
    Captured,
    CredentialsDead,
    Found,
    Gone,
    Outcome,
    Probed,
    Published,
    Refused,
    Sighting,
    Throttled,
    Unknown,
)
from services.publisher.domain.publications import Publication
from services.publisher.ports import Channel, Credentials
from tests.local.support import Square, open_square
from tests.publisher.builders import a_task
from tests.publisher.examples import Example, facebook, instagram, messenger, whatsapp

pytestmark = pytest.mark.asyncio(loop_scope="session")

EXAMPLES = {
    "facebook": facebook.EXAMPLE,
    "messenger": messenger.EXAMPLE,
    "instagram": instagram.EXAMPLE,
    "whatsapp": whatsapp.EXAMPLE,
}
LOOKED_AT = ("facebook", "messenger", "instagram")


@asynccontextmanager
async def a_channel(home: Path, example: Example) -> AsyncIterator[tuple[Square, Channel, Publication, Credentials]]:
    http = Http()
    with open_square(home, hang_seconds=0.2) as square:
        square.http.put("/accounts", json=[dict(example.account) | {"token": example.token}]).raise_for_status()
        channel = channels(http, facebook_version="v25.0")[example.account["platform"]]
        publication = example.a_reply(square.http, example.account["account"])
        try:
            yield square, channel, publication, Credentials(example.token, square.url + example.path)
        finally:
            await http.close()


async def send_and_look(home: Path, platform: str, fault: str) -> tuple[Outcome, Sighting, list[dict[str, str]]]:
    async with a_channel(home, EXAMPLES[platform]) as (square, channel, publication, credentials):
        square.fault(platform, fault)
        before = datetime.now(UTC)
        outcome = await channel.send(publication, credentials)
        sighting = await channel.find(publication, before, (), credentials)
        return outcome, sighting, square.replies(platform)


@pytest.mark.parametrize("platform", EXAMPLES)
async def test_a_reply_on_a_good_day_stands_once(platform: str, tmp_path: Path) -> None:
    async with a_channel(tmp_path, EXAMPLES[platform]) as (square, channel, publication, credentials):
        outcome = await channel.send(publication, credentials)
        assert isinstance(outcome, Published)
        assert [reply["id"] for reply in square.replies(platform)] == [outcome.native_id]


@pytest.mark.parametrize("fault", ["accept_then_drop", "accept_then_500"])
@pytest.mark.parametrize("platform", LOOKED_AT)
async def test_a_reply_that_was_taken_unseen_is_found(platform: str, fault: str, tmp_path: Path) -> None:
    outcome, sighting, replies = await send_and_look(tmp_path, platform, fault)
    assert isinstance(outcome, Unknown)
    assert sighting == Found(replies[0]["id"])


@pytest.mark.parametrize("fault", ["hang", "down"])
@pytest.mark.parametrize("platform", LOOKED_AT)
async def test_a_reply_that_was_not_taken_is_absent(platform: str, fault: str, tmp_path: Path) -> None:
    outcome, sighting, replies = await send_and_look(tmp_path, platform, fault)
    assert isinstance(outcome, Unknown)
    assert isinstance(sighting, Absent)
    assert replies == []


@pytest.mark.parametrize("fault", ["accept_then_drop", "accept_then_500", "hang", "down"])
async def test_on_whatsapp_nobody_can_see_what_became_of_it(fault: str, tmp_path: Path) -> None:
    outcome, sighting, _ = await send_and_look(tmp_path, "whatsapp", fault)
    assert isinstance(outcome, Unknown)
    assert isinstance(sighting, CannotSee)


@pytest.mark.parametrize(
    ("fault", "kind"), [("throttle", Throttled), ("token_dead", CredentialsDead), ("parent_gone", Refused)]
)
@pytest.mark.parametrize("platform", EXAMPLES)
async def test_a_refusal_is_told_by_its_kind(platform: str, fault: str, kind: type[Outcome], tmp_path: Path) -> None:
    outcome, _, replies = await send_and_look(tmp_path, platform, fault)
    assert isinstance(outcome, kind)
    assert getattr(outcome, "reason", "not_possible") == "not_possible"
    assert replies == []


@pytest.mark.parametrize("platform", EXAMPLES)
async def test_the_squares_token_gives_every_right(platform: str, tmp_path: Path) -> None:
    async with a_channel(tmp_path, EXAMPLES[platform]) as (_, channel, publication, credentials):
        probed = await channel.probe(publication.account, credentials)
        assert isinstance(probed, Probed)
        assert set(probed.rights.values()) == {True}
        dead = await channel.probe(publication.account, Credentials("nobody", credentials.base_url))
        assert isinstance(dead, CredentialsDead)


@pytest.mark.parametrize("platform", ["facebook", "instagram"])
async def test_a_reply_is_counted_captured_and_taken_back(platform: str, tmp_path: Path) -> None:
    async with a_channel(tmp_path, EXAMPLES[platform]) as (_, channel, publication, credentials):
        sent = await channel.send(publication, credentials)
        assert isinstance(sent, Published)
        seen = [
            await channel.measure(publication.account, sent.native_id, credentials),
            await channel.view(publication.account, sent.native_id, credentials),
            await channel.change(a_task(kind="delete", native_id=sent.native_id), credentials),
            await channel.view(publication.account, sent.native_id, credentials),
            await channel.change(a_task(kind="delete", native_id=sent.native_id), credentials),
        ]
        assert [type(each).__name__ for each in seen] == ["Measured", "Captured", "Done", "Gone", "Done"]


async def test_a_reply_on_a_page_reads_as_it_was_edited(tmp_path: Path) -> None:
    async with a_channel(tmp_path, facebook.EXAMPLE) as (square, channel, publication, credentials):
        sent = await channel.send(publication, credentials)
        assert isinstance(sent, Published)
        task = a_task(kind="edit", native_id=sent.native_id, text="Our office opens at 10 a.m.")
        await channel.change(task, credentials)
        read = square.http.get(
            f"/graph/v25.0/{sent.native_id}", headers={"Authorization": f"Bearer {credentials.token}"}
        )
        assert read.json()["message"] == "Our office opens at 10 a.m."


@pytest.mark.parametrize("platform", ["facebook", "instagram"])
async def test_a_citizens_comment_is_hidden_shown_and_removed_once(platform: str, tmp_path: Path) -> None:
    async with a_channel(tmp_path, EXAMPLES[platform]) as (_, channel, publication, credentials):
        assert isinstance(await channel.view(publication.account, publication.reply_to, credentials), Captured)
        effects = [
            await channel.change(a_task(kind=kind, native_id=publication.reply_to), credentials)
            for kind in ("hide", "show", "remove", "remove", "hide")
        ]
        assert [type(effect).__name__ for effect in effects] == ["Done", "Done", "Done", "Done", "CannotDo"]
        assert isinstance(await channel.view(publication.account, publication.reply_to, credentials), Gone)
        answered = await channel.send(publication, credentials)
        assert isinstance(answered, Refused)
        assert answered.reason == "not_possible"
