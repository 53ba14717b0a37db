"""An officer's word on what kind a comment really was. It teaches; a decision already made stays as it was."""

from dataclasses import dataclass
from datetime import datetime

from services.policy.domain.scales import Kind


@dataclass(frozen=True, slots=True)
class Judged:
    """A turn as it stands: its comment, and of what kind it is held to be, by the decision or the last correction."""

    agency: str
    case: str
    turn: int
    comment: str
    issue: str | None
    kind: Kind


@dataclass(frozen=True, slots=True)
class Correction:
    """One comment is of another kind than was thought, or of that very kind; ``officer`` is the subject who says so."""

    id: str
    agency: str
    case: str
    turn: int
    comment: str
    kind_was: Kind
    kind: Kind
    officer: str
    at: datetime
