"""What became of comments, from the two topics that tell: cases and publications.

Only facts come back here; handling them sends nothing onward. The runtime owns the transaction and the inbox.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.adapters.store import echoes, progress
from services.ingest.domain.statuses import Progress, Reply
from shared.cloudevents import Received
from shared.events import CaseClosed, CaseRouted, Event, ResponsePublished
from shared.topics import CASES, PUBLICATIONS, Topic

TOPICS: tuple[Topic, ...] = (CASES, PUBLICATIONS)


async def on_batch(connection: AsyncConnection, received: Sequence[Received]) -> None:
    """Note the status, case and reply of every comment that the events carry, and link own publications."""
    events = [one.event for one in received]
    await progress.note(connection, (fact for event in events for fact in facts_of(event)))
    await echoes.publish(connection, [event for event in events if isinstance(event, ResponsePublished)])


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
