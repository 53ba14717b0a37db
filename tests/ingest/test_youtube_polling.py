"""Reading a YouTube channel over real HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.responses import Response

from services.ingest.adapters.polling.answers import Answer, Found, Gone, Refused, Throttled, Unavailable
from services.ingest.adapters.polling.feed import NotNow
from services.ingest.adapters.polling.youtube import YouTubeFeed
from services.ingest.adapters.polling.youtube_client import BAD_TOKEN, understand
from services.ingest.adapters.polling.youtube_place import Place
from services.ingest.domain.entries import Echo, EditedComment, NewComment, RemovedComment
from services.ingest.domain.refusals import Unreadable
from services.ingest.settings import PollingSettings, YouTubePolling
from tests.ingest.square import CHANNEL, Reading, TownSquare, reading, refusal, town_square
from tests.ingest.support import Ingest, payload, running_ingest

pytestmark = pytest.mark.asyncio

QUICK = YouTubePolling(poll_seconds=0.05, reread_seconds=0.1, retry_seconds=0.1, timeout_seconds=2)


@asynccontextmanager
async def channel(tmp_path: Path) -> AsyncIterator[tuple[Reading, TownSquare]]:
    async with town_square(tmp_path) as square, reading(YouTubeFeed, square) as read:
        yield read, square


def texts(entries: list[Any]) -> list[str]:
    return [entry.text for entry in entries if isinstance(entry, NewComment)]


async def test_every_comment_and_every_reply_is_given_once(tmp_path: Path) -> None:
    async with channel(tmp_path) as (read, square):
        tops = [await square.say(f"Comment {number}", CHANNEL) for number in range(3)]
        for number in range(7):  # more than a thread shows
            await square.say(f"Reply {number}", CHANNEL, name="Kamala", under=tops[1])
        found = await read.round()
        assert sorted(texts(found)) == sorted(
            [f"Comment {number}" for number in range(3)] + [f"Reply {number}" for number in range(7)]
        )
        assert {entry.thread for entry in found if isinstance(entry, NewComment)} == set(tops)
        assert await read.round() == []
        await square.say("One more", CHANNEL)
        assert texts(await read.round()) == ["One more"]


async def test_a_walk_goes_over_all_pages_and_on_from_where_it_was_interrupted(tmp_path: Path) -> None:
    async with channel(tmp_path) as (read, square):
        for number in range(105):
            await square.say(f"{number}", CHANNEL)
        first = await read.page()
        assert (len(first.reading), first.more) == (100, True)
        await square.say("meanwhile", CHANNEL)
        async with reading(YouTubeFeed, square) as restarted:
            restarted.cursor = read.cursor
            assert len((await restarted.page()).reading) == 5
            assert "meanwhile" in texts(await restarted.round())


async def test_what_could_not_be_written_is_given_again(tmp_path: Path) -> None:
    async with channel(tmp_path) as (read, square):
        await square.say("Hello", CHANNEL)
        for _ in range(2):
            assert texts(list((await read.page(write=False)).reading)) == ["Hello"]
        assert texts(await read.round()) == ["Hello"]
        assert await read.round() == []


async def test_the_key_stands_in_a_header_and_plain_text_is_asked_for(tmp_path: Path) -> None:
    async with channel(tmp_path) as (read, square):
        await square.say("Water & <light>", CHANNEL)
        assert texts(await read.round()) == ["Water & <light>"]
        assert "water-key" not in "".join(square.asked)
        assert all(headers["x-goog-api-key"] == "water-key" for headers in square.headers)
        assert all("textFormat=plainText" in question for question in square.asked)


async def test_a_quiet_round_costs_one_unit_and_reading_again_two_for_fifty(tmp_path: Path) -> None:
    async with channel(tmp_path) as (read, square):
        for number in range(10):
            await square.say(f"{number}", CHANNEL)
        await read.round()
        square.asked.clear()
        await read.round()
        assert len(square.asked) == 1
        await read.again()
        assert len(square.asked) == 2


async def test_late_replies_edits_and_deletions_are_found_by_reading_again(tmp_path: Path) -> None:
    async with channel(tmp_path) as (read, square):
        first, second = await square.say("One", CHANNEL), await square.say("Two", CHANNEL)
        reply = await square.say("A reply", CHANNEL, under=first)
        await read.round()
        assert await read.again() == []
        await square.change(first, "One, changed")
        await square.delete(second)
        late = [await square.say(f"Late {number}", CHANNEL, under=first) for number in range(6)]
        found = await read.again()
        assert {(type(entry), getattr(entry, "native_id", "")) for entry in found} == {
            (EditedComment, first),
            *((NewComment, one) for one in late),
        }
        assert [(type(one), getattr(one, "native_id", "")) for one in await read.again()] == [(RemovedComment, second)]
        del read.texts[second]
        await square.delete(reply)
        await read.again()
        assert [
            getattr(entry, "native_id", "") for entry in await read.again() if isinstance(entry, RemovedComment)
        ] == [reply]


async def test_a_comment_is_not_removed_because_one_answer_leaves_it_out_or_cannot_be_read(tmp_path: Path) -> None:
    async with channel(tmp_path) as (read, square):
        comment = await square.say("Still here", CHANNEL)
        await read.round()
        for item in ([], [{"id": comment, "snippet": 7}], []):
            square.fail += [
                ("/commentThreads", refusal(200, {"items": []})),
                ("/comments?", refusal(200, {"items": item})),
            ]
            assert not any(isinstance(one, RemovedComment) for one in await read.again())


async def test_replies_that_were_all_read_are_not_asked_for_with_every_look(tmp_path: Path) -> None:
    async with channel(tmp_path) as (read, square):
        top = await square.say("One", CHANNEL)
        for number in range(7):
            await square.say(f"Reply {number}", CHANNEL, under=top)
        await read.round()
        await read.again()
        square.asked.clear()
        await read.again()
        assert square.count("parentId=") == 0


async def test_where_one_of_many_is_said_to_be_missing_it_is_searched_for(tmp_path: Path) -> None:
    async with channel(tmp_path) as (read, square):
        ids = sorted([await square.say(f"{number}", CHANNEL) for number in range(4)])
        await read.round()
        gone = refusal(404, {"error": {"errors": [{"reason": "commentNotFound"}]}})
        for _ in range(3):  # all four, the first two, the first: then it is known which
            square.fail.append(("/commentThreads", gone))
        square.fail.append(("/comments?", gone))
        assert await read.again() == []
        square.fail += [("/commentThreads", refusal(200, {"items": []})), ("/comments?", refusal(200, {"items": []}))]
        assert [getattr(one, "native_id", "") for one in await read.again()] == [ids[0]]


async def test_what_the_channel_itself_wrote_is_no_comment(tmp_path: Path) -> None:
    async with channel(tmp_path) as (read, square):
        top = await square.say("When?", CHANNEL)
        content = {"snippet": {"parentId": top, "textOriginal": "Tomorrow."}}
        proof = {"Authorization": "Bearer water-key"}
        made = await square.http.post("/youtube/v3/comments?part=snippet", json=content, headers=proof)
        found = await read.round()
        assert [entry for entry in found if isinstance(entry, Echo)] == [Echo(CHANNEL, made.json()["id"], top, top)]
        assert texts(found) == ["When?"]


async def test_a_forgotten_page_token_begins_the_walk_anew(tmp_path: Path) -> None:
    async with channel(tmp_path) as (read, square):
        for number in range(101):
            await square.say(f"{number}", CHANNEL)
        await read.page()
        square.fail.append(("pageToken", refusal(400, {"error": {"errors": [{"reason": "invalidPageToken"}]}})))
        await read.round()
        assert len(read.texts) == 101


async def test_replies_of_a_comment_that_is_gone_by_then_are_none(tmp_path: Path) -> None:
    async with channel(tmp_path) as (read, square):
        top = await square.say("One", CHANNEL)
        for number in range(7):
            await square.say(f"Reply {number}", CHANNEL, under=top)
        await read.page()
        await square.delete(top)
        page = await read.page()
        assert (page.reading, page.more) == ((), False)


async def test_an_answer_that_is_none_loses_nothing(tmp_path: Path) -> None:
    async with channel(tmp_path) as (read, square):
        await square.say("Still here", CHANNEL)
        for body in (b"[]", b"<html>", b'{"items": {}}'):
            square.fail.append(("/commentThreads", Response(body, 200)))
            with pytest.raises((NotNow, Unreadable)):
                await read.page()
        assert texts(await read.round()) == ["Still here"]


def error(status: int, reason: str) -> httpx.Response:
    content = {"error": {"code": status, "message": "x", "errors": [{"reason": reason, "domain": "youtube"}]}}
    return httpx.Response(status, json=content)


NOW = datetime(2026, 11, 22, 7, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        (httpx.Response(403, content=payload("youtube", "error-quota")), Throttled(1800.0)),
        (httpx.Response(400, content=payload("youtube", "error-key")), Refused("token_invalid")),
        (error(403, "dailyLimitExceeded"), Throttled(1800.0)),
        (error(403, "rateLimitExceeded"), Throttled(60.0)),
        (error(403, "userRateLimitExceeded"), Throttled(60.0)),
        (error(429, "rateLimitExceeded"), Throttled(60.0)),
        (error(400, "keyInvalid"), Refused("token_invalid")),
        (error(400, "keyExpired"), Refused("token_expired")),
        (error(401, "authError"), Refused("token_invalid")),
        (error(403, "forbidden"), Refused("forbidden")),
        (error(403, "accessNotConfigured"), Refused("forbidden")),
        (error(403, "channelSuspended"), Refused("account_gone")),
        (error(404, "channelNotFound"), Refused("account_gone")),
        (error(404, "commentNotFound"), Gone()),
        (error(400, "invalidPageToken"), BAD_TOKEN),
        (error(400, "processingFailure"), Unavailable("processing_failure")),
        (error(400, "somethingNew"), Refused("request_refused")),
        (error(503, "backendError"), Unavailable("status_503")),
        (httpx.Response(403, content=b"<html>"), Refused("forbidden")),
        (httpx.Response(200, json={"items": []}), Found({"items": []}, b'{"items":[]}')),
    ],
)
async def test_what_an_answer_means_is_told_by_its_reason(response: httpx.Response, answer: Answer) -> None:
    assert understand(response, NOW) == answer


async def test_a_used_up_quota_is_asked_for_again_within_the_hour() -> None:
    early = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
    assert understand(error(403, "quotaExceeded"), early) == Throttled(3600.0)


@pytest.mark.parametrize("cursor", [None, "", "x", "[]", "7", '{"list": 7}', '{"page": "x"}', '{"list": "[]"}'])
async def test_a_cursor_that_is_none_begins_anew(cursor: str | None) -> None:
    place = Place.parse(cursor)
    assert (place.thread, place.token, place.page) == (None, None, 0)


# -- with the tables


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - the other side is another process's table
            await asyncio.sleep(0.05)


async def told(ingest: Ingest, *expected: tuple[str, str | None]) -> None:
    """Wait until these events of comments have been told."""

    async def all_there() -> bool:
        events = [(kind, event.get("text")) for kind, event in await ingest.events()]
        return all(one in events for one in expected)

    await until(all_there)


@asynccontextmanager
async def polled(tmp_path: Path, key: str = "water-key") -> AsyncIterator[tuple[Ingest, TownSquare]]:
    async with town_square(tmp_path) as square, running_ingest(polling=PollingSettings(youtube=QUICK)) as ingest:
        answer = await ingest.connect(
            "youtube", CHANNEL, agency="water-board", base_url=square.url, secrets={"api_key": key}
        )
        assert answer.status_code == 201, answer.text
        yield ingest, square


async def test_comments_arrive_change_and_go(tmp_path: Path) -> None:
    async with polled(tmp_path) as (ingest, square):
        first = await square.say("නව ගාස්තු කවදාද?", CHANNEL)
        await told(ingest, ("CommentReceived", "නව ගාස්තු කවදාද?"))
        reply = await square.say("I ask as well", CHANNEL, name="Kamala", under=first)
        await told(ingest, ("CommentReceived", "I ask as well"))
        await square.change(first, "නව ගාස්තු?")
        await told(ingest, ("CommentEdited", "නව ගාස්තු?"))
        await square.delete(reply)
        await told(ingest, ("CommentDeleted", None))
        kinds = [kind for kind, _ in await ingest.events() if kind.startswith("Comment")]
        assert sorted(kinds) == ["CommentDeleted", "CommentEdited", "CommentReceived", "CommentReceived"]
        assert {row.thread for row in await ingest.rows("SELECT thread FROM comment")} == {first}
        assert await ingest.count("dead_letter") == 0


async def test_a_used_up_quota_is_no_trouble_of_the_account_and_a_wrong_key_is(tmp_path: Path) -> None:
    async with polled(tmp_path, "another-key") as (ingest, square):

        async def degraded() -> bool:
            return any(kind == "AccountDegraded" for kind, _ in await ingest.events())

        await until(degraded)
        quota = json.loads(payload("youtube", "error-quota"))
        square.fail.append(("/commentThreads", refusal(403, quota)))
        id_ = (await ingest.rows("SELECT id FROM account"))[0].id
        assert (await ingest.rotate(id_, {"api_key": "water-key"})).status_code == 200

        async def throttled() -> bool:
            return not square.fail

        await until(throttled)
        asked = len(square.asked)
        await asyncio.sleep(0.4)
        assert len(square.asked) == asked
        degradations = [event for kind, event in await ingest.events() if kind == "AccountDegraded"]
        assert [event["reason"] for event in degradations] == ["token_invalid"]
