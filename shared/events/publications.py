"""What became of it: sent by the publisher."""

from typing import Literal

from pydantic import AwareDatetime, Field

from shared.events.base import Conversation, Purpose
from shared.events.responses import ModerationAction


class PublicationEvent(Conversation):
    """An event about the duty to put one response on one account; ``purpose`` is that of the response."""

    publication: str
    response: str
    case: str
    comments: tuple[str, ...]
    purpose: Purpose = "answer"

    @property
    def subject(self) -> str:
        return self.publication


class ResponsePublished(PublicationEvent):
    """A response stands on its platform. ``native_id`` is the platform's id of the reply."""

    native_id: str
    text: str
    language: str | None = None
    published_at: AwareDatetime


class PublicationFailed(PublicationEvent):
    """A response will not appear. ``reason`` is ``not_possible`` where it can no longer be answered at all."""

    reason: str
    detail: str | None = None
    failed_at: AwareDatetime


class PublicationCorrected(PublicationEvent):
    """A published response was put right: ``how`` says whether it was edited or a correction follows it, ``language``
    in what language it stands there now; None where that is not known."""

    correction: str
    native_id: str
    text: str
    language: str | None = None
    how: Literal["edit", "reply"]
    corrected_at: AwareDatetime


class PublicationRetracted(PublicationEvent):
    """A response was taken back: it never went out, or it is deleted on its platform."""

    reason: str
    was_published: bool
    retracted_at: AwareDatetime


class PuttingRightFailed(PublicationEvent):
    """A published response could not be corrected or taken back: ``order`` is the id of the correction or retraction,
    ``reason`` is ``not_possible`` where the platform cannot do it or nothing stands there any more."""

    order: str
    action: Literal["correct", "retract"]
    reason: str
    detail: str | None = None
    failed_at: AwareDatetime


class ReachMeasured(PublicationEvent):
    """How far a published response and what it answers had come, ``after_hours`` after publication.

    Metrics are by our own names (``views``, ``likes``, ``replies``, ``shares``, ``quotes``); what the platform does not
    tell is absent from them, never 0. ``series`` names the platform's metric and its version that a number stands for:
    numbers of different series are not to be joined.
    """

    native_id: str
    after_hours: int = Field(ge=1)
    answer: dict[str, int] = Field(default_factory=dict)
    question: dict[str, int] = Field(default_factory=dict)
    series: dict[str, str] = Field(default_factory=dict)
    measured_at: AwareDatetime


class ModerationEnded(Conversation):
    """What became of an ordered moderation: ``done``, or ``failed`` with its reason (``not_possible`` where the
    platform cannot do it or the comment is gone)."""

    order: str
    case: str
    comment: str
    action: ModerationAction
    outcome: Literal["done", "failed"]
    reason: str | None = None
    detail: str | None = None
    ended_at: AwareDatetime

    @property
    def subject(self) -> str:
        return self.order
