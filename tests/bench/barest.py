"""What the pipeline is measured against: one process that does its outward work and nothing else.

``python -m tests.bench.barest CONFIG`` with CONFIG as JSON (see ``Config``)

For each comment, in batches of at most 500:

- a signed webhook is taken over HTTP, and answered once raw body, comment and outbox row are committed;
- five records go to Kafka (a comment, two about its case, a response, a publication) and are read by three groups,
  the publication by two of them;
- a case and a publication are inserted, each committed before anything follows from it;
- one reply is posted to the platform.

No framework, no validation, no second look: asyncio protocols, asyncpg with ``unnest``, aiokafka, aiohttp. It is fast
and wrong: it loses what is under way when it is stopped, and repeats what it should not. Parley is the difference.
"""

import asyncio
import hmac
import json
import sys
import zlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import aiohttp
import asyncpg
import httptools
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

BATCH = 500
COMMENTS, CASES, RESPONSES, PUBLICATIONS = TOPICS = (
    "bare.comments",
    "bare.cases",
    "bare.responses",
    "bare.publications",
)
LINE = (
    "Our counters are open Monday to Friday, 8:30 to 15:30, except public holidays. Please bring your token from "
    "passports.gov.example."
)


@dataclass(frozen=True)
class Config:
    """Where everything is. ``reply_url`` is what stands before ``/{comment}/comments``."""

    port: int
    secret: str
    database_url: str
    kafka: str
    idempotent: bool
    reply_url: str
    partitions: int
    reply_connections: int = 64


SCHEMA = """
    CREATE TABLE raw_body (id text PRIMARY KEY, body bytea NOT NULL, at timestamptz NOT NULL DEFAULT now());
    CREATE TABLE comment (id text PRIMARY KEY, author text NOT NULL, text text NOT NULL,
                          at timestamptz NOT NULL DEFAULT now());
    CREATE TABLE outbox (id text PRIMARY KEY, payload text NOT NULL, at timestamptz NOT NULL DEFAULT now());
    CREATE TABLE "case" (id text PRIMARY KEY, comment text NOT NULL, level text NOT NULL,
                         at timestamptz NOT NULL DEFAULT now());
    CREATE TABLE publication (id text PRIMARY KEY, comment text NOT NULL, text text NOT NULL,
                              at timestamptz NOT NULL DEFAULT now());
"""
KEEP = """
    WITH given AS (
        SELECT * FROM unnest($1::text[], $2::bytea[], $3::text[], $4::text[], $5::text[])
        AS row (id, body, author, text, payload)
    ), raw AS (INSERT INTO raw_body (id, body) SELECT id, body FROM given),
       comments AS (INSERT INTO comment (id, author, text) SELECT id, author, text FROM given)
    INSERT INTO outbox (id, payload) SELECT id, payload FROM given
"""
OPEN = """INSERT INTO "case" (id, comment, level) SELECT id, id, 'L0' FROM unnest($1::text[]) AS row (id)"""
OWE = "INSERT INTO publication (id, comment, text) SELECT id, id, $2 FROM unnest($1::text[]) AS row (id)"

Record = tuple[str, str, bytes]
"""Topic, comment, value."""


@dataclass(frozen=True)
class Webhook:
    """A body that was taken in and is not yet committed."""

    connection: "Connection"
    body: bytes
    comment: str
    author: str
    text: str


@dataclass(frozen=True)
class Tables:
    """Postgres, by a connection for each stage that writes."""

    ingest: asyncpg.Connection
    policy: asyncpg.Connection
    publisher: asyncpg.Connection

    @classmethod
    async def open(cls, url: str) -> "Tables":
        tables = cls(*[await asyncpg.connect(url) for _ in range(3)])
        await tables.ingest.execute(SCHEMA)
        return tables


class Broker:
    """Kafka, by the batch."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._producer = AIOKafkaProducer(
            bootstrap_servers=config.kafka,
            acks="all",
            enable_idempotence=config.idempotent,
            max_batch_size=1 << 19,
            linger_ms=0,
        )

    async def start(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._config.kafka)
        await admin.start()
        await admin.create_topics([NewTopic(name, self._config.partitions, 1) for name in TOPICS])
        await admin.close()
        await self._producer.start()

    async def send(self, records: Sequence[Record]) -> None:
        """Send all of them, one batch a partition; returns when the broker has them."""
        chunks: dict[tuple[str, int], list[Record]] = defaultdict(list)
        for record in records:
            chunks[record[0], zlib.crc32(record[1].encode()) % self._config.partitions].append(record)
        sent = []
        for (topic, partition), chunk in chunks.items():
            batch = self._producer.create_batch()
            for _, comment, value in chunk:
                batch.append(key=comment.encode(), value=value, timestamp=None)
            batch.close()
            sent.append(await self._producer.send_batch(batch, topic, partition=partition))
        await asyncio.gather(*sent)

    async def join(self, group: str, *topics: str) -> AIOKafkaConsumer:
        """A member of ``group`` that has partitions to read."""
        consumer = AIOKafkaConsumer(
            *topics,
            bootstrap_servers=self._config.kafka,
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=20,
        )
        await consumer.start()
        while not consumer.assignment():  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.05)
        return consumer


async def consume(consumer: AIOKafkaConsumer, handle: Callable[[list[Any]], Awaitable[None]]) -> None:
    """Hand every batch of records to ``handle``, then commit its offsets; for ever."""
    while True:
        found = await consumer.getmany(timeout_ms=500, max_records=BATCH)
        if found:
            await handle([record for records in found.values() for record in records])
            await consumer.commit()


class Loop:
    """All stages of one comment's way, each over a whole batch."""

    def __init__(self, config: Config, broker: Broker, tables: Tables, session: aiohttp.ClientSession) -> None:
        self._config = config
        self._secret = config.secret.encode()
        self._broker = broker
        self._tables = tables
        self._session = session
        self._arrived: list[Webhook] = []
        self._arrival = asyncio.Event()
        self._unsent: list[Record] = []
        self._commit = asyncio.Event()

    def take_in(self, connection: "Connection", body: bytes, signature: bytes) -> None:
        """Check and read a webhook, and let it wait for the next commit."""
        if not hmac.compare_digest(hmac.digest(self._secret, body, "sha256").hex().encode(), signature):
            connection.answer(b"401 Unauthorized")
            return
        value = json.loads(body)["entry"][0]["changes"][0]["value"]
        self._arrived.append(Webhook(connection, body, value["comment_id"], value["from"]["id"], value["message"]))
        self._arrival.set()

    async def keep(self) -> None:
        """Ingest: commit what arrived and answer; for ever."""
        while True:
            await self._arrival.wait()
            self._arrival.clear()
            while self._arrived:
                batch, self._arrived = self._arrived[:BATCH], self._arrived[BATCH:]
                await self._keep(batch)

    async def _keep(self, batch: list[Webhook]) -> None:
        ids = [one.comment for one in batch]
        events = [_event(one.comment, author=one.author, text=one.text, kind="CommentReceived") for one in batch]
        columns = [one.body for one in batch], [one.author for one in batch], [one.text for one in batch]
        await self._tables.ingest.execute(KEEP, ids, *columns, [event.decode() for event in events])
        for one in batch:
            one.connection.answer(b"200 OK")
        self._unsent += [(COMMENTS, comment, event) for comment, event in zip(ids, events, strict=True)]
        self._commit.set()

    async def announce(self) -> None:
        """Ingest: send what is committed, while the next batch is gathered and committed; for ever."""
        while True:
            await self._commit.wait()
            self._commit.clear()
            while self._unsent:
                batch, self._unsent = self._unsent[:BATCH], self._unsent[BATCH:]
                await self._broker.send(batch)

    async def decide(self, records: list[Any]) -> None:
        """Policy: a case for each comment, then what follows from it."""
        ids = [_comment(record) for record in records if record.topic == COMMENTS]
        if not ids:
            return
        await self._tables.policy.execute(OPEN, ids)
        follows = []
        for comment in ids:
            follows.append((CASES, comment, _event(comment, kind="CaseOpened")))
            follows.append((CASES, comment, _event(comment, kind="CaseRouted", level="L0", rules=["opening-hours"])))
            follows.append((RESPONSES, comment, _event(comment, kind="ResponseApproved", text=LINE)))
        await self._broker.send(follows)

    async def publish(self, records: list[Any]) -> None:
        """Publisher: write the duty down, post the reply, tell."""
        ids = [_comment(record) for record in records]
        await self._tables.publisher.execute(OWE, ids, LINE)
        native_ids = await asyncio.gather(*map(self._post, ids))
        await self._broker.send(
            [
                (PUBLICATIONS, comment, _event(comment, kind="ResponsePublished", text=LINE, native_id=native_id))
                for comment, native_id in zip(ids, native_ids, strict=True)
            ]
        )

    async def note(self, records: list[Any]) -> None:
        """Ingest again: read what became of the comments."""
        for record in records:
            _comment(record)

    async def _post(self, comment: str) -> str:
        url = f"{self._config.reply_url}/{comment}/comments"
        async with self._session.post(url, json={"message": LINE}) as answer:
            native_id: str = (await answer.json())["id"]
            return native_id


class Connection(asyncio.Protocol):
    """One connection of a platform."""

    _transport: asyncio.WriteTransport

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._parser = httptools.HttpRequestParser(self)
        self._body = b""
        self._signature = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"x-hub-signature-256":
            self._signature = value.removeprefix(b"sha256=")

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        body, self._body = self._body, b""
        self._loop.take_in(self, body, self._signature)

    def answer(self, status: bytes) -> None:
        self._transport.write(b"HTTP/1.1 %b\r\nContent-Length: 0\r\n\r\n" % status)


def _event(comment: str, **said: object) -> bytes:
    return json.dumps({"comment": comment, "agency": "passports", "platform": "facebook", **said}).encode()


def _comment(record: Any) -> str:
    comment: str = json.loads(record.value)["comment"]
    return comment


async def main(config: Config) -> None:
    """Serve until killed."""
    broker = Broker(config)
    await broker.start()
    tables = await Tables.open(config.database_url)
    connector = aiohttp.TCPConnector(limit=config.reply_connections)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        loop = Loop(config, broker, tables, session)
        async with asyncio.TaskGroup() as stages:
            stages.create_task(loop.keep())
            stages.create_task(loop.announce())
            policy = await broker.join("policy", COMMENTS, PUBLICATIONS)
            stages.create_task(consume(policy, loop.decide))
            publisher = await broker.join("publisher", RESPONSES)
            stages.create_task(consume(publisher, loop.publish))
            ingest = await broker.join("ingest", CASES, PUBLICATIONS)
            stages.create_task(consume(ingest, loop.note))
            await asyncio.get_running_loop().create_server(
                lambda: Connection(loop), "127.0.0.1", config.port, backlog=4096
            )


if __name__ == "__main__":
    uvloop.run(main(Config(**json.loads(sys.argv[1]))))
