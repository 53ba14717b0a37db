"""Whether a new comment in the thread bears on a draft that is being cleared.

Consents are for an answer in a conversation. What could contradict that answer, or change what it should say, makes
them lapse; what is plainly another matter does not, and waits for an answer of its own. Where it cannot be told, it
bears on the draft.
"""

from collections.abc import Collection
from typing import Literal

from services.policy.domain.clearance.cases import Turn
from services.policy.domain.scales import Kind

Relation = Literal["unrelated", "contradicts"]

_STATING_NOTHING: frozenset[Kind] = frozenset({"praise", "spam"})
_LEFT_ALONE = ("closed", "watching")


def relation(turn: Turn, answered: Collection[Turn]) -> Relation:
    """How ``turn`` stands to an answer to the turns ``answered``.

    It is unrelated if somebody else wrote it and it names only other subjects than they, or none and nobody has to look
    at it; and if it only praises or advertises.
    """
    if any(turn.comment == each.comment or turn.author.id == each.author.id for each in answered):
        return "contradicts"
    if turn.decision.kind in _STATING_NOTHING:
        return "unrelated"
    subjects = {topic for each in answered for topic in each.decision.topics}
    others = set(turn.decision.topics)
    if subjects & others:
        return "contradicts"
    return "unrelated" if (subjects and others) or turn.state in _LEFT_ALONE else "contradicts"
