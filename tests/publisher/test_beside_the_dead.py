"""The loops at work while a platform gives no answer and thousands wait for it: all that is for others is done."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from services.publisher import keeping, putting_right
from services.publisher.adapters.bell import Bell
from services.publisher.adapters.http import Http
from services.publisher.adapters.platforms import channels
from services.publisher.adapters.platforms.base import Sparse
from services.publisher.adapters.store.claims import PostgresClaims
from services.publisher.adapters.store.keeping import PostgresKeeper
from services.publisher.adapters.store.tasks import PostgresTasks
from services.publisher.dispatch import Dispatcher, Limits
from services.publisher.domain.outcomes import Captured, Done, Effect, Outcome, Probe, Probed, View
from services.publisher.domain.publications import Nature, Publication
from services.publisher.domain.tasks import Patience, Task
from services.publisher.ports import Credentials
from services.publisher.putting_right import PuttingRight
from shared.database import Database
from tests.publisher import backlogs
from tests.publisher.adapters.test_store import VAULT, rows
from tests.publisher.builders import PAGE
from tests.publisher.test_publishing import QUICK, publishing
from tests.support.platform_stand_in import TOKEN
from tests.support.postgres import fresh_service_database

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATIENCE_SECONDS = 120.0


@dataclass
class Silent(Sparse):
    """A platform that takes what it is sent and never says a word."""

    nature: Nature = field(default_factory=lambda: Nature(tasks=frozenset({"hide"})))
    needs_credentials = False
    asked: int = 0

    async def never(self) -> Any:
        self.asked += 1
        await asyncio.Event().wait()

    async def send(self, publication: Publication, credentials: Credentials | None) -> Outcome:
        return await self.never()  # type: ignore[no-any-return]

    async def view(self, account: str, native_id: str, credentials: Credentials | None) -> View:
        return await self.never()  # type: ignore[no-any-return]

    async def probe(self, account: str, credentials: Credentials) -> Probe:
        return await self.never()  # type: ignore[no-any-return]


@dataclass
class Obliging(Sparse):
    """A platform that does as it is told."""

    nature: Nature = field(default_factory=lambda: Nature(tasks=frozenset({"hide"})))
    needs_credentials = False

    async def view(self, account: str, native_id: str, credentials: Credentials | None) -> View:
        return Captured("words", {})

    async def change(self, task: Task, credentials: Credentials | None) -> Effect:
        return Done()

    async def probe(self, account: str, credentials: Credentials) -> Probe:
        return Probed({"reply": True})


@asynccontextmanager
async def a_database() -> AsyncIterator[Database]:
    urls = await fresh_service_database("publisher")
    database = Database(urls.working, application_name="tests", pool_size=5)
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def at_work(run: Callable[[], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    loop = asyncio.create_task(run())
    try:
        yield
    finally:
        loop.cancel()
        with suppress(asyncio.CancelledError):
            await loop


async def until(database: Database, query: str, number: int) -> None:
    """Wait until a query that counts has come to ``number``."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := (await rows(database, query))[0][0]) != number:
        assert time.monotonic() < deadline, f"{found} and not {number}"
        await asyncio.sleep(0.05)


async def test_all_replies_of_a_live_account_go_out_beside_thousands_for_hundreds_of_silent_accounts() -> None:
    async with publishing() as work:
        silent = Silent()
        dead = [f"dead{number}" for number in range(200)]
        await backlogs.accounts(work.database, *dead, platform="x")
        for one in dead:
            await backlogs.replies(work.database, one, 10, platform="x")
        await backlogs.replies(work.database, PAGE, 200)
        claims, http = PostgresClaims(work.database, VAULT, lease=timedelta(seconds=30)), Http()
        all_channels = {**channels(http, facebook_version="v25.0"), "x": silent}
        limits = Limits(most=64, each=48, idle=0.2, drain=0.1)
        async with at_work(Dispatcher(claims, all_channels, work.bell, QUICK, limits).run):
            await until(work.database, "SELECT count(*) FROM publication WHERE state = 'published'", 200)
        assert 0 < silent.asked <= limits.each
        assert len(work.platform.replies) == 200
        assert work.platform.token == TOKEN
        await claims.close()
        await http.close()


async def test_all_tasks_of_a_live_account_are_done_beside_thousands_for_silent_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(putting_right, "RHYTHM", replace(putting_right.RHYTHM, drain=0.1))
    async with a_database() as database:
        silent = Silent()
        dead = [f"dead{number}" for number in range(30)]
        await backlogs.accounts(database, "live")
        await backlogs.accounts(database, *dead, platform="x")
        for one in dead:
            await backlogs.moderations(database, one, 100, "x")
        await backlogs.moderations(database, "live", 50)
        both = {"x": silent, "facebook": Obliging()}
        async with at_work(PuttingRight(PostgresTasks(database, VAULT), both, Bell(), Patience()).run):
            await until(database, "SELECT count(*) FROM task WHERE state = 'done'", 50)
        assert 0 < silent.asked <= putting_right.EACH_ON


async def test_all_credentials_of_a_live_platform_are_seen_to_beside_hundreds_of_a_silent_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keeping, "RHYTHM", replace(keeping.RHYTHM, drain=0.1))
    async with a_database() as database:
        silent = Silent()
        for platform, count in (("x", 100), ("facebook", 20)):
            await backlogs.accounts(database, *map(str, range(count)), platform=platform)
        for row in await rows(database, "SELECT id FROM account"):
            await backlogs.run(database, _CREDENTIALS, id=row.id, sealed=VAULT.seal(row.id, "token"))
        both = {"x": silent, "facebook": Obliging()}
        async with at_work(keeping.Keeping(PostgresKeeper(database, VAULT), both, Bell()).run):
            await until(database, "SELECT count(*) FROM credentials WHERE probed_at IS NOT NULL", 20)
        assert silent.asked == keeping.EACH_ON


_CREDENTIALS = """
    INSERT INTO credentials (account_id, agency, sealed, base_url, updated_at, updated_by, keep_at)
    VALUES (:id, 'passports', :sealed, 'https://platform.example', now() - interval '1 day', 'admin', now())
"""
