"""A lease has one holder at a time, and a holder that slept too long can do no harm."""

import asyncio

import pytest

from shared.database import EVERY_AGENCY
from shared.lease import Lease
from tests.shared.builders import execute, shared_database

pytestmark = pytest.mark.asyncio


async def test_only_one_of_many_takes_it() -> None:
    async with shared_database(pool_size=10) as database:
        tokens = await asyncio.gather(*(Lease(database, "relay").take() for _ in range(10)))
        assert sorted(token is None for token in tokens) == [False] + [True] * 9


async def test_the_holder_prolongs_it_under_the_same_token() -> None:
    async with shared_database() as database:
        lease = Lease(database, "relay")
        assert await lease.take() == await lease.take() == 1


async def test_leases_of_other_names_are_other_leases() -> None:
    async with shared_database() as database:
        assert await Lease(database, "relay").take() == 1
        assert await Lease(database, "poller").take() == 1


async def test_after_its_time_another_may_take_it_under_a_higher_token() -> None:
    async with shared_database() as database:
        first, second = Lease(database, "relay", seconds=0.3), Lease(database, "relay")
        assert await first.take() == 1
        assert await second.take() is None
        await asyncio.sleep(0.4)
        assert await second.take() == 2
        assert await first.take() is None


async def test_a_lease_that_is_given_back_is_free_at_once() -> None:
    async with shared_database() as database:
        first, second = Lease(database, "relay"), Lease(database, "relay")
        await first.take()
        await first.give_back()
        assert await second.take() == 2


async def test_giving_back_what_another_holds_changes_nothing() -> None:
    async with shared_database() as database:
        first, second = Lease(database, "relay"), Lease(database, "relay")
        await first.take()
        await second.give_back()
        assert await second.take() is None


async def test_an_outdated_token_does_not_hold() -> None:
    async with shared_database() as database:
        first, second = Lease(database, "relay"), Lease(database, "relay")
        old = await first.take()
        assert old is not None
        await execute(database, "UPDATE lease SET until = clock_timestamp() - interval '1 second'")
        new = await second.take()
        assert new is not None
        async with database.begin(EVERY_AGENCY) as connection:
            assert not await first.holds(connection, old)
            assert await second.holds(connection, new)


async def test_while_a_transaction_relies_on_a_token_nobody_else_takes_the_lease() -> None:
    async with shared_database() as database:
        first, second = Lease(database, "relay"), Lease(database, "relay")
        token = await first.take()
        assert token is not None
        await execute(database, "UPDATE lease SET until = clock_timestamp() - interval '1 second'")
        async with database.begin(EVERY_AGENCY) as connection:
            assert await first.holds(connection, token)
            taking = asyncio.create_task(second.take())
            await asyncio.sleep(0.3)
            assert not taking.done()
        assert await asyncio.wait_for(taking, 5) == token + 1
