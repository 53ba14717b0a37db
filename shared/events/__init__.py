"""The contract between the services: every event that travels over Kafka.

An event is a frozen value. On the wire it is a CloudEvent 1.0 in binary mode (``shared.cloudevents``): the value is
the JSON of the model, the attributes are headers, the key is the thread, so that everything about one conversation
keeps its order.

Rules for changing one: a new field has a default; nothing is renamed, removed or narrowed. What breaks a reader is a
new ``VERSION``, read beside the old one until the old one's retention is over.
"""

from shared.events.accounts import AccountConnected, AccountDegraded, AccountDisabled, AccountEvent, AccountRestored
from shared.events.base import Conversation, Disposition, Event, Level, Platform, Purpose, Value
from shared.events.cases import CaseClosed, CaseEscalated, CaseEvent, CaseOpened, CaseRouted
from shared.events.comments import (
    Author,
    CommentDeleted,
    CommentEdited,
    CommentEvent,
    CommentReceived,
    CommentText,
    Media,
)
from shared.events.dead import MessageDied
from shared.events.publications import (
    ModerationEnded,
    PublicationCorrected,
    PublicationEvent,
    PublicationFailed,
    PublicationRetracted,
    PuttingRightFailed,
    ReachMeasured,
    ResponsePublished,
)
from shared.events.responses import (
    Authorisation,
    BehalfOf,
    ModerationAction,
    ModerationOrdered,
    PuttingRight,
    ResponseApproved,
    ResponseCorrected,
    ResponseRetracted,
)
from shared.events.undelivered import ReplyUndelivered

__all__ = [
    "EVENTS",
    "AccountConnected",
    "AccountDegraded",
    "AccountDisabled",
    "AccountEvent",
    "AccountRestored",
    "Author",
    "Authorisation",
    "BehalfOf",
    "CaseClosed",
    "CaseEscalated",
    "CaseEvent",
    "CaseOpened",
    "CaseRouted",
    "CommentDeleted",
    "CommentEdited",
    "CommentEvent",
    "CommentReceived",
    "CommentText",
    "Conversation",
    "Disposition",
    "Event",
    "EventType",
    "Level",
    "Media",
    "MessageDied",
    "ModerationAction",
    "ModerationEnded",
    "ModerationOrdered",
    "Platform",
    "PublicationCorrected",
    "PublicationEvent",
    "PublicationFailed",
    "PublicationRetracted",
    "Purpose",
    "PuttingRight",
    "PuttingRightFailed",
    "ReachMeasured",
    "ReplyUndelivered",
    "ResponseApproved",
    "ResponseCorrected",
    "ResponsePublished",
    "ResponseRetracted",
    "Value",
]

EventType = type[Event]

EVENTS: dict[str, EventType] = {
    event.__name__: event
    for event in (
        CommentReceived,
        CommentEdited,
        CommentDeleted,
        ReplyUndelivered,
        CaseOpened,
        CaseRouted,
        CaseEscalated,
        CaseClosed,
        ResponseApproved,
        ResponseCorrected,
        ResponseRetracted,
        ModerationOrdered,
        ModerationEnded,
        ResponsePublished,
        PublicationFailed,
        PublicationCorrected,
        PublicationRetracted,
        PuttingRightFailed,
        ReachMeasured,
        AccountConnected,
        AccountDegraded,
        AccountRestored,
        AccountDisabled,
        MessageDied,
    )
}
"""Every event by its type name, as ``ce_type`` spells it."""
