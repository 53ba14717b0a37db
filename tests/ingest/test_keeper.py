"""Group commit: what arrives together is written together, and one bad item stands alone."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from sqlalchemy import text

from services.ingest.adapters.keeper import GroupKeeper
from services.ingest.domain.entries import EditedComment, Kept, NewComment
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
