"""Events in: a batch becomes one unit of work in the transaction that the consumer runtime owns and commits."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy import endings, handlers
from services.policy.adapters import metrics
from services.policy.adapters.store import cases, cleared_lines, issues, orders
from services.policy.adapters.store.cleared_lines import Used
from services.policy.adapters.store.work import UnitOfWork
from services.policy.domain.clearance.cases import Thread
from services.policy.domain.clearance.cleared_lines import ClearedLine
from services.policy.domain.clearance.paths import AgencyPace
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.ports import Policies, Work
from shared import events, topics
from shared.clock import Clock, utc_now
from shared.cloudevents import Received
from shared.database import Database
from shared.events import (
    CommentDeleted,
    CommentEvent,
    CommentText,
    Event,
    ModerationEnded,
    PublicationCorrected,
    PublicationEvent,
    PublicationFailed,
    PublicationRetracted,
    PuttingRightFailed,
)
from shared.kafka import Consumer, Handle
from shared.settings import KafkaSettings

GROUP = "policy"
TOPICS = (topics.COMMENTS, topics.PUBLICATIONS)

_ENDINGS = (ModerationEnded, PublicationCorrected, PublicationFailed, PublicationRetracted, PuttingRightFailed)

Handler = Callable[[Any, Work, Policies, datetime], None]

HANDLERS: Mapping[type[Event], Handler] = {
    events.CommentReceived: handlers.on_comment_received,
    events.CommentEdited: handlers.on_comment_edited,
    events.CommentDeleted: handlers.on_comment_deleted,
    events.ResponsePublished: handlers.on_response_published,
    events.PublicationFailed: handlers.on_publication_failed,
    events.PublicationCorrected: endings.on_publication_corrected,
    events.PublicationRetracted: endings.on_publication_retracted,
    events.PuttingRightFailed: endings.on_putting_right_failed,
    events.ModerationEnded: endings.on_moderation_ended,
}


def handler(policies: Policies, clock: Clock = utc_now, paces: Mapping[str, AgencyPace] | None = None) -> Handle:
    """What the runtime calls with the new events of a batch."""

    async def handle(connection: AsyncConnection, received: Sequence[Received]) -> None:
        now, usable = clock(), policies
        known = paces if paces is not None else {}
        work = await _handled(connection, received, usable, known, now)
        while gone := await cleared_lines.gone(connection, cleared_lines.used_by(work.responses)):
            usable = Without(usable, gone)
            work = await _handled(connection, received, usable, known, now)
        for issue in await issues.write(connection, work):
            handlers.record_surge(issue, work)
            metrics.SURGES.labels(issue.agency).inc()
        await cases.write(connection, work, now)

    return handle


async def _handled(
    connection: AsyncConnection,
    received: Sequence[Received],
    policies: Policies,
    paces: Mapping[str, AgencyPace],
    now: datetime,
) -> UnitOfWork:
    """What follows from the events of a batch; nothing of it is written yet."""
    work = UnitOfWork(paces=paces)
    await _fill(connection, work, [one.event for one in received], policies)
    for one in received:
        work.traceparent = one.traceparent
        if (act := HANDLERS.get(type(one.event))) is not None:
            act(one.event, work, policies, now)
    return work


class Without:
    """The policies in force, without lines that were withdrawn so lately that this replica has not heard of it.

    Implements the ``Policies`` port for one batch, which is decided anew.
    """

    def __init__(self, policies: Policies, gone: Collection[Used]) -> None:
        self._policies, self._gone = policies, gone
        self._narrowed: dict[str, PolicyInForce] = {}

    def of(self, agency: str) -> PolicyInForce:
        found = self._policies.of(agency)
        lines = {line for named, line, _ in self._gone if named == agency}
        if not lines:
            return found
        if agency not in self._narrowed:
            kept = [line for line in found.lines if isinstance(line, ClearedLine) and line.id not in lines]
            self._narrowed[agency] = found.with_lines(kept)
        return self._narrowed[agency]


async def _fill(connection: AsyncConnection, work: UnitOfWork, batch: Sequence[Event], policies: Policies) -> None:
    """Read whatever the events of a batch are about."""
    comments = [event for event in batch if isinstance(event, CommentEvent)]
    texts = [event for event in comments if isinstance(event, CommentText)]
    published = [event for event in batch if isinstance(event, PublicationEvent) and type(event) in HANDLERS]
    moderated = [event for event in batch if isinstance(event, ModerationEnded)]
    threads = [Thread(event.agency, event.platform, event.account, event.thread) for event in comments]
    ids = [event.comment for event in comments] + [event.comment for event in moderated]
    ids += [comment for event in published for comment in event.comments]
    authors = [event.author.id for event in texts]
    work.fill(await cases.load_threads(connection, threads, ids, authors))
    while missing := work.missing():
        work.fill(await cases.load_ids(connection, missing, ids, authors))
    addressed = [handlers.readdressed(event, work) for event in texts]
    await issues.read(connection, work, [work.reading(event, policies.of(event.agency)) for event in addressed])
    named = {event.case for event in published} | {event.case for event in moderated}
    if others := {case for case in named if work.case(case) is None}:
        work.fill(await cases.load_ids(connection, others, ids))
    if concerned := _with_orders(batch, work):
        for found in (await orders.of_cases(connection, concerned)).values():
            work.fill_orders(found)


def _with_orders(batch: Sequence[Event], work: UnitOfWork) -> set[str]:
    """The cases whose orders the events of a batch may change. A comment that is new has none."""
    found = {event.case for event in batch if isinstance(event, _ENDINGS)}
    for event in batch:
        if isinstance(event, CommentDeleted) or (isinstance(event, CommentText) and event.revision > 1):
            case = work.case_in(Thread(event.agency, event.platform, event.account, event.thread))
            found |= {case.id} if case is not None else set()
    return found


def consumer(database: Database, kafka: KafkaSettings, policies: Policies, paces: Mapping[str, AgencyPace]) -> Consumer:
    """The consumer of policy."""
    return Consumer(GROUP, TOPICS, database, kafka, handler(policies, paces=paces))
