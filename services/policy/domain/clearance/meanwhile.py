"""What may be said to those who wait: a holding reply or an acknowledgement, by a cleared line without substance.

It goes out by itself, so nothing may speak against it: every turn that waits is one that we answer, every condition of
the line holds for each of them now, and whoever cleared it still stands where they cleared it. It is said to those
alone who wrote in its language, and to the others in theirs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.policy.domain.clearance.cases import Case, Turn
from services.policy.domain.clearance.cleared_lines import ClearedLine
from services.policy.domain.clocks.pauses import pause_at
from services.policy.domain.comments import Comment
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.deciding.lines import Asked, doubts_of
from services.policy.domain.policies import Line, Policy
from services.policy.domain.scales import Disposition

Purpose = Literal["holding", "acknowledgement"]

_NOT_ANSWERED_BY_US: tuple[Disposition, ...] = (
    "transfer",
    "refer",
    "moderate",
    "monitor",
    "let_stand",
    "no_response",
)
"""To promise an answer here would promise another body's, or one that nobody prepares."""


@dataclass(frozen=True, slots=True)
class Found:
    """The line that may go out, the language in which, and the turns to ``tell`` so, oldest first; or no line, with the
    ``doubts`` by the id of each."""

    line: Line | None
    language: str
    tell: list[Turn]
    doubts: dict[str, list[str]]


def line_for(purpose: Purpose, case: Case, turn: Turn, policy: PolicyInForce, now: datetime) -> Found:
    """The first line of that purpose that leaves no doubt, for ``turn`` and all who wait beside it."""
    asked = {waiting.number: _asked(waiting, case, policy, now) for waiting in case.waiting}
    language = asked[turn.number].seen.language
    tell = [waiting for waiting in case.waiting if asked[waiting.number].seen.language == language]
    doubts: dict[str, list[str]] = {}
    for line in (each for each in policy.lines if each.purpose == purpose):
        against = list(dict.fromkeys(_doubts(line, case, asked, policy, now)))
        if not against:
            return Found(line, language, tell, doubts)
        doubts[line.id] = against
    return Found(None, language, tell, doubts)


def _doubts(line: Line, case: Case, asked: dict[int, Asked], policy: PolicyInForce, now: datetime) -> Iterator[str]:
    if not _is_good(line, policy.policy, now):
        yield f"{line.cleared_by.officer}, who cleared it, does not hold that post now"
    if "blackout" in policy.periods(case.thread.platform, now):
        yield "nothing goes out now"
    if (window := case.window_ends_at) is not None and window <= now:
        yield "its platform takes no answer any more"
    if held := pause_at(case.pauses, now, policy.time.working):
        yield f"its clock stands still: {held.reason}"
    for turn in case.waiting:
        if turn.hidden:
            yield "the comment is hidden"
        if turn.decision.disposition in _NOT_ANSWERED_BY_US:
            yield f"{turn.decision.disposition}: no answer of ours is being prepared"
        yield from doubts_of(line, asked[turn.number], policy.policy)


def _is_good(line: Line, policy: Policy, now: datetime) -> bool:
    """Whether its clearance holds: what was cleared step by step, perhaps by a stand-in or a delegate, until it is
    withdrawn; a line of the policy, while whoever is named there holds that post."""
    if isinstance(line, ClearedLine):
        return True
    cleared = line.cleared_by
    return any(
        post.subject == cleared.officer
        and post.post == cleared.post
        and post.level >= cleared.level
        and post.stands_for(line.topics)
        and post.holds_at(now)
        for post in policy.officers
    )


def _asked(turn: Turn, case: Case, policy: PolicyInForce, now: datetime) -> Asked:
    platform, decision = case.thread.platform, turn.decision
    comment = Comment(
        turn.text,
        platform,
        turn.author.id,
        turn.author.handle,
        decision.circumstances.get("said_language"),
        turn.public,
        sent_at=turn.sent_at,
    )
    return Asked(
        seen=policy.sort(comment),
        public=turn.public,
        sensitivity=decision.sensitivity,
        damage=decision.damage,
        level=decision.level,
        crisis="crisis" in policy.periods(platform, now),
        now=now,
        platform=platform,
        handle=turn.author.handle,
    )
