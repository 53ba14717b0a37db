"""The consumer against the real broker: a batch, one transaction, then the offsets, whatever happens in between."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.cloudevents import Received
from shared.database import Database
from shared.errors import Dead, Ignored, Retryable
from shared.events import AccountRestored
from shared.ids import uuid7
from shared.kafka import MOST_DEAD_IN_A_ROW, Consumer, Handle, TooManyDead, Wanted
from shared.topics import Topic
from tests.shared.builders import (
    Killed,
    Record,
    effects,
    ended,
    event,
    record,
    rows,
    running,
    send,
    shared_database,
    until,
    write_effects,
)
from tests.shared.switch import switch_to
from tests.support.broker import broker, fresh_topic
from tests.support.tables import fresh_shared_database, open_database

pytestmark = pytest.mark.asyncio


def consumer(
    database: Database,
    topic: Topic,
    handle: Handle = write_effects,
    after: Callable[[], None] | None = None,
    wanted: Wanted | None = None,
) -> Consumer:
    """A member of the group of its topic."""
    return Consumer(f"of {topic.name}", [topic], database, broker().settings(), handle, after, wanted)


async def has_effects(database: Database, number: int) -> None:
    async def enough() -> bool:
        return len(await effects(database)) >= number

    await until(enough, f"{number} events are handled")


def failing_on(raised: dict[str, Exception]) -> Handle:
    """A handler that raises for some events, after it began to write the batch."""

    async def handle(connection: AsyncConnection, received: Sequence[Received]) -> None:
        for one in received:
            await write_effects(connection, [one])
            assert isinstance(one.event, AccountRestored)
            if one.event.account in raised:
                raise raised[one.event.account]

    return handle


def with_headers(topic: Topic, number: int, **changed: bytes | None) -> Record:
    name, key, value, headers = record(topic, event(number))
    merged: dict[str, bytes | None] = {**dict(headers), **changed}
    return name, key, value, [(header, given) for header, given in merged.items() if given is not None]


async def test_a_batch_is_one_transaction_and_the_order_is_kept() -> None:
    topic = await fresh_topic(broker())
    batches: list[int] = []
    transactions: set[str] = set()

    async def handle(connection: AsyncConnection, received: Sequence[Received]) -> None:
        batches.append(len(received))
        transactions.add(str((await connection.execute(text("SELECT pg_current_xact_id()"))).scalar_one()))
        await write_effects(connection, received)

    await send(broker(), *(record(topic, event(number)) for number in range(200)))
    async with shared_database() as database, running(consumer(database, topic, handle).run):
        await has_effects(database, 200)
        assert await effects(database) == [str(number) for number in range(200)]
    assert len(batches) == len(transactions) < 10


async def test_a_second_delivery_changes_nothing() -> None:
    topic = await fresh_topic(broker())
    ids = [uuid7() for _ in range(10)]
    again = [record(topic, event(number), event_id=ids[number]) for number in range(10)]
    async with shared_database() as database, running(consumer(database, topic).run):
        # Twice in one batch, and once more in a later one, in another order.
        await send(broker(), *again, *again)
        await has_effects(database, 10)
        await send(broker(), *reversed(again), record(topic, event(10)))
        await has_effects(database, 11)
        assert await effects(database) == [str(number) for number in range(11)]


async def test_what_is_not_wanted_is_passed_over_and_left_behind() -> None:
    topic = await fresh_topic(broker())

    async def even(records: Sequence[Any]) -> Sequence[Any]:
        return [record for record in records if b'"account":"' in record.value and record.offset % 2 == 0]

    await send(broker(), *(record(topic, event(number)) for number in range(10)))
    async with shared_database() as database:
        async with running(consumer(database, topic, wanted=even).run):
            await has_effects(database, 5)
        await send(broker(), record(topic, event(10)))
        async with running(consumer(database, topic).run):
            await has_effects(database, 6)
        assert await effects(database) == ["0", "2", "4", "6", "8", "10"]
        assert len(await rows(database, "SELECT event_id FROM inbox")) == 6


async def test_a_consumer_killed_before_it_committed_its_offsets_handles_nothing_twice() -> None:
    topic = await fresh_topic(broker())

    def die() -> None:
        raise Killed

    handled: list[int] = []

    async def handle(connection: AsyncConnection, received: Sequence[Received]) -> None:
        handled.append(len(received))
        await write_effects(connection, received)

    async with shared_database() as database:
        await send(broker(), *(record(topic, event(number)) for number in range(10)))
        async with running(consumer(database, topic, handle, after=die).run) as dying:
            assert isinstance(await ended(dying), Killed)
        assert len(await effects(database)) == 10
        await send(broker(), record(topic, event(10)))
        async with running(consumer(database, topic, handle).run):
            await has_effects(database, 11)
        assert await effects(database) == [str(number) for number in range(11)]
        assert sum(handled) == 11


async def test_poison_records_become_dead_letters_and_the_rest_is_handled() -> None:
    topic = await fresh_topic(broker())
    poison: dict[str, Record] = {
        "invalid_data": (topic.name, b"k", b'{"agency": "pass\x00', with_headers(topic, 1)[3]),
        "wrong_version": with_headers(topic, 2, ce_dataschema=b"urn:parley:event:AccountRestored:9"),
        "unknown_type": with_headers(topic, 3, ce_type=b"AccountSung"),
        "no_attribute": with_headers(topic, 4, ce_id=None),
        "no_value": (topic.name, b"k", None, with_headers(topic, 5)[3]),  # type: ignore[dict-item]
        "invalid_id": with_headers(topic, 6, ce_id=b"\x00"),
        "wrong_specversion": with_headers(topic, 7, ce_specversion=b"0.3"),
    }
    async with shared_database() as database, running(consumer(database, topic).run):
        await send(broker(), record(topic, event(100)), *poison.values(), record(topic, event(101)))
        await has_effects(database, 2)

        async def buried() -> bool:
            return len(await rows(database, "SELECT 1 FROM dead_letter")) == len(poison)

        await until(buried, "all poison is set aside")
        letters = await rows(database, "SELECT * FROM dead_letter ORDER BY record_offset")
        assert [letter.code for letter in letters] == list(poison)
        assert [letter.body for letter in letters] == [sent[2] for sent in poison.values()]
        assert [letter.key for letter in letters] == [sent[1] for sent in poison.values()]
        assert {letter.source for letter in letters} == {topic.name}
        assert [letter.record_offset for letter in letters] == list(range(1, len(poison) + 1))
        assert all(letter.reason for letter in letters)
        announced = await rows(database, "SELECT * FROM outbox ORDER BY seq")
        assert [one.payload["code"] for one in announced] == list(poison)
        assert {(one.aggregatetype, one.type) for one in announced} == {(topic.dead, "MessageDied")}
        assert [one.payload["dead_letter"] for one in announced] == [letter.id for letter in letters]
        assert await effects(database) == ["100", "101"]


async def test_poison_that_comes_again_is_the_same_dead_letter() -> None:
    topic = await fresh_topic(broker())
    poison = with_headers(topic, 1, ce_type=b"AccountSung")
    bug = record(topic, event(2))
    async with shared_database() as database:
        async with running(consumer(database, topic, failing_on({"2": KeyError("a bug")})).run):
            await send(broker(), poison, bug, poison, bug, record(topic, event(3)))
            await has_effects(database, 1)
        letters = await rows(database, "SELECT code FROM dead_letter ORDER BY record_offset")
        assert [letter.code for letter in letters] == ["unknown_type", "handler_failed"]
        assert len(await rows(database, "SELECT 1 FROM outbox")) == 2


async def test_a_dead_letter_keeps_the_trace_that_leads_to_it() -> None:
    topic = await fresh_topic(broker())
    trace = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    handle = failing_on({"2": KeyError("a bug")})
    async with shared_database() as database, running(consumer(database, topic, handle).run):
        unreadable = with_headers(topic, 1, ce_type=b"AccountSung", traceparent=trace)
        await send(broker(), unreadable, with_headers(topic, 2, traceparent=trace), record(topic, event(3)))
        await has_effects(database, 1)
        letters = await rows(database, "SELECT code, traceparent FROM dead_letter ORDER BY record_offset")
        assert letters == [("unknown_type", trace.decode()), ("handler_failed", trace.decode())]


async def test_a_bug_on_one_record_isolates_it_and_its_neighbours_are_handled_once_in_order() -> None:
    topic = await fresh_topic(broker())
    handle = failing_on({"33": ZeroDivisionError("canary"), "34": Dead("no_such_case", "there is no such case")})
    async with shared_database() as database:
        await send(broker(), *(record(topic, event(number)) for number in range(64)))
        async with running(consumer(database, topic, handle).run):
            await has_effects(database, 62)
            assert await effects(database) == [str(number) for number in range(64) if number not in (33, 34)]
            letters = await rows(database, "SELECT code, reason, agency FROM dead_letter ORDER BY record_offset")
            assert letters == [
                ("handler_failed", "ZeroDivisionError", "passports"),
                ("no_such_case", "there is no such case", "passports"),
            ]


async def test_what_is_not_for_us_is_passed_by() -> None:
    topic = await fresh_topic(broker())
    async with shared_database() as database:
        await send(broker(), *(record(topic, event(number)) for number in range(3)))
        async with running(consumer(database, topic, failing_on({"1": Ignored()})).run):
            await has_effects(database, 2)
            assert await effects(database) == ["0", "2"]
            assert await rows(database, "SELECT 1 FROM dead_letter") == []


async def test_what_cannot_be_handled_now_holds_its_own_partition_only() -> None:
    topic = await fresh_topic(broker(), partitions=2)
    first, second = _keys_of_both_partitions()
    not_now: dict[str, Exception] = {"1": Retryable("the policy is not adopted yet")}
    async with shared_database() as database, running(consumer(database, topic, failing_on(not_now)).run):
        await send(broker(), *(record(topic, event(number, key=first)) for number in range(4)))
        await send(broker(), *(record(topic, event(number, key=second)) for number in range(10, 14)))
        await has_effects(database, 5)
        await asyncio.sleep(1)
        assert sorted(await effects(database), key=int) == ["0", "10", "11", "12", "13"]
        await send(broker(), record(topic, event(14, key=second)))
        await has_effects(database, 6)
        not_now.clear()
        await has_effects(database, 9)
        found = await effects(database)
        assert [one for one in found if int(one) < 10] == ["0", "1", "2", "3"]
        assert [one for one in found if int(one) >= 10] == ["10", "11", "12", "13", "14"]
        assert await rows(database, "SELECT 1 FROM dead_letter") == []


async def test_while_the_database_is_away_nothing_dies_and_then_all_is_handled_once() -> None:
    topic = await fresh_topic(broker())
    url = make_url((await fresh_shared_database()).working)
    assert url.port is not None
    async with switch_to(url.port) as switch:
        database = open_database(url.set(port=switch.port).render_as_string(hide_password=False))
        made = consumer(database, topic)
        async with running(made.run) as loop:
            await send(broker(), record(topic, event(0)))
            await has_effects(database, 1)
            switch.cut()
            await send(broker(), *(record(topic, event(number)) for number in range(1, 30)))
            await asyncio.sleep(1.5)
            assert not loop.done()
            switch.mend(url.port)
            await has_effects(database, 30)
            assert await effects(database) == [str(number) for number in range(30)]
            assert await rows(database, "SELECT 1 FROM dead_letter") == []
        await database.close()


async def test_when_everything_dies_the_consumer_stops_and_says_so() -> None:
    topic = await fresh_topic(broker())

    async def broken(_: AsyncConnection, __: Sequence[Received]) -> None:
        raise AttributeError("a bug of ours")

    async with shared_database() as database:
        await send(broker(), *(record(topic, event(number)) for number in range(3 * MOST_DEAD_IN_A_ROW)))
        made = consumer(database, topic, broken)
        async with running(made.run) as loop:
            assert isinstance(await ended(loop), TooManyDead)
        assert not made.ready
        assert len(await rows(database, "SELECT 1 FROM dead_letter")) == MOST_DEAD_IN_A_ROW


async def test_a_second_member_in_the_midst_of_a_batch_leads_to_no_second_effect() -> None:
    topic = await fresh_topic(broker(), partitions=6)
    started = asyncio.Event()

    async def slow(connection: AsyncConnection, received: Sequence[Received]) -> None:
        started.set()
        await asyncio.sleep(3)
        await write_effects(connection, received)

    records = [record(topic, event(number, key=f"key-{number % 24}")) for number in range(240)]
    async with shared_database(pool_size=4) as first, _same(first) as second:
        await send(broker(), *records[:120])
        async with running(consumer(first, topic, slow).run):
            await asyncio.wait_for(started.wait(), 20)
            async with running(consumer(second, topic).run) as joined:
                await send(broker(), *records[120:])
                await has_effects(first, 240)
                assert not joined.done()
                await asyncio.sleep(1)
        found = await effects(first)
        assert sorted(found, key=int) == [str(number) for number in range(240)]
        for key in range(24):
            of_one_key = [int(one) for one in found if int(one) % 24 == key]
            assert of_one_key == sorted(of_one_key)


async def test_a_consumer_tells_when_it_is_ready() -> None:
    topic = await fresh_topic(broker())
    async with shared_database() as database:
        made = consumer(database, topic)
        assert not made.ready
        async with running(made.run):

            async def ready() -> bool:
                return made.ready

            await until(ready, "it has its partitions")
        assert not made.ready


@asynccontextmanager
async def _same(database: Database) -> AsyncIterator[Database]:
    """Another pool on the same database, as another process would have."""
    other = open_database(database.engine.url.render_as_string(hide_password=False), pool_size=4)
    try:
        yield other
    finally:
        await other.close()


def _keys_of_both_partitions() -> tuple[str, str]:
    """Two keys that the producer sends to different partitions of two."""
    keys = {zlib.crc32(key.encode()) % 2: key for key in ("a", "b", "c", "d")}
    return keys[0], keys[1]
