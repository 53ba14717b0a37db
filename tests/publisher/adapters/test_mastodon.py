"""Mastodon: what its answers mean, and replies against a server that misbehaves."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.publisher.adapters.http import Answer, Http
from services.publisher.adapters.platforms import mastodon
from services.publisher.adapters.platforms.mastodon import Mastodon
from services.publisher.domain.outcomes import (
    Absent,
    CannotDo,
    CannotSee,
    Captured,
    CredentialsDead,
    Done,
    Effect,
    Found,
    Gone,
    Measured,
    Outcome,
    Probe,
    Probed,
    Published,
    Refused,
    Throttled,
    Unavailable,
    Unknown,
    Unmeasured,
)
from services.publisher.domain.publications import Publication
from services.publisher.domain.tasks import Task
from services.publisher.ports import Credentials
from tests.publisher.builders import a_publication
from tests.support.platform_stand_in import TOKEN, PlatformStandIn
from tests.support.told_platform import Told, ToldPlatform

pytestmark = pytest.mark.asyncio(loop_scope="session")

STATUS = json.loads((Path(__file__).parents[2] / "payloads/mastodon/publisher_status.json").read_bytes())
ACCOUNT = "109000000000000001"
SINCE = datetime(2026, 11, 22, 8, tzinfo=UTC)


def a_reply(**changes: Any) -> Publication:
    return a_publication(
        **{
            "platform": "mastodon",
            "account": ACCOUNT,
            "reply_to": "115608000000000001",
            "mention": "nimal@example.social",
            "text": "The supply returns at 6 p.m.",
            **changes,
        }
    )


@asynccontextmanager
async def a_server() -> AsyncIterator[tuple[PlatformStandIn, Mastodon, Credentials]]:
    http = Http()
    async with PlatformStandIn("mastodon", account=ACCOUNT) as platform:
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


async def test_a_servers_own_limit_holds_for_a_reply_and_an_edit() -> None:
    async with a_server() as (platform, channel, credentials):
        longer, shorter = (replace(credentials, facts={"most_characters": most}) for most in (5000, 20))
        assert isinstance(await channel.send(a_reply(text="x" * 4993), longer), Published)
        for refused in (
            await channel.send(a_reply(text="x" * 4994), longer),
            await channel.send(a_reply(text="x" * 14), shorter),
            await channel.change(a_task("edit", "x" * 14), shorter),
        ):
            assert isinstance(refused, Refused)
            assert refused.reason == "too_long"
        assert len(platform.requests) == 1


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


# -- beside sending


@asynccontextmanager
async def an_api() -> AsyncIterator[tuple[ToldPlatform, Mastodon, Credentials]]:
    http = Http()
    async with ToldPlatform() as platform:
        try:
            yield platform, Mastodon(http), Credentials(TOKEN, platform.url)
        finally:
            await http.close()


def a_task(kind: str, text: str | None = None) -> Task:
    return Task(
        "tsk_1", "water", "mastodon", ACCOUNT, "1", kind, STATUS["id"], text=text, language="en", mention="nimal"
    )


async def test_an_account_that_has_nearly_nothing_left_rests_until_the_reset() -> None:
    headers = {
        "x-ratelimit-limit": "300",
        "x-ratelimit-reset": "2026-11-22T08:05:00.000000Z",
        "date": "Sun, 22 Nov 2026 08:03:30 GMT",
    }
    body = json.dumps(STATUS).encode()
    for remaining, rest in (("6", 90.0), ("7", None), ("", None)):
        answer = Answer(200, headers | {"x-ratelimit-remaining": remaining}, body)
        assert mastodon.outcome_of(answer) == Published(STATUS["id"], STATUS["url"], rest)


async def test_a_look_reads_further_back_page_by_page() -> None:
    async with an_api() as (platform, channel, credentials):
        others = [STATUS | {"id": str(number), "in_reply_to_id": None} for number in range(30, 20, -1)]
        platform.tell("statuses", (200, others), (200, [STATUS]))
        assert isinstance(await channel.find(a_reply(), SINCE, (), credentials), Found)
        first, second = platform.asked
        assert first.query == {"exclude_reblogs": "1", "limit": "10"}
        assert second.query == {"exclude_reblogs": "1", "limit": "10", "max_id": "21"}
        platform.tell("statuses", (200, others), (500, {}))
        assert isinstance(await channel.find(a_reply(), SINCE, (), credentials), CannotSee)
        platform.tell("statuses", (200, others))
        platform.asked.clear()
        assert isinstance(await channel.find(a_reply(), SINCE, (), credentials), Absent)
        assert len(platform.asked) == 4


async def test_a_look_that_takes_too_long_has_seen_nothing() -> None:
    async with an_api() as (platform, _, credentials):
        platform.silent.add("statuses")
        http = Http()
        sighting = await Mastodon(http, look_seconds=0.1).find(a_reply(), SINCE, (), credentials)
        assert sighting == CannotSee("it took too long")
        await http.close()


async def test_a_status_is_edited_whole_and_deleted() -> None:
    async with an_api() as (platform, channel, credentials):
        platform.tell(f"/api/v1/statuses/{STATUS['id']}", (200, STATUS))
        assert await channel.change(a_task("edit", "At 7 p.m."), credentials) == Done()
        assert await channel.change(a_task("delete"), credentials) == Done()
        edited, deleted = platform.asked
        assert (edited.method, edited.json()) == ("PUT", {"status": "@nimal At 7 p.m.", "language": "en"})
        assert (deleted.method, deleted.body) == ("DELETE", b"")
        too_long = await channel.change(a_task("edit", "x" * 494), credentials)
        assert isinstance(too_long, Refused)
        assert isinstance(await channel.change(a_task("hide"), credentials), CannotDo)
        assert len(platform.asked) == 2
        assert channel.nature.tasks == {"edit", "delete"}


@pytest.mark.parametrize(
    ("kind", "status", "expected"),
    [
        ("delete", 404, Done),
        ("edit", 404, CannotDo),
        ("edit", 401, CredentialsDead),
        ("edit", 403, Refused),
        ("edit", 422, Refused),
        ("delete", 429, Throttled),
        ("delete", 503, Unknown),
    ],
)
async def test_a_change_ends_as_its_status_says(kind: str, status: int, expected: type[Effect]) -> None:
    async with an_api() as (platform, channel, credentials):
        platform.tell(STATUS["id"], (status, {"error": "no"}))
        assert isinstance(await channel.change(a_task(kind, "Text"), credentials), expected)


async def test_a_view_is_the_status_in_plain_words() -> None:
    async with an_api() as (platform, channel, credentials):
        platform.tell(STATUS["id"], (200, STATUS), (404, {"error": "Record not found"}), (500, {}))
        view = await channel.view(ACCOUNT, STATUS["id"], credentials)
        assert view == Captured("@nimal The supply returns at 6\u00a0p.m.", STATUS)
        gone = await channel.view(ACCOUNT, STATUS["id"], credentials)
        assert gone == Gone("status 404: Record not found")
        assert isinstance(await channel.view(ACCOUNT, STATUS["id"], credentials), CannotSee)


async def test_numbers_are_those_that_the_server_knows() -> None:
    async with an_api() as (platform, channel, credentials):
        counted = STATUS | {"replies_count": 2, "reblogs_count": 3, "favourites_count": 5}
        platform.tell(STATUS["id"], (200, counted), (410, {}), (503, {}))
        assert await channel.measure(ACCOUNT, STATUS["id"], credentials) == Measured(
            {"likes": 5, "shares": 3, "replies": 2},
            {
                "likes": "mastodon/1 favourites_count",
                "shares": "mastodon/1 reblogs_count",
                "replies": "mastodon/1 replies_count",
            },
        )
        for reason in ("gone", "no_answer"):
            unmeasured = await channel.measure(ACCOUNT, STATUS["id"], credentials)
            assert isinstance(unmeasured, Unmeasured)
            assert unmeasured.reason == reason


@pytest.mark.parametrize(
    ("scopes", "writes", "reads", "reaches"),
    [
        (["read", "write"], True, True, True),
        (["read:accounts", "read:notifications", "write:statuses"], True, False, False),
        (["read:statuses", "read:notifications"], False, True, True),
        (None, None, None, None),
    ],
)
async def test_rights_are_the_scopes_of_the_application(
    scopes: list[str] | None, writes: bool | None, reads: bool | None, reaches: bool | None
) -> None:
    async with an_api() as (platform, channel, credentials):
        platform.tell("accounts/verify_credentials", (200, {"id": ACCOUNT}))
        platform.tell("apps/verify_credentials", (200, {"name": "Parley"} | ({"scopes": scopes} if scopes else {})))
        limits = {"max_characters": 5000, "characters_reserved_per_url": 23}
        platform.tell("/api/v2/instance", (200, {"configuration": {"statuses": limits}}))
        assert await channel.probe(ACCOUNT, credentials) == Probed(
            {"reply": writes, "edit": writes, "delete": writes, "read": reads, "reach": reaches},
            " ".join(scopes or ()),
            {"most_characters": 5000, "characters_per_link": 23},
        )


@pytest.mark.parametrize(("status", "expected"), [(404, Probed), (429, Unknown), (503, Unknown)])
async def test_limits_that_a_server_cannot_tell_now_are_asked_for_again(status: int, expected: type[Probe]) -> None:
    async with an_api() as (platform, channel, credentials):
        platform.tell("accounts/verify_credentials", (200, {"id": ACCOUNT}))
        platform.tell("apps/verify_credentials", (200, {"name": "Parley"}))
        platform.tell("/api/v2/instance", (status, {}))
        assert isinstance(await channel.probe(ACCOUNT, credentials), expected)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ((401, {"error": "revoked"}), CredentialsDead),
        ((200, {"id": "another"}), CredentialsDead),
        ((503, {}), Unknown),
        ((403, {"error": "This action is outside the authorized scopes"}), Probed),
    ],
)
async def test_a_token_that_is_not_the_accounts_is_dead(told: Told, expected: type[Probe]) -> None:
    async with an_api() as (platform, channel, credentials):
        platform.tell("accounts/verify_credentials", told)
        assert isinstance(await channel.probe(ACCOUNT, credentials), expected)
