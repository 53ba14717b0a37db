"""Listening to a Mastodon account over real HTTP: the poll is too slow here to find anything by itself."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from starlette.responses import JSONResponse, Response

from services.ingest.settings import MastodonPolling, PollingSettings
from tests.ingest.fake_mastodon import FakeMastodon, fake_mastodon
from tests.ingest.support import Ingest, running_ingest
from tests.local.support import open_square
from tests.support.postgres import fresh_service_database

pytestmark = pytest.mark.asyncio

SELDOM = MastodonPolling(
    poll_seconds=600,
    least_seconds=0.05,
    reread_seconds=600,
    backlog_hours=24 * 3650,
    retry_seconds=0.1,
    reconnect_seconds=0.1,
    silence_seconds=5,
    timeout_seconds=5,
)
OFTEN = SELDOM.model_copy(update={"poll_seconds": 0.1})


@asynccontextmanager
async def listening(settings: MastodonPolling = SELDOM, **server: Any) -> AsyncIterator[tuple[Ingest, FakeMastodon]]:
    async with fake_mastodon() as fake, running_ingest(polling=PollingSettings(mastodon=settings)) as ingest:
        for name, value in {"streaming": True, **server}.items():
            setattr(fake, name, value)
        answer = await ingest.connect("mastodon", "42", agency="water-board", base_url=fake.url)
        assert answer.status_code == 201
        yield ingest, fake


async def until(condition: Callable[[], bool | Awaitable[bool]], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not (met if isinstance(met := condition(), bool) else await met):  # noqa: ASYNC110 - another's state
            await asyncio.sleep(0.02)


async def told(ingest: Ingest) -> list[tuple[str, Any]]:
    return [(kind, event.get("text")) for kind, event in await ingest.events() if kind.startswith("Comment")]


async def has_told(ingest: Ingest, count: int) -> list[tuple[str, Any]]:
    async def enough() -> bool:
        return len(await told(ingest)) >= count

    await until(enough)
    return await told(ingest)


def polls(fake: FakeMastodon) -> int:
    return fake.asked.count("/api/v1/notifications")


async def test_a_notification_in_the_stream_is_fetched_at_once() -> None:
    async with listening() as (ingest, fake):
        await until(lambda: bool(fake.listeners))
        fake.mention("When do you open?")
        assert await has_told(ingest, 1) == [("CommentReceived", "When do you open?")]
        fake.mention("නළ ජලය නැත 🙏")
        assert (await has_told(ingest, 2))[1] == ("CommentReceived", "නළ ජලය නැත 🙏")


async def test_an_edit_and_a_deletion_in_the_stream_are_taken_in_without_asking() -> None:
    async with listening() as (ingest, fake):
        status = fake.mention("one")
        await until(lambda: bool(fake.listeners))
        await has_told(ingest, 1)
        fake.edit(status, "one, edited", "2026-11-22T08:40:00.000Z", notify=False)
        fake.say("status.update", fake.statuses[status])
        assert (await has_told(ingest, 2))[1] == ("CommentEdited", "one, edited")
        fake.say("delete", status)
        assert (await has_told(ingest, 3))[2] == ("CommentDeleted", None)
        assert f"/api/v1/statuses/{status}" not in fake.asked


async def test_what_the_stream_says_of_other_peoples_statuses_leaves_nothing() -> None:
    async with listening() as (ingest, fake):
        await until(lambda: bool(fake.listeners))
        other = fake.mention("to somebody else", notify=False)
        fake.edit(other, "edited", "2026-11-22T08:40:00.000Z", notify=False)
        fake.say("update", fake.statuses[other])
        fake.say("status.update", fake.statuses[other])
        fake.say("delete", "999")
        fake.say("status.update", "no status")
        fake.say("delete", "")
        fake.mention("a citizen's")
        assert await has_told(ingest, 1) == [("CommentReceived", "a citizen's")]
        assert await ingest.count("comment") == 1, "no tombstones either"
        assert len(fake.listeners) == 1, "the connection has held"


async def test_what_happened_while_the_connection_was_broken_is_found() -> None:
    async with listening() as (ingest, fake):
        await until(lambda: bool(fake.listeners))
        fake.hang_up()
        await until(lambda: not fake.listeners)
        fake.mention("while nobody listened")
        assert await has_told(ingest, 1) == [("CommentReceived", "while nobody listened")]
        await until(lambda: bool(fake.listeners))


async def test_a_silent_stream_is_opened_again_and_one_that_thumps_is_left_alone() -> None:
    async with listening(SELDOM.model_copy(update={"silence_seconds": 0.3})) as (_, fake):
        await until(lambda: fake.listened == 1)
        await asyncio.sleep(0.6)
        assert fake.listened == 1
        fake.thumps = None
        await until(lambda: fake.listened >= 3)


@pytest.mark.parametrize(
    "instead",
    [JSONResponse({"error": "Not found"}, 404), Response("", 501), Response("<html>hello</html>", 200)],
    ids=["missing", "not implemented", "a page for people"],
)
async def test_a_server_without_a_stream_is_polled_and_asked_again_much_later(instead: Response) -> None:
    settings = OFTEN.model_copy(update={"deaf_seconds": 1.0})
    async with listening(settings, streaming=False, no_stream=instead) as (ingest, fake):
        fake.mention("found by asking")
        await has_told(ingest, 1)
        seen = polls(fake)
        await until(lambda: polls(fake) > seen + 3)
        assert fake.asked.count("/api/v1/streaming/user") == 1
        fake.streaming = True
        await until(lambda: bool(fake.listeners))


async def test_a_stream_that_is_refused_does_not_degrade_an_account_that_can_be_polled() -> None:
    refused = JSONResponse({"error": "Access token does not have the required scopes"}, 401)
    async with listening(OFTEN, streaming=False, no_stream=refused) as (ingest, fake):
        await until(lambda: "/api/v1/streaming/user" in fake.asked)
        fake.mention("found by asking")
        await has_told(ingest, 1)
        assert not [kind for kind, _ in await ingest.events() if kind == "AccountDegraded"]


async def test_a_token_that_is_revoked_while_listening_degrades_the_account() -> None:
    async with listening() as (ingest, fake):
        await until(lambda: bool(fake.listeners))
        fake.token = "another"
        fake.hang_up()

        async def is_degraded() -> bool:
            return [row.trouble for row in await ingest.rows("SELECT trouble FROM account")] == ["token_invalid"]

        await until(is_degraded)
        ((account,),) = await ingest.rows("SELECT id FROM account")
        assert (await ingest.rotate(account, {"token": "another"})).status_code == 200
        await until(lambda: bool(fake.listeners))
        fake.mention("heard again")
        await has_told(ingest, 1)


async def test_the_stream_may_live_on_another_host() -> None:
    async with fake_mastodon() as streaming:
        streaming.streaming = True
        async with listening(streaming_url=streaming.url.replace("http", "ws")) as (ingest, fake):
            await until(lambda: bool(streaming.listeners))
            fake.mention("announced elsewhere")
            streaming.say("notification", fake.notifications[-1])
            await has_told(ingest, 1)
            assert fake.listened == 0


async def test_only_the_process_that_reads_listens_and_the_next_one_takes_over() -> None:
    url = (await fresh_service_database("ingest")).working
    polling = PollingSettings(mastodon=SELDOM)
    async with fake_mastodon() as fake, running_ingest(url=url, polling=polling) as second:
        fake.streaming = True
        async with running_ingest(url=url, polling=polling) as first:
            await first.connect("mastodon", "42", base_url=fake.url)
            await until(lambda: bool(fake.listeners))
            fake.mention("heard by one of two")
            await has_told(first, 1)
            assert fake.listened == 1
        fake.mention("heard by the other")
        await has_told(second, 2)
        await until(lambda: len(fake.listeners) == 1)


async def test_who_has_lost_the_lease_hears_nothing_more() -> None:
    async with listening() as (ingest, fake):
        status = fake.mention("one")
        await has_told(ingest, 1)
        await until(lambda: bool(fake.listeners))
        await taken_by_another(ingest)
        fake.say("delete", status)
        await until(lambda: not fake.listeners)
        assert await told(ingest) == [("CommentReceived", "one")]


async def test_the_town_square_is_listened_to(tmp_path: Path) -> None:
    with open_square(tmp_path) as square:
        async with running_ingest(polling=PollingSettings(mastodon=SELDOM)) as ingest:
            token = {"token": "water-token"}
            await ingest.connect("mastodon", "109", agency="water-board", secrets=token, base_url=square.url)
            await until(lambda: streams_open() == 1)
            post = await asyncio.to_thread(square.post, "No water since morning")
            assert await has_told(ingest, 1) == [("CommentReceived", "No water since morning")]
            await asyncio.to_thread(square.http.delete, f"/citizens/posts/{post}")
            assert (await has_told(ingest, 2))[1] == ("CommentDeleted", None)


def streams_open() -> float:
    return REGISTRY.get_sample_value("parley_ingest_streams", {"platform": "mastodon"}) or 0


async def taken_by_another(ingest: Ingest) -> None:
    """As if another process had taken the lease for long."""
    await ingest.change(
        "UPDATE lease SET holder = 'another', token = token + 1, until = clock_timestamp() + interval '1 hour'"
        " WHERE name LIKE 'poll:%'"
    )
