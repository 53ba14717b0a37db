"""Forum, mail and Open311 against the town square: an unclear end is told, and a look sees what stands."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.publisher.adapters.http import Http
from services.publisher.adapters.platforms import channels
from services.publisher.domain.outcomes import (
    Absent,
    CredentialsDead,
    Found,
    Published,
    Refused,
    Throttled,
    Unavailable,
    Unknown,
)
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
    with open_square(tmp_path, hang_seconds=5) as running:
        accounts = [{**example.account, "token": example.token} for example in EXAMPLES.values()]
        running.http.put("/accounts", json=accounts).raise_for_status()
        yield running


@asynccontextmanager
async def a_channel(square: Square, example: Example) -> AsyncIterator[tuple[Channel, Credentials]]:
    http = Http(total_seconds=1)
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


async def test_the_same_update_is_one_update(square: Square) -> None:
    example = open311.EXAMPLE
    publication = example.a_reply(square.http, "city.example")
    async with a_channel(square, example) as (channel, credentials):
        sent = [await channel.send(publication, credentials) for _ in range(2)]
        assert sent == [Published(publication.publication)] * 2
        assert len(square.replies("open311")) == 1
