"""What became of comments, from the two topics that tell: cases and publications.

Only facts come back here; handling them sends nothing onward. What tells nothing about a comment or a reply is passed
over. The runtime owns the transaction and the inbox.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.adapters.store import echoes, progress
from services.ingest.adapters.store.echoes import Own
from services.ingest.domain.statuses import Corrected, Progress, Reply, Retracted
from shared.cloudevents import Received
from shared.events import (
    CaseClosed,
    CaseRouted,
    Event,
    PublicationCorrected,
    PublicationFailed,
    PublicationRetracted,
    PuttingRightFailed,
    ResponsePublished,
)
from shared.topics import CASES, PUBLICATIONS, Topic

TOPICS: tuple[Topic, ...] = (CASES, PUBLICATIONS)


async def on_batch(connection: AsyncConnection, received: Sequence[Received]) -> None:
    """Note the status, case and reply of every comment that the events carry, and link own publications."""
    events = [one.event for one in received]
    await progress.note(connection, (fact for event in events for fact in facts_of(event)))
    for event in events:
        if (change := change_of(event)) is not None:
            comments, put_right = change
            await progress.put_right(connection, comments, put_right)
    await echoes.publish(connection, [echo for event in events for echo in echoes_of(event)])


def change_of(event: Event) -> tuple[tuple[str, ...], Corrected | Retracted] | None:
    """What an event changes about a reply that is known, and of which comments."""
    match event:
        case PublicationCorrected(comments=comments):
            follower = event.correction if event.how == "reply" else None
            return comments, Corrected(event.response, event.text, event.language, event.corrected_at, follower)
        case PublicationRetracted(comments=comments):
            return comments, Retracted(event.response, event.retracted_at)
        case PublicationFailed(comments=comments):
            # Known as a reply it was taken for published, and has not arrived.
            return comments, Retracted(event.response, event.failed_at)
        case PuttingRightFailed(comments=comments, action="correct"):
            return comments, Retracted(event.order, event.failed_at)
    return None


def echoes_of(event: Event) -> Iterator[Own]:
    """What of our own an event says to stand on a platform: the platform may send it back to us."""
    match event:
        case ResponsePublished():
            yield Own.of(event, event.response, event.published_at)
        case PublicationCorrected(how="reply"):
            yield Own.of(event, event.correction, event.corrected_at)


def facts_of(event: Event) -> Iterator[Progress]:
    """What an event says about each of its comments; nothing where it does not move them.

    A published response that is no answer moves none: they wait for theirs still, and ``reply`` is kept for it. A
    closing line ends the exchange: it is the reply, and no answer.
    """
    match event:
        case CaseRouted(case=case, comments=comments):
            yield from (Progress(comment, "routed", case) for comment in comments)
        case CaseClosed(case=case, comments=comments):
            yield from (Progress(comment, "closed", case) for comment in comments)
        case ResponsePublished(case=case, comments=comments, purpose="answer" | "closing" as purpose):
            reply = Reply(event.text, event.language, event.response, event.published_at)
            status: Literal["answered", "closed"] = "answered" if purpose == "answer" else "closed"
            yield from (Progress(comment, status, case, reply) for comment in comments)
