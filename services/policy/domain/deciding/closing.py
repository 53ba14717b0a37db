"""The end of an exchange: a cleared closing line once the turn budget is spent, and silence after it.

A line ends an exchange only where no blackout keeps us silent, every comment of its author was answered before, the
conversation has not drifted, and nothing but the spent budget asks for more than the line may say. Whoever writes on
after it is heard, and nobody's clock runs for it; what is or may be a new subject, or anything else for which the line
was not cleared, is answered as ever, and so is whoever comes back after thirty days.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from services.policy.domain.deciding.findings import Findings, Situation
from services.policy.domain.deciding.levels import needed
from services.policy.domain.deciding.lines import Asked, doubts_of
from services.policy.domain.policies import Line, Policy
from services.policy.domain.scales import Disposition, Drift

_ORDINARY: frozenset[Disposition | None] = frozenset({None, "answer", "acknowledge", "restore", "hold"})
_MOVED_AWAY: frozenset[Drift] = frozenset({"new_subject", "hostile", "press", "reach"})


class Ending(NamedTuple):
    """How an exchange ends here: the line that ends it, and whether that went out before."""

    line: Line
    has_gone_out: bool


def ending_of(policy: Policy, lines: Iterable[Line], situation: Situation, findings: Findings) -> Ending | None:
    """The ending that a turn meets, or None where it is to be answered. ``lines`` are those that close."""
    history = situation.history
    spent = situation.budget_spent and (history.recent_turn or history.turn) >= policy.conversation.turns
    if "blackout" in situation.periods or not (spent or history.ended) or not history.answered:
        return None
    if _may_be_new(situation) or not _is_ordinary(situation, findings):
        return None
    rules = {rule.id: rule for rule, _ in findings.matched}
    if any(not rules[rule].when.budget_spent for rule, _ in findings.ups if rule in rules):
        return None
    without = needed(policy, replace(findings, ups=[]), kinds=situation.seen.kinds, closed=situation.closed)
    asked = Asked(
        seen=situation.seen,
        public=situation.comment.public,
        sensitivity=findings.sensitivity,
        damage=findings.damage,
        level=without.of_a_line,
        crisis="crisis" in situation.periods,
        now=situation.now,
        platform=situation.comment.platform,
        handle=situation.comment.handle,
    )
    found = next((line for line in lines if not any(doubts_of(line, asked, policy))), None)
    return None if found is None else Ending(found, history.ended)


def _may_be_new(situation: Situation) -> bool:
    """Whether a comment without any known topic may be of another matter than the ones before it, which had some."""
    return not situation.seen.topics and bool(situation.history.earlier_topics)


def _is_ordinary(situation: Situation, findings: Findings) -> bool:
    return (
        findings.disposition in _ORDINARY
        and not findings.conflict
        and not findings.signoffs
        and not findings.approvals
        and situation.drift.isdisjoint(_MOVED_AWAY)
        and not situation.comment.echo
        and situation.competence is None
    )
