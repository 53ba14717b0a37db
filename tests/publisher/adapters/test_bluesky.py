"""Bluesky: what its servers' answers mean, and what is asked of them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from services.publisher.adapters.http import Answer, Http
from services.publisher.adapters.platforms import bluesky_answers
from services.publisher.adapters.platforms.bluesky import Bluesky, too_long
from services.publisher.adapters.platforms.bluesky_records import created_at, record_key
from services.publisher.domain.outcomes import (
    Absent,
    CannotDo,
    CannotSee,
    Captured,
    CredentialsDead,
    Done,
    Found,
    Gone,
    Measured,
    Outcome,
    Probed,
    Published,
    Refused,
    Throttled,
    Unavailable,
    Unknown,
    Unmeasured,
)
from services.publisher.ports import Credentials
from shared.ids import PublicationId
from tests.publisher.adapters.on_bluesky import (
    KEY,
    NIMAL,
    OURS,
    PARENT,
    POSTS,
    REPLY,
    ROOT,
    SINCE,
    STANDING,
    VIEW,
    WATER,
    a_reply,
    a_server,
    a_task,
    error,
)
from tests.support.told_platform import Told

pytestmark = pytest.mark.asyncio(loop_scope="session")

# -- what answers mean


@pytest.mark.parametrize(
    ("status", "name", "expected"),
    [
        (400, "InvalidRequest", Refused("rejected", "status 400, InvalidRequest")),
        (400, "RecordNotFound", Refused("not_possible", "status 400, RecordNotFound")),
        (400, "InvalidToken", CredentialsDead("status 400, InvalidToken")),
        (400, "AccountDeactivated", CredentialsDead("status 400, AccountDeactivated")),
        (401, "AuthMissing", CredentialsDead("status 401, AuthMissing")),
        (401, "AccountTakedown", CredentialsDead("status 401, AccountTakedown")),
        (403, "Forbidden", Refused("not_permitted", "status 403, Forbidden")),
        (413, "PayloadTooLarge", Refused("rejected", "status 413, PayloadTooLarge")),
        (400, "ExpiredToken", Unavailable("status 400, ExpiredToken")),
        (429, "RateLimitExceeded", Throttled(None, "status 429, RateLimitExceeded")),
        (500, "InternalServerError", Unknown("status 500, InternalServerError")),
        (502, "UpstreamFailure", Unknown("status 502, UpstreamFailure")),
        (503, "", Unknown("status 503, no error named")),
    ],
)
async def test_an_answer_is_read_by_the_errors_name(status: int, name: str, expected: Outcome) -> None:
    body = json.dumps({"error": name} if name else {}).encode()
    assert bluesky_answers.outcome_of(Answer(status, {}, body)) == expected


async def test_an_answer_that_nobody_can_read_leaves_it_open() -> None:
    assert isinstance(bluesky_answers.outcome_of(Answer(200, {}, b"<html>")), Unknown)


async def test_the_reset_of_a_limit_is_counted_on_the_servers_clock() -> None:
    headers = {"ratelimit-limit": "5000", "ratelimit-reset": "1795334700", "date": "Sun, 22 Nov 2026 08:03:30 GMT"}
    throttled = bluesky_answers.outcome_of(Answer(429, headers, b"{}"))
    assert isinstance(throttled, Throttled)
    assert throttled.retry_after == 1795334700 - datetime(2026, 11, 22, 8, 3, 30, tzinfo=UTC).timestamp()
    assert bluesky_answers.retry_after(Answer(429, headers | {"retry-after": "7"}, b"{}")) == 7
    for remaining, rests in (("101", False), ("100", True)):
        answer = Answer(200, headers | {"ratelimit-remaining": remaining}, json.dumps({"uri": OURS}).encode())
        published = bluesky_answers.outcome_of(answer)
        assert isinstance(published, Published)
        assert (published.rest == throttled.retry_after) is rests


async def test_length_is_what_readers_count_and_bytes() -> None:
    assert too_long("ක්" * 300) is None
    assert too_long("x" * 301) == Refused("too_long", "the reply has 301 characters; the platform takes 300")
    family = too_long("👨‍👩‍👧‍👦" * 130)
    assert family is not None
    assert family.reason == "too_long"


# -- what is written


async def test_a_reply_is_put_under_its_own_key_for_creation_only() -> None:
    async with a_server() as (platform, channel, credentials):
        outcome = await channel.send(a_reply(language="en"), credentials)
        assert outcome == Published(OURS, f"https://bsky.app/profile/{WATER}/post/{KEY}")
        opened, looked, put = platform.asked
        assert (opened.path, opened.json()) == (
            "/xrpc/com.atproto.server.createSession",
            {"identifier": WATER, "password": "app-password"},
        )
        assert (looked.path, looked.query) == ("/xrpc/app.bsky.feed.getPosts", {"uris": PARENT})
        assert (put.path, put.headers["authorization"]) == ("/xrpc/com.atproto.repo.putRecord", "Bearer access-1")
        assert put.json() == {
            "repo": WATER,
            "collection": POSTS,
            "rkey": KEY,
            "swapRecord": None,
            "record": {
                "$type": POSTS,
                "text": "We know.",
                "createdAt": "2025-11-21T01:06:26.916Z",
                "reply": REPLY,
                "langs": ["en"],
            },
        }


async def test_every_attempt_writes_the_same() -> None:
    async with a_server() as (platform, channel, credentials):
        platform.tell("putRecord", error(500, "InternalServerError"), (200, {"uri": OURS}))
        assert isinstance(await channel.send(a_reply(), credentials), Unknown)
        assert isinstance(await channel.send(a_reply(), credentials), Published)
        first, second = platform.asked_for("putRecord")
        assert first.body == second.body


async def test_keys_are_valid_tids_that_sort_like_the_parts_of_a_thread() -> None:
    keys = [record_key(a_reply(part=part)) for part in range(1, 12)]
    assert keys == sorted(set(keys))
    assert all(len(key) == 13 and set(key) <= set("234567abcdefghijklmnopqrstuvwxyz") for key in keys)
    assert all(key[0] in "234567abcdefghij" for key in keys)
    assert (created_at(a_reply()), created_at(a_reply(part=2))) == (
        "2025-11-21T01:06:26.916Z",
        "2025-11-21T01:06:26.917Z",
    )
    value = 0
    for letter in KEY:
        value = value * 32 + "234567abcdefghijklmnopqrstuvwxyz".index(letter)
    assert datetime.fromtimestamp(value / 1024 / 1_000_000, UTC).isoformat()[:23] == created_at(a_reply())[:-1]
    other = a_reply(publication=PublicationId("pub_019aa3f2c1e47c55a0f3b2d98e6f1a08"))
    assert record_key(other) != keys[0]


async def test_mentions_are_named_by_did_and_only_strangers_are_looked_up() -> None:
    async with a_server() as (platform, channel, credentials):
        platform.tell("resolveHandle", (200, {"did": "did:plc:bank"}), error(400, "InvalidRequest"))
        text = "@nimal.example ask @bank.example.gov, not @nobody.example: https://water.example.gov/now. #ජලය"
        assert isinstance(await channel.send(a_reply(text=text), credentials), Published)
        (put,) = platform.asked_for("putRecord")
        written = text.encode()
        marked = {
            written[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode(): facet["features"][0]
            for facet in put.json()["record"]["facets"]
        }
        assert marked == {
            "@nimal.example": {"$type": "app.bsky.richtext.facet#mention", "did": NIMAL},
            "@bank.example.gov": {"$type": "app.bsky.richtext.facet#mention", "did": "did:plc:bank"},
            "https://water.example.gov/now": {
                "$type": "app.bsky.richtext.facet#link",
                "uri": "https://water.example.gov/now",
            },
            "#ජලය": {"$type": "app.bsky.richtext.facet#tag", "tag": "ජලය"},
        }
        asked = [request.query["handle"] for request in platform.asked_for("resolveHandle")]
        assert asked == ["bank.example.gov", "nobody.example"]


async def test_a_reply_that_stands_under_a_post_edited_since_is_published_already() -> None:
    async with a_server() as (platform, channel, credentials):
        platform.tell("putRecord", error(400, "InvalidSwap"))
        assert await channel.send(a_reply(), credentials) == Published(
            OURS, f"https://bsky.app/profile/{WATER}/post/{KEY}"
        )
        platform.tell("getRecord", (200, STANDING | {"value": {"$type": POSTS, "text": "Another"}}))
        refused = await channel.send(a_reply(), credentials)
        assert refused == Refused("rejected", "another record stands under its key")
        platform.tell("getRecord", error(502, "UpstreamFailure"))
        assert isinstance(await channel.send(a_reply(), credentials), Unknown)


async def test_a_part_of_a_thread_finds_the_one_before_in_the_accounts_own_repository() -> None:
    async with a_server() as (platform, channel, credentials):
        await channel.send(a_reply(reply_to=OURS, part=2), credentials)
        assert platform.asked_for("getPosts") == []
        (put,) = platform.asked_for("putRecord")
        assert put.json()["record"]["reply"] == {"root": ROOT, "parent": {"uri": OURS, "cid": "bafyours"}}


async def test_what_begins_a_conversation_is_its_root() -> None:
    async with a_server() as (platform, channel, credentials):
        platform.tell("getPosts", (200, {"posts": [VIEW | {"record": {"$type": POSTS, "text": "No water"}}]}))
        await channel.send(a_reply(), credentials)
        (put,) = platform.asked_for("putRecord")
        here = {"uri": PARENT, "cid": "bafyparent"}
        assert put.json()["record"]["reply"] == {"root": here, "parent": here}


async def test_a_reply_that_is_too_long_is_not_even_looked_up() -> None:
    async with a_server() as (platform, channel, credentials):
        outcome = await channel.send(a_reply(text="x" * 301), credentials)
        assert isinstance(outcome, Refused)
        assert (outcome.reason, platform.asked) == ("too_long", [])


# -- what stands in the way


BLOCKED = {"did": NIMAL, "viewer": {"blockedBy": True}}


@pytest.mark.parametrize(
    ("posts", "record", "profile", "expected"),
    [
        ([VIEW | {"viewer": {"replyDisabled": True}}], STANDING, {}, ("blocked", Refused)),
        ([VIEW | {"author": BLOCKED}], STANDING, {}, ("blocked", Refused)),
        ([VIEW | {"author": {"viewer": {"blocking": "at://x"}}}], STANDING, {}, ("blocked", Refused)),
        ([], STANDING, BLOCKED, ("blocked", Refused)),
        ([], STANDING, {"did": NIMAL, "viewer": {}}, (None, Unavailable)),
        ([], None, {}, ("not_possible", Refused)),
    ],
)
async def test_what_nobody_would_see_is_not_written(
    posts: list[Any], record: Any, profile: Any, expected: tuple[str | None, type[Outcome]]
) -> None:
    async with a_server() as (platform, channel, credentials):
        platform.tell("getPosts", (200, {"posts": posts}))
        platform.tell("getRecord", (200, record) if record else error(400, "RecordNotFound"))
        platform.tell("getProfile", (200, profile))
        outcome = await channel.send(a_reply(), credentials)
        assert (getattr(outcome, "reason", None), type(outcome)) == expected
        assert platform.asked_for("putRecord") == []


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (error(502, "UpstreamFailure"), Unavailable),
        (error(429, "RateLimitExceeded", **{"retry-after": "9"}), Throttled),
        (error(400, "InvalidToken"), CredentialsDead),
        ((200, "<html>"), Refused),
    ],
)
async def test_what_cannot_be_looked_up_is_not_written(told: Told, expected: type[Outcome]) -> None:
    async with a_server() as (platform, channel, credentials):
        platform.tell("getPosts", told)
        platform.tell("getRecord", error(400, "RecordNotFound"))
        assert isinstance(await channel.send(a_reply(), credentials), expected)
        assert platform.asked_for("putRecord") == []


async def test_a_server_that_is_not_there_got_nothing() -> None:
    http = Http()
    nowhere = Credentials("app-password", "http://127.0.0.1:1")
    assert isinstance(await Bluesky(http).send(a_reply(), nowhere), Unavailable)
    assert isinstance(await Bluesky(http).find(a_reply(), SINCE, (), nowhere), CannotSee)
    assert isinstance(await Bluesky(http).probe(WATER, nowhere), Unavailable)
    await http.close()


async def test_a_reply_is_not_written_after_reading_took_too_long() -> None:
    async with a_server() as (platform, _, credentials):
        platform.silent.add("getPosts")
        http = Http()
        outcome = await Bluesky(http, first_seconds=0.1).send(a_reply(), credentials)
        assert outcome == Unavailable("what is answered could not be read: it took too long")
        assert platform.asked_for("putRecord") == []
        await http.close()


async def test_a_write_without_an_answer_leaves_it_open() -> None:
    async with a_server() as (platform, _, credentials):
        platform.silent.add("putRecord")
        http = Http(total_seconds=1)
        assert isinstance(await Bluesky(http).send(a_reply(), credentials), Unknown)
        await http.close()


# -- looking, changing, counting


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ((200, STANDING), Found(OURS, f"https://bsky.app/profile/{WATER}/post/{KEY}")),
        (error(400, "RecordNotFound"), Absent()),
        ((200, STANDING | {"value": {"text": "Another"}}), Absent("another record stands under its key")),
        (error(500, "InternalServerError"), CannotSee("status 500, InternalServerError")),
    ],
)
async def test_a_look_reads_the_one_record(told: Told, expected: Found | Absent | CannotSee) -> None:
    async with a_server() as (platform, channel, credentials):
        platform.tell("getRecord", told)
        assert await channel.find(a_reply(), SINCE, (), credentials) == expected
        (asked,) = platform.asked
        assert asked.query == {"repo": WATER, "collection": POSTS, "rkey": KEY}


async def test_a_reply_is_deleted_and_nothing_else_is_changed() -> None:
    async with a_server() as (platform, channel, credentials):
        assert await channel.change(a_task(), credentials) == Done()
        (deleted,) = platform.asked_for("deleteRecord")
        assert deleted.json() == {"repo": WATER, "collection": POSTS, "rkey": KEY}
        assert isinstance(await channel.change(a_task("edit"), credentials), CannotDo)
        assert isinstance(await channel.change(a_task(native_id=PARENT), credentials), CannotDo)
        assert len(platform.asked_for("deleteRecord")) == 1
        assert channel.nature.tasks == {"delete"}
        for told, kind in (
            (error(500, "InternalServerError"), Unknown),
            (error(429, "RateLimitExceeded"), Throttled),
            (error(401, "AuthMissing"), CredentialsDead),
            (error(400, "InvalidRequest"), Refused),
        ):
            platform.tell("deleteRecord", told)
            assert isinstance(await channel.change(a_task(), credentials), kind)


async def test_a_view_is_the_record_as_it_was_answered() -> None:
    async with a_server() as (platform, channel, credentials):
        assert await channel.view(WATER, OURS, credentials) == Captured("We know.", STANDING)
        assert isinstance(await channel.view(WATER, "https://example.org", credentials), CannotSee)
        platform.tell("getRecord", error(400, "RepoDeactivated"))
        assert await channel.view(WATER, OURS, credentials) == Gone("status 400, RepoDeactivated")
        platform.tell("getRecord", error(500, "InternalServerError"))
        assert isinstance(await channel.view(WATER, OURS, credentials), CannotSee)


async def test_numbers_are_those_that_are_told() -> None:
    async with a_server() as (platform, channel, credentials):
        measured = await channel.measure(WATER, PARENT, credentials)
        assert measured == Measured(
            {"likes": 3, "shares": 1, "replies": 2, "quotes": 0},
            {
                "likes": "bluesky/1 likeCount",
                "shares": "bluesky/1 repostCount",
                "replies": "bluesky/1 replyCount",
                "quotes": "bluesky/1 quoteCount",
            },
        )
        platform.tell("getPosts", (200, {"posts": []}))
        assert await channel.measure(WATER, PARENT, credentials) == Unmeasured("gone", "not shown")
        platform.tell("getPosts", error(502, "UpstreamFailure"))
        assert await channel.measure(WATER, PARENT, credentials) == Unmeasured(
            "no_answer", "status 502, UpstreamFailure"
        )


async def test_rights_are_those_of_an_active_account() -> None:
    async with a_server() as (platform, channel, credentials):
        platform.tell("getSession", (200, {"did": WATER, "handle": "water.example.gov", "active": True}))
        probed = await channel.probe(WATER, credentials)
        rights = {"reply": True, "delete": True, "read": True, "reach": True}
        assert probed == Probed(rights, "water.example.gov, active", {"most_characters": 300})
        content = {"did": WATER, "handle": "water.example.gov", "active": False, "status": "deactivated"}
        platform.tell("getSession", (200, content))
        probed = await channel.probe(WATER, credentials)
        assert isinstance(probed, Probed)
        assert (set(probed.rights.values()), probed.detail) == ({False}, "water.example.gov, deactivated")
        platform.tell("createSession", error(401, "AuthenticationRequired"))
        other = Credentials("wrong", platform.url)
        assert isinstance(await channel.probe(WATER, other), CredentialsDead)
