"""From a transaction to the broker: nothing that was not committed, everything that was, in order, again if need be."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from aiokafka import AIOKafkaConsumer
from sqlalchemy import text

from shared.cloudevents import LARGEST_EVENT_BYTES, read
from shared.database import EVERY_AGENCY, Database
from shared.errors import Dead
from shared.kafka import Consumer
from shared.lease import Lease
from shared.outbox import CHANNEL, stage
from shared.producer import Producer
from shared.relay import BATCH, Outgoing, Relay, send_again
from shared.settings import KafkaSettings
from shared.supervision import Supervisor
from shared.topics import Topic
from shared.wakeup import Wakeup
from tests.shared.builders import (
    Killed,
    Record,
    effects,
    ended,
    event,
    execute,
    rows,
    running,
    shared_database,
    until,
    write_effects,
)
from tests.support.broker import EMBEDDED, broker, create, fresh_topic, new_broker

pytestmark = pytest.mark.asyncio

NOWHERE = KafkaSettings(bootstrap="127.0.0.1:1")
TOPIC = "parley.accounts"


class Sink:
    """Takes what a relay sends."""

    def __init__(self) -> None:
        self.batches: list[list[Record]] = []
        self.release = asyncio.Event()
        self.release.set()

    @property
    def accounts(self) -> list[str]:
        """The accounts of the events, in the order of arrival."""
        return [read(headers, value).event.account for batch in self.batches for _, _, value, headers in batch]  # type: ignore[attr-defined]

    async def send(self, records: Sequence[Record]) -> None:
        self.batches.append(list(records))
        await self.release.wait()


class DiesAfterSending:
    """Sends for real, and is dead before the relay can note it."""

    def __init__(self, to: Outgoing) -> None:
        self._to = to

    async def send(self, records: Sequence[Record]) -> None:
        await self._to.send(records)
        raise Killed


def relay(database: Database, outgoing: Outgoing, kafka: KafkaSettings = NOWHERE) -> Relay:
    wakeup = Wakeup(database.engine.url.render_as_string(hide_password=False), CHANNEL, "shared")
    return Relay("shared", database, outgoing, wakeup, kafka=kafka, retention_hours=48)


async def stage_numbers(database: Database, numbers: Sequence[int], topic: str = TOPIC) -> None:
    async with database.begin(EVERY_AGENCY) as connection:
        await stage(connection, [event(number) for number in numbers], topic=topic)


async def unsent(database: Database) -> int:
    return len(await rows(database, "SELECT 1 FROM outbox WHERE sent_at IS NULL"))


async def all_sent(database: Database) -> None:
    async def nothing_waits() -> bool:
        return await unsent(database) == 0

    await until(nothing_waits, "the outbox is empty")


async def records_in(bootstrap: str, topic: Topic) -> list[str]:
    """The accounts of all events in a topic of one partition."""
    consumer = AIOKafkaConsumer(
        topic.name, bootstrap_servers=bootstrap, auto_offset_reset="earliest", fetch_max_wait_ms=20
    )
    await consumer.start()
    try:
        found: list[str] = []
        while batch := await consumer.getmany(timeout_ms=700):
            found += [read(r.headers, r.value).event.account for part in batch.values() for r in part]  # type: ignore[attr-defined]
        return found
    finally:
        await consumer.stop()


class TestStaging:
    async def test_a_transaction_that_is_rolled_back_stages_nothing(self) -> None:
        async with shared_database() as database:
            with pytest.raises(LookupError):  # noqa: PT012
                async with database.begin(EVERY_AGENCY) as connection:
                    await stage(connection, [event(1)])
                    raise LookupError
            assert await rows(database, "SELECT 1 FROM outbox") == []

    async def test_events_are_staged_in_order_with_what_the_wire_needs(self) -> None:
        async with shared_database() as database:
            trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
            async with database.begin(EVERY_AGENCY) as connection:
                await stage(connection, [event(number, key="k") for number in range(50)], [trace] * 50)
            found = await rows(database, "SELECT * FROM outbox ORDER BY seq")
            assert [row.payload["account"] for row in found] == [str(number) for number in range(50)]
            assert {row.aggregatetype for row in found} == {TOPIC}
            assert {row.aggregateid for row in found} == {"k"}
            assert {row.type for row in found} == {"AccountRestored"}
            assert {row.traceparent for row in found} == {trace}
            assert len({row.id for row in found}) == 50

    async def test_staging_nothing_asks_the_database_nothing(self) -> None:
        async with shared_database() as database, database.begin(EVERY_AGENCY) as connection:
            await stage(connection, [])

    async def test_an_event_that_no_broker_takes_is_dead_before_it_is_staged(self) -> None:
        async with shared_database() as database:
            large = event(1).model_copy(update={"account": "ඇ" * (LARGEST_EVENT_BYTES // 3)})
            with pytest.raises(Dead) as dead:
                async with database.begin(EVERY_AGENCY) as connection:
                    await stage(connection, [event(0), large])
            assert dead.value.code == "too_large"
            assert await rows(database, "SELECT 1 FROM outbox") == []

    async def test_an_agency_cannot_stage_in_anothers_name(self) -> None:
        async with shared_database() as database:
            with pytest.raises(Exception, match="row-level security"):
                async with database.begin(["central-bank"]) as connection:
                    await stage(connection, [event(1, agency="passports")])


class TestRelay:
    async def test_committed_events_are_sent_once_in_order(self) -> None:
        async with shared_database() as database:
            sink = Sink()
            await stage_numbers(database, range(BATCH + 50))
            async with running(relay(database, sink).run):
                await all_sent(database)
                await stage_numbers(database, range(BATCH + 50, BATCH + 60))
                await all_sent(database)
            assert sink.accounts == [str(number) for number in range(BATCH + 60)]
            assert {record[0] for batch in sink.batches for record in batch} == {TOPIC}

    async def test_a_lower_number_that_commits_later_is_sent_too(self) -> None:
        async with shared_database() as database:
            sink = Sink()
            async with running(relay(database, sink).run), database.begin(EVERY_AGENCY) as slow:
                await stage(slow, [event(1)])
                await stage_numbers(database, [2])
                await all_sent(database)
                assert sink.accounts == ["2"]
                await slow.commit()
                await all_sent(database)
            assert sink.accounts == ["2", "1"]
            seqs = await rows(database, "SELECT seq FROM outbox ORDER BY sent_at")
            assert seqs[0].seq > seqs[1].seq

    async def test_a_commit_wakes_the_relay(self) -> None:
        async with shared_database() as database:
            sink = Sink()
            wakeup = Wakeup(database.engine.url.render_as_string(hide_password=False), CHANNEL, "shared")
            made = Relay("shared", database, sink, wakeup, kafka=NOWHERE, retention_hours=48)
            async with running(wakeup.run), running(made.run):
                await stage_numbers(database, [0])
                await all_sent(database)
                waits = []
                for number in range(1, 6):
                    await asyncio.sleep(0.05)
                    began = asyncio.get_running_loop().time()
                    await stage_numbers(database, [number])
                    await all_sent(database)
                    waits.append(asyncio.get_running_loop().time() - began)
            assert sorted(waits)[2] < 0.4, "it slept through the notification"

    async def test_of_two_relays_only_one_sends(self) -> None:
        async with shared_database(pool_size=8) as database:
            first, second = Sink(), Sink()
            async with running(relay(database, first).run), running(relay(database, second).run):
                for start in range(0, 40, 10):
                    await stage_numbers(database, range(start, start + 10))
                    await all_sent(database)
            sent = [sink.accounts for sink in (first, second)]
            assert sorted(sent, key=len) == [[], [str(number) for number in range(40)]]

    async def test_when_one_relay_ends_the_other_takes_over_at_once(self) -> None:
        async with shared_database(pool_size=8) as database:
            first, second = Sink(), Sink()
            async with running(relay(database, first).run):
                await stage_numbers(database, [1])
                await all_sent(database)
            async with running(relay(database, second).run):
                await stage_numbers(database, [2])
                await all_sent(database)
            assert (first.accounts, second.accounts) == (["1"], ["2"])

    async def test_a_relay_that_slept_too_long_marks_nothing(self) -> None:
        async with shared_database() as database:
            await stage_numbers(database, [1])
            token = await Lease(database, "relay").take()
            assert token is not None
            sleeper = Sink()
            sleeper.release.clear()
            late = asyncio.create_task(relay(database, sleeper).send_waiting(token))

            async def asleep() -> bool:
                return bool(sleeper.batches)

            await until(asleep, "the old relay holds a batch")
            await execute(database, "UPDATE lease SET until = clock_timestamp() - interval '1 second'")
            successor = await Lease(database, "relay").take()
            assert successor is not None
            assert successor > token
            sleeper.release.set()
            await late
            assert await unsent(database) == 1
            assert await relay(database, Sink()).send_waiting(successor) == 1
            assert await unsent(database) == 0

    async def test_what_was_sent_stays_for_a_replay(self) -> None:
        async with shared_database() as database:
            sink = Sink()
            await stage_numbers(database, range(3))
            token = await Lease(database, "relay").take()
            assert token is not None
            made = relay(database, sink)
            await made.send_waiting(token)
            assert await send_again(database, since_hours=1) == 3
            await made.send_waiting(token)
            assert sink.accounts == ["0", "1", "2"] * 2
            first, second = ([read(r[3], r[2]).event_id for r in batch] for batch in sink.batches)
            assert first == second
            assert all(isinstance(event_id, UUID) for event_id in first)

    async def test_events_that_are_older_than_asked_for_are_not_sent_again(self) -> None:
        async with shared_database() as database:
            await stage_numbers(database, range(2))
            await execute(database, "UPDATE outbox SET sent_at = clock_timestamp()")
            await execute(database, "UPDATE outbox SET created_at = created_at - interval '2 hours' WHERE seq % 2 = 0")
            assert await send_again(database, since_hours=1) == 1


@asynccontextmanager
async def supervised(made: Relay) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor("test", {"relay": made.run})
    supervisor.start()
    try:
        yield supervisor
    finally:
        await supervisor.stop(5)


class TestWithTheBroker:
    async def test_a_relay_killed_between_the_brokers_word_and_its_mark_sends_twice_and_is_applied_once(self) -> None:
        on = broker()
        async with shared_database(pool_size=8) as database:
            topic = await fresh_topic(on)
            await stage_numbers(database, range(10), topic.name)
            producer = Producer(on.settings(), "test")
            try:
                settings = on.settings(volatile=False)
                async with running(relay(database, DiesAfterSending(producer), settings).run) as dying:
                    assert isinstance(await ended(dying), Killed)
                assert await unsent(database) == 10
                async with running(relay(database, producer, settings).run):
                    await all_sent(database)
                await stage_numbers(database, [10], topic.name)
                async with running(relay(database, producer, settings).run):
                    await all_sent(database)
            finally:
                await producer.close()
            assert await records_in(on.bootstrap, topic) == [str(n) for n in range(10)] * 2 + ["10"]
            consumer = Consumer("once", [topic], database, on.settings(), write_effects)

            async def handled() -> bool:
                return "10" in await effects(database)

            async with running(consumer.run):
                await until(handled, "the last event is handled")
            assert await effects(database) == [str(number) for number in range(11)]

    async def test_while_the_broker_is_away_nothing_is_lost_and_later_all_is_sent_in_order(self) -> None:
        on = new_broker()
        settings = on.settings(volatile=False)
        topic = Topic("test.late", (), partitions=1)
        async with shared_database() as database:
            producer = Producer(settings, "test")
            try:
                async with supervised(relay(database, producer, settings)) as supervisor:
                    for number in range(20):
                        await stage_numbers(database, [number], topic.name)

                    async def has_failed() -> bool:
                        return bool(supervisor.failed)

                    await until(has_failed, "the relay notices that the broker is away")
                    assert await unsent(database) == 20
                    await asyncio.to_thread(on.start)
                    await create(on, topic)
                    await all_sent(database)
                assert await records_in(on.bootstrap, topic) == [str(number) for number in range(20)]
            finally:
                await producer.close()
                await asyncio.to_thread(on.stop)

    async def test_a_volatile_broker_that_forgot_everything_is_told_again(self) -> None:
        on = new_broker(EMBEDDED)
        await asyncio.to_thread(on.start)
        topic = Topic("test.forgotten", (), partitions=1)
        async with shared_database() as database:
            producer = Producer(on.settings(), "test")
            try:
                async with supervised(relay(database, producer, on.settings())):
                    await create(on, topic)
                    await stage_numbers(database, range(5), topic.name)
                    await all_sent(database)
                    await asyncio.to_thread(on.kill)
                    await asyncio.to_thread(on.start)
                    await create(on, topic)
                    await stage_numbers(database, [5], topic.name)

                    async def told_everything() -> bool:
                        found = await records_in(on.bootstrap, topic)
                        return found[-6:] == [str(number) for number in range(6)]

                    await until(told_everything, "the new broker has all six events in order")
            finally:
                await producer.close()
                await asyncio.to_thread(on.stop)


async def test_the_outbox_notifies_with_the_services_schema() -> None:
    async with shared_database() as database, database.begin(EVERY_AGENCY) as connection:
        assert (await connection.execute(text("SELECT current_schema()"))).scalar_one() == "shared"
