"""What waits for one account, thread or subscriber that is dead costs the others nothing, however much it is.

The blocks that the statements themselves read are counted, which are the same on every machine.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest

from services.publisher.adapters.store import claiming, corrections, delivery_claiming, settling, tasks, turns
from services.publisher.adapters.store.rooms import columns_of
from services.publisher.domain.outcomes import Published
from services.publisher.ports import Claim
from shared.database import EVERY_AGENCY, Database
from tests.publisher import backlogs
from tests.publisher.adapters.test_store import claim, record, rows, settled
from tests.publisher.builders import NOW, ROOMS, a_response
from tests.publisher.test_putting_right import retracted
from tests.support.postgres import fresh_service_database

pytestmark = pytest.mark.asyncio(loop_scope="session")

FEW, MANY = 1_000, 10_000
UNKNOWN = {"agencies": [], "platforms": [], "accounts": [], "rooms": [], "open_on": [], "open_rooms": []}
PUBLICATIONS = UNKNOWN | {"each": 16, "most": 512, "spare": 32, "first": 8, "token": uuid4(), "lease": 30.0}
TASKS = columns_of(ROOMS) | {"looked": 64, "token": uuid4(), "lease": 60.0}


@asynccontextmanager
async def a_database() -> AsyncIterator[Database]:
    urls = await fresh_service_database("publisher")
    database = Database(urls.working, application_name="tests", pool_size=5)
    try:
        await backlogs.accounts(database, "live")
        yield database
    finally:
        await database.close()


def is_bounded(few: int, many: int) -> bool:
    """Whether ten times the backlog costs no more than an index that is one level higher."""
    return many <= 1.5 * few + 50


async def beside_a_dead_platform(count: int, troubles: int) -> int:
    async with a_database() as database:
        await backlogs.accounts(database, "dead", platform="x", troubles=troubles)
        await backlogs.replies(database, "dead", count, platform="x")
        await backlogs.replies(database, "live", 5)
        return await backlogs.blocks_read(database, claiming.CLAIM, **PUBLICATIONS)


@pytest.mark.parametrize("troubles", [0, 3])
async def test_a_claim_reads_no_more_however_much_waits_for_a_dead_account(troubles: int) -> None:
    few, many = [await beside_a_dead_platform(count, troubles) for count in (FEW, MANY)]
    assert is_bounded(few, many), (few, many)


async def a_stuck_thread(database: Database, count: int) -> None:
    """One reply that nobody can make out for an hour, and so many that wait behind it on the same account."""
    await backlogs.replies(database, "live", count + 1, thread="stuck")
    await backlogs.run(
        database,
        "UPDATE publication SET state = 'unknown', due_at = now() + interval '1 hour' WHERE position = 1",
    )


async def beside_a_stuck_thread(count: int) -> int:
    async with a_database() as database:
        await a_stuck_thread(database, count)
        await backlogs.replies(database, "live", 5)
        return await backlogs.blocks_read(database, claiming.CLAIM, **PUBLICATIONS)


async def test_a_claim_reads_no_more_however_much_waits_behind_one_reply() -> None:
    few, many = [await beside_a_stuck_thread(count) for count in (FEW, MANY)]
    assert is_bounded(few, many), (few, many)


async def behind_what_was_put_aside(count: int) -> int:
    """One more comes to a stuck thread in which so many were put aside before."""
    async with a_database() as database:
        await a_stuck_thread(database, count)
        await backlogs.run(
            database, "UPDATE publication SET aside = true, due_at = now() + interval '1 hour' WHERE position > 2"
        )
        put_aside = {"keeping_back": ["pub_facebook_live_stuck_1"], "most": 1000, "aside": 300.0}
        # The first to come by finds the index entries of the rows as they were before, and marks them as dead.
        await backlogs.blocks_read(database, turns.PUT_ASIDE, **put_aside)
        putting = await backlogs.blocks_read(database, turns.PUT_ASIDE, **put_aside)
        await backlogs.run(
            database, "UPDATE publication SET state = 'failed', reason = 'gone', due_at = NULL WHERE position = 1"
        )
        return putting + await backlogs.blocks_read(database, turns.PASS_ON, settled=["pub_facebook_live_stuck_1"])


async def test_to_put_one_more_aside_and_to_call_the_next_costs_no_more_however_many_were_before() -> None:
    few, many = [await behind_what_was_put_aside(count) for count in (FEW, MANY)]
    assert is_bounded(few, many), (few, many)


async def tasks_beside_a_dead_platform(count: int) -> int:
    async with a_database() as database:
        await backlogs.accounts(database, "dead", platform="x")
        await backlogs.moderations(database, "dead", count, "x")
        await backlogs.moderations(database, "live", 5)
        return await backlogs.blocks_read(database, tasks.CLAIM, **TASKS)


async def test_a_claim_of_tasks_reads_no_more_however_many_wait_for_a_dead_account() -> None:
    few, many = [await tasks_beside_a_dead_platform(count) for count in (FEW, MANY)]
    assert is_bounded(few, many), (few, many)


async def callbacks_beside_a_dead_subscriber(count: int, ordered: bool, due: bool) -> int:
    async with a_database() as database:
        await backlogs.callbacks(database, "sub_dead", count, ordered=ordered, due=due)
        await backlogs.callbacks(database, "sub_live", 5)
        values: tuple[Any, ...] = ([], [], 16, 512, uuid4(), 30.0)
        return await backlogs.blocks_of(database, delivery_claiming.CLAIM, *values)


@pytest.mark.parametrize("due", [True, False])
@pytest.mark.parametrize("ordered", [True, False])
async def test_a_claim_of_callbacks_reads_no_more_however_many_wait_for_a_dead_subscriber(
    ordered: bool, due: bool
) -> None:
    few, many = [await callbacks_beside_a_dead_subscriber(count, ordered, due) for count in (FEW, MANY)]
    assert is_bounded(few, many), (few, many)


async def settle(database: Database, claimed: Claim) -> None:
    await settling.settle(database, [settled(claimed, Published(f"n_{claimed.publication.publication}"))])


async def test_a_reply_of_another_thread_goes_out_past_thousands_that_wait_behind_one() -> None:
    async with a_database() as database:
        await a_stuck_thread(database, 3_000)
        await backlogs.replies(database, "live", 1, thread="free")
        (claimed,) = await claim(database, room=16, each=16)
        assert claimed.publication.thread == "free"


async def test_what_waited_behind_one_reply_goes_out_in_order_once_that_has_ended() -> None:
    async with a_database() as database:
        await backlogs.replies(database, "live", 5, thread="long")
        went: list[str] = []
        for _ in range(5):
            (claimed,) = await claim(database)
            assert list(await claim(database)) == []
            await settle(database, claimed)
            went.append(claimed.publication.publication.removeprefix("pub_facebook_live_long_"))
        assert went == ["1", "2", "3", "4", "5"]


async def test_what_waits_behind_a_reply_that_is_taken_back_goes_out_at_once() -> None:
    async with a_database() as database:
        first, second = a_response(), a_response()
        await record(database, first, second)
        await backlogs.run(database, "UPDATE publication SET due_at = now() + interval '1 hour' WHERE position = 1")
        assert list(await claim(database)) == []
        assert await rows(database, "SELECT aside FROM publication ORDER BY position") == [(False,), (True,)]
        async with database.begin(EVERY_AGENCY) as connection:
            await corrections.retract(connection, retracted(first), NOW)
        (claimed,) = await claim(database)
        assert claimed.publication.response == second.response


async def test_who_is_settled_while_the_next_is_put_aside_calls_it_all_the_same() -> None:
    async with a_database() as database:
        await backlogs.replies(database, "live", 1, thread="long")
        (first,) = await claim(database)
        await backlogs.run(database, _ONE_MORE)
        await asyncio.gather(*(claim(database) for _ in range(3)), settle(database, first))
        claimed = await claim(database)
        found = await rows(database, "SELECT state FROM publication ORDER BY position")
        assert found == [("published",), ("sending",)], claimed


_ONE_MORE = """
    INSERT INTO publication (id, agency, platform, account, thread, response, case_id, comments, reply_to, text,
                             public, release, due_at)
    SELECT 'pub_more', agency, platform, account, thread, 'rsp_more', case_id, comments, reply_to, text, public,
           release, clock_timestamp() FROM publication
"""
