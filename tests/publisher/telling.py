"""A publisher that tells subscribers, without Kafka: a real Postgres, the routes, the loop and real connections."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI
from sqlalchemy import text

from services.publisher.adapters import callback_secrets_api, deliveries_api, subscriptions_api
from services.publisher.adapters.bell import Bell
from services.publisher.adapters.callback_secrets import CallbackVault
from services.publisher.adapters.consumers import teller
from services.publisher.adapters.egress import GuardedPost
from services.publisher.adapters.store.deliveries import PostgresDeliveries
from services.publisher.adapters.subscriptions_api import Desk
from services.publisher.callback_ports import Post
from services.publisher.callbacks import Callbacks, Limits
from services.publisher.domain.addresses import Egress
from services.publisher.domain.retrying import Schedule
from services.publisher.domain.subscriptions import Breaker, Patience
from shared import problems
from shared.auth import Caller
from shared.cloudevents import Received
from shared.database import EVERY_AGENCY, Database
from shared.events import Author, CaseRouted, CommentReceived, Event, ResponsePublished
from shared.ids import new_id, uuid7
from shared.secrets import Seal
from tests.publisher.builders import NOW
from tests.support.postgres import fresh_service_database

VAULT = CallbackVault(Seal(b"k" * 32))
LOCAL = Egress((ip_network("127.0.0.0/8"),), ((1, 65535),))
QUICK = Schedule(waits=(0.0, 0.05, 0.05, 0.05), rest=0.05, honoured=0.1)
LIMITS = Limits(lease=3, attempt=0.6, idle=0.05, breath=0.005, drain=0.3, look_after=3600, slow=0.3)
SCOPES = frozenset({"subscriptions:read", "subscriptions:write", "comments:write"})
CALLERS = {
    "admin": Caller("admin", None, SCOPES),
    "passports": Caller("portal", frozenset({"passports"}), SCOPES),
    "water": Caller("water-portal", frozenset({"water-board"}), SCOPES),
    "reader": Caller("reader", frozenset({"passports"}), frozenset({"subscriptions:read"})),
}


class Tokens:
    """Knows its callers by name."""

    async def caller(self, token: str) -> Caller:
        return CALLERS[token]


@dataclass
class Telling:
    """A publisher that tells."""

    database: Database
    client: httpx.AsyncClient
    deliveries: PostgresDeliveries
    bell: Bell
    loops: list["asyncio.Task[None]"] = field(default_factory=list)

    async def happen(self, *events: Event, ids: Sequence[UUID] | None = None) -> None:
        """Let events arrive, in one batch."""
        batch = [Received(event, id) for event, id in zip(events, ids or [uuid7() for _ in events], strict=True)]
        async with self.database.begin(EVERY_AGENCY) as connection:
            await teller(VAULT)(connection, batch)
        self.bell.ring()

    async def subscribe(self, url: str, caller: str = "passports", **wanted: Any) -> dict[str, Any]:
        """A new subscription, as the API answers it."""
        answer = await self.post("/v1/subscriptions", {"agency": "passports", "url": url, **wanted}, caller)
        assert answer.status_code == 201, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def post(
        self, path: str, body: Mapping[str, Any] | None = None, caller: str = "passports", key: str | None = None
    ) -> httpx.Response:
        headers = {"authorization": f"Bearer {caller}", "idempotency-key": key or uuid4().hex}
        return await self.client.post(path, json=body, headers=headers)

    async def get(self, path: str, caller: str = "passports") -> httpx.Response:
        return await self.client.get(path, headers={"authorization": f"Bearer {caller}"})

    async def read(self, subscription: str) -> dict[str, Any]:
        body: dict[str, Any] = (await self.get(f"/v1/subscriptions/{subscription}")).json()
        return body

    def start(self, post: Post | None = None, schedule: Schedule = QUICK, limits: Limits = LIMITS) -> Callbacks:
        """Run the loop from now on, until the end or ``stop``."""
        callbacks = Callbacks(self.deliveries, post or self.guarded, self.bell, schedule, limits)
        self.loops.append(asyncio.create_task(callbacks.run()))
        return callbacks

    async def stop(self) -> None:
        for loop in self.loops:
            loop.cancel()
        for loop in self.loops:
            with suppress(asyncio.CancelledError):
                await loop
        self.loops.clear()

    @property
    def guarded(self) -> GuardedPost:
        if not hasattr(self, "_guarded"):
            self._guarded = GuardedPost(LOCAL, attempt_seconds=0.6, connect_seconds=0.3)
        return self._guarded

    async def rows(self, query: str, **names: Any) -> list[Any]:
        async with self.database.begin(EVERY_AGENCY) as connection:
            return list(await connection.execute(text(query), names))

    async def run(self, statement: str, **names: Any) -> None:
        async with self.database.begin(EVERY_AGENCY) as connection:
            await connection.execute(text(statement), names)

    async def states(self) -> list[str]:
        return [row.state for row in await self.rows("SELECT state FROM delivery ORDER BY position")]

    async def until(self, *states: str, seconds: float = 60) -> None:
        """Wait until all deliveries, in their order, are in these states."""
        found: list[str] = []
        try:
            async with asyncio.timeout(seconds):
                while (found := await self.states()) != list(states):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"deliveries are {found} and not {list(states)}") from None


@asynccontextmanager
async def telling(patience: Patience = Patience(), breaker: Breaker = Breaker(3, 0.02, 0.05)) -> AsyncIterator[Telling]:
    urls = await fresh_service_database("publisher")
    database = Database(urls.working, application_name="tests", pool_size=5)
    bell = Bell()
    deliveries = PostgresDeliveries(database, VAULT, lease_seconds=LIMITS.lease, patience=patience, breaker=breaker)
    app = FastAPI()
    app.state.tokens = Tokens()
    problems.install(app)
    desk = Desk(database, VAULT, LOCAL, bell, lambda: None)
    for room in (subscriptions_api, deliveries_api, callback_secrets_api):
        app.include_router(room.router(desk))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://publisher") as client:
        work = Telling(database, client, deliveries, bell)
        try:
            yield work
        finally:
            await work.stop()
            await deliveries.close()
            await work.guarded.close()
            await database.close()


def a_routed_case(**changes: Any) -> CaseRouted:
    return CaseRouted(
        **{
            "agency": "passports",
            "platform": "facebook",
            "account": "1",
            "thread": "900_1",
            "case": new_id("case"),
            "comments": ("cmt_1",),
            "disposition": "answer",
            "level": "L1",
            "sensitivity": "S1",
            "damage": "D1",
            "rules": ("39",),
            "policy_version": "1",
            "routed_at": NOW,
            **changes,
        }
    )


def a_published_response(**changes: Any) -> ResponsePublished:
    return ResponsePublished(
        **{
            "agency": "passports",
            "platform": "rest",
            "account": "portal@passports",
            "thread": "t1",
            "publication": new_id("pub"),
            "response": new_id("rsp"),
            "case": "case_1",
            "comments": ("cmt_1",),
            "native_id": "n1",
            "text": "Our office opens at 9 a.m.",
            "published_at": NOW,
            **changes,
        }
    )


def a_comment(**changes: Any) -> CommentReceived:
    return CommentReceived(
        **{
            "agency": "passports",
            "platform": "rest",
            "account": "portal@passports",
            "thread": "t1",
            "comment": "cmt_1",
            "native_id": "n0",
            "revision": 1,
            "author": Author(id="citizen-1", name="Amara"),
            "text": "When do you open?",
            "sent_at": NOW,
            "received_at": NOW,
            **changes,
        }
    )
