"""What the stories of the public record and of reach need from the world, as they call it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from services.publisher.domain.reach import Alarm, Measurement
from services.publisher.ports import Credentials
from shared.events import (
    CaseClosed,
    CaseRouted,
    ModerationEnded,
    ModerationOrdered,
    PublicationCorrected,
    PublicationFailed,
    PublicationRetracted,
    Purpose,
    ResponsePublished,
)


class RecordWork(Protocol):
    """Receipts, the record and the timers of reach, in the unit of work of one batch; whoever made it commits."""

    async def route(self, events: Sequence[CaseRouted]) -> None:
        """Comments have their disposition; one that was closed before it is open again."""

    async def close(self, events: Sequence[CaseClosed]) -> None:
        """Comments end without an answer, or their case goes to another agency."""

    async def give_up(self, events: Sequence[PublicationFailed]) -> None:
        """Comments can no longer be answered."""

    async def answer(self, events: Sequence[ResponsePublished]) -> None:
        """Comments have their answer."""

    async def correct(self, events: Sequence[PublicationCorrected]) -> None:
        """Published responses read otherwise, or are followed by what puts them right."""

    async def retract(self, events: Sequence[PublicationRetracted]) -> None:
        """Published responses are taken back."""

    async def order(self, events: Sequence[ModerationOrdered]) -> None:
        """Remember the house rule under which comments are to be hidden."""

    async def moderate(self, events: Sequence[ModerationEnded]) -> None:
        """Comments are hidden, gone, or seen again."""

    async def watch(self, events: Sequence[ResponsePublished]) -> None:
        """Have the reach of answers measured, where their platform tells it and anybody could read them."""


@dataclass(frozen=True, slots=True)
class DueReach:
    """An answer whose reach is to be measured for the hour ``after_hours``: ours until the lease ends.

    ``answer_before`` and ``question_before`` are the series that each metric was last told as, however long ago;
    ``failures`` counts tries for this hour.
    """

    publication: str
    agency: str
    platform: str
    account: str
    thread: str
    response: str
    case: str
    comments: tuple[str, ...]
    purpose: Purpose
    native_id: str
    reply_to: str
    published_at: datetime
    after_hours: int
    now: datetime
    lease: UUID
    failures: int = 0
    answer_before: Mapping[str, str] = field(default_factory=dict)
    question_before: Mapping[str, str] = field(default_factory=dict)
    credentials: Credentials | None = None


class Reaches(Protocol):
    """Timers and measurements as the story of reach sees them. Every write is refused once the lease has passed."""

    async def claim(self, most: int) -> Sequence[DueReach]:
        """At most ``most`` that are due."""

    async def keep(self, due: DueReach, measurement: Measurement, alarm: Alarm | None) -> bool:
        """Write a measurement down, tell the world of it, and set the timer to its next hour."""

    async def put_off(self, due: DueReach, wait: timedelta) -> bool:
        """Try again for the same hour after ``wait``."""
