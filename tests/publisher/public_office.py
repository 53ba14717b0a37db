"""A publisher with its public side, without Kafka: events are handed to it as the consumer would."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import text

from services.publisher.adapters import reach_api
from services.publisher.adapters.consumers import handler, keeping_record
from services.publisher.adapters.record import api, receipts_api, trouble_page
from services.publisher.adapters.store import settling
from services.publisher.adapters.store.duties import Duties
from services.publisher.domain.outcomes import Published
from shared import problems
from shared.auth import Caller
from shared.clock import utc_now
from shared.database import EVERY_AGENCY, Database
from shared.events import EVENTS, CaseClosed, CaseRouted, Event, PublicationEvent, ResponseApproved, ResponsePublished
from tests.publisher.adapters.test_store import claim, record, settled
from tests.publisher.builders import NOW, PAGE, a_connected_account, a_response, received
from tests.support.postgres import fresh_service_database

KEY = b"k" * 32
MEASURED = ("facebook", "mastodon", "x")
READS = frozenset({"publications:read"})
CALLERS = {
    "admin": Caller("admin", None, READS),
    "passports": Caller("clerk", frozenset({"passports"}), READS),
    "water": Caller("engineer", frozenset({"water-board"}), READS),
    "guest": Caller("guest", frozenset({"passports"}), frozenset()),
}


class Tokens:
    """Knows its callers by name."""

    async def caller(self, token: str) -> Caller:
        return CALLERS[token]


@dataclass
class Office:
    """The publisher's public side at work."""

    database: Database
    client: httpx.AsyncClient

    async def hear(self, *events: Event) -> None:
        """Take events in, as one batch."""
        async with self.database.begin(EVERY_AGENCY) as connection:
            await handler({}, keeping_record(KEY, MEASURED))(connection, [received(one) for one in events])

    async def hear_what_was_told(self) -> None:
        """Take in our own events, as they come back from the broker."""
        told = await self.rows("SELECT type, payload FROM outbox WHERE sent_at IS NULL ORDER BY seq")
        await self.run("UPDATE outbox SET sent_at = clock_timestamp()")
        for row in told:
            await self.hear(EVENTS[row.type].model_validate(row.payload))

    async def publish(self, *responses: ResponseApproved) -> list[ResponsePublished]:
        """Let responses be published; the events that tell of it, which nobody has heard yet."""
        await record(self.database, *responses)
        claims = await claim(self.database)
        done = [settled(one, Published(f"native-{one.publication.response}")) for one in claims]
        await settling.settle(self.database, done)
        told = []
        for one in done:
            event = settling.event_of(one, utc_now())
            assert isinstance(event, ResponsePublished)
            told.append(event)
        by_response = {one.response: one for one in told}
        return [by_response[one.response] for one in responses if one.response in by_response]

    async def run(self, statement: str, **names: Any) -> None:
        async with self.database.begin(EVERY_AGENCY) as connection:
            await connection.execute(text(statement), names)

    async def rows(self, query: str, **names: Any) -> list[Any]:
        async with self.database.begin(EVERY_AGENCY) as connection:
            return list(await connection.execute(text(query), names))

    async def get(self, address: str, who: str | None = None, **headers: str) -> httpx.Response:
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.get(address, headers=fields | ({"authorization": f"Bearer {who}"} if who else {}))


@asynccontextmanager
async def a_public_office() -> AsyncIterator[Office]:
    urls = await fresh_service_database("publisher")
    database = Database(urls.working, application_name="tests", pool_size=5)
    async with database.begin(EVERY_AGENCY) as connection:
        await Duties(connection, lambda: NOW).connect([a_connected_account(name="Department of Passports")])
    async with an_office_over(database) as office:
        yield office
    await database.close()


@asynccontextmanager
async def an_office_over(database: Database) -> AsyncIterator[Office]:
    """The public side of a publisher that is there already."""
    app = FastAPI()
    app.state.tokens = Tokens()
    problems.install(app)
    for router in (api.router(database, None), receipts_api.router(database, KEY), reach_api.router(database)):
        app.include_router(router)
    trouble_page.install(app)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://parley.example") as client:
        yield Office(database, client)


def whose(event: PublicationEvent) -> dict[str, Any]:
    """What every event of the same publication says."""
    names = ("agency", "platform", "account", "thread", "publication", "response", "case", "comments", "purpose")
    return {name: getattr(event, name) for name in names}


def a_routing(**changes: Any) -> CaseRouted:
    return CaseRouted(
        **{
            "agency": "passports",
            "platform": "facebook",
            "account": PAGE,
            "thread": "900_1",
            "case": "case_1",
            "comments": ("cmt_1",),
            "disposition": "answer",
            "level": "L1",
            "sensitivity": "S1",
            "damage": "D1",
            "rules": ("1", "21"),
            "policy_version": "passports@7",
            "routed_at": NOW,
            **changes,
        }
    )


def a_closing(reason: str = "no_response", at: datetime = NOW, **changes: Any) -> CaseClosed:
    about: dict[str, Any] = {
        "agency": "passports",
        "platform": "facebook",
        "account": PAGE,
        "thread": "900_1",
        "case": "case_1",
        "comments": ("cmt_1",),
        "disposition": "no_response",
        "reason": reason,
        "closed_at": at,
    }
    return CaseClosed(**about | changes)


def some_responses(number: int, **changes: Any) -> Sequence[ResponseApproved]:
    """Responses of threads of their own, so that nothing keeps another back."""
    return [
        a_response(thread=f"t{one}", case=f"case_{one}", comments=(f"cmt_{one}",), text=f"Answer {one}", **changes)
        for one in range(number)
    ]
