"""From a released response to the platform and back, with a real Postgres and a platform that misbehaves.

What counts is what stands on the platform, not what the publisher believes.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.publisher import handlers
from services.publisher.adapters.bell import Bell
from services.publisher.adapters.credentials import Vault
from services.publisher.adapters.http import Http
from services.publisher.adapters.platforms import channels
from services.publisher.adapters.store import credentials
from services.publisher.adapters.store.claims import PostgresClaims
from services.publisher.adapters.store.duties import Duties
from services.publisher.dispatch import Dispatcher, Limits
from services.publisher.domain.pacing import Backoff
from services.publisher.domain.settlements import RetryPolicy
from shared.database import EVERY_AGENCY, Database
from shared.events import ResponseApproved
from shared.ids import account_id
from shared.secrets import Seal
from tests.publisher.builders import NOW, PAGE, a_connected_account, a_response
from tests.support.platform_stand_in import TOKEN, PlatformStandIn
from tests.support.postgres import fresh_service_database

pytestmark = pytest.mark.asyncio(loop_scope="session")

VAULT = Vault(Seal(b"k" * 32), {})
QUICK = RetryPolicy(
    failures=Backoff(0.05, 0.2),
    looks=Backoff(0.05, 0.2),
    parked=Backoff(0.1, 0.3),
    throttled=timedelta(seconds=0.2),
    settle_after=timedelta(seconds=1),
    under_way=timedelta(seconds=0.5),
)


@dataclass
class Publishing:
    """A publisher at work, without Kafka."""

    database: Database
    bell: Bell
    platform: PlatformStandIn

    async def approve(self, *responses: ResponseApproved) -> None:
        async with self.database.begin(EVERY_AGENCY) as connection:
            await handlers.on_response_approved([(one, None) for one in responses], Duties(connection, lambda: NOW))
        self.bell.ring()

    async def give_token(self, token: str) -> None:
        known_as = account_id(self.platform.platform, PAGE)
        async with self.database.begin(EVERY_AGENCY) as connection:
            account = await credentials.account(connection, known_as)
            sealed = VAULT.seal(known_as, token)
            await credentials.put(connection, account, sealed, self.platform.url, "v25.0", "tests")
        self.bell.ring()

    async def until(self, state: str, number: int = 1, seconds: float = 60) -> None:
        """Wait until ``number`` publications are in ``state``."""
        deadline = time.monotonic() + seconds
        found: list[Any] = []
        while time.monotonic() < deadline:
            found = await self.rows("SELECT state, reason, detail FROM publication")
            if sum(row.state == state for row in found) == number:
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"not {number} {state} within {seconds} s: {found}")

    async def rows(self, query: str) -> list[Any]:
        async with self.database.begin(EVERY_AGENCY) as connection:
            return list(await connection.execute(text(query)))


@asynccontextmanager
async def publishing(platform: str = "facebook", token: str = TOKEN) -> AsyncIterator[Publishing]:
    urls = await fresh_service_database("publisher")
    database = Database(urls.working, application_name="tests", pool_size=5)
    async with PlatformStandIn(platform, account=PAGE) as stand_in:
        work = Publishing(database, Bell(), stand_in)
        async with database.begin(EVERY_AGENCY) as connection:
            await Duties(connection, lambda: NOW).connect([a_connected_account(platform=platform)])
        await work.give_token(token)
        http = Http()
        claims = PostgresClaims(database, VAULT, lease=timedelta(seconds=30))
        limits = Limits(idle=0.2, drain=1)
        dispatcher = Dispatcher(claims, channels(http, facebook_version="v25.0"), work.bell, QUICK, limits)
        loop = asyncio.create_task(dispatcher.run())
        try:
            yield work
        finally:
            loop.cancel()
            with suppress(asyncio.CancelledError):
                await loop
            await claims.close()
            await http.close()
            await database.close()


@pytest.mark.parametrize("platform", ["facebook", "mastodon"])
@pytest.mark.parametrize("fault", ["accept_then_drop", "accept_then_500", "accept_then_garbage"])
async def test_a_reply_whose_answer_was_lost_stands_exactly_once(platform: str, fault: str) -> None:
    async with publishing(platform) as work:
        work.platform.misbehave(fault)
        await work.approve(a_response(platform=platform))
        await work.until("published")
        assert len(work.platform.replies) == 1
        ((native_id,),) = await work.rows("SELECT native_id FROM publication")
        assert native_id == work.platform.replies[0].id


@pytest.mark.parametrize("platform", ["facebook", "mastodon"])
async def test_a_reply_that_hung_is_sent_again_and_stands_once(platform: str) -> None:
    async with publishing(platform) as work:
        work.platform.misbehave("hang")
        await work.approve(a_response(platform=platform))
        await work.until("published")
        assert (len(work.platform.replies), len(work.platform.sends)) == (1, 2)


async def test_a_burst_of_mixed_faults_leaves_every_reply_standing_once() -> None:
    async with publishing() as work:
        work.platform.misbehave(*["accept_then_drop", "down", "accept_then_500", "drop"] * 5)
        await work.approve(*(a_response(thread=str(n), reply_to=str(n), text=f"Answer {n}") for n in range(30)))
        await work.until("published", 30, seconds=30)
        assert sorted(reply.parent for reply in work.platform.replies) == sorted(str(n) for n in range(30))


async def test_two_equal_replies_under_one_comment_both_stand() -> None:
    async with publishing() as work:
        work.platform.misbehave("accept_then_drop", "hang")
        await work.approve(a_response(), a_response())
        await work.until("published", 2)
        assert len(work.platform.replies) == 2
        assert len({row.native_id for row in await work.rows("SELECT native_id FROM publication")}) == 2


async def test_a_gone_parent_fails_as_not_possible() -> None:
    async with publishing() as work:
        work.platform.misbehave("parent_gone")
        await work.approve(a_response())
        await work.until("failed")
        assert await work.rows("SELECT reason FROM publication") == [("not_possible",)]
        assert [row.type for row in await work.rows("SELECT type FROM outbox")] == ["PublicationFailed"]


async def test_dead_credentials_wait_for_new_ones_and_then_all_goes_out() -> None:
    async with publishing(token="revoked") as work:
        await work.approve(*(a_response(thread=str(n), reply_to=str(n)) for n in range(5)))
        for _ in range(100):
            if await work.rows("SELECT 1 FROM outbox WHERE type = 'AccountDegraded'"):
                break
            await asyncio.sleep(0.05)
        assert work.platform.replies == []
        await work.give_token(TOKEN)
        await work.until("published", 5)
        told = [row.type for row in await work.rows("SELECT type FROM outbox WHERE type LIKE 'Account%' ORDER BY seq")]
        assert told == ["AccountDegraded", "AccountRestored"]
        assert len(work.platform.replies) == 5


@pytest.mark.parametrize("platform", ["open311", "rest", "standard"])
async def test_where_publishing_is_telling_nothing_is_sent(platform: str) -> None:
    async with publishing() as work:
        await work.approve(a_response(platform=platform, account="client"))
        await work.until("published")
        assert work.platform.requests == []
        assert [row.type for row in await work.rows("SELECT type FROM outbox")] == ["ResponsePublished"]


async def test_replies_of_a_thread_stand_in_the_order_of_their_release() -> None:
    async with publishing() as work:
        work.platform.misbehave("accept_then_drop", "throttle")
        await work.approve(*(a_response(text=f"Part {n}") for n in range(4)))
        await work.until("published", 4)
        assert [reply.text for reply in work.platform.replies] == [f"Part {n}" for n in range(4)]
