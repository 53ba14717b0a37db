"""YouTube: what the Data API's answers mean, and what is asked of it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import pytest

from services.publisher.adapters.http import Answer, Http
from services.publisher.adapters.platforms import youtube, youtube_answers, youtube_tokens
from services.publisher.adapters.platforms.youtube import YouTube
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
    Probed,
    Published,
    Refresh,
    Refreshed,
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
from tests.support.told_platform import Told, ToldPlatform

pytestmark = pytest.mark.asyncio(loop_scope="session")

CHANNEL, THREAD = "UCwaterboard0000000000000", "UgxTopLevel4AaABAg"
SINCE = datetime(2026, 11, 22, 8, tzinfo=UTC)
DATE = {"date": "Sun, 22 Nov 2026 07:00:00 GMT"}
OURS: dict[str, Any] = {
    "kind": "youtube#comment",
    "id": f"{THREAD}.9ours",
    "snippet": {
        "authorChannelId": {"value": CHANNEL},
        "textDisplay": "@nimal_perera We know.",
        "textOriginal": "@nimal_perera We know.",
        "parentId": THREAD,
        "videoId": "dQw4w9WgXcQ",
        "likeCount": 4,
        "publishedAt": "2026-11-22T08:00:01Z",
        "updatedAt": "2026-11-22T08:00:01Z",
    },
}
URL = f"https://www.youtube.com/watch?v=dQw4w9WgXcQ&lc={THREAD}.9ours"
SECRETS = {"refresh_token": "1//r", "client_id": "id.apps.googleusercontent.com", "client_secret": "s&cret"}


def a_reply(**changes: Any) -> Publication:
    return a_publication(
        **{
            "platform": "youtube",
            "account": CHANNEL,
            "thread": THREAD,
            "reply_to": f"{THREAD}.8theirs",
            "mention": "nimal_perera",
            "text": "We know.",
            **changes,
        }
    )


def a_task(kind: str, text: str | None = None) -> Task:
    return Task("tsk_1", "water", "youtube", CHANNEL, THREAD, kind, OURS["id"], text=text, mention="nimal_perera")


def error(status: int, reason: str, **headers: str) -> Told:
    words = {"message": "words to be ignored", "domain": "youtube.comment", "reason": reason}
    return status, {"error": {"code": status, "message": "words", "errors": [words]}}, headers


def an_answer(told: Told) -> Answer:
    return Answer(told[0], {**DATE, **(told[2] if len(told) == 3 else {})}, json.dumps(told[1]).encode())


def listed(*comments: Any, **more: Any) -> Told:
    return 200, {"kind": "youtube#commentListResponse", "items": list(comments), **more}


@asynccontextmanager
async def an_api() -> AsyncIterator[tuple[ToldPlatform, YouTube, Credentials]]:
    http = Http()
    async with ToldPlatform() as platform:
        try:
            yield platform, YouTube(http), Credentials("ya29.token", platform.url, secrets=SECRETS)
        finally:
            await http.close()


# -- what answers mean


@pytest.mark.parametrize(
    ("status", "reason", "kind", "word"),
    [
        (400, "commentTextTooLong", Refused, "too_long"),
        (400, "commentTextRequired", Refused, "rejected"),
        (400, "invalidCommentMetadata", Refused, "rejected"),
        (400, "parentCommentIsPrivate", Refused, "not_possible"),
        (400, "operationNotSupported", Refused, "not_possible"),
        (400, "processingFailure", Unknown, None),
        (401, "authError", CredentialsDead, None),
        (401, "", CredentialsDead, None),
        (403, "forbidden", Refused, "not_permitted"),
        (403, "ineligibleAccount", Refused, "not_permitted"),
        (403, "insufficientPermissions", Refused, "not_permitted"),
        (403, "commentsDisabled", Refused, "not_possible"),
        (403, "authenticatedUserAccountSuspended", CredentialsDead, None),
        (403, "quotaExceeded", Throttled, None),
        (403, "rateLimitExceeded", Throttled, None),
        (429, "rateLimitExceeded", Throttled, None),
        (404, "parentCommentNotFound", Refused, "not_possible"),
        (404, "videoNotFound", Refused, "not_possible"),
        (404, "", Refused, "rejected"),
        (409, "aborted", Unknown, None),
        (500, "backendError", Unknown, None),
        (503, "backendError", Unknown, None),
        (302, "", Unknown, None),
    ],
)
async def test_an_answer_is_read_by_its_reason(status: int, reason: str, kind: type[Outcome], word: str | None) -> None:
    outcome = youtube_answers.outcome_of(an_answer(error(status, reason)))
    assert isinstance(outcome, kind)
    assert getattr(outcome, "reason", None) == word


async def test_a_spent_day_ends_at_midnight_in_los_angeles() -> None:
    spent = youtube_answers.outcome_of(an_answer(error(403, "quotaExceeded")))
    assert spent == Throttled(3600.0, "status 403, quotaExceeded")
    longest_day = datetime(2026, 11, 1, 7, 0, tzinfo=UTC)
    assert youtube_answers.until_midnight(longest_day) == 25 * 3600
    minute = youtube_answers.outcome_of(an_answer(error(429, "rateLimitExceeded", **{"retry-after": "5"})))
    assert minute == Throttled(5.0, "status 429, rateLimitExceeded")


async def test_an_answer_that_nobody_can_read_leaves_it_open() -> None:
    assert isinstance(youtube_answers.outcome_of(Answer(200, {}, b"<html>")), Unknown)
    assert isinstance(youtube_answers.outcome_of(Answer(502, {}, b"[]")), Unknown)


# -- replies


async def test_a_reply_stands_under_the_thread_and_says_whom_it_is_for() -> None:
    async with an_api() as (platform, channel, credentials):
        platform.tell("comments", (200, OURS))
        assert await channel.send(a_reply(), credentials) == Published(OURS["id"], URL)
        (asked,) = platform.asked
        assert (asked.method, asked.path, asked.query) == ("POST", "/youtube/v3/comments", {"part": "snippet"})
        assert asked.headers["authorization"] == "Bearer ya29.token"
        assert asked.json() == {"snippet": {"parentId": THREAD, "textOriginal": "@nimal_perera We know."}}


async def test_a_reply_that_is_too_long_is_refused_unsent() -> None:
    async with an_api() as (platform, channel, credentials):
        outcome = await channel.send(a_reply(text="x" * 10_001), credentials)
        assert isinstance(outcome, Refused)
        assert (outcome.reason, platform.asked) == ("too_long", [])


async def test_what_is_not_there_got_nothing() -> None:
    http = Http()
    nowhere = Credentials("ya29.token", "http://127.0.0.1:1", secrets=SECRETS)
    assert isinstance(await YouTube(http).send(a_reply(), nowhere), Unavailable)
    assert isinstance(await YouTube(http).find(a_reply(), SINCE, (), nowhere), CannotSee)
    assert isinstance(await YouTube(http).change(a_task("delete"), nowhere), Unavailable)
    assert isinstance(await YouTube(http).probe(CHANNEL, nowhere), Unavailable)
    assert isinstance(await YouTube(http).refresh(CHANNEL, nowhere), Unavailable)
    await http.close()


# -- looking


async def test_a_look_reads_every_page_of_the_thread() -> None:
    async with an_api() as (platform, channel, credentials):
        theirs = OURS | {"id": f"{THREAD}.8theirs", "snippet": OURS["snippet"] | {"authorChannelId": {"value": "UCx"}}}
        platform.tell("comments", listed(theirs, nextPageToken="page-2"), listed(OURS))
        assert await channel.find(a_reply(), SINCE, (), credentials) == Found(OURS["id"], URL)
        first, second = platform.asked
        assert (first.method, first.path) == ("GET", "/youtube/v3/comments")
        assert first.query == {
            "part": "snippet",
            "parentId": THREAD,
            "textFormat": "plainText",
            "maxResults": "50",
            "fields": "kind,nextPageToken,items(id,snippet(authorChannelId,textDisplay,publishedAt,videoId))",
        }
        assert second.query["pageToken"] == "page-2"


async def test_absence_is_only_said_of_a_thread_read_to_its_end() -> None:
    async with an_api() as (platform, channel, credentials):
        platform.tell("comments", listed(nextPageToken="more"))
        assert isinstance(await channel.find(a_reply(), SINCE, (), credentials), CannotSee)
        platform.tell("comments", listed(nextPageToken="more"), error(500, "backendError"))
        assert isinstance(await channel.find(a_reply(), SINCE, (), credentials), CannotSee)
        platform.tell("comments", (200, {"kind": "youtube#commentListResponse"}))
        assert await channel.find(a_reply(), SINCE, (), credentials) == Absent()
        platform.tell("comments", error(404, "commentNotFound"))
        assert await channel.find(a_reply(), SINCE, (), credentials) == Absent("the comment itself is gone")
        platform.tell("comments", (200, {}))
        assert isinstance(await channel.find(a_reply(), SINCE, (), credentials), CannotSee)


@pytest.mark.parametrize(
    "other",
    [
        {"authorChannelId": {"value": "UCother"}},
        {"authorChannelId": None},
        {"textDisplay": "@nimal_perera We do not know."},
        {"publishedAt": "2026-11-22T07:50:00Z"},
        {"publishedAt": None},
    ],
)
async def test_only_our_own_same_new_reply_is_ours(other: dict[str, Any]) -> None:
    comment = OURS | {"snippet": OURS["snippet"] | other}
    assert youtube.sighting_of(an_answer(listed(OURS)), a_reply(), SINCE, ()) == (Found(OURS["id"], URL), None)
    assert youtube.sighting_of(an_answer(listed(comment)), a_reply(), SINCE, ()) == (Absent(), None)
    assert youtube.sighting_of(an_answer(listed(OURS)), a_reply(), SINCE, {OURS["id"]}) == (Absent(), None)


async def test_a_look_that_takes_too_long_has_seen_nothing() -> None:
    async with an_api() as (platform, _, credentials):
        platform.silent.add("comments")
        http = Http()
        sighting = await YouTube(http, look_seconds=0.1).find(a_reply(), SINCE, (), credentials)
        assert sighting == CannotSee("it took too long")
        await http.close()


# -- changing


@pytest.mark.parametrize(
    ("kind", "method", "path", "query"),
    [
        ("delete", "DELETE", "/youtube/v3/comments", {"id": OURS["id"]}),
        ("hide", "POST", "/youtube/v3/comments/setModerationStatus", {"moderationStatus": "heldForReview"}),
        ("show", "POST", "/youtube/v3/comments/setModerationStatus", {"moderationStatus": "published"}),
        ("remove", "POST", "/youtube/v3/comments/setModerationStatus", {"moderationStatus": "rejected"}),
    ],
)
async def test_a_change_is_a_call_without_a_body(kind: str, method: str, path: str, query: dict[str, str]) -> None:
    async with an_api() as (platform, channel, credentials):
        platform.tell(path, (204, ""))
        assert await channel.change(a_task(kind), credentials) == Done()
        (asked,) = platform.asked
        assert (asked.method, asked.path, asked.query, asked.body) == (method, path, {"id": OURS["id"], **query}, b"")


async def test_an_edit_puts_the_whole_text() -> None:
    async with an_api() as (platform, channel, credentials):
        platform.tell("comments", (200, OURS))
        assert await channel.change(a_task("edit", "We know now."), credentials) == Done()
        (asked,) = platform.asked
        assert (asked.method, asked.query) == ("PUT", {"part": "snippet"})
        assert asked.json() == {"id": OURS["id"], "snippet": {"textOriginal": "@nimal_perera We know now."}}
        refused = await channel.change(a_task("edit", "x" * 9_987), credentials)
        assert isinstance(refused, Refused)
        assert len(platform.asked) == 1


@pytest.mark.parametrize(
    ("kind", "told", "expected"),
    [
        ("delete", error(404, "commentNotFound"), Done(detail="it was gone already")),
        ("remove", error(404, "commentNotFound"), Done(detail="it was gone already")),
        ("edit", error(404, "commentNotFound"), CannotDo("status 404, commentNotFound")),
        ("hide", error(404, "commentNotFound"), CannotDo("status 404, commentNotFound")),
        ("show", error(400, "operationNotSupported"), Refused("rejected", "status 400, operationNotSupported")),
        ("hide", error(403, "forbidden"), Refused("not_permitted", "status 403, forbidden")),
        ("hide", error(400, "processingFailure"), Unknown("status 400, processingFailure")),
        ("delete", error(401, "authError"), CredentialsDead("status 401, authError")),
    ],
)
async def test_a_change_ends_as_its_reason_says(kind: str, told: Told, expected: Effect) -> None:
    async with an_api() as (platform, channel, credentials):
        platform.tell("", told)
        assert await channel.change(a_task(kind, "Text"), credentials) == expected


# -- reading


async def test_a_view_is_the_comment_as_it_was_answered() -> None:
    async with an_api() as (platform, channel, credentials):
        platform.tell("comments", listed(OURS), listed(), error(500, "backendError"))
        assert await channel.view(CHANNEL, OURS["id"], credentials) == Captured("@nimal_perera We know.", OURS)
        assert platform.asked[0].query == {"part": "id,snippet", "id": OURS["id"], "textFormat": "plainText"}
        assert await channel.view(CHANNEL, OURS["id"], credentials) == Gone("not listed")
        assert isinstance(await channel.view(CHANNEL, OURS["id"], credentials), CannotSee)


async def test_likes_are_all_that_is_counted() -> None:
    async with an_api() as (platform, channel, credentials):
        platform.tell("comments", listed(OURS), listed(), error(403, "quotaExceeded"))
        measures = [await channel.measure(CHANNEL, "Ugx", credentials) for _ in range(3)]
        assert measures[0] == Measured({"likes": 4}, {"likes": "youtube/3 likeCount"})
        assert isinstance(measures[1], Unmeasured)
        assert isinstance(measures[2], Unmeasured)
        assert [measures[1].reason, measures[2].reason] == ["gone", "no_answer"]


# -- rights and renewal


@pytest.mark.parametrize(
    ("told", "writes", "reads"),
    [
        ((200, {"scope": "https://www.googleapis.com/auth/youtube.force-ssl openid"}), True, True),
        ((200, {"scope": "https://www.googleapis.com/auth/youtube.readonly"}), False, True),
        ((400, {"error": "invalid_token"}), None, True),
    ],
)
async def test_rights_are_what_the_tokens_scopes_allow(told: Told, writes: bool | None, reads: bool) -> None:
    async with an_api() as (platform, channel, credentials):
        platform.tell("channels", (200, {"kind": "youtube#channelListResponse", "items": [{"id": CHANNEL}]}))
        platform.tell("tokeninfo", told)
        probed = await channel.probe(CHANNEL, credentials)
        assert isinstance(probed, Probed)
        assert probed.rights == {
            "reply": writes,
            "edit": writes,
            "delete": writes,
            "hide": writes,
            "read": reads,
            "reach": reads,
        }
        assert probed.facts == {"most_characters": 10_000}
        channels, described = platform.asked
        assert channels.query == {"part": "id", "mine": "true"}
        assert (described.method, described.query, described.body) == ("POST", {}, b"access_token=ya29.token")


async def test_a_token_of_another_channel_or_of_none_opens_nothing() -> None:
    async with an_api() as (platform, channel, credentials):
        other = {"kind": "youtube#channelListResponse", "items": [{"id": "UCother"}]}
        platform.tell("channels", (200, other), (200, {"kind": "youtube#channelListResponse"}), error(401, "authError"))
        for _ in range(3):
            assert isinstance(await channel.probe(CHANNEL, credentials), CredentialsDead)
        for told in (error(503, "backendError"), error(403, "quotaExceeded"), (200, "<html>")):
            platform.tell("channels", told)
            assert isinstance(await channel.probe(CHANNEL, credentials), Unknown)


async def test_a_token_is_renewed_with_what_the_secrets_hold() -> None:
    async with an_api() as (platform, channel, credentials):
        platform.tell("token", (200, {"access_token": "ya29.new", "expires_in": 3599, "token_type": "Bearer"}))
        assert await channel.refresh(CHANNEL, credentials) == Refreshed({"token": "ya29.new"}, 3599.0)
        (asked,) = platform.asked
        assert (asked.method, asked.path) == ("POST", "/token")
        assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
        assert {name: values[0] for name, values in parse_qs(asked.body.decode()).items()} == {
            "grant_type": "refresh_token",
            **SECRETS,
        }
        lacking = Credentials("ya29.token", platform.url, secrets={"refresh_token": "1//r"})
        assert await channel.refresh(CHANNEL, lacking) == Unknown("nothing to renew with: client_id, client_secret")


@pytest.mark.parametrize(
    ("status", "content", "expected"),
    [
        (200, {"access_token": "a", "refresh_token": "1//n"}, Refreshed({"token": "a", "refresh_token": "1//n"})),
        (400, {"error": "invalid_grant"}, CredentialsDead("status 400, invalid_grant")),
        (401, {"error": "invalid_client"}, CredentialsDead("status 401, invalid_client")),
        (400, {"error": "invalid_request"}, Unknown("status 400, invalid_request")),
        (500, {"error": "internal_failure"}, Unknown("status 500, internal_failure")),
        (200, {}, Unknown("status 200, no error named")),
    ],
)
async def test_a_renewal_ends_as_google_says(status: int, content: dict[str, Any], expected: Refresh) -> None:
    assert youtube_tokens.refresh_of(Answer(status, {}, json.dumps(content).encode())) == expected


async def test_tokens_come_from_google_unless_the_api_is_elsewhere() -> None:
    assert youtube_tokens.address("https://www.googleapis.com") == "https://oauth2.googleapis.com"
    assert youtube_tokens.address("https://youtube.googleapis.com") == "https://oauth2.googleapis.com"
    assert youtube_tokens.address("https://evilgoogleapis.com") == "https://evilgoogleapis.com"
    assert youtube_tokens.address("http://127.0.0.1:8080") == "http://127.0.0.1:8080"
