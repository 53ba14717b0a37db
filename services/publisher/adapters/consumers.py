"""Events in: from a batch of records to handlers, in the transaction that the consumer runtime owns and commits.

The publisher hears its own events as well: what it put into its outbox is told to subscribers when it comes back.
"""

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.publisher import handlers
from services.publisher.adapters.callback_secrets import CallbackVault
from services.publisher.adapters.interests import Interests
from services.publisher.adapters.store.audience import PostgresAudience
from services.publisher.adapters.store.duties import Duties
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
    ResponseApproved,
    ResponseCorrected,
    ResponseRetracted,
)
from shared.kafka import Consumer, Handle
from shared.settings import KafkaSettings

GROUP = "publisher"
TOPICS = (topics.RESPONSES, topics.ACCOUNTS, topics.PUBLICATIONS, topics.CASES, topics.COMMENTS)


def handler(natures: Mapping[str, Nature], clock: Clock = utc_now) -> Handle:
    """What the runtime calls with the new events of a batch. Our own events about accounts are passed by.

    Responses come before what is to be done to them, as in the order of a thread.
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
    *,
    tell: Handle,
    interests: Interests,
) -> Consumer:
    """The publisher's consumer; calls ``after`` once new duties are committed, and passes over what is no duty of ours
    and nobody wants to be told."""
    take_on = handler(natures)

    async def handle(connection: AsyncConnection, received: Sequence[Received]) -> None:
        await take_on(connection, received)
        await tell(connection, received)

    return Consumer(GROUP, TOPICS, database, kafka, handle, after=after, wanted=interests.wanted)
