"""Topics: the only place where one is spelled.

The key of every record is the event's ``key``; a topic's partitions keep the order of each key. Retention is what an
operator should set on a durable broker; the truth stays in the outboxes.
"""

from dataclasses import dataclass

from shared import events
from shared.events import EventType


@dataclass(frozen=True)
class Topic:
    """One topic: its events, and how it is laid out on the broker."""

    name: str
    events: tuple[EventType, ...]
    partitions: int = 12
    retention_hours: int = 7 * 24

    @property
    def dead(self) -> str:
        """The topic that announces what could not be handled."""
        return dead_topic(self.name)


def dead_topic(name: str) -> str:
    """The companion of a topic that announces its dead."""
    return f"{name}.dead"


COMMENTS = Topic(
    "parley.comments",
    (events.CommentReceived, events.CommentEdited, events.CommentDeleted, events.ReplyUndelivered),
)
CASES = Topic("parley.cases", (events.CaseOpened, events.CaseRouted, events.CaseEscalated, events.CaseClosed))
RESPONSES = Topic(
    "parley.responses",
    (events.ResponseApproved, events.ResponseCorrected, events.ResponseRetracted, events.ModerationOrdered),
)
PUBLICATIONS = Topic(
    "parley.publications",
    (
        events.ResponsePublished,
        events.PublicationFailed,
        events.PublicationCorrected,
        events.PublicationRetracted,
        events.PuttingRightFailed,
        events.ModerationEnded,
        events.ReachMeasured,
    ),
)
ACCOUNTS = Topic(
    "parley.accounts",
    (events.AccountConnected, events.AccountDegraded, events.AccountRestored, events.AccountDisabled),
    partitions=3,
)

TOPICS: tuple[Topic, ...] = (COMMENTS, CASES, RESPONSES, PUBLICATIONS, ACCOUNTS)
DEAD_PARTITIONS = 1
DEAD_RETENTION_HOURS = 30 * 24

TOPIC_OF: dict[EventType, Topic] = {event: topic for topic in TOPICS for event in topic.events}
