"""Group commit: what arrives together is written together, and one bad item stands alone."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from services.ingest.adapters.keeper import GroupKeeper
from services.ingest.adapters.store import arrivals, newcomers
from services.ingest.domain.entries import Echo, EditedComment, Kept, Media, NewComment
from services.ingest.domain.language import Language
from services.ingest.ports import Arrival
from shared.database import EVERY_AGENCY, Database, is_passing
from shared.ids import uuid7
from tests.ingest.cut import wire_to
from tests.ingest.support import NOW, account
from tests.support.postgres import fresh_service_database

pytestmark = pytest.mark.asyncio

PAGE = account()


def comment(native: str, words: str = "Hello") -> NewComment:
    return NewComment(PAGE.account, native, "p", words, NOW, thread=native)


def arrival(*entries: Kept) -> Arrival:
    return Arrival(uuid7(), PAGE, b"{}", NOW, [(PAGE, entry) for entry in entries])


@asynccontextmanager
async def keeping(most: int = 500) -> AsyncIterator[tuple[GroupKeeper, Database]]:
    urls = await fresh_service_database("ingest")
    database = Database(urls.working, application_name="tests")
    keeper = GroupKeeper(database, most=most)
    yield keeper, database
    await keeper.close()
    await database.close()


async def number(database: Database, query: str) -> int:
    async with database.begin(EVERY_AGENCY) as connection:
        return int((await connection.execute(text(query))).scalar_one())


async def all_of(keeper: GroupKeeper, arrivals: Sequence[Arrival]) -> list[object]:
    return list(await asyncio.gather(*map(keeper.keep, arrivals), return_exceptions=True))


async def test_a_burst_is_a_handful_of_transactions() -> None:
    async with keeping() as (keeper, database):
        filed = await all_of(keeper, [arrival(comment(str(n))) for n in range(300)])
        assert all(one.changed == 1 for one in filed)  # type: ignore[attr-defined]
        transactions = await number(database, "SELECT count(DISTINCT xmin::text) FROM comment")
        assert transactions <= 3
        assert await number(database, "SELECT count(*) FROM outbox") == 300


async def test_one_comment_twice_in_one_group_is_one_comment() -> None:
    async with keeping() as (keeper, database):
        first, *others = await all_of(keeper, [arrival(comment("1")) for _ in range(10)])
        assert first.changed == 1  # type: ignore[attr-defined]
        assert {one.changed for one in others} == {0}  # type: ignore[attr-defined]
        assert {one.comments for one in others} == {first.comments}  # type: ignore[attr-defined]
        assert await number(database, "SELECT count(*) FROM raw_body") == 1


async def test_one_comment_by_two_processes_at_once_is_one_comment() -> None:
    async with keeping(most=7) as (one, database):
        other = GroupKeeper(database, most=5)
        arrivals = [arrival(comment(str(n % 40)), comment(str((n * 7) % 40))) for n in range(120)]
        results = await asyncio.gather(all_of(one, arrivals[::2]), all_of(other, arrivals[1::2]))
        assert not [error for group in results for error in group if isinstance(error, Exception)]
        assert await number(database, "SELECT count(*) FROM comment") == 40
        assert await number(database, "SELECT count(*) FROM outbox") == 40


async def test_an_item_that_the_database_refuses_is_set_aside_and_its_neighbours_are_kept() -> None:
    async with keeping() as (keeper, database):
        poison = arrival(replace(comment("bad"), text="NUL \x00 here"))
        group = [arrival(comment(str(n))) for n in range(20)]
        filed = await all_of(keeper, [*group[:11], poison, *group[11:]])
        assert not [error for error in filed if isinstance(error, Exception)]
        assert await number(database, "SELECT count(*) FROM comment") == 20
        assert await number(database, "SELECT count(*) FROM dead_letter WHERE body = '{}'") == 1


async def test_a_database_that_is_away_fails_the_whole_group_and_takes_the_next() -> None:
    urls = await fresh_service_database("ingest")
    async with wire_to(urls.working) as (wire, url):
        database = Database(url, application_name="tests")
        keeper = GroupKeeper(database)
        wire.cut()
        errors = await all_of(keeper, [arrival(comment(str(n))) for n in range(10)])
        assert all(isinstance(error, Exception) and is_passing(error) for error in errors)
        wire.join()
        await all_of(keeper, [arrival(comment(str(n))) for n in range(10)])
        assert await number(database, "SELECT count(*) FROM comment") == 10
        await database.close()


async def test_events_of_a_thread_are_staged_in_the_order_of_arrival() -> None:
    async with keeping() as (keeper, database):
        edits = [
            EditedComment(
                PAGE.account,
                "1",
                "p",
                f"No. {n}",
                NOW,
                thread="1",
                revision=str(n),
                edited_at=NOW.replace(minute=30 + n),
            )
            for n in range(1, 6)
        ]
        await all_of(keeper, [arrival(comment("1")), *(arrival(edit) for edit in edits)])
        async with database.begin(EVERY_AGENCY) as connection:
            rows = await connection.execute(text("SELECT payload ->> 'revision' FROM outbox ORDER BY seq"))
        assert [int(row[0]) for row in rows] == [1, 2, 3, 4, 5, 6]


async def test_a_closed_keeper_takes_nothing_more() -> None:
    async with keeping() as (keeper, _):
        await keeper.close()
        (refused,) = await all_of(keeper, [arrival(comment("1"))])
        assert isinstance(refused, Exception)


FULL = NewComment(
    account=PAGE.account,
    native_id="9007199254740993",
    author_id="p1",
    text='A "quoted" \\ word,\ttab\nනව ජල බිල්පත 🚰',
    sent_at=datetime(2026, 11, 22, 8, 29, 59, 123456, tzinfo=UTC),
    thread="9007199254740991",
    parent="9007199254740992",
    author_name="Kamala",
    author_handle="kamala@far.example",
    author_followers=1 << 40,
    language=Language("si", 0.97),
    media=(Media("image", "https://x.example/1.jpg", content_type="image/jpeg"), Media("sticker", native_id="7")),
    public=False,
    visibility="direct",
    window_ends_at=NOW + timedelta(hours=24),
    reach=12,
)
BARE = comment("1")


@pytest.mark.parametrize("entry", [FULL, BARE], ids=["full", "bare"])
async def test_the_short_way_and_the_long_way_write_the_same(entry: NewComment) -> None:
    async def short(database: Database, one: Arrival) -> None:
        await newcomers.write(database, [one], [one])

    async def long(database: Database, one: Arrival) -> None:
        async with database.begin(EVERY_AGENCY) as connection:
            await arrivals.write(connection, [one])

    written = []
    for way in (short, long):
        async with keeping() as (_, database):
            one = arrival(entry)
            await way(database, replace(one, traceparent="00-" + "1" * 32 + "-" + "2" * 16 + "-01"))
            written.append([await _rows(database, table) for table in ("comment", "outbox", "raw_body")])
    assert written[0] == written[1]
    assert all(written[0])


MADE_NEW = {"id", "raw_id", "seq", "subject", "created_at"}


async def _rows(database: Database, table: str) -> list[dict[str, object]]:
    """All rows, without what is made new each time."""
    async with database.begin(EVERY_AGENCY) as connection:
        rows = [dict(row._mapping) for row in await connection.execute(text(f"SELECT * FROM {table}"))]
    for row in rows:
        if isinstance(row.get("payload"), dict):
            row["payload"] = {**row["payload"], "comment": ""}  # type: ignore[dict-item]
    return [{name: value for name, value in row.items() if name not in MADE_NEW} for row in rows]


async def test_what_is_new_and_what_is_known_in_one_body_are_both_told() -> None:
    async with keeping() as (keeper, database):
        await keeper.keep(arrival(comment("1"), comment("2")))
        filed = await keeper.keep(arrival(comment("2"), comment("3"), comment("1")))
        assert filed.changed == 1
        assert None not in filed.comments
        assert len(set(filed.comments)) == 3
        assert await number(database, "SELECT count(*) FROM comment") == 3
        assert await number(database, "SELECT count(*) FROM raw_body") == 2


async def test_a_reply_takes_the_thread_of_a_parent_in_the_same_body() -> None:
    reply = replace(comment("2"), thread=None, parent="1")
    async with keeping() as (keeper, database):
        await keeper.keep(arrival(comment("1"), reply, replace(reply, native_id="3", parent="2")))
        assert await number(database, "SELECT count(DISTINCT thread) FROM comment") == 1
        threads = "SELECT count(DISTINCT payload->>'thread') FROM outbox"
        assert await number(database, threads) == 1


async def test_an_own_reply_that_a_platform_tells_as_a_comment_is_none() -> None:
    async with keeping() as (keeper, database):
        await keeper.keep(arrival(Echo(PAGE.account, "1", "1")))
        assert (await keeper.keep(arrival(comment("1"), comment("2")))).changed == 1
        assert await number(database, "SELECT count(*) FROM comment") == 1
        assert await number(database, "SELECT count(*) FROM outbox") == 1


async def test_a_reply_finds_its_parent_among_what_goes_the_other_way() -> None:
    parent = EditedComment(PAGE.account, "1", "p", "Hello!", NOW, thread="root", revision="e", edited_at=NOW)
    reply = replace(comment("2"), thread=None, parent="1")
    async with keeping() as (keeper, database):
        await all_of(keeper, [arrival(comment("0")), arrival(parent), arrival(reply)])
        assert await number(database, "SELECT count(*) FROM comment WHERE thread = 'root'") == 2


async def test_an_answer_to_a_post_of_ours_that_nobody_knows_begins_a_thread() -> None:
    answer = replace(comment("2"), thread=None, parent="1", answers_us=True)
    deeper = replace(comment("3"), thread=None, parent="2")
    async with keeping() as (keeper, database):
        await keeper.keep(arrival(answer, deeper))
        assert await number(database, "SELECT count(*) FROM comment WHERE thread = '2'") == 2
