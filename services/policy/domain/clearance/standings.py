"""What a case needs as a whole, after what officers did with it besides its drafts."""

from dataclasses import dataclass

from services.policy.domain.clearance.casework import Casework
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
