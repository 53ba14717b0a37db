"""Open311: readable here without credentials, told to the city's back end with them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest

from services.publisher.adapters.http import Answer, Http
from services.publisher.adapters.platforms import open311
from services.publisher.adapters.platforms.open311 import Open311
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
from tests.publisher.builders import NOW, a_publication
from tests.support.platform_stand_in import TOKEN
from tests.support.scripted_platform import ScriptedPlatform

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATH = "/servicerequestupdates.json"
UPDATE = {"update_id": "pub_ours", "service_request_id": "638344", "description": "Our office opens at 9 a.m."}


def an_update(**changes: Any) -> Publication:
    return a_publication(
        **{
            "publication": "pub_ours",
            "platform": "open311",
            "account": "city.example",
            "thread": "638344",
            "reply_to": "638344",
            **changes,
        }
    )


@asynccontextmanager
async def a_city() -> AsyncIterator[tuple[ScriptedPlatform, Open311, Credentials]]:
    http = Http()
    async with ScriptedPlatform("open311") as platform:
        try:
            yield platform, Open311(http, clock=lambda: NOW), Credentials(TOKEN, platform.url)
        finally:
            await http.close()


def answered(status: int, content: object, **headers: str) -> Answer:
    return Answer(status, headers, content if isinstance(content, bytes) else json.dumps(content).encode())


async def test_without_credentials_publishing_is_making_it_readable_here() -> None:
    async with a_city() as (platform, channel, _):
        assert await channel.send(an_update(text="x" * 5000), None) == Published("pub_ours")
        assert isinstance(await channel.find(an_update(), NOW, (), None), Absent)
        assert platform.requests == []


async def test_an_update_is_a_form_under_our_own_id() -> None:
    async with a_city() as (platform, channel, credentials):
        platform.answers("POST", PATH, [{"update_id": "pub_ours"}])
        assert await channel.send(an_update(), credentials) == Published("pub_ours")
        (request,) = platform.requests
        assert request.headers["content-type"].startswith("application/x-www-form-urlencoded")
        assert dict(parse_qsl(request.body.decode())) == {
            "api_key": TOKEN,
            "jurisdiction_id": "city.example",
            "service_request_id": "638344",
            "update_id": "pub_ours",
            "status": "OPEN",
            "updated_datetime": "2026-11-22T08:30:00+00:00",
            "description": "Our office opens at 9 a.m.",
        }
        assert (request.query, TOKEN in request.path) == ({}, False)


async def test_the_back_end_may_call_the_jurisdiction_otherwise() -> None:
    async with a_city() as (platform, channel, _):
        platform.answers("POST", PATH, [{"update_id": "pub_ours"}])
        named = Credentials(TOKEN, platform.url, secrets={"jurisdiction_id": "works.city.example"})
        await channel.send(an_update(), named)
        assert dict(parse_qsl(platform.requests[0].body.decode()))["jurisdiction_id"] == "works.city.example"


@pytest.mark.parametrize(
    ("content", "native_id"),
    [
        ([{"update_id": "17"}], "17"),
        ([{"update_id": 17}], "17"),
        ({"update_id": "17"}, "17"),
        ({"service_request_updates": [{"update_id": 17}]}, "17"),
        (b'[{"update_id": 0017}]', "0017"),
        (b"<service_request_updates><request_update><update_id>17</update_id></request_update>", "17"),
        ([{"update_id": None}], "pub_ours"),
        ([], "pub_ours"),
    ],
)
async def test_an_id_is_read_however_it_is_written(content: object, native_id: str) -> None:
    assert open311.outcome_of(answered(201, content), "pub_ours") == Published(native_id)


@pytest.mark.parametrize(
    ("status", "content", "kind", "reason"),
    [
        (200, [{"code": 500, "description": "the asset system is away"}], Unknown, None),
        (200, b"<html>Sign in to the network</html>", Unknown, None),
        (400, [{"code": 400, "description": "Error in input for POST_Service_Request_Update"}], Refused, "rejected"),
        (400, [{"code": 400, "description": "Could not reach the asset system"}], Unavailable, None),
        (400, b"", Unavailable, None),
        (401, [], CredentialsDead, None),
        (403, [{"code": 403, "description": "api_key"}], CredentialsDead, None),
        (404, [], Refused, "not_possible"),
        (410, [], Refused, "not_possible"),
        (405, b"", Refused, "not_permitted"),
        (422, [], Refused, "rejected"),
        (429, [], Throttled, None),
        (500, [], Unknown, None),
        (503, b"", Unknown, None),
    ],
)
async def test_an_answer_is_read_by_status(
    status: int, content: object, kind: type[Outcome], reason: str | None
) -> None:
    outcome = open311.outcome_of(answered(status, content), "pub_ours")
    assert isinstance(outcome, kind)
    assert getattr(outcome, "reason", None) == reason


async def test_an_update_that_is_too_long_is_refused_unsent() -> None:
    async with a_city() as (platform, channel, credentials):
        outcome = await channel.send(an_update(text="x" * 4001), credentials)
        assert isinstance(outcome, Refused)
        assert (outcome.reason, platform.requests) == ("too_long", [])


async def test_a_look_asks_for_the_updates_since_it_was_sent() -> None:
    async with a_city() as (platform, channel, credentials):
        platform.answers("GET", PATH, [UPDATE])
        assert await channel.find(an_update(), NOW, (), credentials) == Found("pub_ours")
        (request,) = platform.requests
        assert (request.query["start_date"], request.query["end_date"]) == (
            "2026-11-22T08:28:00+00:00",
            "2026-11-22T08:32:00+00:00",
        )


@pytest.mark.parametrize(
    ("listed", "kind"),
    [
        ([UPDATE | {"description": "changed"}], Found),
        ([UPDATE | {"update_id": 99}], Found),
        ([UPDATE | {"update_id": 99, "service_request_id": 638344}], Found),
        ([UPDATE | {"update_id": 99, "service_request_id": "1"}], Absent),
        ([UPDATE | {"update_id": 99, "description": "Other words"}], Absent),
        ([UPDATE | {"update_id": 99, "updated_datetime": "2026-11-21T08:30:00+00:00"}], Absent),
        ([UPDATE | {"update_id": 99, "updated_datetime": "2026-11-22T14:00:00+05:30"}], Found),
        ([UPDATE | {"update_id": "already-ours"}], Absent),
        ([], Absent),
    ],
)
async def test_an_update_is_ours_by_its_id_or_by_its_words(listed: list[Any], kind: type) -> None:
    assert isinstance(open311.sighting_of(answered(200, listed), an_update(), NOW, {"already-ours"}), kind)


@pytest.mark.parametrize("status", [400, 403, 404, 500])
async def test_a_look_that_does_not_come_about_proves_nothing(status: int) -> None:
    assert isinstance(open311.sighting_of(answered(status, []), an_update(), NOW, ()), CannotSee)
    assert isinstance(open311.sighting_of(answered(200, b"<html>"), an_update(), NOW, ()), CannotSee)


async def test_a_back_end_that_is_not_there_got_nothing() -> None:
    async with a_city() as (_, channel, _credentials):
        nowhere = Credentials(TOKEN, "http://127.0.0.1:1")
        assert isinstance(await channel.send(an_update(), nowhere), Unavailable)
        assert isinstance(await channel.find(an_update(), datetime(2026, 11, 22, tzinfo=UTC), (), nowhere), CannotSee)
