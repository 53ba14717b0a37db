"""Sessions on Bluesky: opened once, kept open, and not knocked for in vain."""

import asyncio

import pytest

from services.publisher.domain.outcomes import CredentialsDead, Outcome, Published, Throttled, Unavailable
from services.publisher.ports import Credentials
from tests.publisher.adapters.on_bluesky import OURS, SESSION, VIEW, a_reply, a_server, error
from tests.support.told_platform import Told

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_many_replies_at_once_open_one_session() -> None:
    async with a_server() as (platform, channel, credentials):
        await asyncio.gather(*(channel.send(a_reply(), credentials) for _ in range(20)))
        assert len(platform.asked_for("putRecord")) == 20
        assert len(platform.asked_for("createSession")) == 1


async def test_an_outdated_token_is_renewed_once_for_all_and_the_call_made_again() -> None:
    async with a_server() as (platform, channel, credentials):
        await channel.send(a_reply(), credentials)
        platform.tell("putRecord", error(400, "ExpiredToken"), (200, {"uri": OURS}))
        platform.tell("refreshSession", (200, SESSION | {"accessJwt": "access-2", "refreshJwt": "refresh-2"}))
        assert isinstance(await channel.send(a_reply(), credentials), Published)
        (renewal,) = platform.asked_for("refreshSession")
        assert (renewal.method, renewal.headers["authorization"], renewal.body) == ("POST", "Bearer refresh-1", b"")
        assert platform.asked_for("putRecord")[-1].headers["authorization"] == "Bearer access-2"
        assert len(platform.asked_for("createSession")) == 1


@pytest.mark.parametrize(
    "told", [error(400, "ExpiredToken"), error(400, "InvalidRequest"), error(401, "AuthMissing"), error(403, "")]
)
async def test_a_refresh_token_that_is_refused_means_beginning_anew(told: Told) -> None:
    async with a_server() as (platform, channel, credentials):
        platform.tell("getPosts", error(400, "ExpiredToken"), (200, {"posts": [VIEW]}))
        platform.tell("refreshSession", told)
        assert isinstance(await channel.send(a_reply(), credentials), Published)
        assert len(platform.asked_for("createSession")) == 2


async def test_a_token_that_is_refused_is_not_used_again() -> None:
    async with a_server() as (platform, channel, credentials):
        platform.tell("putRecord", error(400, "InvalidToken"), (200, {"uri": OURS}))
        assert isinstance(await channel.send(a_reply(), credentials), CredentialsDead)
        assert isinstance(await channel.send(a_reply(), credentials), Published)
        assert len(platform.asked_for("createSession")) == 2


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (error(401, "AuthenticationRequired"), CredentialsDead("status 401, AuthenticationRequired")),
        (error(401, "AuthFactorTokenRequired"), CredentialsDead("status 401, AuthFactorTokenRequired")),
        (error(400, "InvalidRequest"), CredentialsDead("status 400, InvalidRequest")),
        ((200, SESSION | {"did": "did:plc:bank"}), CredentialsDead("the app password is another account's")),
        (error(429, "RateLimitExceeded", **{"retry-after": "60"}), Throttled(60.0, "status 429, RateLimitExceeded")),
        (error(503, "UpstreamFailure"), Unavailable("status 503, UpstreamFailure")),
    ],
)
async def test_a_door_that_does_not_open_is_not_knocked_at_by_everybody(told: Told, expected: Outcome) -> None:
    async with a_server() as (platform, channel, credentials):
        platform.tell("createSession", told)
        outcomes = await asyncio.gather(*(channel.send(a_reply(), credentials) for _ in range(10)))
        assert outcomes == [expected] * 10
        assert len(platform.asked) == 1


async def test_an_author_who_is_taken_down_costs_no_session() -> None:
    async with a_server() as (platform, channel, credentials):
        platform.tell("getPosts", (200, {"posts": []}))
        platform.tell("getProfile", error(400, "AccountTakedown"))
        for _ in range(3):
            assert isinstance(await channel.send(a_reply(), credentials), Unavailable)
        assert len(platform.asked_for("createSession")) == 1


async def test_another_app_password_is_tried_at_once() -> None:
    async with a_server() as (platform, channel, credentials):
        platform.tell("createSession", error(401, "AuthenticationRequired"), (200, SESSION))
        await channel.send(a_reply(), credentials)
        assert isinstance(await channel.send(a_reply(), Credentials("another", platform.url)), Published)


async def test_app_password_and_tokens_do_not_show() -> None:
    async with a_server() as (_, channel, credentials):
        await channel.send(a_reply(), credentials)
        shown = repr(channel._sessions._doors)
        assert all(secret not in shown for secret in ("app-password", "access-1", "refresh-1"))
