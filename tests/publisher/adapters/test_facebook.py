"""Facebook: what its answers mean, and replies against a platform that misbehaves."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.publisher.adapters.http import Answer, Http
from services.publisher.adapters.platforms import facebook
from services.publisher.adapters.platforms.facebook import Facebook
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
from services.publisher.ports import Credentials
from tests.publisher.builders import a_publication
from tests.support.platform_stand_in import TOKEN, PlatformStandIn

pytestmark = pytest.mark.asyncio(loop_scope="session")

PAYLOADS = Path(__file__).parents[2] / "payloads" / "facebook"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def answered(name: str, status: int, **headers: str) -> Answer:
    return Answer(status, headers, (PAYLOADS / f"publisher_{name}.json").read_bytes())


def an_error(code: int, subcode: int | None = None, status: int = 400, **members: Any) -> Answer:
    error = {"message": "…", "type": "OAuthException", "code": code, "error_subcode": subcode, **members}
    return Answer(status, {}, json.dumps({"error": error}).encode())


@asynccontextmanager
async def a_page() -> AsyncIterator[tuple[PlatformStandIn, Facebook, Credentials]]:
    http = Http()
    async with PlatformStandIn("facebook") as platform:
        try:
            yield platform, Facebook(http, default_version="v25.0"), Credentials(TOKEN, platform.url)
        finally:
            await http.close()


async def test_a_created_comment_is_published() -> None:
    assert facebook.outcome_of(answered("created", 200)) == Published("122097436400000001_1198405555555555")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (an_error(1, status=500), Unknown),
        (an_error(2, status=503), Unknown),
        (an_error(4), Throttled),
        (an_error(17), Throttled),
        (an_error(32), Throttled),
        (an_error(341), Throttled),
        (an_error(613), Throttled),
        (an_error(80001), Throttled),
        (an_error(80014), Throttled),
        (an_error(190, 463, 401), CredentialsDead),
        (an_error(190, 460), CredentialsDead),
        (an_error(102), CredentialsDead),
        (an_error(506), Unknown),
        (an_error(12345, status=400, is_transient=True), Unknown),
        (an_error(12345, status=500), Unknown),
        (Answer(429, {"retry-after": "7"}, b""), Throttled),
        (Answer(200, {}, b'{"id": 7}'), Unknown),
        (Answer(200, {}, b"<html>"), Unknown),
        (Answer(400, {}, b""), Unknown),
        (Answer(302, {}, b""), Unknown),
        (Answer(502, {}, b"Bad gateway"), Unknown),
    ],
)
async def test_an_answer_is_read_by_code(answer: Answer, kind: type[Outcome]) -> None:
    assert isinstance(facebook.outcome_of(answer), kind)


@pytest.mark.parametrize(
    ("code", "subcode", "reason"),
    [
        (100, 33, "not_possible"),
        (100, None, "rejected"),
        (3, None, "not_permitted"),
        (10, None, "not_permitted"),
        (200, None, "not_permitted"),
        (299, None, "not_permitted"),
        (368, None, "blocked"),
        (1609005, None, "rejected"),
    ],
)
async def test_a_refusal_says_why(code: int, subcode: int | None, reason: str) -> None:
    outcome = facebook.outcome_of(an_error(code, subcode))
    assert isinstance(outcome, Refused)
    assert outcome.reason == reason


async def test_a_throttle_tells_when_access_is_regained() -> None:
    usage = json.dumps({"110000000000001": [{"type": "pages", "estimated_time_to_regain_access": 3}]})
    answer = answered("throttled", 400, **{"x-business-use-case-usage": usage})
    assert facebook.outcome_of(answer) == Throttled(180.0, "status 400, code 32, subcode None")


async def test_no_detail_repeats_the_platforms_words() -> None:
    outcome = facebook.outcome_of(an_error(368, message="Bearer EAAB-secret"))
    assert isinstance(outcome, Refused)
    assert "EAAB" not in outcome.detail


async def test_the_token_travels_in_the_header_and_never_in_the_address() -> None:
    async with a_page() as (platform, channel, credentials):
        await channel.send(a_publication(), credentials)
        (request,) = platform.requests
        assert request.path == "/v25.0/900_1/comments"
        assert request.query == {}
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        assert request.json() == {"message": "Our office opens at 9 a.m."}


async def test_an_account_may_name_its_version() -> None:
    async with a_page() as (platform, channel, _):
        await channel.send(a_publication(), Credentials(TOKEN, platform.url, "v99.0"))
        assert platform.requests[0].path.startswith("/v99.0/")


async def test_an_id_cannot_lead_to_another_path() -> None:
    async with a_page() as (platform, channel, credentials):
        await channel.send(a_publication(reply_to="../me?x=1#"), credentials)
        assert platform.requests[0].path == "/v25.0/..%2Fme%3Fx=1%23/comments"


@pytest.mark.parametrize("fault", ["accept_then_drop", "accept_then_500", "accept_then_garbage", "accept_then_flood"])
async def test_a_reply_that_was_taken_without_an_answer_is_found_by_looking(fault: str) -> None:
    async with a_page() as (platform, channel, credentials):
        platform.misbehave(fault)
        publication, before = a_publication(), datetime.now(UTC)
        assert isinstance(await channel.send(publication, credentials), Unknown)
        assert await channel.find(publication, before, (), credentials) == Found("900_1_1")


async def test_a_hanging_reply_is_unknown_and_absent() -> None:
    async with a_page() as (platform, channel, credentials):
        platform.misbehave("hang")
        publication = a_publication()
        assert isinstance(await channel.send(publication, credentials), Unknown)
        assert isinstance(await channel.find(publication, LONG_AGO, (), credentials), Absent)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("throttle", Throttled), ("down", Unknown), ("token_dead", CredentialsDead), ("parent_gone", Refused)],
)
async def test_a_platform_in_trouble_took_nothing(fault: str, kind: type[Outcome]) -> None:
    async with a_page() as (platform, channel, credentials):
        platform.misbehave(fault)
        assert isinstance(await channel.send(a_publication(), credentials), kind)
        assert platform.replies == []


async def test_a_platform_that_is_not_there_got_nothing() -> None:
    async with a_page() as (_, channel, _credentials):
        nowhere = Credentials(TOKEN, "http://127.0.0.1:1")
        assert isinstance(await channel.send(a_publication(), nowhere), Unavailable)
        assert isinstance(await channel.find(a_publication(), LONG_AGO, (), nowhere), CannotSee)


async def test_a_text_that_is_too_long_is_refused_unsent() -> None:
    async with a_page() as (platform, channel, credentials):
        outcome = await channel.send(a_publication(text="x" * 8001), credentials)
        assert isinstance(outcome, Refused)
        assert (outcome.reason, platform.requests) == ("too_long", [])


@pytest.mark.parametrize(
    "other",
    [
        {"from": {"id": "someone else"}},
        {"message": "Our office opens at 10 a.m."},
        {"created_time": "2026-11-22T07:00:00+0000"},
        {"from": None},
        {"created_time": "yesterday"},
        {"id": "already-ours"},
        {"id": 5},
    ],
)
async def test_only_our_own_same_new_reply_is_ours(other: dict[str, Any]) -> None:
    publication, since = a_publication(), datetime(2026, 11, 22, 8, tzinfo=UTC)
    reply = {
        "id": "900_1_2",
        "message": "Our office  opens at\n9 a.m.",
        "from": {"id": publication.account},
        "created_time": "2026-11-22T08:00:01+0000",
    }
    ours = Answer(200, {}, json.dumps({"data": [reply]}).encode())
    theirs = Answer(200, {}, json.dumps({"data": [reply | other]}).encode())
    assert facebook.sighting_of(ours, publication, since, {"already-ours"}) == Found("900_1_2")
    assert facebook.sighting_of(theirs, publication, since, {"already-ours"}) == Absent()


async def test_a_full_page_of_newer_replies_proves_nothing() -> None:
    publication, since = a_publication(), datetime(2026, 11, 22, 8, tzinfo=UTC)
    newer = {"id": "1", "message": "hi", "from": {"id": "c"}, "created_time": "2026-11-22T09:00:00+0000"}
    answer = Answer(200, {}, json.dumps({"data": [newer] * 100}).encode())
    assert isinstance(facebook.sighting_of(answer, publication, since, ()), CannotSee)
    older = newer | {"created_time": "2026-11-22T07:00:00+0000"}
    answer = Answer(200, {}, json.dumps({"data": [newer] * 99 + [older]}).encode())
    assert isinstance(facebook.sighting_of(answer, publication, since, ()), Absent)


async def test_a_look_allows_for_clocks_that_differ() -> None:
    async with a_page() as (_, channel, credentials):
        publication = a_publication()
        await channel.send(publication, credentials)
        ahead = datetime.now(UTC) + timedelta(minutes=1)
        assert isinstance(await channel.find(publication, ahead, (), credentials), Found)


@pytest.mark.parametrize("answer", [an_error(190, 463, 401), Answer(200, {}, b"[]"), Answer(500, {}, b"")])
async def test_a_look_that_does_not_come_about_proves_nothing(answer: Answer) -> None:
    assert isinstance(facebook.sighting_of(answer, a_publication(), LONG_AGO, ()), CannotSee)
