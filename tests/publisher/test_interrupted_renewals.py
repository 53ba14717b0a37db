"""Renewals that are cut off between a platform's answer and the commit, on a real Postgres.

The platform takes each refresh token once, as X does: who comes with a used one is refused.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import text

from services.publisher.adapters.bell import Bell
from services.publisher.adapters.store import accounts
from services.publisher.adapters.store.keeping import PostgresKeeper
from services.publisher.domain import settlements
from services.publisher.domain.outcomes import CredentialsDead, Published, Refresh, Refreshed, Unavailable, Unknown
from services.publisher.domain.settlements import RetryPolicy
from services.publisher.keeping import Keeping
from services.publisher.ports import Credentials, KeepClaim, Kept, Settled
from shared.clock import utc_now
from shared.database import EVERY_AGENCY
from tests.publisher.builders import ROOMS, a_claim, a_progress
from tests.publisher.test_keeping import VAULT, Office, World, a_world

pytestmark = pytest.mark.asyncio(loop_scope="session")


@dataclass
class Rotating(Office):
    """Gives a new refresh token for each, and takes none twice."""

    good: str = "first-refresh"
    given: int = 0
    loses_answers: int = 0
    after_rotation: asyncio.Event | None = None
    rotated: asyncio.Event = field(default_factory=asyncio.Event)

    async def refresh(self, account: str, credentials: Credentials) -> Refresh:
        offered = credentials.secrets["refresh_token"]
        self.renewed_with.append(offered)
        if offered != self.good:
            return CredentialsDead("status 400: invalid_request")
        self.given += 1
        self.good = f"r{self.given}"
        self.rotated.set()
        if self.after_rotation is not None:
            await self.after_rotation.wait()
        if self.loses_answers:
            self.loses_answers -= 1
            return Unknown("no answer")
        return Refreshed({"token": f"t{self.given}", "refresh_token": self.good}, lives_for=7200)


@asynccontextmanager
async def with_rotation(**office: object) -> AsyncIterator[tuple[World, Rotating]]:
    async with a_world() as world:
        rotating = Rotating(**office)  # type: ignore[arg-type]
        world.office = rotating
        await world.give(expires_in=timedelta(minutes=1))
        yield world, rotating


async def make_due(world: World) -> None:
    """Let the lease of whoever died, or the wait after a failure, be over."""
    async with world.database.begin(EVERY_AGENCY) as connection:
        await connection.execute(text("UPDATE credentials SET keep_at = now(), keep_until = now()"))


class Killed(PostgresKeeper):
    """A process that dies with the platform's answer in its hands."""

    async def settle(self, claim: KeepClaim, kept: Kept) -> bool:
        raise SystemExit("killed")


class Dying(PostgresKeeper):
    """A process that dies when the renewal is noted, before the platform is asked."""

    async def begin_renewal(self, claim: KeepClaim) -> bool:
        await super().begin_renewal(claim)
        raise SystemExit("killed")


async def die(world: World, keeper: type[PostgresKeeper]) -> None:
    """One round of a process that does not survive it."""
    keeping = Keeping(keeper(world.database, VAULT), {"facebook": world.office}, Bell())
    claim = (await keeper(world.database, VAULT).claim(ROOMS))[0]
    with pytest.raises(SystemExit):
        await keeping._keep(claim)


async def the_detail(world: World) -> str:
    row = await world.one("SELECT payload ->> 'detail' FROM outbox WHERE type = 'AccountDegraded'")
    return str(row[0])


async def test_a_process_that_dies_before_the_platform_is_asked_costs_nothing() -> None:
    async with with_rotation() as (world, office):
        await die(world, Dying)
        assert await world.keeping().keep_due() == 0
        await make_due(world)
        await world.keep(times=1)
        opened = await world.opened()
        assert opened is not None
        assert (opened.token, opened.secrets["refresh_token"]) == ("t1", "r1")
        assert office.renewed_with == ["first-refresh"]
        assert (await world.one("SELECT renewing_since FROM credentials"))[0] is None
        assert await world.events() == []


async def test_of_a_renewal_that_was_lost_a_person_hears_why_once_and_the_platform_is_left_alone() -> None:
    async with with_rotation() as (world, office):
        await die(world, Killed)
        await make_due(world)
        await world.keep()
        assert office.renewed_with == ["first-refresh", "first-refresh"]
        assert await world.events() == ["AccountDegraded"]
        assert "the answer to a renewal of" in await the_detail(world)
        assert "authorise the account anew" in await the_detail(world)
        row = await world.one("SELECT keep_at - now() AS rest, probe_detail FROM credentials")
        assert row.rest > timedelta(hours=23)
        assert "authorise the account anew" in row.probe_detail
        await make_due(world)
        await world.keep()
        assert await world.events() == ["AccountDegraded"]


async def test_what_a_person_gives_after_a_lost_renewal_is_probed_and_not_renewed_again() -> None:
    async with with_rotation() as (world, office):
        await die(world, Killed)
        await world.give("by-hand", expires_in=timedelta(hours=2))
        await world.keep()
        assert office.renewed_with == ["first-refresh"]
        assert office.probed_with == ["by-hand"]
        assert (await world.one("SELECT renewing_since FROM credentials"))[0] is None


async def test_a_renewal_whose_answer_did_not_come_is_tried_with_the_old_token_before_a_person_is_asked() -> None:
    async with with_rotation(loses_answers=1) as (world, office):
        await world.keep()
        assert office.renewed_with == ["first-refresh"]
        row = await world.one("SELECT renewing_since, keep_failures FROM credentials")
        assert row.renewing_since is not None
        assert row.keep_failures == 1
        await make_due(world)
        await world.keep()
        assert office.renewed_with == ["first-refresh"] * 2
        assert "the answer to a renewal of" in await the_detail(world)


async def test_a_token_that_still_works_does_not_restore_an_account_that_nobody_can_renew() -> None:
    async with with_rotation(good="another") as (world, office):
        await world.keep()
        row = await world.one("SELECT degraded_reason, degraded_at FROM account")
        assert row.degraded_reason == "renewal_refused"
        async with world.database.begin(EVERY_AGENCY) as connection:
            claim = a_claim(claimed_at=utc_now(), progress=a_progress(recorded_at=utc_now()), degraded=True)
            settlement = settlements.after_send(claim.progress, Published("n1"), RetryPolicy(), started=utc_now())
            await accounts.follow(connection, [Settled(claim, settlement, None)])
        assert await world.events() == ["AccountDegraded"]
        office.good = "first-refresh"
        await make_due(world)
        await world.keep()
        assert await world.events() == ["AccountDegraded", "AccountRestored"]


async def test_a_platform_is_not_asked_under_a_lease_that_is_over() -> None:
    async with with_rotation() as (world, office):
        stale = (await PostgresKeeper(world.database, VAULT).claim(ROOMS))[0]
        await make_due(world)
        await world.keep(times=1)
        await world.keeping()._keep(stale)
        assert office.renewed_with == ["first-refresh"]
        opened = await world.opened()
        assert opened is not None
        assert opened.token == "t1"


async def test_a_renewal_is_kept_although_its_lease_was_over_before_the_database_was_back() -> None:
    async with with_rotation(after_rotation=asyncio.Event()) as (world, office):
        assert office.after_rotation is not None
        first = asyncio.create_task(world.keeping().keep_due())
        await office.rotated.wait()
        await make_due(world)
        second = PostgresKeeper(world.database, VAULT)
        late = (await second.claim(ROOMS))[0]
        office.after_rotation.set()
        await first
        opened = await world.opened()
        assert opened is not None
        assert (opened.token, opened.secrets["refresh_token"]) == ("t1", "r1")
        assert not await second.begin_renewal(late)
        assert not await second.settle(late, Kept(CredentialsDead("used"), None, timedelta(days=1)))
        assert await world.events() == []


async def test_a_renewal_that_never_reached_the_platform_leaves_no_doubt() -> None:
    async with a_world(Unavailable("no connection"), CredentialsDead("revoked")) as world:
        await world.give(expires_in=timedelta(minutes=1))
        await world.keep(times=1)
        row = await world.one("SELECT renewing_since, keep_failures FROM credentials")
        assert tuple(row) == (None, 1)
        await make_due(world)
        await world.keep(times=1)
        assert await the_detail(world) == "revoked"
