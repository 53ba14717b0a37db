"""Events in: from a batch of records to handlers, in the transaction that the consumer runtime owns and commits."""

from collections.abc import Collection, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.publisher import handlers, record
from services.publisher.adapters.bell import Bell
from services.publisher.adapters.store.duties import Duties
from services.publisher.adapters.store.receipts import Receipts
from shared import topics
from shared.clock import Clock, utc_now
from shared.cloudevents import Received
from shared.database import Database
from shared.events import AccountConnected, ResponseApproved
from shared.kafka import Consumer, Handle
from shared.settings import KafkaSettings

GROUP = "publisher"
TOPICS = (topics.RESPONSES, topics.ACCOUNTS, topics.CASES, topics.PUBLICATIONS)


def handler(clock: Clock = utc_now, *others: Handle) -> Handle:
    """What the runtime calls with the new events of a batch; ``others`` are handed the same, in the same transaction.

    Our own events about accounts are passed by.
    """

    async def handle(connection: AsyncConnection, received: Sequence[Received]) -> None:
        work = Duties(connection, clock)
        connected = [one.event for one in received if isinstance(one.event, AccountConnected)]
        approved = [(one.event, one.traceparent) for one in received if isinstance(one.event, ResponseApproved)]
        await handlers.on_account_connected(connected, work)
        await handlers.on_response_approved(approved, work)
        for other in others:
            await other(connection, received)

    return handle


def keeping_record(key: bytes, measured: Collection[str]) -> Handle:
    """What keeps receipts, the record and the timers of reach.

    ``key`` is what receipts' ids are made with, ``measured`` are the platforms that tell how far a post has come.
    """

    async def handle(connection: AsyncConnection, received: Sequence[Received]) -> None:
        await record.on_events([one.event for one in received], Receipts(connection, key, measured))

    return handle


def consumer(database: Database, kafka: KafkaSettings, bell: Bell, *others: Handle) -> Consumer:
    """The publisher's consumer; rings once new duties are committed."""
    return Consumer(GROUP, TOPICS, database, kafka, handler(utc_now, *others), after=bell.ring)
