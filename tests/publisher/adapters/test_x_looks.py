"""X: whether a post that was read back is ours, and replies on a square that misbehaves."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.publisher.adapters.platforms import x
from services.publisher.adapters.platforms.x import X
from services.publisher.adapters.platforms.x_wording import same_post
from services.publisher.domain.outcomes import (
    Absent,
    CannotSee,
    Captured,
    CredentialsDead,
    Done,
    Found,
    Gone,
    Measured,
    Probed,
    Published,
    Refreshed,
    Refused,
    Throttled,
    Unknown,
)
from services.publisher.domain.tasks import Task
from services.publisher.ports import Credentials
from tests.publisher.adapters.test_x import CITIZEN, a_message, a_reply
from tests.publisher.examples.x import ACCOUNT, CITIZENS_POST, EXAMPLE
from tests.support.answering_platform import answering
from tests.support.on_the_square import on_the_square

pytestmark = pytest.mark.asyncio(loop_scope="session")

SENT_AT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


def a_post(**changes: Any) -> dict[str, Any]:
    return {
        "id": "2124420049912463999",
        "text": "@nimal_p Our office opens at 9 a.m.",
        "created_at": "2026-11-22T08:30:01.000Z",
        "referenced_tweets": [{"type": "replied_to", "id": CITIZENS_POST}],
        **changes,
    }


def a_page(*entries: dict[str, Any], **meta: str) -> dict[str, Any]:
    page: dict[str, Any] = {"meta": {"result_count": len(entries), **meta}}
    return page | ({"data": list(entries)} if entries else {})


@pytest.mark.parametrize(
    ("ours", "theirs", "entities"),
    [
        ("We know.", "@nimal_p @kamala We know.", None),
        ("Tea & <water>", "@nimal_p Tea &amp; &lt;water&gt;", {}),
        ("It is &amp; not", "It is &amp;amp; not", {}),
        (
            "See https://example.org/form/ and www.passports.gov.lk",
            "@nimal_p See https://t.co/a1 and https://t.co/b2",
            {
                "urls": [
                    {"url": "https://t.co/a1", "expanded_url": "https://example.org/form/"},
                    {"url": "https://t.co/b2", "expanded_url": "http://www.passports.gov.lk"},
                ]
            },
        ),
        ("Two\n\nlines", "@nimal_p Two\n\nlines ", None),
    ],
)
async def test_our_words_are_known_again_in_what_x_makes_of_them(ours: str, theirs: str, entities: object) -> None:
    assert same_post(ours, theirs, entities)
    assert not same_post(f"{ours} Not.", theirs, entities)


async def test_a_reply_that_stands_is_found_among_the_accounts_own_posts() -> None:
    async with answering(X, "a-token") as (platform, channel, credentials):
        platform.answer(200, a_page(a_post(id="1", referenced_tweets=[]), a_post()))
        sighting = await channel.find(a_reply(), SENT_AT, (), credentials)
        assert sighting == Found("2124420049912463999", "https://x.com/i/web/status/2124420049912463999")
        (request,) = platform.requests
        assert (request.method, request.path) == ("GET", f"/2/users/{ACCOUNT}/tweets")
        assert request.query["start_time"] == "2026-11-22T08:28:00Z"
        assert {"created_at", "referenced_tweets", "entities"} <= set(request.query["tweet.fields"].split(","))


@pytest.mark.parametrize(
    "other",
    [
        {"text": "@nimal_p Our office opens at 10 a.m."},
        {"referenced_tweets": [{"type": "quoted", "id": CITIZENS_POST}]},
        {"referenced_tweets": [{"type": "replied_to", "id": "7"}]},
        {"created_at": "2026-11-22T08:27:59.000Z"},
        {"created_at": "yesterday"},
        {"id": "already-ours"},
    ],
)
async def test_only_our_own_same_new_reply_is_ours(other: dict[str, Any]) -> None:
    async with answering(X, "a-token") as (platform, channel, credentials):
        platform.answer(200, a_page(a_post(**other)))
        assert isinstance(await channel.find(a_reply(), SENT_AT, {"already-ours"}, credentials), Absent)


async def test_a_look_goes_on_until_it_has_reached_the_time_of_sending() -> None:
    async with answering(X, "a-token") as (platform, channel, credentials):
        platform.answer(200, a_page(a_post(id="1", text="Other"), next_token="t1"))
        platform.answer(200, a_page(a_post()))
        assert isinstance(await channel.find(a_reply(), SENT_AT, (), credentials), Found)
        assert platform.requests[1].query["pagination_token"] == "t1"
        platform.answer(200, a_page())
        assert isinstance(await channel.find(a_reply(), SENT_AT, (), credentials), Absent)


async def test_a_look_that_would_never_end_proves_nothing() -> None:
    async with answering(X, "a-token") as (platform, channel, credentials):
        for number in range(x.MOST_PAGES):
            platform.answer(200, a_page(a_post(text="Other"), next_token=f"t{number}"))
        assert isinstance(await channel.find(a_reply(), SENT_AT, (), credentials), CannotSee)


@pytest.mark.parametrize(
    ("status", "body"), [(401, {}), (429, {}), (200, {}), (200, {"data": 1, "meta": {}}), (500, "")]
)
async def test_a_look_that_does_not_come_about_proves_nothing(status: int, body: Any) -> None:
    async with answering(X, "a-token") as (platform, channel, credentials):
        platform.answer(status, body)
        assert isinstance(await channel.find(a_reply(), SENT_AT, (), credentials), CannotSee)


async def test_a_look_of_many_pages_ends_with_the_attempt() -> None:
    async with answering(X, "a-token", attempt_seconds=1) as (platform, channel, credentials):
        platform.seconds = 0.4
        for number in range(x.MOST_PAGES):
            platform.answer(200, a_page(a_post(text="Other"), next_token=f"t{number}"))
        sighting = await channel.find(a_reply(), SENT_AT, (), credentials)
        assert sighting == CannotSee("the pages could not be read in time")
        assert len(platform.requests) < x.MOST_PAGES


async def test_a_private_message_is_looked_for_in_its_conversation_back_to_its_time() -> None:
    async with answering(X, "a-token") as (platform, channel, credentials):
        event = {"id": "31", "event_type": "MessageCreate", "text": "Our office opens at 9 a.m."}
        at = {"created_at": "2026-11-22T08:30:01.000Z"}
        old = {"id": "30", "text": "Old", "sender_id": CITIZEN, "created_at": "2026-11-22T07:00:00.000Z"}
        platform.answer(200, a_page(event | at | {"sender_id": ACCOUNT}))
        platform.answer(200, a_page(event | at | {"sender_id": CITIZEN}, old, next_token="t1"))
        assert await channel.find(a_message(), SENT_AT, (), credentials) == Found("31")
        assert isinstance(await channel.find(a_message(), SENT_AT, (), credentials), Absent)
        assert platform.requests[0].path == f"/2/dm_conversations/with/{CITIZEN}/dm_events"
        assert platform.requests[0].query["event_types"] == "MessageCreate"


@pytest.mark.parametrize("public", [True, False])
@pytest.mark.parametrize(
    ("fault", "stands"), [("accept_then_drop", 1), ("accept_then_500", 1), ("hang", 0), ("down", 0)]
)
async def test_a_look_tells_what_nobody_answered(tmp_path: Path, fault: str, stands: int, public: bool) -> None:
    async with on_the_square(tmp_path, EXAMPLE, X) as stage:
        words = "Tea & water: https://example.org/form?a=1&b=2 at 9 a.m."
        publication = a_reply(text=words) if public else a_message(text=words)
        stage.fault(fault)
        before = datetime.now(UTC)
        assert isinstance(await stage.channel.send(publication, stage.credentials), Unknown)
        sighting = await stage.channel.find(publication, before, (), stage.credentials)
        assert isinstance(sighting, Found if stands else Absent)
        assert [reply["id"] for reply in stage.replies()] == (
            [sighting.native_id] if isinstance(sighting, Found) else []
        )


async def test_the_same_words_again_are_no_second_post_and_lead_to_the_first(tmp_path: Path) -> None:
    async with on_the_square(tmp_path, EXAMPLE, X) as stage:
        publication, before = stage.a_reply(), datetime.now(UTC)
        first = await stage.channel.send(publication, stage.credentials)
        assert isinstance(first, Published)
        again = await stage.channel.send(publication, stage.credentials)
        assert isinstance(again, Unknown)
        assert "duplicate content" in again.detail
        sighting = await stage.channel.find(publication, before, (), stage.credentials)
        assert sighting == Found(first.native_id, first.url)


@pytest.mark.parametrize(
    ("fault", "expected"), [("throttle", Throttled), ("token_dead", CredentialsDead), ("parent_gone", Refused)]
)
async def test_a_refusal_of_the_square_is_understood_and_leaves_nothing(
    tmp_path: Path, fault: str, expected: type
) -> None:
    async with on_the_square(tmp_path, EXAMPLE, X) as stage:
        stage.fault(fault)
        outcome = await stage.channel.send(stage.a_reply(), stage.credentials)
        assert isinstance(outcome, expected)
        assert getattr(outcome, "reason", "not_possible") == "not_possible"
        assert stage.replies() == []


async def test_a_reply_on_the_square_is_seen_counted_and_deleted(tmp_path: Path) -> None:
    async with on_the_square(tmp_path, EXAMPLE, X) as stage:
        outcome = await stage.channel.send(stage.a_reply(), stage.credentials)
        assert isinstance(outcome, Published)
        assert isinstance(await stage.channel.view(ACCOUNT, outcome.native_id, stage.credentials), Captured)
        measured = await stage.channel.measure(ACCOUNT, outcome.native_id, stage.credentials)
        assert isinstance(measured, Measured)
        assert measured.series["views"] == "x/2 impression_count"
        task = Task("tsk_1", "passports", "x", ACCOUNT, CITIZENS_POST, "delete", outcome.native_id)
        once, again = [await stage.channel.change(task, stage.credentials) for _ in range(2)]
        assert once == Done()
        assert isinstance(again, Done)
        assert isinstance(await stage.channel.view(ACCOUNT, outcome.native_id, stage.credentials), Gone)
        gone = await stage.channel.send(a_reply(reply_to=outcome.native_id), stage.credentials)
        assert isinstance(gone, Refused)


async def test_a_private_message_on_the_square_is_seen_and_deleted_as_one(tmp_path: Path) -> None:
    async with on_the_square(tmp_path, EXAMPLE, X) as stage:
        outcome = await stage.channel.send(a_message(text="Your file & you"), stage.credentials)
        assert isinstance(outcome, Published)
        seen = await stage.channel.view(ACCOUNT, outcome.native_id, stage.credentials)
        assert isinstance(seen, Captured)
        assert seen.text == "Your file & you"
        task = Task("tsk_1", "passports", "x", ACCOUNT, CITIZEN, "delete", outcome.native_id)
        assert await stage.channel.change(task, stage.credentials) == Done()
        assert isinstance(await stage.channel.view(ACCOUNT, outcome.native_id, stage.credentials), Gone)


async def test_a_citizens_post_on_the_square_is_captured_and_hidden(tmp_path: Path) -> None:
    async with on_the_square(tmp_path, EXAMPLE, X) as stage:
        assert isinstance(await stage.channel.view(ACCOUNT, CITIZENS_POST, stage.credentials), Captured)
        task = Task("tsk_1", "passports", "x", ACCOUNT, CITIZENS_POST, "hide", CITIZENS_POST)
        assert await stage.channel.change(task, stage.credentials) == Done()


async def test_renewed_access_speaks_for_the_account_and_the_old_refresh_token_is_used_up(tmp_path: Path) -> None:
    async with on_the_square(tmp_path, EXAMPLE, X) as stage:
        refreshed = await stage.channel.refresh(ACCOUNT, stage.credentials)
        assert isinstance(refreshed, Refreshed)
        renewed = Credentials(refreshed.secrets["token"], stage.credentials.base_url)
        probed = await stage.channel.probe(ACCOUNT, renewed)
        assert isinstance(probed, Probed)
        assert probed.rights["reply"] is True
        assert isinstance(await stage.channel.refresh(ACCOUNT, stage.credentials), CredentialsDead)
        stage.square.clock.ahead_seconds = int(refreshed.lives_for or 0) + 1
        assert isinstance(await stage.channel.probe(ACCOUNT, renewed), CredentialsDead)


async def test_the_shift_of_clocks_is_allowed_for(tmp_path: Path) -> None:
    async with on_the_square(tmp_path, EXAMPLE, X) as stage:
        publication = stage.a_reply()
        await stage.channel.send(publication, stage.credentials)
        ahead = datetime.now(UTC) + timedelta(seconds=60)
        assert isinstance(await stage.channel.find(publication, ahead, (), stage.credentials), Found)
