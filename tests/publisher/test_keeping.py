"""Credentials that are renewed before they run out and probed for what they allow, on a real Postgres."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.publisher.adapters.bell import Bell
from services.publisher.adapters.consumers import handler
from services.publisher.adapters.credentials import Vault
from services.publisher.adapters.platforms.base import Sparse
from services.publisher.adapters.store import accounts, credentials
from services.publisher.adapters.store.keeping import PostgresKeeper
from services.publisher.domain import settlements
from services.publisher.domain.outcomes import (
    CredentialsDead,
    Probe,
    Probed,
    Refresh,
    Refreshed,
    Unavailable,
    Unknown,
)
from services.publisher.domain.publications import Nature
from services.publisher.domain.settlements import RetryPolicy
from services.publisher.keeping import Keeping
from services.publisher.ports import Attempt, Credentials, KeepClaim, Kept, Settled
from shared.clock import utc_now
from shared.database import EVERY_AGENCY, Database
from shared.ids import account_id
from shared.secrets import Seal
from tests.publisher.builders import PAGE, a_claim, a_connected_account, a_progress, received
from tests.support.postgres import fresh_service_database

pytestmark = pytest.mark.asyncio(loop_scope="session")

VAULT = Vault(Seal(b"k" * 32), {"facebook": "https://graph.example"})
ACCOUNT = account_id("facebook", PAGE)
SECRETS = {"refresh_token": "first-refresh", "client_id": "me"}


@dataclass
class Office(Sparse):
    """A platform that hands out tokens."""

    nature: Nature = field(default_factory=lambda: Nature(refreshes=True))
    needs_credentials = True
    renewals: list[Refresh] = field(default_factory=list)
    probes: list[Probe] = field(default_factory=list)
    renewed_with: list[str] = field(default_factory=list)
    probed_with: list[str] = field(default_factory=list)
    gate: asyncio.Event | None = None
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def refresh(self, account: str, credentials: Credentials) -> Refresh:
        self.renewed_with.append(credentials.secrets["refresh_token"])
        self.asked.set()
        if self.gate is not None:
            await self.gate.wait()
        return self.renewals.pop(0)

    async def probe(self, account: str, credentials: Credentials) -> Probe:
        self.probed_with.append(credentials.token)
        return self.probes.pop(0) if self.probes else Probed({"reply": True, "hide": None})


@dataclass
class World:
    database: Database
    office: Office

    def keeping(self) -> Keeping:
        return Keeping(PostgresKeeper(self.database, VAULT), {"facebook": self.office}, Bell(), chance=lambda: 0.5)

    async def keep(self, times: int = 3) -> None:
        for _ in range(times):
            await self.keeping().keep_due()

    async def give(self, token: str = "first", expires_in: timedelta | None = None) -> None:
        expires_at: datetime | None = None if expires_in is None else utc_now() + expires_in
        async with self.database.begin(EVERY_AGENCY) as connection:
            account = await credentials.account(connection, ACCOUNT)
            sealed = VAULT.seal(ACCOUNT, token, SECRETS)
            await credentials.put(connection, account, sealed, None, None, "officer", expires_at)

    async def one(self, statement: str) -> Any:
        async with self.database.begin(EVERY_AGENCY) as connection:
            return (await connection.execute(text(statement))).one()

    async def events(self) -> list[str]:
        async with self.database.begin(EVERY_AGENCY) as connection:
            return list((await connection.execute(text("SELECT type FROM outbox ORDER BY seq"))).scalars())

    async def opened(self) -> Credentials | None:
        row = await self.one("SELECT c.*, a.platform FROM credentials c JOIN account a ON a.id = c.account_id")
        return VAULT.open(row)


@asynccontextmanager
async def a_world(*renewals: Refresh, probes: list[Probe] | None = None) -> AsyncIterator[World]:
    urls = await fresh_service_database("publisher")
    database = Database(urls.working, application_name="tests", pool_size=5)
    try:
        async with database.begin(EVERY_AGENCY) as connection:
            await handler({})(connection, [received(a_connected_account())])
        yield World(database, Office(renewals=list(renewals), probes=probes or []))
    finally:
        await database.close()


async def test_new_credentials_are_probed_for_each_right_at_once() -> None:
    async with a_world() as world:
        await world.give()
        await world.keep()
        row = await world.one("SELECT rights, probed_at, keep_at - probed_at AS again FROM credentials")
        assert row.rights == {"reply": True, "hide": None}
        assert timedelta(hours=23) < row.again < timedelta(hours=25)
        assert world.office.probed_with == ["first"]


async def test_a_token_that_runs_out_soon_is_renewed_with_what_the_platform_gave_last() -> None:
    renewals = [Refreshed({"token": f"t{n}", "refresh_token": f"r{n}"}, lives_for=1) for n in (1, 2)]
    async with a_world(*renewals) as world:
        await world.give(expires_in=timedelta(minutes=5))
        await world.keep()
        assert world.office.renewed_with == ["first-refresh"]
        async with world.database.begin(EVERY_AGENCY) as connection:
            await connection.execute(text("UPDATE credentials SET keep_at = now() WHERE keep_at > now()"))
        await world.keep()
        assert world.office.renewed_with == ["first-refresh", "r1"]
        opened = await world.opened()
        assert opened is not None
        assert (opened.token, opened.secrets["refresh_token"], opened.secrets["client_id"]) == ("t2", "r2", "me")


async def test_a_token_that_is_good_for_long_is_looked_at_before_it_runs_out() -> None:
    async with a_world() as world:
        await world.give(expires_in=timedelta(hours=2))
        await world.keep()
        assert world.office.renewed_with == []
        row = await world.one("SELECT expires_at - keep_at AS margin FROM credentials")
        assert timedelta(minutes=9) < row.margin < timedelta(minutes=11)


async def test_two_processes_renew_once() -> None:
    async with a_world(Refreshed({"token": "t1", "refresh_token": "r1"}, lives_for=7200)) as world:
        await world.give(expires_in=timedelta(minutes=1))
        world.office.gate = asyncio.Event()
        first = asyncio.create_task(world.keeping().keep_due())
        await world.office.asked.wait()
        assert await world.keeping().keep_due() == 0
        world.office.gate.set()
        assert await first == 1
        assert world.office.renewed_with == ["first-refresh"]


async def test_what_a_person_gave_meanwhile_is_not_overwritten_by_a_renewal() -> None:
    async with a_world(Refreshed({"token": "late"}, lives_for=7200)) as world:
        await world.give(expires_in=timedelta(minutes=1))
        world.office.gate = asyncio.Event()
        renewing = asyncio.create_task(world.keeping().keep_due())
        await world.office.asked.wait()
        await world.give("given-by-hand")
        world.office.gate.set()
        await renewing
        opened = await world.opened()
        assert opened is not None
        assert opened.token == "given-by-hand"


async def test_dead_credentials_are_announced_once_and_an_account_that_works_again_too() -> None:
    dead = CredentialsDead("revoked")
    async with a_world(dead, Refreshed({"token": "t1"}, lives_for=None), probes=[dead]) as world:
        await world.give()
        await world.keep(times=1)
        assert await world.events() == ["AccountDegraded"]
        for _ in range(2):
            async with world.database.begin(EVERY_AGENCY) as connection:
                await credentials.probe(connection, ACCOUNT)
            await world.keep(times=1)
        assert await world.events() == ["AccountDegraded", "AccountRestored"]


async def test_a_token_that_ran_out_and_cannot_be_renewed_is_not_probed_over_and_over() -> None:
    async with a_world() as world:
        world.office.nature = Nature()
        await world.give(expires_in=timedelta(minutes=-1))
        await world.keep()
        row = await world.one("SELECT keep_at - probed_at AS again FROM credentials")
        assert row.again > timedelta(hours=23)


class Absent(PostgresKeeper):
    """A database that is away for the next few settlements."""

    away = 2

    async def settle(self, claim: KeepClaim, kept: Kept) -> bool:
        if self.away:
            self.away -= 1
            raise ConnectionError("the database is away")
        return await super().settle(claim, kept)


async def test_what_a_platform_renewed_is_written_down_as_soon_as_the_database_is_back() -> None:
    async with a_world(Refreshed({"token": "t1", "refresh_token": "r1"}, lives_for=7200)) as world:
        await world.give(expires_in=timedelta(minutes=1))
        keeping = Keeping(Absent(world.database, VAULT), {"facebook": world.office}, Bell())
        await keeping.keep_due()
        assert world.office.renewed_with == ["first-refresh"]
        opened = await world.opened()
        assert opened is not None
        assert opened.token == "t1"


async def test_a_renewal_under_way_is_written_down_although_the_service_stops() -> None:
    async with a_world(Refreshed({"token": "t1", "refresh_token": "r1"}, lives_for=7200)) as world:
        await world.give(expires_in=timedelta(minutes=1))
        world.office.gate = asyncio.Event()
        running = asyncio.create_task(world.keeping().run())
        await world.office.asked.wait()
        running.cancel()
        await asyncio.sleep(0.01)
        world.office.gate.set()
        with pytest.raises(asyncio.CancelledError):
            await running
        opened = await world.opened()
        assert opened is not None
        assert opened.token == "t1"


async def refuse(world: World) -> None:
    """A platform refuses to take anything with the account's token."""
    async with world.database.begin(EVERY_AGENCY) as connection:
        refused = CredentialsDead("may not speak")
        claim = a_claim(claimed_at=utc_now(), progress=a_progress(recorded_at=utc_now()))
        settlement = settlements.after_send(claim.progress, refused, RetryPolicy(), started=utc_now())
        attempt = Attempt(utc_now(), utc_now(), "credentials_dead", "may not speak")
        await accounts.follow(connection, [Settled(claim, settlement, attempt)])


async def test_a_token_that_looks_good_and_is_refused_all_the_same_does_not_restore_its_account() -> None:
    async with a_world() as world:
        world.office.nature = Nature()
        await world.give()
        await world.keep()
        for _ in range(3):
            await refuse(world)
            await world.keep()
        assert await world.events() == ["AccountDegraded"]
        assert (await world.one("SELECT paused_until IS NOT NULL FROM account"))[0]
        await world.give("second")
        await world.keep()
        assert await world.events() == ["AccountDegraded", "AccountRestored"]


async def test_a_token_that_is_refused_as_soon_as_it_is_renewed_is_not_renewed_over_and_over() -> None:
    renewals = [Refreshed({"token": f"t{n}"}, lives_for=7200) for n in range(9)]
    async with a_world(*renewals) as world:
        await world.give()
        await world.keep()
        for _ in range(3):
            await refuse(world)
            await world.keep()
        assert world.office.renewed_with == ["first-refresh"]
        row = await world.one("SELECT keep_at - updated_at AS rest FROM credentials")
        assert row.rest == timedelta(minutes=10)


async def test_a_probe_does_not_end_a_rest_that_the_platform_asked_for() -> None:
    async with a_world() as world:
        await world.give()
        async with world.database.begin(EVERY_AGENCY) as connection:
            await connection.execute(text("UPDATE account SET troubles = 1, paused_until = now() + interval '1 hour'"))
        await world.keep()
        assert world.office.probed_with == ["first"]
        assert (await world.one("SELECT paused_until > now() FROM account"))[0]


@pytest.mark.parametrize("trouble", [Unavailable("no connection"), Unknown("500")])
async def test_a_platform_that_does_not_answer_is_asked_again_after_a_while(trouble: Any) -> None:
    async with a_world(probes=[trouble]) as world:
        await world.give()
        await world.keep()
        assert world.office.probed_with == ["first"]
        row = await world.one("SELECT keep_failures, probe_detail, rights FROM credentials")
        assert (row.keep_failures, row.probe_detail, row.rights) == (1, trouble.detail, None)
