"""Events in: from a batch of records to handlers, in the transaction that the consumer runtime owns and commits.

The publisher hears its own events as well: what it put into its outbox is told to subscribers when it comes back.
"""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.publisher import handlers
from services.publisher.adapters.bell import Bell
from services.publisher.adapters.callback_secrets import CallbackVault
from services.publisher.adapters.interests import Interests
from services.publisher.adapters.store.audience import PostgresAudience
from services.publisher.adapters.store.duties import Duties
from shared import topics
from shared.clock import Clock, utc_now
from shared.cloudevents import Received
from shared.database import Database
from shared.events import AccountConnected, ResponseApproved
from shared.kafka import Consumer, Handle
from shared.settings import KafkaSettings

GROUP = "publisher"
TOPICS = (topics.RESPONSES, topics.ACCOUNTS, topics.PUBLICATIONS, topics.CASES, topics.COMMENTS)


def handler(vault: CallbackVault, *, first_wait: float = 0.0, clock: Clock = utc_now) -> Handle:
    """What the runtime calls with the new events of a batch; ``first_wait`` is the seconds before a first delivery."""

    async def handle(connection: AsyncConnection, received: Sequence[Received]) -> None:
        work = Duties(connection, clock)
        connected = [one.event for one in received if isinstance(one.event, AccountConnected)]
        approved = [(one.event, one.traceparent) for one in received if isinstance(one.event, ResponseApproved)]
        await handlers.on_account_connected(connected, work)
        await handlers.on_response_approved(approved, work)
        audience = PostgresAudience(connection, vault, first_wait)
        await handlers.on_anything_told([(one.event, one.event_id) for one in received], audience)

    return handle


def consumer(
    database: Database, kafka: KafkaSettings, handle: Handle, bells: Sequence[Bell], interests: Interests
) -> Consumer:
    """The publisher's consumer; rings once new duties are committed, and passes over what nobody wants to be told."""

    def ring() -> None:
        for bell in bells:
            bell.ring()

    return Consumer(GROUP, TOPICS, database, kafka, handle, after=ring, wanted=interests.wanted)
