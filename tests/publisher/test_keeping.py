"""Credentials that are renewed before they run out and probed for what they allow, on a real Postgres."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.publisher.adapters.consumers import handler
from services.publisher.adapters.credentials import Vault
from services.publisher.adapters.platforms.base import Sparse
from services.publisher.adapters.store import credentials
from services.publisher.adapters.store.keeping import PostgresKeeper
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
from services.publisher.keeping import Keeping
from services.publisher.ports import Credentials
from shared.clock import utc_now
from shared.database import EVERY_AGENCY, Database
from shared.ids import account_id
from shared.secrets import Seal
from tests.publisher.builders import PAGE, a_connected_account, received
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
        return Keeping(PostgresKeeper(self.database, VAULT), {"facebook": self.office}, chance=lambda: 0.5)

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
        assert timedelta(hours=23) < row.again <= timedelta(hours=24)
        assert world.office.probed_with == ["first"]


async def test_a_token_that_runs_out_soon_is_renewed_with_what_the_platform_gave_last() -> None:
    renewals = [Refreshed({"token": f"t{n}", "refresh_token": f"r{n}"}, lives_for=1) for n in (1, 2)]
    async with a_world(*renewals) as world:
        await world.give(expires_in=timedelta(minutes=5))
        await world.keep(times=1)
        await world.keep(times=1)
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


@pytest.mark.parametrize("trouble", [Unavailable("no connection"), Unknown("500")])
async def test_a_platform_that_does_not_answer_is_asked_again_after_a_while(trouble: Any) -> None:
    async with a_world(probes=[trouble]) as world:
        await world.give()
        await world.keep()
        assert world.office.probed_with == ["first"]
        row = await world.one("SELECT keep_failures, probe_detail, rights FROM credentials")
        assert (row.keep_failures, row.probe_detail, row.rights) == (1, trouble.detail, None)
