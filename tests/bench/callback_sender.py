"""What is measured of callbacks, each in a process of its own: the publisher's loop, and the barest one.

``python -m tests.bench.callback_sender`` with its task as JSON. It says ``ready``, waits for a line, does its work and
says ``done``.
"""

import asyncio
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_network

import aiohttp
import uvloop

from services.publisher.adapters.bell import Bell
from services.publisher.adapters.callback_secrets import CallbackVault
from services.publisher.adapters.callback_tables import TO_DO
from services.publisher.adapters.egress import GuardedPost
from services.publisher.adapters.store import signing_keys, subscriptions
from services.publisher.adapters.store.audience import PostgresAudience
from services.publisher.adapters.store.deliveries import PostgresDeliveries
from services.publisher.adapters.store.subscriptions import Written
from services.publisher.callbacks import Callbacks, Limits
from services.publisher.domain.addresses import Egress
from services.publisher.domain.messages import Message, body_of
from services.publisher.domain.retrying import Schedule
from services.publisher.domain.subscriptions import Breaker, Patience
from shared.database import EVERY_AGENCY, Database
from shared.ids import new_id
from shared.secrets import Seal
from shared.service import calm_garbage_collection

AGENCY = "passports"
AT_ONCE = 256
TOLD_AT_ONCE = 20
LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Task:
    """``messages`` to each of the doors at ``ports``; without a database by the barest loop."""

    ports: list[int]
    messages: int
    database_url: str | None = None


async def publisher(task: Task, begin: asyncio.Event) -> None:
    """Everything that a callback passes from the event to the log of its attempt."""
    assert task.database_url is not None
    database = Database(task.database_url, application_name="bench", pool_size=6)
    vault, bell = CallbackVault(Seal(b"k" * 32)), Bell()
    await _subscribe(database, vault, task.ports)
    deliveries = PostgresDeliveries(database, vault, lease_seconds=30, patience=Patience(), breaker=Breaker())
    post = GuardedPost(Egress((ip_network("127.0.0.0/8"),), ((1, 65535),)))
    callbacks = Callbacks(deliveries, post, bell, Schedule(), Limits())
    await begin.wait()
    loop = asyncio.create_task(callbacks.run())
    for first in range(0, task.messages, TOLD_AT_ONCE):
        told = [_message(number) for number in range(first, min(first + TOLD_AT_ONCE, task.messages))]
        async with database.begin(EVERY_AGENCY) as connection:
            await PostgresAudience(connection, vault).tell(told)
        bell.ring()
    while await database.run(f"SELECT 1 FROM delivery WHERE {TO_DO} LIMIT 1"):  # noqa: ASYNC110
        await asyncio.sleep(LOOK_SECONDS)
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)
    await deliveries.close()
    await post.close()
    await database.close()


async def barest(task: Task, begin: asyncio.Event) -> None:
    """The same bodies to the same doors with the same HTTP client, and nothing else."""
    waiting = [(number, port) for number in range(task.messages) for port in task.ports]
    bodies = [_body(_message(number)) for number in range(task.messages)]
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        await begin.wait()

        async def send() -> None:
            while waiting:
                number, port = waiting.pop()
                headers = {"content-type": "application/json", "webhook-id": f"evt_{number:032x}"}
                async with session.post(f"http://127.0.0.1:{port}/", data=bodies[number], headers=headers) as answer:
                    await answer.read()

        await asyncio.gather(*(send() for _ in range(AT_ONCE)))


async def _subscribe(database: Database, vault: CallbackVault, ports: list[int]) -> None:
    async with database.begin(EVERY_AGENCY) as connection:
        for port in ports:
            id = new_id("sub")
            written = Written(f"http://127.0.0.1:{port}/", [], [], False, "none", None, {})
            await subscriptions.add(connection, id, AGENCY, "bench", "hmac-sha256", written)
            await signing_keys.add(connection, vault, AGENCY, id, ("hmac-sha256",))


def _body(told: Message) -> bytes:
    return body_of(told.id, told.type, told.at, told.agency, told.subject, 1, told.data)


def _message(number: int) -> Message:
    thread, case = f"900_{number}", new_id("case")
    data = {
        "platform": "facebook",
        "account": "110000000000001",
        "thread": thread,
        "case": case,
        "comments": [new_id("cmt")],
        "disposition": "answer",
        "level": "L1",
        "policy_version": "1",
    }
    return Message(f"evt_{number:032x}", AGENCY, "CaseRouted", case, thread, datetime.now(UTC), json.dumps(data))


async def _main(task: Task) -> None:
    begin = asyncio.Event()
    work = asyncio.create_task((barest if task.database_url is None else publisher)(task, begin))
    await asyncio.sleep(1.0)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    begin.set()
    await work
    print("done", flush=True)


if __name__ == "__main__":
    calm_garbage_collection()
    uvloop.run(_main(Task(**json.loads(sys.argv[1]))))
