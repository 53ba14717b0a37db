"""Events in: from a batch of records to handlers, in the transaction that the consumer runtime owns and commits.

The publisher hears its own events as well: what it put into its outbox is told to subscribers when it comes back.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.publisher import handlers, record
from services.publisher.adapters.callback_secrets import CallbackVault
from services.publisher.adapters.interests import Interests
from services.publisher.adapters.store.audience import PostgresAudience
from services.publisher.adapters.store.duties import Duties
from services.publisher.adapters.store.receipts import Receipts
from services.publisher.domain.publications import Nature
from services.publisher.ports import Work
from shared import topics
from shared.clock import Clock, utc_now
from shared.cloudevents import Received
from shared.database import Database
from shared.events import (
    AccountConnected,
    AccountDisabled,
    ModerationOrdered,
    ReplyUndelivered,
    ResponseApproved,
    ResponseCorrected,
    ResponseRetracted,
)
from shared.kafka import Consumer, Handle
from shared.settings import KafkaSettings

GROUP = "publisher"
TOPICS = (topics.RESPONSES, topics.ACCOUNTS, topics.PUBLICATIONS, topics.CASES, topics.COMMENTS)


def handler(natures: Mapping[str, Nature], *others: Handle, clock: Clock = utc_now) -> Handle:
    """What the runtime calls with the new events of a batch. Our own events about accounts are passed by.

    Responses come before what is to be done to them, as in the order of a thread. ``others`` are handed the same batch
    in the same transaction.
    """

    async def handle(connection: AsyncConnection, received: Sequence[Received]) -> None:
        work = Duties(connection, clock)
        connected = [one.event for one in received if isinstance(one.event, AccountConnected)]
        approved = [(one.event, one.traceparent) for one in received if isinstance(one.event, ResponseApproved)]
        await handlers.on_account_connected(connected, work)
        await handlers.on_response_approved(approved, work)
        await _put_right(received, work, natures)
        disabled = [one.event for one in received if isinstance(one.event, AccountDisabled)]
        await handlers.on_account_disabled(disabled, work)
        missed = [one.event for one in received if isinstance(one.event, ReplyUndelivered)]
        await handlers.on_reply_undelivered(missed, work)
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


async def _put_right(received: Sequence[Received], work: Work, natures: Mapping[str, Nature]) -> None:
    for one in received:
        match one.event:
            case ResponseRetracted() as event:
                await handlers.on_response_retracted(event, work)
            case ResponseCorrected() as event:
                await handlers.on_response_corrected(event, work, natures)
            case ModerationOrdered() as event:
                await handlers.on_moderation_ordered(event, one.traceparent, work)


def teller(vault: CallbackVault, *, first_wait: float = 0.0) -> Handle:
    """What tells subscribers of the new events of a batch; ``first_wait`` is the seconds before a first delivery."""

    async def tell(connection: AsyncConnection, received: Sequence[Received]) -> None:
        audience = PostgresAudience(connection, vault, first_wait)
        await handlers.on_anything_told([(one.event, one.event_id) for one in received], audience)

    return tell


def consumer(
    database: Database,
    kafka: KafkaSettings,
    natures: Mapping[str, Nature],
    after: Callable[[], None],
    *others: Handle,
    interests: Interests,
) -> Consumer:
    """The publisher's consumer; calls ``after`` once new duties are committed, and passes over what is no duty of ours
    and nobody wants to be told."""
    return Consumer(GROUP, TOPICS, database, kafka, handler(natures, *others), after=after, wanted=interests.wanted)
