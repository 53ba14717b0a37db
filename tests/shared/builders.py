"""What the tests of ``shared`` are made of: events, a database, a topic, and waits that end."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.clock import rfc3339
from shared.cloudevents import Envelope, Received
from shared.database import EVERY_AGENCY, Database
from shared.events import AccountRestored, Event
from shared.ids import uuid7
from shared.producer import Producer
from shared.topics import Topic
from tests.support.broker import Broker
from tests.support.tables import fresh_shared_database, open_database

NOW = datetime(2026, 11, 22, 8, 30, 0, 123000, tzinfo=UTC)
WAIT_SECONDS = 20.0

Record = tuple[str, bytes, bytes, list[tuple[str, bytes]]]


class Killed(BaseException):
    """Stands for the end of a process: nothing of ours may catch it."""


def event(number: int, *, key: str = "one", agency: str = "passports") -> AccountRestored:
    """An event whose subject and key is ``key`` and whose account tells its number."""
    return AccountRestored(agency=agency, account_id=key, platform="mastodon", account=str(number), restored_at=NOW)


def headers_of(one: Event, *, event_id: UUID | None = None, traceparent: str | None = None) -> list[tuple[str, bytes]]:
    """The headers that a relay would send ``one`` with."""
    envelope = Envelope(
        id=str(event_id or uuid7()),
        type=type(one).__name__,
        version=one.VERSION,
        source="test",
        subject=one.subject,
        time=rfc3339(NOW),
        agency=one.agency,
        traceparent=traceparent,
    )
    return envelope.headers()


def record(topic: Topic, one: Event, *, event_id: UUID | None = None) -> Record:
    """The record that a relay would send for ``one``."""
    return topic.name, one.key.encode(), one.model_dump_json().encode(), headers_of(one, event_id=event_id)


async def send(on: Broker, *records: Record) -> None:
    """Put records on the broker."""
    producer = Producer(on.settings(), "test")
    try:
        await producer.send(records)
    finally:
        await producer.close()


@asynccontextmanager
async def shared_database(*, pool_size: int = 5) -> AsyncIterator[Database]:
    """A pool on a fresh database with the shared tables, as a service's working role."""
    urls = await fresh_shared_database()
    database = open_database(urls.working, pool_size=pool_size)
    try:
        yield database
    finally:
        await database.close()


async def rows(database: Database, statement: str, **values: Any) -> Sequence[Any]:
    """What a query finds, as a service's loop sees it."""
    async with database.begin(EVERY_AGENCY) as connection:
        return (await connection.execute(text(statement), values)).all()


async def execute(database: Database, statement: str, **values: Any) -> None:
    """Change something in a transaction of its own."""
    async with database.begin(EVERY_AGENCY) as connection:
        await connection.execute(text(statement), values)


async def write_effects(connection: AsyncConnection, received: Sequence[Received]) -> None:
    """The handler of most tests: a row for each event."""
    for one in received:
        assert isinstance(one.event, AccountRestored)
        await connection.execute(
            text("INSERT INTO effect (agency, subject) VALUES (:agency, :subject)"),
            {"agency": one.event.agency, "subject": one.event.account},
        )


async def effects(database: Database) -> list[str]:
    """The accounts of the events that were handled, in the order of handling."""
    return [row.subject for row in await rows(database, "SELECT subject FROM effect ORDER BY number")]


async def until(condition: Callable[[], Awaitable[bool]], what: str, seconds: float = WAIT_SECONDS) -> None:
    """Wait until ``condition`` holds; fails with ``what`` when it does not in time."""
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain: {what}"
        await asyncio.sleep(0.02)


@asynccontextmanager
async def running(loop: Callable[[], Awaitable[None]]) -> AsyncIterator["asyncio.Task[None]"]:
    """A loop of a service beside the test; cancelled at the end, and its failure is the test's."""

    async def run() -> None:
        await loop()

    task = asyncio.create_task(run())
    try:
        yield task
    finally:
        failed = task.done()
        task.cancel()
        with suppress(asyncio.CancelledError):
            if failed:
                task.exception()
            else:
                await task


async def ended(task: "asyncio.Task[None]", seconds: float = WAIT_SECONDS) -> BaseException | None:
    """What a loop ended with."""
    await asyncio.wait({task}, timeout=seconds)
    assert task.done(), f"still running after {seconds} s"
    return task.exception()
