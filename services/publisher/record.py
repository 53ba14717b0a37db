"""What events do to the public record: receipts follow a comment's case, publications what became of them.

Events reach this service on several topics, so that an answer may be heard of before the decision that led to it. Each
kind therefore writes down its own facts and overwrites no others; where two contradict each other the later one holds,
by its own time.
"""

from collections.abc import Sequence
from typing import TypeVar

from services.publisher.record_ports import RecordWork
from shared.events import (
    CaseClosed,
    CaseRouted,
    Event,
    ModerationEnded,
    ModerationOrdered,
    PublicationCorrected,
    PublicationFailed,
    PublicationRetracted,
    ResponsePublished,
)

NOT_POSSIBLE = "not_possible"

HEARD: frozenset[type[Event]] = frozenset(
    {
        CaseRouted,
        CaseClosed,
        ModerationOrdered,
        ModerationEnded,
        PublicationCorrected,
        PublicationFailed,
        PublicationRetracted,
        ResponsePublished,
    }
)
"""What the record must hear of, whoever else wants to be told: an event that is passed over is missing for ever."""

Kind = TypeVar("Kind", bound=Event)


async def on_events(events: Sequence[Event], work: RecordWork) -> None:
    """Take in what bears on the record, of one batch; everything else is passed by."""
    events = [one for one in events if type(one) in HEARD]
    await work.route(_of(events, CaseRouted))
    await work.close(_of(events, CaseClosed))
    await work.give_up([one for one in _of(events, PublicationFailed) if _ends_a_comment(one)])
    published = _of(events, ResponsePublished)
    # Before the answers: where one was taken back, the next one is the answer.
    await work.retract([one for one in _of(events, PublicationRetracted) if one.was_published])
    await work.answer([one for one in published if one.purpose == "answer"])
    await work.correct(_of(events, PublicationCorrected))
    await work.order(_of(events, ModerationOrdered))
    await work.moderate([one for one in _of(events, ModerationEnded) if one.outcome == "done"])
    await work.watch([one for one in published if one.purpose == "answer"])


def _ends_a_comment(event: PublicationFailed) -> bool:
    """Whether nothing can be answered any more; after every other failure the case goes on."""
    return event.purpose == "answer" and event.reason == NOT_POSSIBLE


def _of(events: Sequence[Event], kind: type[Kind]) -> list[Kind]:
    return [one for one in events if isinstance(one, kind)]
