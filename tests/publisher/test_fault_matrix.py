"""Every platform under every fault: the reply stands there once, or a person is asked, and never twice.

The platform is the town square's stand-in over real HTTP, the dispatcher and Postgres are the real ones. What counts is
what the square recorded.
"""

import asyncio
import importlib
import pkgutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from deploy.local.town_square.faults import FaultKind
from services.publisher.adapters.bell import Bell
from services.publisher.adapters.credentials import Vault
from services.publisher.adapters.http import Http
from services.publisher.adapters.platforms import channels
from services.publisher.adapters.store import credentials
from services.publisher.adapters.store.claims import PostgresClaims
from services.publisher.adapters.store.duties import Duties
from services.publisher.dispatch import Dispatcher, Limits
from services.publisher.domain.pacing import Backoff
from services.publisher.domain.publications import Publication, Release
from services.publisher.domain.settlements import RetryPolicy
from shared.clock import utc_now
from shared.database import EVERY_AGENCY, Database
from shared.secrets import Seal
from tests.local.support import Square, open_square
from tests.publisher import examples
from tests.publisher.examples import End, Example
from tests.support.postgres import fresh_service_database

FAULTS: tuple[FaultKind, ...] = (
    "accept_then_drop",
    "accept_then_500",
    "accept_late",
    "hang",
    "throttle",
    "down",
    "token_dead",
    "parent_gone",
)
WORDS = "Thank you for your question. The counters are open from 9 a.m. to 4 p.m. on all working days."
PATIENCE_SECONDS = 20.0
VAULT = Vault(Seal(b"k" * 32), {})
QUICK = RetryPolicy(
    failures=Backoff(0.05, 0.2),
    looks=Backoff(0.05, 0.2),
    parked=Backoff(0.1, 0.3),
    throttled=timedelta(seconds=0.2),
    settle_after=timedelta(seconds=1),
    under_way=timedelta(seconds=0.5),
)
PATIENT = replace(QUICK, settle_after=timedelta(seconds=4), under_way=timedelta(seconds=4))
"""For what may still be taken two seconds after it was sent."""
SENT_NOTHING: frozenset[End] = frozenset({"failed", "parked"})


def every_example() -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules(examples.__path__))


def example_of(platform: str) -> Example:
    found: Example = importlib.import_module(f"tests.publisher.examples.{platform}").EXAMPLE
    return found


@pytest.fixture(scope="module")
def square(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Square]:
    folder: Path = tmp_path_factory.mktemp("square")
    with open_square(folder, hang_seconds=3, late_seconds=2) as square:
        yield square


@asynccontextmanager
async def publishing(
    square: Square, example: Example, publication: Publication, attempt_seconds: float, retry: RetryPolicy
) -> AsyncIterator[Database]:
    """A publisher at work on this one duty."""
    urls = await fresh_service_database("publisher")
    database = Database(urls.working, application_name="tests", pool_size=5)
    http = Http(total_seconds=attempt_seconds)
    bell = Bell()
    claims = PostgresClaims(database, VAULT, lease=timedelta(seconds=30))
    channel = channels(http, facebook_version="v25.0")
    dispatcher = Dispatcher(claims, channel, bell, retry, Limits(idle=0.1, attempt=attempt_seconds, drain=0.1))
    await _write_down(database, example, publication, str(square.http.base_url).rstrip("/") + example.path)
    running = asyncio.create_task(dispatcher.run())
    try:
        yield database
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await claims.close()
        await http.close()
        await database.close()


async def _write_down(database: Database, example: Example, publication: Publication, base_url: str) -> None:
    async with database.begin(EVERY_AGENCY) as connection:
        release = Release("L1", "a" * 64, "1", "[]", utc_now())
        await Duties(connection, utc_now).record([(publication, release)])
        account_id = (await connection.execute(text("SELECT id FROM account"))).scalar_one()
        account = await credentials.account(connection, account_id)
        sealed = VAULT.seal(account_id, example.token, example.secrets)
        await credentials.put(connection, account, sealed, base_url, None, "tests")


async def _row(database: Database) -> Any:
    async with database.begin(EVERY_AGENCY) as connection:
        found = await connection.execute(
            text("SELECT p.*, a.degraded_at FROM publication p JOIN account a USING (agency, platform, account)")
        )
        return found.one()


def _has_ended(row: Any) -> bool:
    return row.state in ("published", "failed") or row.needs_person or row.degraded_at is not None


async def _end_of(database: Database) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not _has_ended(row := await _row(database)):
        assert time.monotonic() < deadline, f"still {row.state}: {row.detail}"
        await asyncio.sleep(0.05)
    return row


def _name_of(row: Any) -> str:
    if row.state == "failed":
        return "failed" if row.reason == "not_possible" else f"failed: {row.reason}, {row.detail}"
    if row.needs_person:
        return "asked"
    # While it rests it is tried now and then, to see whether the token works again.
    return "parked" if row.degraded_at is not None and row.state in ("pending", "sending") else str(row.state)


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("fault", [*FAULTS, None], ids=[*FAULTS, "no fault"])
@pytest.mark.parametrize("platform", every_example())
async def test_a_reply_stands_once_or_somebody_is_asked(square: Square, platform: str, fault: FaultKind | None) -> None:
    example = example_of(platform)
    square.http.delete("/faults").raise_for_status()
    square.http.put("/accounts", json=[{**example.account, "token": example.token}]).raise_for_status()
    words = f"{WORDS} ({fault or 'plain'})"
    publication = await asyncio.to_thread(example.a_reply, square.http, example.account["account"])
    publication = replace(publication, text=words)
    if fault is not None:
        # A token that is dead stays dead until a person gives another.
        count = 1_000 if fault == "token_dead" else 1
        square.http.post("/faults", json={"platform": platform, "kind": fault, "count": count}).raise_for_status()
    before = len(square.replies(platform=platform))
    # Long enough for a loaded machine, but for what is to be given up.
    attempt_seconds = 1 if fault in ("hang", "accept_late") else 15
    retry = PATIENT if fault == "accept_late" else QUICK
    async with publishing(square, example, publication, attempt_seconds, retry) as database:
        row = await _end_of(database)
        # Nothing more may follow, even if everything is looked at again.
        await asyncio.sleep(0.5)
    recorded = len(square.replies(platform=platform)) - before
    end: End = "published" if fault is None else example.ends[fault]
    assert _name_of(row) == end, row.detail
    assert recorded <= 1
    if end == "published":
        assert recorded == 1
    if end in SENT_NOTHING:
        assert recorded == 0


def test_every_platform_that_is_spoken_to_is_in_the_matrix() -> None:
    spoken_to = {
        name for name, channel in channels(Http(), facebook_version="v25.0").items() if channel.needs_credentials
    }
    assert set(every_example()) >= spoken_to


@pytest.mark.parametrize("platform", every_example())
def test_an_example_says_how_every_fault_ends(platform: str) -> None:
    assert set(example_of(platform).ends) == set(FAULTS)
