"""Offsets are believed only of the broker that gave them."""

import asyncio

import pytest

from shared import broker as brokers
from shared.database import Database
from shared.kafka import Consumer, NewIncarnation, PositionsLost
from shared.topics import Topic
from tests.shared.builders import (
    effects,
    ended,
    event,
    execute,
    record,
    rows,
    running,
    send,
    shared_database,
    until,
    write_effects,
)
from tests.support.broker import EMBEDDED, Broker, broker, create, fresh_topic, new_broker

pytestmark = pytest.mark.asyncio


def consumer(database: Database, on: Broker, topic: Topic, *, volatile: bool) -> Consumer:
    return Consumer(f"of {topic.name}", [topic], database, on.settings(volatile=volatile), write_effects)


async def handled(database: Database, number: int) -> None:
    async def enough() -> bool:
        return len(await effects(database)) >= number

    await until(enough, f"{number} events are handled")


async def test_a_volatile_broker_that_came_back_empty_is_read_from_its_beginning() -> None:
    on = new_broker(EMBEDDED)
    await asyncio.to_thread(on.start)
    topic = Topic("test.came-back", (), partitions=1)
    sent = [record(topic, event(number)) for number in range(30)]
    async with shared_database() as database:
        await create(on, topic)
        before = await brokers.cluster_id(on.bootstrap)
        await send(on, *sent[:10])
        async with running(consumer(database, on, topic, volatile=True).run) as standing_at_ten:
            await handled(database, 10)
            await asyncio.to_thread(on.kill)
            await asyncio.to_thread(on.start)
            assert await brokers.cluster_id(on.bootstrap) != before
            await create(on, topic)
            # Past 10 on the new broker lies what the old one never had; before 10 lies more of it.
            await send(on, *sent[20:30], *sent[:20])
            failure = await ended(standing_at_ten)
            assert isinstance(failure, Exception), failure
        async with running(consumer(database, on, topic, volatile=True).run):
            await handled(database, 30)
        found = await effects(database)
        assert found[:10] == [str(number) for number in range(10)]
        assert sorted(found, key=int) == [str(number) for number in range(30)]
    await asyncio.to_thread(on.stop)


async def test_a_broker_that_is_another_one_now_ends_the_consumer() -> None:
    on = new_broker(EMBEDDED)
    await asyncio.to_thread(on.start)
    topic = Topic("test.another", (), partitions=1)
    async with shared_database() as database:
        await create(on, topic)
        async with running(consumer(database, on, topic, volatile=True).run) as loop:
            await send(on, record(topic, event(0)))
            await handled(database, 1)
            await asyncio.to_thread(on.kill)
            await asyncio.to_thread(on.start)
            await create(on, topic)
            failure = await ended(loop)
            assert isinstance(failure, NewIncarnation | Exception)
            assert not isinstance(failure, PositionsLost)
    await asyncio.to_thread(on.stop)


async def test_a_group_that_reads_for_the_first_time_begins_at_the_beginning() -> None:
    on = broker()
    topic = await fresh_topic(on)
    async with shared_database() as database:
        await send(on, *(record(topic, event(number)) for number in range(5)))
        async with running(consumer(database, on, topic, volatile=False).run):
            await handled(database, 5)
        markers = await rows(database, "SELECT topic, partition, cluster_id FROM consumer_marker")
        assert markers == [(topic.name, 0, await brokers.cluster_id(on.bootstrap))]


@pytest.mark.parametrize("before", ["the same", "another"])
async def test_on_a_durable_broker_lost_offsets_are_refused(before: str) -> None:
    on = broker()
    topic = await fresh_topic(on)
    known = await brokers.cluster_id(on.bootstrap) if before == "the same" else "another"
    async with shared_database() as database:
        await refused(database, on, topic, known)


async def test_what_was_refused_is_read_once_a_person_has_decided() -> None:
    on = broker()
    topic = await fresh_topic(on)
    async with shared_database() as database:
        await refused(database, on, topic, "another")
        await execute(database, "DELETE FROM consumer_marker")
        async with running(consumer(database, on, topic, volatile=False).run):
            await handled(database, 1)


async def refused(database: Database, on: Broker, topic: Topic, known: str) -> None:
    """A group that knew ``topic`` of the broker ``known`` finds its offsets gone, and handles nothing."""
    await send(on, record(topic, event(0)))
    await execute(database, "INSERT INTO consumer_marker VALUES (:topic, 0, :known)", topic=topic.name, known=known)
    reading = consumer(database, on, topic, volatile=False)
    async with running(reading.run) as loop:
        failure = await ended(loop)
    assert isinstance(failure, PositionsLost)
    assert topic.name in str(failure)
    assert "consumer_marker" in str(failure)
    assert not reading.ready
    assert await effects(database) == []
