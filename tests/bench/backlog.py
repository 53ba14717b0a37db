"""How long replies of live accounts take while a platform is dead and so much waits for it.

The dispatcher, its database and the platforms are in this process: what is compared are rounds of one run, beside a
backlog of nothing, of a thousand and of twenty thousand. The dead platform takes connections and never answers.
"""

import asyncio
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from deploy.local.postgres import EmbeddedPostgres
from services.publisher.adapters.bell import Bell
from services.publisher.adapters.credentials import Vault
from services.publisher.adapters.http import Http
from services.publisher.adapters.platforms import channels
from services.publisher.adapters.store.claims import PostgresClaims
from services.publisher.dispatch import Dispatcher, Limits
from services.publisher.domain.settlements import RetryPolicy
from shared import telemetry
from shared.database import Database
from shared.ids import account_id
from shared.migrations import migrate
from shared.provisioning import provision
from shared.secrets import Seal
from tests.bench.flow import Stuck
from tests.bench.stub import Stub
from tests.bench.system import HOST, PAGE
from tests.support.ports import free_port

BACKLOGS = (0, 1_000, 20_000)
LIVE, DEAD = ("facebook", 5), ("mastodon", 50)
"""A platform, and how many accounts it has."""
RATE = 25.0
"""Replies a second on live accounts."""
LULL_SECONDS = 1.0
"""What comes at first finds caches cold and the dead platform not known to be dead; it is not counted."""
ATTEMPT_SECONDS = 3.0
PATIENCE_SECONDS = 20.0
SEED = 20261123


@dataclass(frozen=True)
class Round:
    """Milliseconds from the duty to the reply, beside so many duties for the dead platform."""

    backlog: int
    p50_ms: float
    p99_ms: float


async def run_backlog(seconds: float) -> list[Round]:
    """One round after the other, each so long. Raises ``Stuck`` where a reply does not go out."""
    telemetry.configure("bench", "critical")  # each attempt on the dead platform is told of otherwise
    stub, port, silent = Stub(PAGE), free_port(), free_port()
    await stub.listen(port)
    server = await asyncio.start_server(_never_answer, HOST, silent)
    async with _database() as database:
        vault = Vault(Seal(b"k" * 32), {})
        for (platform, count), url in ((LIVE, f"http://{HOST}:{port}/graph"), (DEAD, f"http://{HOST}:{silent}")):
            for number in range(count):
                known_as = account_id(platform, f"{platform}_{number}")
                sealed = vault.seal(known_as, "token")
                await database.run(_ACCOUNT, known_as, platform, f"{platform}_{number}", sealed, url)
        rounds = []
        for backlog in BACKLOGS:
            await database.run(_FORGET, DEAD[0])
            await database.run(_REVIVE)
            await database.run(_DUTIES, *DEAD, f"dead{backlog}", 0, backlog)
            # A dispatcher that knows of nobody yet whether they are dead.
            async with _dispatching(database, vault) as bell:
                rounds.append(await _round(database, bell, stub, backlog, seconds))
    server.close()
    stub.close()
    return rounds


async def _round(database: Database, bell: Bell, stub: Stub, backlog: int, seconds: float) -> Round:
    due: dict[str, float] = {}
    took: dict[str, float] = {}
    stub.on_reply = lambda comment: took.setdefault(comment, time.perf_counter() - due[comment])
    chance, began = random.Random(SEED), time.perf_counter()
    counted: list[str] = []
    at = 0.0
    while at < LULL_SECONDS + seconds:
        at += chance.expovariate(RATE)
        await asyncio.sleep(max(began + at - time.perf_counter(), 0))
        comment = f"live{backlog}_{len(due)}"
        due[comment] = began + at
        if at > LULL_SECONDS:
            counted.append(comment)
        await database.run(_DUTIES, *LIVE, f"live{backlog}", len(due) - 1, 1)
        bell.ring()
    await _until_all_went(due, took)
    hundredths = statistics.quantiles([1000 * took[comment] for comment in counted], n=100)
    return Round(backlog, hundredths[49], hundredths[98])


async def _until_all_went(due: Mapping[str, float], took: Mapping[str, float]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(took) < len(due):
        if time.monotonic() > deadline:
            raise Stuck(f"{len(took)} of {len(due)} replies went out beside the dead platform")
        await asyncio.sleep(0.05)


async def _never_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        await reader.read()
    writer.close()


@asynccontextmanager
async def _dispatching(database: Database, vault: Vault) -> AsyncIterator[Bell]:
    bell, http = Bell(), Http(total_seconds=ATTEMPT_SECONDS)
    claims = PostgresClaims(database, vault, lease=timedelta(seconds=30))
    limits = Limits(most=512, each=400, breath=0.02, drain=0.1)
    dispatcher = Dispatcher(claims, channels(http, facebook_version="v25.0"), bell, RetryPolicy(), limits)
    loop = asyncio.create_task(dispatcher.run())
    try:
        yield bell
    finally:
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)
        await claims.close()
        await http.close()


@asynccontextmanager
async def _database() -> AsyncIterator[Database]:
    folder = Path(tempfile.mkdtemp(prefix="parley-bench-"))
    postgres = EmbeddedPostgres(folder / "postgres", free_port())
    try:
        await asyncio.to_thread(postgres.start)
        urls = await provision(postgres.url, "publisher", "bench")
        await asyncio.to_thread(migrate, "publisher", urls.owning)
        database = Database(urls.working, application_name="bench", pool_size=6)
        yield database
        await database.close()
    finally:
        await asyncio.to_thread(postgres.stop)
        shutil.rmtree(folder, ignore_errors=True)


_ACCOUNT = """
    WITH known AS (INSERT INTO account (id, agency, platform, account) VALUES ($1, 'passports', $2, $3))
    INSERT INTO credentials (account_id, agency, sealed, base_url, updated_at, updated_by)
    VALUES ($1, 'passports', $4, $5, clock_timestamp(), 'bench')
"""
_FORGET = "DELETE FROM publication WHERE platform = $1"
_REVIVE = "UPDATE account SET troubles = 0, paused_until = NULL"
_DUTIES = """
    INSERT INTO publication (id, agency, platform, account, thread, response, case_id, comments, reply_to, text, public,
                             release, due_at)
    SELECT 'pub_' || $3::text || '_' || i, 'passports', $1::text, $1::text || '_' || i % $2::int,
           $3::text || '_' || i, 'rsp_' || $3::text || '_' || i, 'case_bench', ARRAY['cmt_bench'],
           $3::text || '_' || i, 'We are open.', true, '{}', clock_timestamp()
    FROM generate_series($4::int, $4::int + $5::int - 1) AS i
"""
