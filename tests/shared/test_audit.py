"""The audit trail: one chain for each agency, and whoever touches it is found out."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from shared.audit import BEGINNING, Broken, Entry, append, verify
from shared.database import EVERY_AGENCY, Database
from tests.shared.builders import NOW, execute, rows, shared_database

pytestmark = pytest.mark.asyncio


def entry(number: int, agency: str = "passports") -> Entry:
    return Entry(agency, "nimal", "draft.approved", f"case_{number}", "director", {"digest": "ab", "නම": number})


async def write(database: Database, entries: Sequence[Entry]) -> None:
    async with database.begin(EVERY_AGENCY) as connection:
        await append(connection, entries, NOW)


async def check(database: Database) -> list[Broken]:
    trail = await rows(
        database,
        """SELECT agency, number, at, actor, on_behalf_of, action, subject, details, hash FROM audit
           ORDER BY agency, number""",
    )
    heads = await rows(database, "SELECT agency, number, hash FROM audit_head")
    return verify(trail, {head.agency: (head.number, head.hash) for head in heads})


async def test_an_untouched_trail_holds() -> None:
    async with shared_database() as database:
        for start in range(0, 30, 3):
            await write(database, [entry(start), entry(start + 1, "central-bank"), entry(start + 2)])
        assert await check(database) == []
        numbers = await rows(database, "SELECT number FROM audit WHERE agency = 'passports' ORDER BY number")
        assert [row.number for row in numbers] == list(range(1, 21))


async def test_an_empty_trail_holds() -> None:
    assert verify([], {}) == []


async def test_an_entry_says_who_did_what_in_whose_name() -> None:
    async with shared_database() as database:
        await write(database, [entry(1)])
        (row,) = await rows(database, "SELECT * FROM audit")
        assert (row.actor, row.on_behalf_of, row.action, row.subject) == (
            "nimal",
            "director",
            "draft.approved",
            "case_1",
        )
        assert row.at == NOW
        assert row.hash != BEGINNING


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'sunil'",
        "on_behalf_of = NULL",
        "action = 'draft.returned'",
        "subject = 'case_x'",
        "details = '{}'",
        "at = at + interval '1 second'",
        "hash = repeat('a', 64)",
    ],
)
async def test_an_altered_row_is_named(change: str) -> None:
    async with shared_database() as database:
        await write(database, [entry(number) for number in range(10)])
        await write(database, [entry(number, "central-bank") for number in range(10)])
        await execute(database, f"UPDATE audit SET {change} WHERE agency = 'passports' AND number = 4")
        (broken,) = await check(database)
        assert (broken.agency, broken.number) == ("passports", 4)


async def test_a_missing_row_is_named() -> None:
    async with shared_database() as database:
        await write(database, [entry(number) for number in range(10)])
        await execute(database, "DELETE FROM audit WHERE number = 4")
        assert await check(database) == [Broken("passports", 4, "the row is missing")]


async def test_rows_that_are_missing_at_the_end_are_noticed() -> None:
    async with shared_database() as database:
        await write(database, [entry(number) for number in range(10)])
        await execute(database, "DELETE FROM audit WHERE number > 8")
        assert await check(database) == [Broken("passports", 10, "rows are missing at the end")]


async def test_a_trail_that_vanished_is_noticed() -> None:
    async with shared_database() as database:
        await write(database, [entry(1)])
        await execute(database, "DELETE FROM audit")
        assert [broken.agency for broken in await check(database)] == ["passports"]


async def test_a_row_slipped_in_at_the_end_is_noticed() -> None:
    async with shared_database() as database:
        await write(database, [entry(1)])
        await execute(
            database,
            "INSERT INTO audit SELECT agency, 2, at, actor, on_behalf_of, action, subject, details, hash FROM audit",
        )
        assert [broken.number for broken in await check(database)] == [2]


async def test_two_rows_that_changed_places_are_noticed() -> None:
    async with shared_database() as database:
        await write(database, [entry(number) for number in range(5)])
        await execute(
            database,
            """UPDATE audit SET subject = CASE number WHEN 2 THEN 'case_2' ELSE 'case_1' END
               WHERE number IN (2, 3)""",
        )
        assert [broken.number for broken in await check(database)] == [2]


async def test_concurrent_writers_keep_one_chain_for_each_agency() -> None:
    async with shared_database(pool_size=10) as database:
        agencies = ("passports", "central-bank", "water-board")
        # In changing order, so that careless locking would end in a deadlock.
        batches = [[entry(number, agencies[(number + turn) % 3]) for turn in range(3)] for number in range(60)]
        gate = asyncio.Semaphore(10)

        async def write_one(batch: Sequence[Entry]) -> None:
            async with gate:
                await write(database, batch)

        await asyncio.gather(*(write_one(batch) for batch in batches))
        assert await check(database) == []
        counts = await rows(database, "SELECT agency, count(*) AS n FROM audit GROUP BY agency")
        assert {row.n for row in counts} == {60}


async def test_a_rolled_back_act_leaves_no_entry() -> None:
    async with shared_database() as database:
        await write(database, [entry(1)])
        with pytest.raises(LookupError):  # noqa: PT012
            async with database.begin(EVERY_AGENCY) as connection:
                await append(connection, [entry(2)], NOW)
                raise LookupError
        await write(database, [entry(3)])
        assert await check(database) == []
        assert len(await rows(database, "SELECT 1 FROM audit")) == 2


async def test_an_agency_may_write_its_own_trail_only() -> None:
    async with shared_database() as database:
        async with database.begin(["passports"]) as connection:
            await append(connection, [entry(1)], NOW)
        with pytest.raises(Exception, match="row-level security"):
            async with database.begin(["passports"]) as connection:
                await append(connection, [entry(1, "central-bank")], NOW)
        assert await check(database) == []


async def test_details_of_any_kind_are_kept_as_they_are() -> None:
    details: dict[str, Any] = {"b": [1, 2.5, None, True], "a": {"z": "😟", "y": 10**30}, "quote": '"\\\n'}
    async with shared_database() as database:
        await write(database, [Entry("passports", "parley:policy", "case.routed", "case_1", details=details)])
        assert await check(database) == []
