"""What subscribers are told: an event made thin, the same for everyone who is told of it.

A message says what happened to which things, never what a citizen wrote or who they are: whoever may read that asks
for it by its id. Only to the client who brought a comment with a ``callback`` is the text of its reply sent along.

The id of a message is the same for every subscriber, every attempt and every replay: it is derived from the event's.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from shared.clock import rfc3339
from shared.events import (
    AccountConnected,
    AccountDegraded,
    AccountDisabled,
    AccountRestored,
    CaseClosed,
    CaseEscalated,
    CaseOpened,
    CaseRouted,
    CommentDeleted,
    CommentEdited,
    CommentReceived,
    Event,
    EventType,
    ModerationEnded,
    PublicationCorrected,
    PublicationEvent,
    PublicationFailed,
    PublicationRetracted,
    PuttingRightFailed,
    ReachMeasured,
    ResponsePublished,
)

LARGEST_BYTES = 256 * 1024
TEST = "SubscriptionTested"
VERIFICATION = "SubscriptionVerified"

_THREAD = ("platform", "account", "thread")
_COMMENT = (*_THREAD, "comment", "native_id", "revision")
_CASE = (*_THREAD, "case", "comments")
_PUBLICATION = (*_THREAD, "publication", "response", "case", "comments", "purpose")
_ACCOUNT = ("account_id", "platform", "account")

TOLD: dict[EventType, tuple[str, ...]] = {
    CommentReceived: (*_COMMENT, "parent", "language", "public", "sent_at", "received_at"),
    CommentEdited: (*_COMMENT, "parent", "language", "public", "hidden", "sent_at", "received_at"),
    CommentDeleted: (*_COMMENT, "deleted_at"),
    CaseOpened: (*_CASE, "opened_at"),
    CaseRouted: (*_CASE, "disposition", "level", "sensitivity", "damage", "policy_version", "routed_at"),
    CaseEscalated: (*_CASE, "reason", "level", "due_at", "escalated_at"),
    CaseClosed: (*_CASE, "disposition", "reason", "closed_at"),
    ResponsePublished: (*_PUBLICATION, "native_id", "language", "published_at"),
    PublicationFailed: (*_PUBLICATION, "reason", "failed_at"),
    PublicationCorrected: (*_PUBLICATION, "correction", "native_id", "how", "corrected_at"),
    PublicationRetracted: (*_PUBLICATION, "reason", "was_published", "retracted_at"),
    PuttingRightFailed: (*_PUBLICATION, "order", "action", "reason", "failed_at"),
    ReachMeasured: (*_PUBLICATION, "native_id", "after_hours", "answer", "question", "series", "measured_at"),
    ModerationEnded: (*_THREAD, "order", "case", "comment", "action", "outcome", "reason", "ended_at"),
    AccountConnected: (*_ACCOUNT, "name", "connected_at"),
    AccountDegraded: (*_ACCOUNT, "reason", "detail", "degraded_at"),
    AccountRestored: (*_ACCOUNT, "restored_at"),
    AccountDisabled: (*_ACCOUNT, "disabled_at"),
}
"""What is told of each event, by its own field names."""

TYPES = tuple(sorted(event.__name__ for event in TOLD))
OUTCOMES: tuple[EventType, ...] = (ResponsePublished, PublicationFailed, PublicationCorrected, PublicationRetracted)
"""What a comment's own callback is told of."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something to tell. ``key`` is what keeps its order (a thread or an account), ``data`` JSON; its number in that
    order is known once it is stored."""

    id: str
    agency: str
    type: str
    subject: str
    key: str
    at: datetime
    data: str


def body_of(id: str, type: str, at: datetime, agency: str, subject: str, sequence: int, data: str) -> bytes:
    """The body of a message as it is signed and sent; ``data`` is JSON already."""
    head = json.dumps(
        {"type": type, "id": id, "time": rfc3339(at), "agency": agency, "subject": subject, "sequence": sequence},
        ensure_ascii=False,
    )
    return f'{head[:-1]}, "data": {data}}}'.encode()


def message_of(event: Event, event_id: UUID) -> Message:
    """What every subscriber is told of an event (one of ``TOLD``)."""
    return _message(f"evt_{event_id.hex}", event, born_at(event_id), _thin(event))


def reply_of(event: PublicationEvent, event_id: UUID, comment: str) -> Message:
    """What the client who brought ``comment`` is told: of this comment alone, with the text of the reply.

    The id is made of what is told, not of the event: however often and by whichever way this is learnt, it is one.
    """
    said = _thin(event) | {"comment": comment}
    del said["comments"]
    text = getattr(event, "text", None)
    if text is not None and len(text.encode()) <= LARGEST_BYTES // 2:
        said["text"] = text
    told = f"{type(event).__name__}:{event.publication}:{getattr(event, 'correction', '')}:{comment}"
    return _message(f"evt_{uuid5(_OF_REPLIES, told).hex}", event, born_at(event_id), said)


def born_at(event_id: UUID) -> datetime:
    """When an event came about: the milliseconds that a UUID of version 7 begins with."""
    return datetime.fromtimestamp((event_id.int >> 80) / 1000, UTC)


def _thin(event: Event) -> dict[str, Any]:
    return event.model_dump(mode="json", include=set(TOLD[type(event)]))


def _message(id: str, event: Event, at: datetime, said: Mapping[str, Any]) -> Message:
    data = json.dumps(said, ensure_ascii=False)
    return Message(id, event.agency, type(event).__name__, event.subject, event.key, at, data)


_OF_REPLIES = UUID("6f1d1c5e-52a1-5c0b-9f0e-2f0f3c1f7a11")
