"""Mastodon: what its answers mean, and replies against a server that misbehaves."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.publisher.adapters.http import Answer, Http
from services.publisher.adapters.platforms import mastodon
from services.publisher.adapters.platforms.mastodon import Mastodon
from services.publisher.domain.outcomes import (
    Absent,
    CannotSee,
    CredentialsDead,
    Found,
    Outcome,
    Published,
    Refused,
    Throttled,
    Unavailable,
    Unknown,
)
from services.publisher.domain.publications import Publication
from services.publisher.ports import Credentials
from tests.publisher.builders import a_publication
from tests.support.platform_stand_in import TOKEN, PlatformStandIn

pytestmark = pytest.mark.asyncio(loop_scope="session")

STATUS = json.loads((Path(__file__).parents[2] / "payloads/mastodon/publisher_status.json").read_bytes())
SINCE = datetime(2026, 11, 22, 8, tzinfo=UTC)


def a_reply(**changes: Any) -> Publication:
    return a_publication(
        **{
            "platform": "mastodon",
            "account": "109000000000000001",
            "reply_to": "115608000000000001",
            "mention": "nimal@example.social",
            "text": "The supply returns at 6 p.m.",
            **changes,
        }
    )


@asynccontextmanager
async def a_server() -> AsyncIterator[tuple[PlatformStandIn, Mastodon, Credentials]]:
    http = Http(total_seconds=0.5)
    async with PlatformStandIn("mastodon", account="109000000000000001") as platform:
        try:
            yield platform, Mastodon(http), Credentials(TOKEN, platform.url)
        finally:
            await http.close()


async def test_a_created_status_is_published_with_its_address() -> None:
    outcome = mastodon.outcome_of(Answer(200, {}, json.dumps(STATUS).encode()))
    assert outcome == Published(STATUS["id"], STATUS["url"])


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (400, Refused, "rejected"),
        (401, CredentialsDead, None),
        (403, Refused, "not_permitted"),
        (404, Refused, "not_possible"),
        (422, Refused, "rejected"),
        (429, Throttled, None),
        (302, Unknown, None),
        (500, Unknown, None),
        (503, Unknown, None),
    ],
)
async def test_an_answer_is_read_by_status(status: int, kind: type[Outcome], reason: str | None) -> None:
    outcome = mastodon.outcome_of(Answer(status, {}, b'{"error": "no"}'))
    assert isinstance(outcome, kind)
    assert getattr(outcome, "reason", None) == reason


async def test_the_reset_of_a_limit_is_a_moment_on_the_servers_clock() -> None:
    headers = {"x-ratelimit-reset": "2026-11-22T08:05:00.000000Z", "date": "Sun, 22 Nov 2026 08:03:30 GMT"}
    assert mastodon.outcome_of(Answer(429, headers, b"{}")) == Throttled(90.0, "status 429: ")


async def test_a_reply_carries_key_parent_mention_and_language() -> None:
    async with a_server() as (platform, channel, credentials):
        publication = a_reply(language="en")
        await channel.send(publication, credentials)
        (request,) = platform.requests
        assert (request.path, request.headers["idempotency-key"]) == ("/api/v1/statuses", publication.publication)
        assert request.json() == {
            "status": "@nimal@example.social The supply returns at 6 p.m.",
            "in_reply_to_id": "115608000000000001",
            "visibility": "public",
            "language": "en",
        }


@pytest.mark.parametrize(
    ("visibility", "public", "sent"),
    [
        (None, True, "public"),
        (None, False, "direct"),
        ("unlisted", True, "unlisted"),
        ("private", True, "private"),
        ("direct", False, "direct"),
        ("local", True, "direct"),
    ],
)
async def test_a_reply_is_never_wider_than_what_it_answers(visibility: str | None, public: bool, sent: str) -> None:
    status = mastodon.status_of(a_reply(visibility=visibility, public=public), "…")
    assert status["visibility"] == sent


@pytest.mark.parametrize("fault", ["accept_then_drop", "accept_then_500", "accept_then_garbage"])
async def test_the_same_key_brings_back_the_first_status(fault: str) -> None:
    async with a_server() as (platform, channel, credentials):
        platform.misbehave(fault)
        publication = a_reply()
        assert isinstance(await channel.send(publication, credentials), Unknown)
        again = await channel.send(publication, credentials)
        assert again == Published(platform.replies[0].id, f"{platform.url}/@agency/{platform.replies[0].id}")
        assert len(platform.replies) == 1


async def test_a_status_that_stands_is_found_by_looking() -> None:
    async with a_server() as (platform, channel, credentials):
        publication, before = a_reply(), datetime.now(UTC)
        await channel.send(publication, credentials)
        sighting = await channel.find(publication, before, (), credentials)
        assert isinstance(sighting, Found)
        assert sighting.native_id == platform.replies[0].id
        assert isinstance(await channel.find(publication, before, {sighting.native_id}, credentials), Absent)


async def test_a_server_that_is_not_there_got_nothing() -> None:
    async with a_server() as (_, channel, _credentials):
        nowhere = Credentials(TOKEN, "http://127.0.0.1:1")
        assert isinstance(await channel.send(a_reply(), nowhere), Unavailable)
        assert isinstance(await channel.find(a_reply(), SINCE, (), nowhere), CannotSee)


@pytest.mark.parametrize("fault", ["throttle", "down", "token_dead", "parent_gone", "drop", "hang"])
async def test_a_server_in_trouble_took_nothing(fault: str) -> None:
    async with a_server() as (platform, channel, credentials):
        platform.misbehave(fault)
        outcome = await channel.send(a_reply(), credentials)
        assert not isinstance(outcome, Published | Unavailable)
        assert platform.replies == []


async def test_a_status_that_is_too_long_is_refused_unsent() -> None:
    async with a_server() as (platform, channel, credentials):
        outcome = await channel.send(a_reply(text="x" * 494), credentials)
        assert isinstance(outcome, Refused)
        assert (outcome.reason, platform.requests) == ("too_long", [])
        assert isinstance(await channel.send(a_reply(text="x" * 493), credentials), Published)


@pytest.mark.parametrize(
    "other",
    [
        {"in_reply_to_id": "other"},
        {"content": "<p>The supply returns at 7 p.m.</p>"},
        {"created_at": "2026-11-22T07:00:00.000Z"},
        {"id": "already-ours"},
    ],
)
async def test_only_our_own_same_new_status_is_ours(other: dict[str, Any]) -> None:
    ours = Answer(200, {}, json.dumps([STATUS]).encode())
    theirs = Answer(200, {}, json.dumps([STATUS | other]).encode())
    assert mastodon.sighting_of(ours, a_reply(), SINCE, {"already-ours"}) == Found(STATUS["id"], STATUS["url"])
    assert isinstance(mastodon.sighting_of(theirs, a_reply(), SINCE, {"already-ours"}), Absent)


@pytest.mark.parametrize("answer", [Answer(401, {}, b"[]"), Answer(200, {}, b"{}"), Answer(200, {}, b"<html>")])
async def test_a_look_that_does_not_come_about_proves_nothing(answer: Answer) -> None:
    assert isinstance(mastodon.sighting_of(answer, a_reply(), SINCE, ()), CannotSee)
