"""How far a comment has come: received, routed, closed, answered, deleted.

Facts about a comment arrive on two topics, in no common order. A status never goes back: what stands higher on the
ladder stays, so that the order of arrival does not matter. Only a retraction leads back, from the answer that it takes
away, and word that an answer has not arrived: all of them come on one topic, in their order.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

Status = Literal["received", "routed", "closed", "answered", "deleted"]

LADDER: tuple[Status, ...] = ("received", "routed", "closed", "answered", "deleted")
"""Lowest first. ``answered`` outlives ``closed``: a case may be closed around an answer; deletion outlives all."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The official answer, as it was published."""

    text: str
    language: str | None
    response: str
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Corrected:
    """A published answer reads otherwise from ``at`` on, in the same language where none is told. ``follower`` is the
    response that says so where the platform could not edit: a reply of its own, which goes by itself."""

    response: str
    text: str
    language: str | None
    at: datetime
    follower: str | None = None


@dataclass(frozen=True, slots=True)
class Retracted:
    """An answer was taken back or has not arrived, or the correction of one: where nothing is left of it, the comment
    waits again."""

    response: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """What became known about one comment: its status, its case, its reply."""

    comment: str
    status: Status
    case: str | None = None
    reply: Reply | None = None

    def and_then(self, later: "Progress") -> "Progress":
        """Both facts as one: the higher status, the first case, the newest reply."""
        return replace(
            self,
            status=max(self.status, later.status, key=LADDER.index),
            case=self.case or later.case,
            reply=_newest(self.reply, later.reply),
        )


def _newest(one: Reply | None, other: Reply | None) -> Reply | None:
    if one is None or other is None:
        return one or other
    return other if other.published_at >= one.published_at else one


def combined(facts: Iterable[Progress]) -> list[Progress]:
    """One fact for each comment, sorted by id, so that two writers take their locks in the same order."""
    known: dict[str, Progress] = {}
    for fact in facts:
        before = known.get(fact.comment)
        known[fact.comment] = fact if before is None else before.and_then(fact)
    return [known[comment] for comment in sorted(known)]
