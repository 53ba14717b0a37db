"""Who changes an account and its credentials at the same time as others do, on two real connections.

A transaction of one side is held half-way while the other side goes as far as it can: in whatever order they meet, both
end, and nobody is aborted to break a circle.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.publisher.adapters.consumers import handler
from services.publisher.adapters.store import accounts
from services.publisher.adapters.store.keeping import PostgresKeeper
from services.publisher.domain import settlements
from services.publisher.domain.outcomes import CredentialsDead, Published
from services.publisher.domain.settlements import RetryPolicy
from services.publisher.ports import Attempt, Kept, Settled
from shared.clock import utc_now
from shared.database import EVERY_AGENCY, Database
from tests.publisher.adapters.test_api import ACCOUNT, VAULT, a_publisher, as_
from tests.publisher.builders import ROOMS, a_claim, a_connected_account, a_progress, a_publication, received
from tests.publisher.test_keeping import World as Keys
from tests.publisher.test_keeping import a_world as a_world_of_keys

pytestmark = pytest.mark.asyncio(loop_scope="session")

PUT = {"token": "given-by-hand"}
Step = Callable[[AsyncConnection], Awaitable[Any]]


def refused(account: str | None = None) -> Settled:
    """A publication that met dead credentials."""
    publication = a_publication() if account is None else a_publication(account=account)
    claim = a_claim(publication, claimed_at=utc_now(), progress=a_progress(recorded_at=utc_now()))
    settlement = settlements.after_send(claim.progress, CredentialsDead("401"), RetryPolicy(), started=utc_now())
    return Settled(claim, settlement, Attempt(utc_now(), utc_now(), "credentials_dead", "401"))


async def until_somebody_waits(database: Database) -> None:
    """Return once a transaction of this database waits for another's lock."""
    while True:
        async with database.begin(EVERY_AGENCY) as connection:
            waiting = await connection.execute(
                text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                     "AND wait_event_type = 'Lock'")
            )  # fmt: skip
            if waiting.scalar_one():
                return
        await asyncio.sleep(0.01)


@asynccontextmanager
async def half_done(database: Database) -> AsyncIterator[AsyncConnection]:
    """A settlement that has paused the account already, and has still to look after its credentials."""
    async with database.begin(EVERY_AGENCY) as connection:
        await connection.execute(text("SELECT FROM account WHERE id = :id FOR UPDATE"), {"id": ACCOUNT})
        yield connection


async def test_credentials_are_given_while_a_settlement_finds_the_old_ones_dead() -> None:
    async with a_publisher() as (client, database):
        await client.put(f"/v1/accounts/{ACCOUNT}/credentials", json={"token": "first"}, headers=as_("passports"))
        async with half_done(database) as settling:
            giving = asyncio.create_task(
                client.put(f"/v1/accounts/{ACCOUNT}/credentials", json=PUT, headers=as_("passports"))
            )
            await until_somebody_waits(database)
            await accounts.follow(settling, [refused()])
        answer = await giving
        assert answer.status_code == 200
        async with database.begin(EVERY_AGENCY) as connection:
            row = (
                await connection.execute(
                    text("SELECT a.paused_until, c.* FROM account a JOIN credentials c ON c.account_id = a.id")
                )
            ).one()
        assert row.paused_until is None
        assert row.updated_by == "clerk"


async def test_a_settlement_comes_while_credentials_are_being_given() -> None:
    async with a_publisher() as (client, database):
        await client.put(f"/v1/accounts/{ACCOUNT}/credentials", json={"token": "first"}, headers=as_("passports"))

        async def settle() -> None:
            async with database.begin(EVERY_AGENCY) as connection:
                await accounts.follow(connection, [refused()])

        async with database.begin(["passports"]) as audit_is_held:
            # The last thing that giving does: until then it holds whatever it locks.
            await audit_is_held.execute(text("LOCK TABLE audit_head IN ACCESS EXCLUSIVE MODE"))
            giving = asyncio.create_task(
                client.put(f"/v1/accounts/{ACCOUNT}/credentials", json=PUT, headers=as_("passports"))
            )
            await until_somebody_waits(database)
            settling = asyncio.create_task(settle())
            await asyncio.sleep(0.05)
        assert (await giving).status_code == 200
        await settling


async def test_a_probe_is_written_down_while_a_settlement_finds_the_credentials_dead() -> None:
    async with a_world_of_keys() as world:
        await world.give()
        keeper = PostgresKeeper(world.database, VAULT)
        claim = (await keeper.claim(ROOMS))[0]
        async with half_done(world.database) as settling:
            keeping = asyncio.create_task(keeper.settle(claim, Kept(None, CredentialsDead("401"), timedelta(days=1))))
            await until_somebody_waits(world.database)
            await accounts.follow(settling, [refused()])
        assert await keeping
        assert await world.events() == ["AccountDegraded"]


def budget_spent(account: str) -> Settled:
    """One that went well, and spent the platform's budget."""
    claim = a_claim(a_publication(account=account), claimed_at=utc_now(), progress=a_progress(recorded_at=utc_now()))
    went_well = Published("n1", None, 30.0)
    settlement = settlements.after_send(claim.progress, went_well, RetryPolicy(), started=utc_now())
    return Settled(claim, settlement, Attempt(utc_now(), utc_now(), "published", None))


async def another_account(world: Keys, account: str) -> None:
    async with world.database.begin(EVERY_AGENCY) as connection:
        await handler({})(connection, [received(a_connected_account(account=account))])


async def test_two_settlements_that_pause_and_heal_one_anothers_accounts_both_end() -> None:
    async with a_world_of_keys() as world:
        for account in ("1", "2"):
            await another_account(world, account)

        async def settle(dead: str, well: str) -> None:
            async with world.database.begin(EVERY_AGENCY) as connection:
                await accounts.follow(connection, [refused(dead), budget_spent(well)])

        for _ in range(20):
            await asyncio.gather(settle("1", "2"), settle("2", "1"))
        row = await world.one("SELECT min(troubles) AS least FROM account WHERE account IN ('1', '2')")
        assert row.least == 20
