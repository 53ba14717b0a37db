"""What a decision looks at: one comment at one revision, and what went before it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from services.policy.domain.scales import Disposition, Kind
from shared.events import CommentText


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment. ``reach``: people who had seen it when it came; None is unknown, as for ``followers``."""

    text: str
    platform: str = "rest"
    author: str = ""
    handle: str | None = None
    language: str | None = None
    public: bool = True
    echo: bool = False
    sent_at: datetime | None = None
    reach: int | None = None
    followers: int | None = None

    @classmethod
    def from_event(cls, event: CommentText) -> Self:
        """The comment that an event carries; our own words coming back are an echo."""
        return cls(
            text=event.text,
            platform=event.platform,
            author=event.author.id,
            handle=event.author.handle,
            language=event.language,
            public=event.public,
            echo=event.author.id == event.account,
            sent_at=event.sent_at,
            reach=event.reach,
            followers=event.author.followers,
        )


@dataclass(frozen=True, slots=True)
class History:
    """What went before.

    ``turn``: this is the author's n-th comment in the thread, from 1; ``earlier_kinds`` and ``earlier_dispositions``
    are those of the author's comments before it. ``same_issue``: how many authors, this one included, raised the same
    issue within the policy's window; ``judged``: of what kind a person found the same text to be.

    ``earlier_topics`` and ``reach_before`` are of the author's comments before it; ``answered``: an answer was released
    to one of them, and none waits for its own; ``ended``: the last that was answered was ended by a closing line;
    ``joined``: others wrote in the thread before, and the author did not. ``recent_turn`` is what ``turn`` comes to
    without what was said too long ago to count for an ending; None where nothing was.
    """

    turn: int = 1
    earlier_kinds: tuple[Kind, ...] = ()
    earlier_dispositions: tuple[Disposition, ...] = ()
    same_issue: int = 1
    judged: Kind | None = None
    earlier_topics: tuple[str, ...] = ()
    reach_before: int | None = None
    answered: bool = False
    ended: bool = False
    joined: bool = False
    recent_turn: int | None = None


def circumstances(comment: Comment, history: History, now: datetime) -> dict[str, Any]:
    """What a decision was made from besides the words themselves, fit for JSON: a replay decides anew from it."""
    known = {
        "decided_at": now.isoformat(),
        "said_language": comment.language,
        "echo": comment.echo,
        "not_public": not comment.public,
        "reach": comment.reach,
        "followers": comment.followers,
        "turn": history.turn,
        "earlier_kinds": list(history.earlier_kinds),
        "earlier_dispositions": list(history.earlier_dispositions),
        "same_issue": history.same_issue,
        "judged": history.judged,
        "earlier_topics": list(history.earlier_topics),
        "reach_before": history.reach_before,
        "answered": history.answered,
        "ended": history.ended,
        "joined": history.joined,
        "recent_turn": history.recent_turn,
    }
    return {name: value for name, value in known.items() if value is not None and value is not False and value != []}


def history_of(known: Mapping[str, Any]) -> History:
    """The history that ``circumstances`` wrote down."""
    return History(
        turn=known.get("turn", 1),
        earlier_kinds=tuple(known.get("earlier_kinds", ())),
        earlier_dispositions=tuple(known.get("earlier_dispositions", ())),
        same_issue=known.get("same_issue", 1),
        judged=known.get("judged"),
        earlier_topics=tuple(known.get("earlier_topics", ())),
        reach_before=known.get("reach_before"),
        answered=known.get("answered", False),
        ended=known.get("ended", False),
        joined=known.get("joined", False),
        recent_turn=known.get("recent_turn"),
    )
