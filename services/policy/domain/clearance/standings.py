"""What a case needs as a whole: an answer covers every turn in question, so it must be fit for each of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.policy.domain.clearance.casework import Casework
from services.policy.domain.deciding.decisions import Decision
from services.policy.domain.scales import Damage, Level, Sensitivity, Specialism


@dataclass(slots=True)
class Standing:
    """What the case needs as a whole: the highest of what its turns in question need."""

    level: Level
    sensitivity: Sensitivity
    damage: Damage
    disposition: str
    owner: str
    clock: str
    signoffs: tuple[Specialism, ...]
    approvals: int = 0


def worked_on(standing: Standing, casework: Casework) -> Standing:
    """What the case needs after what officers did with it: never less than its turns do."""
    if (called_in := casework.called_in) is not None and called_in.level >= standing.level:
        standing.level, standing.owner = called_in.level, called_in.post
    if casework.referral is not None:
        standing.disposition = "refer"
    if casework.transferred_to is not None:
        standing.disposition = "transfer"
    return standing


def standing_of(decisions: Sequence[Decision]) -> Standing:
    """What a case needs of which these are the decisions in question, oldest first."""
    heaviest = max(reversed(decisions), key=lambda decision: decision.level)
    return Standing(
        level=heaviest.level,
        sensitivity=max(decision.sensitivity for decision in decisions),
        damage=max(decision.damage for decision in decisions),
        disposition=heaviest.disposition,
        owner=heaviest.owner,
        clock=heaviest.clock,
        signoffs=tuple(dict.fromkeys(signoff for decision in decisions for signoff in decision.signoffs)),
        approvals=max(decision.approvals for decision in decisions),
    )
