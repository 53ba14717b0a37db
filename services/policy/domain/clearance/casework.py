"""What officers do with a case besides writing and clearing: give it to a person, call it in, refer, transfer.

None of it releases anything. An assignment gives no power either: it says who works on the case.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.policy.domain.clearance.approvals import Refusal
from services.policy.domain.scales import Level

CaseState = Literal["open", "awaiting_clearance", "approved", "answered", "closed", "watching"]

OVER: frozenset[CaseState] = frozenset({"answered", "closed"})
"""Nobody works on a case in these; a new comment, or a draft for what was let stand, takes it up again."""

CaseAct = Literal["assign", "refer", "call_in", "shorten", "transfer"]

_BEING_WORKED_ON: frozenset[CaseState] = frozenset({"open", "awaiting_clearance", "watching"})

DONE_IN: Mapping[CaseAct, frozenset[CaseState]] = {
    "assign": _BEING_WORKED_ON | {"approved"},
    "refer": _BEING_WORKED_ON,
    "call_in": _BEING_WORKED_ON,
    "shorten": _BEING_WORKED_ON,
    "transfer": _BEING_WORKED_ON | OVER,
}
"""In which states of a case an act may be done. What was transferred is closed for good; nothing is done there."""


class CaseOver(Refusal):
    """Nobody works on this case any more."""


class NoMandate(Refusal):
    """The person holds no post in this agency, and nothing is delegated to them now; or they stepped aside."""


class AssignedToAnother(Refusal):
    """Somebody else has this case already."""

    def __init__(self, assignee: str) -> None:
        super().__init__(f"{assignee} has this case; who may act on it can give it to somebody else.")
        self.assignee = assignee


class NotAssigned(Refusal):
    """Nobody has this case, so nobody can give it back."""


class AnswerUnderWay(Refusal):
    """An answer of this case was released and has not met its end; wait until it has."""


class UnknownAgency(Refusal):
    """No other agency of that name decides by a policy here."""


class HadItBefore(Refusal):
    """The case does not go back to an agency that had it."""

    def __init__(self, agency: str) -> None:
        super().__init__(f"{agency} had this case before. Whose it is, is for a higher level to settle: call it in.")
        self.agency = agency


class NoShorterPath(Refusal):
    """The path fits into its time, or no lawful one is shorter."""


class ThreadKnownThere(Refusal):
    """The other agency has a case of this very thread already."""


@dataclass(frozen=True, slots=True)
class Referral:
    """The citizen is to be told where to go: ``to`` is a body or a counter, in words."""

    to: str
    reason: str
    by: str
    post: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CallIn:
    """A higher level has taken the case of its own accord: it is released there, and is the business of ``post``."""

    level: Level
    post: str
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Shortening:
    """An officer has chosen a lawful shorter path: the same steps, at once if ``in_parallel``, those that would take
    too long by ``stand_ins``."""

    kind: Literal["parallel", "delegate", "duty_authority"]
    in_parallel: bool
    stand_ins: tuple[str, ...]
    by: str
    post: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a case came from. ``agencies`` are those that had it, the one whom the citizen asked first; ``case`` is
    that of the last of them."""

    case: str
    agencies: tuple[str, ...]
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a case went."""

    case: str
    agency: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Casework:
    """What officers have done with one case so far."""

    assignee: str | None = None
    referral: Referral | None = None
    called_in: CallIn | None = None
    shortened: Shortening | None = None
    transferred_from: Origin | None = None
    transferred_to: Destination | None = None


NOTHING_DONE = Casework()


def refuse_unless(act: CaseAct, state: CaseState, casework: Casework) -> None:
    """Raises CaseOver, or AnswerUnderWay, where the act may not be done in that state."""
    if casework.transferred_to is not None:
        raise CaseOver(f"This case went to {casework.transferred_to.agency}.")
    if state not in DONE_IN[act]:
        raise CaseOver if state in OVER else AnswerUnderWay
