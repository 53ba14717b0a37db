"""The consumer: a batch of records, one transaction, then the offsets.

The order of things is the promise. Records are read; their ids go into the inbox and their effects into the tables in
one transaction; only after its commit are the offsets committed. A batch that fails is done again in halves, until the
one record that cannot be handled stands alone and meets its fate: ``Ignored``, ``Retryable`` (its partition waits) or
``Dead`` (it becomes a dead letter). When everything dies, the fault is ours: the consumer stops and the service is no
longer ready.

Owning a partition is no lock. After a rebalance another process may handle the same records; the inbox decides.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import (
    CommitFailedError,
    IllegalGenerationError,
    IllegalStateError,
    KafkaError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import broker, cloudevents, inbox, telemetry
from shared.breath import Breath
from shared.cloudevents import Received
from shared.database import EVERY_AGENCY, Database, is_passing
from shared.dead_letters import NO_AGENCY, DeadLetter, bury_record
from shared.errors import Dead, Ignored, Retryable
from shared.positions import Positions, PositionsLost
from shared.settings import KafkaSettings
from shared.topics import Topic

Handle = Callable[[AsyncConnection, Sequence[Received]], Awaitable[None]]
Record = Any
Wanted = Callable[[Sequence[Record]], Awaitable[Sequence[Record]]]

POLL_MILLISECONDS = 500
MOST_DEAD_IN_A_ROW = 20
SHORTEST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 15.0
STOP_SECONDS = 3.0
INCARNATION_SECONDS = 0.5

# The group moved on while a batch was worked off: whoever owns the partition now reads the records again.
_MOVED_ON = (
    CommitFailedError,
    IllegalStateError,
    IllegalGenerationError,
    UnknownMemberIdError,
    RebalanceInProgressError,
)


class TooManyDead(RuntimeError):
    """Record after record cannot be handled: this service is at fault, not the records."""


class NewIncarnation(RuntimeError):
    """The broker is another one than before; every position is void."""


@dataclass(frozen=True)
class _Read:
    """A record and the event in it."""

    record: Record
    received: Received


class Consumer:
    """One service's consumer group member: hands new events to ``handle`` in batches."""

    def __init__(
        self,
        group: str,
        topics: Sequence[Topic],
        database: Database,
        settings: KafkaSettings,
        handle: Handle,
        after: Callable[[], None] | None = None,
        wanted: Wanted | None = None,
    ) -> None:
        """``after`` is called after each commit that had new events, for example to wake who works them off.
        ``wanted`` chooses the records of a batch that are to be read; the others are passed over."""
        self._group = group
        self._topics = [topic.name for topic in topics]
        self._database = database
        self._settings = settings
        self._handle = handle
        self._after = after
        self._wanted = wanted
        self._positions = Positions(database, volatile=settings.volatile)
        self._breath = Breath()
        self._dead_in_a_row = 0
        self._paused: dict[TopicPartition, tuple[float, float]] = {}
        self.ready = False
        self.polled_at = time.monotonic()

    async def run(self) -> None:
        """Consume until cancelled. Raises what makes going on impossible; the supervisor starts it again."""
        consumer = self._new_consumer()
        try:
            async with asyncio.timeout(30):
                incarnation = await broker.cluster_id(self._settings.bootstrap)
                if self._settings.create_topics:
                    await broker.create_topics(self._settings.bootstrap, partitions=self._settings.partitions)
                await consumer.start()
            listener = _Assigned(consumer, self._positions, incarnation)
            consumer.subscribe(self._topics, listener=listener)
            await self._consume(consumer, listener, incarnation)
        finally:
            self.ready = False
            await _stop(consumer)

    async def _consume(self, consumer: AIOKafkaConsumer, listener: "_Assigned", incarnation: str) -> None:
        watch = asyncio.create_task(self._watch(incarnation)) if self._settings.volatile else None
        # The client hands out records while the listener still looks at their partitions: read before it is known
        # whether they may be. They are let go, and read again from where the listener found that one may begin.
        early: set[TopicPartition] = set()
        try:
            while True:
                self._resume(consumer)
                looks = listener.looks
                found = await consumer.getmany(timeout_ms=POLL_MILLISECONDS, max_records=self._settings.batch_size)
                self.polled_at = time.monotonic()
                if listener.error is not None:
                    raise listener.error
                self.ready = bool(consumer.assignment())
                if watch is not None and watch.done():
                    watch.result()
                if looks != listener.looks or listener.looking:
                    early |= found.keys()
                    continue
                if early:
                    found = await _read_again(consumer, found, early)
                    early = set()
                if found:
                    await self._work_off(consumer, found)
                    await self._breath.take(sum(map(len, found.values())))
        finally:
            if watch is not None:
                watch.cancel()

    async def _watch(self, incarnation: str) -> None:
        """Raise once the broker is another one than ``incarnation``."""
        while True:
            await asyncio.sleep(INCARNATION_SECONDS)
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                if await broker.cluster_id(self._settings.bootstrap) != incarnation:
                    raise NewIncarnation(NewIncarnation.__doc__)

    async def _work_off(self, consumer: AIOKafkaConsumer, found: dict[TopicPartition, list[Record]]) -> None:
        started = time.perf_counter()
        postponed: dict[TopicPartition, int] = {}
        try:
            records_found = [record for records in found.values() for record in records]
            wanted = records_found if self._wanted is None else await self._wanted(records_found)
            readable = [one for record in wanted if (one := await self._read(record))]
            await self._handle_all(readable, postponed)
        except Exception as error:
            if not is_passing(error):
                raise
            telemetry.logger().warning("batch.postponed", group=self._group, error=type(error).__name__)
            for partition, records in found.items():
                self._postpone(consumer, partition, records[0].offset)
            return
        offsets = {}
        for partition, records in found.items():
            if partition in postponed:
                self._postpone(consumer, partition, postponed[partition])
                offsets[partition] = postponed[partition]
            else:
                self._paused.pop(partition, None)
                offsets[partition] = records[-1].offset + 1
        try:
            await consumer.commit(offsets)
        except _MOVED_ON as error:
            telemetry.logger().info("offsets.not_committed", group=self._group, error=type(error).__name__)
        telemetry.BATCH_SECONDS.labels(self._group).observe(time.perf_counter() - started)

    async def _read(self, record: Record) -> _Read | None:
        try:
            return _Read(record, cloudevents.read(record.headers, record.value))
        except Dead as dead:
            await self._bury(record, dead, NO_AGENCY)
            return None

    async def _handle_all(self, batch: Sequence[_Read], postponed: dict[TopicPartition, int]) -> None:
        batch = [one for one in batch if _partition(one.record) not in postponed]
        if not batch:
            return
        try:
            await self._transaction(batch)
            self._dead_in_a_row = 0
        except Exception as error:
            if is_passing(error) and not isinstance(error, Retryable):
                raise
            if len(batch) == 1:
                await self._meet_fate(batch[0], error, postponed)
                return
            middle = len(batch) // 2
            await self._handle_all(batch[:middle], postponed)
            await self._handle_all(batch[middle:], postponed)

    async def _transaction(self, batch: Sequence[_Read]) -> None:
        async with self._database.begin(EVERY_AGENCY) as connection:
            new = await inbox.take(connection, [one.received for one in batch])
            if new:
                await self._handle(connection, new)
        self._count(batch[0].record.topic, "handled", len(new))
        self._count(batch[0].record.topic, "repeated", len(batch) - len(new))
        if new and self._after is not None:
            self._after()

    async def _meet_fate(self, one: _Read, error: Exception, postponed: dict[TopicPartition, int]) -> None:
        if isinstance(error, Ignored):
            self._count(one.record.topic, "ignored", 1)
        elif isinstance(error, Retryable):
            self._count(one.record.topic, "retried", 1)
            postponed[_partition(one.record)] = one.record.offset
        else:
            dead = error if isinstance(error, Dead) else Dead("handler_failed", type(error).__name__)
            if dead is not error:
                telemetry.logger().error("event.failed", type=type(one.received.event).__name__, exc_info=error)
            await self._bury(one.record, dead, one.received.event.agency)

    async def _bury(self, record: Record, dead: Dead, agency: str) -> None:
        letter = DeadLetter(
            source=record.topic,
            body=record.value,
            code=dead.code,
            reason=str(dead),
            agency=agency,
            partition=record.partition,
            offset=record.offset,
            key=record.key,
            headers=json.dumps([(name, value.decode(errors="replace")) for name, value in record.headers]).replace(
                "\\u0000", ""
            ),
            traceparent=_traceparent(record),
        )
        async with self._database.begin(EVERY_AGENCY) as connection:
            await bury_record(connection, letter)
        self._count(record.topic, "dead", 1)
        telemetry.logger().error("event.dead", topic=record.topic, offset=record.offset, code=dead.code)
        self._dead_in_a_row += 1
        if self._dead_in_a_row >= MOST_DEAD_IN_A_ROW:
            self._dead_in_a_row = 0
            raise TooManyDead(TooManyDead.__doc__)

    def _postpone(self, consumer: AIOKafkaConsumer, partition: TopicPartition, offset: int) -> None:
        _, pause = self._paused.get(partition, (0.0, SHORTEST_PAUSE_SECONDS / 2))
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        self._paused[partition] = (time.monotonic() + pause, pause)
        with contextlib.suppress(IllegalStateError):
            consumer.seek(partition, offset)
            consumer.pause(partition)

    def _resume(self, consumer: AIOKafkaConsumer) -> None:
        now = time.monotonic()
        for partition, (until, _) in self._paused.items():
            if until <= now and partition in consumer.paused():
                with contextlib.suppress(IllegalStateError):
                    consumer.resume(partition)

    def _count(self, topic: str, fate: str, number: int) -> None:
        if number:
            telemetry.EVENTS_HANDLED.labels(self._group, topic, fate).inc(number)

    def _new_consumer(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            bootstrap_servers=self._settings.bootstrap,
            client_id=f"parley-{self._group}",
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            fetch_max_wait_ms=self._settings.fetch_max_wait_ms,
            max_poll_interval_ms=300_000,
            session_timeout_ms=self._settings.session_timeout_ms,
            heartbeat_interval_ms=max(self._settings.session_timeout_ms // 5, 1000),
            retry_backoff_ms=100,
            metadata_max_age_ms=30_000,
        )


class _Assigned(ConsumerRebalanceListener):  # type: ignore[misc]
    """Looks at every partition that this member is given, before it reads from it."""

    def __init__(self, consumer: AIOKafkaConsumer, positions: Positions, incarnation: str) -> None:
        self._consumer = consumer
        self._positions = positions
        self._incarnation = incarnation
        self.error: Exception | None = None
        self.looks = 0
        """How often partitions were taken or given so far."""
        self.looking = False

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        """Nothing to save: offsets are committed after every batch."""
        self.looks += 1
        self.looking = True

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        self.looks += 1
        try:
            await self._positions.check(self._consumer, assigned, self._incarnation)
        except Exception as error:  # the client swallows what a listener raises; the loop must not
            self.error = error
        finally:
            self.looking = False


async def _read_again(
    consumer: AIOKafkaConsumer, found: dict[TopicPartition, list[Record]], early: set[TopicPartition]
) -> dict[TopicPartition, list[Record]]:
    """Go back to the committed offsets of ``early``; what was found in the other partitions."""
    for partition in early & consumer.assignment():
        # Not ``seek_to_committed``: that passes over an offset of 0.
        offset = await consumer.committed(partition)
        with contextlib.suppress(IllegalStateError):
            consumer.seek(partition, offset or 0)
    return {partition: records for partition, records in found.items() if partition not in early}


async def _stop(consumer: AIOKafkaConsumer) -> None:
    with contextlib.suppress(KafkaError, OSError, TimeoutError):
        async with asyncio.timeout(STOP_SECONDS):
            await consumer.stop()


def _traceparent(record: Record) -> str | None:
    value = dict(record.headers).get("traceparent")
    return value.decode("ascii", "ignore").replace("\x00", "") if value else None


def _partition(record: Record) -> TopicPartition:
    return TopicPartition(record.topic, record.partition)


__all__ = ["Consumer", "Handle", "NewIncarnation", "PositionsLost", "TooManyDead"]
