"""Telling the next authority that a case is theirs to look at: a timer, an absence, a lack of time, an officer."""

from collections.abc import Iterable
from datetime import datetime

from services.policy.domain.clearance.cases import Case, Turn
from services.policy.domain.scales import Level
from services.policy.ports import Work
from shared.events import CaseEscalated


def announce(
    reason: str, case: Case, turns: Iterable[Turn], level: Level, post: str, work: Work, now: datetime
) -> None:
    """Stage the event for a post on a level, about these turns; who had the case until now stays its owner."""
    assert case.standing is not None
    thread = case.thread
    work.stage(
        CaseEscalated(
            agency=thread.agency,
            platform=thread.platform,
            account=thread.account,
            thread=thread.thread,
            case=case.id,
            comments=tuple(dict.fromkeys(turn.comment for turn in turns)),
            reason=reason,
            level=level,
            post=post,
            owner=case.standing.owner,
            due_at=case.due_at,
            escalated_at=now,
        )
    )
