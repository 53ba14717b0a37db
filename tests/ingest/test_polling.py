"""Reading a Mastodon account over real HTTP, against a server that can misbehave."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response, StreamingResponse

from services.ingest.settings import MastodonPolling, PollingSettings
from tests.ingest.fake_mastodon import FakeMastodon, fake_mastodon
from tests.ingest.support import Ingest, running_ingest
from tests.support.postgres import fresh_service_database

pytestmark = pytest.mark.asyncio

QUICK = MastodonPolling(
    poll_seconds=0.05,
    reread_seconds=0.1,
    reread_batch=2,
    backlog_hours=24 * 3650,
    retry_seconds=0.02,
    timeout_seconds=2,
)


@asynccontextmanager
async def polling(settings: MastodonPolling = QUICK) -> AsyncIterator[tuple[Ingest, FakeMastodon]]:
    async with fake_mastodon() as fake, running_ingest(polling=PollingSettings(mastodon=settings)) as ingest:
        answer = await ingest.connect("mastodon", "42", agency="water-board", base_url=fake.url)
        assert answer.status_code == 201
        yield ingest, fake


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - the other side is another process's table
            await asyncio.sleep(0.05)


async def told(ingest: Ingest) -> list[tuple[str, Any]]:
    return [(kind, event.get("text")) for kind, event in await ingest.events() if kind.startswith("Comment")]


async def has_told(ingest: Ingest, count: int) -> None:
    async def enough() -> bool:
        return len(await told(ingest)) >= count

    await until(enough)


async def test_mentions_arrive_once_and_the_cursor_moves_with_them() -> None:
    async with polling() as (ingest, fake):
        for number in range(95):  # more than a page
            fake.mention(f"No. {number}")
        await has_told(ingest, 95)
        assert [text for _, text in await told(ingest)] == [f"No. {number}" for number in range(95)]
        ((cursor,),) = await ingest.rows("SELECT cursor FROM poll_cursor")
        assert cursor == "95"
        fake.mention("one more", visibility="direct")
        await has_told(ingest, 96)
        events = [event for kind, event in await ingest.events() if kind == "CommentReceived"]
        assert (events[-1]["public"], events[-1]["visibility"]) == (False, "direct")
        assert events[-1]["author"] == {
            "id": "501",
            "name": "Kamala",
            "handle": "kamala@far.example",
            "followers": None,
        }


async def test_after_a_restart_reading_goes_on_where_it_stopped() -> None:
    url = (await fresh_service_database("ingest")).working
    async with fake_mastodon() as fake:
        async with running_ingest(url=url, polling=PollingSettings(mastodon=QUICK)) as ingest:
            await ingest.connect("mastodon", "42", base_url=fake.url)
            fake.mention("before")
            await has_told(ingest, 1)
        fake.mention("while away")
        async with running_ingest(url=url, polling=PollingSettings(mastodon=QUICK)) as ingest:
            await has_told(ingest, 2)
            assert [text for _, text in await told(ingest)] == ["before", "while away"]


async def test_two_processes_read_each_mention_once() -> None:
    url = (await fresh_service_database("ingest")).working
    async with (
        fake_mastodon() as fake,
        running_ingest(url=url, polling=PollingSettings(mastodon=QUICK)) as one,
        running_ingest(url=url, polling=PollingSettings(mastodon=QUICK)),
    ):
        await one.connect("mastodon", "42", base_url=fake.url)
        for number in range(5):
            fake.mention(str(number))
        await has_told(one, 5)
        asked = len(fake.asked)
        await asyncio.sleep(0.5)
        assert len(fake.asked) - asked <= 25, "only one of the two asks"
        assert len(await told(one)) == 5


async def test_an_edit_is_found_by_notification_and_by_reading_again() -> None:
    async with polling() as (ingest, fake):
        first, second = fake.mention("one"), fake.mention("two")
        await has_told(ingest, 2)
        fake.edit(first, "one, edited", "2026-11-22T08:40:00.000Z", notify=True)
        await has_told(ingest, 3)
        fake.edit(second, "two, edited", "2026-11-22T08:41:00.000Z", notify=False)
        await has_told(ingest, 4)
        await asyncio.sleep(0.3)
        assert (await told(ingest))[2:] == [("CommentEdited", "one, edited"), ("CommentEdited", "two, edited")]


async def test_a_deleted_status_is_a_deleted_comment() -> None:
    async with polling() as (ingest, fake):
        ids = [fake.mention(str(number)) for number in range(5)]
        await has_told(ingest, 5)
        del fake.statuses[ids[3]]
        await has_told(ingest, 6)
        assert (await told(ingest))[-1] == ("CommentDeleted", None)
        ((status,),) = await ingest.rows("SELECT status FROM comment WHERE native_id = :id", id=ids[3])
        assert status == "deleted"


async def test_the_thread_is_the_root_of_the_conversation() -> None:
    async with polling() as (ingest, fake):
        root = fake.mention("we never see this one", notify=False)
        middle = fake.mention("nor this", parent=root, notify=False)
        seen = fake.mention("but this", parent=middle)
        child = fake.mention("and this", parent=seen)
        alone = fake.mention("alone")
        orphan = fake.mention("its parent is gone", parent="31")
        await has_told(ingest, 4)
        rows = await ingest.rows("SELECT native_id, thread FROM comment")
        assert {row.native_id: row.thread for row in rows} == {
            seen: root, child: root, alone: alone, orphan: orphan,
        }  # fmt: skip
        contexts = [path for path in fake.asked if path.endswith("/context")]
        assert f"/api/v1/statuses/{child}/context" not in contexts, "its parent's thread is known"


async def test_what_the_account_itself_wrote_is_no_comment() -> None:
    async with polling() as (ingest, fake):
        fake.mention("our own words", account={"id": "42", "username": "water", "acct": "water"})
        fake.mention("a citizen's")
        await has_told(ingest, 1)
        assert await told(ingest) == [("CommentReceived", "a citizen's")]
        assert await ingest.count("echo") == 1


async def test_a_throttled_account_waits_as_long_as_it_is_told() -> None:
    async with polling() as (ingest, fake):
        await until(_asked(fake, 1))
        fake.fail.append(JSONResponse({"error": "Too many requests"}, 429, {"Retry-After": "1"}))
        await until(_no_failures_left(fake))
        polls = fake.asked.count("/api/v1/notifications")
        await asyncio.sleep(0.5)
        assert fake.asked.count("/api/v1/notifications") == polls
        fake.mention("after the pause")
        await has_told(ingest, 1)
        ((trouble,),) = await ingest.rows("SELECT trouble FROM account")
        assert trouble is None


async def test_a_dead_token_degrades_the_account_once_and_a_new_one_restores_it() -> None:
    async with polling() as (ingest, fake):
        fake.token = "another"
        await until(_events(ingest, "AccountDegraded", 1))
        await asyncio.sleep(0.5)
        id_ = (await ingest.rows("SELECT id FROM account"))[0].id
        shown = (await ingest.http.get(f"/v1/accounts/{id_}", headers=ingest.bearer())).json()
        assert (shown["state"], shown["trouble"]) == ("degraded", "token_invalid")
        await ingest.rotate(id_, {"token": "another"})
        await until(_events(ingest, "AccountRestored", 1))
        fake.mention("heard again")
        await has_told(ingest, 1)
        kinds = [kind for kind, _ in await ingest.events() if kind.startswith("Account")]
        assert kinds == ["AccountConnected", "AccountDegraded", "AccountRestored"]


async def test_answers_that_mean_nothing_lose_nothing() -> None:
    async with polling() as (ingest, fake):
        fake.fail += [
            Response("<html>502</html>", 502),
            Response("", 302, {"location": "http://127.0.0.1:1/"}),
            Response("", 503, {"server": "gr\xfc\xdfe"}),
            Response('[{"id": "1", ', 200, {"content-length": "5000"}),
            Response("<html>login</html>", 200),
            JSONResponse({"not": "a list"}, 200),
            Response(b"\xff\xfe", 200),
        ]
        fake.mention("still here")
        await has_told(ingest, 1)
        assert not fake.fail


async def test_an_answer_that_never_ends_is_given_up() -> None:
    async def drip() -> AsyncIterator[bytes]:
        yield b"["
        await asyncio.Event().wait()

    async with polling(QUICK.model_copy(update={"timeout_seconds": 0.5})) as (ingest, fake):
        fake.fail.append(StreamingResponse(drip(), 200))
        fake.mention("still here")
        await has_told(ingest, 1)


async def test_a_new_account_does_not_answer_what_was_said_years_ago() -> None:
    async with polling(QUICK.model_copy(update={"backlog_hours": 1.0})) as (ingest, fake):
        fake.mention("long ago", created_at="2019-01-01T00:00:00.000Z")
        fake.mention("now", created_at=datetime.now(UTC).isoformat())
        await has_told(ingest, 1)
        assert await told(ingest) == [("CommentReceived", "now")]


def _asked(fake: FakeMastodon, count: int) -> Callable[[], Awaitable[bool]]:
    async def enough() -> bool:
        return len(fake.asked) >= count

    return enough


def _no_failures_left(fake: FakeMastodon) -> Callable[[], Awaitable[bool]]:
    async def none() -> bool:
        return not fake.fail

    return none


def _events(ingest: Ingest, kind: str, count: int) -> Callable[[], Awaitable[bool]]:
    async def enough() -> bool:
        return [found for found, _ in await ingest.events()].count(kind) >= count

    return enough
