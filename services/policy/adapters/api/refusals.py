"""How a refusal of the domain reads over HTTP: one problem type each, and nothing above the domain knows more."""

from dataclasses import asdict
from typing import Any

from services.policy.authority import OverAlready
from services.policy.domain.authority.grants import GrantRefused
from services.policy.domain.clearance.approvals import (
    CeilingExceeded,
    DayIsSpent,
    DraftNotOpen,
    NothingToAnswer,
    NotYourAuthority,
    OwnDraft,
    Refusal,
    StaleDigest,
)
from services.policy.domain.clearance.facts import FactsDiffer
from services.policy.domain.clearance.submissions import SubmissionNotOpen
from services.policy.domain.clocks.pauses import AlreadyPaused, ClockNotRunning, PauseOver, WrongUntil
from shared.problems import Problem

_PROBLEMS: tuple[tuple[type[Refusal], int, str, str], ...] = (
    (OwnDraft, 403, "own-draft", "The author of a draft cannot release it"),
    (CeilingExceeded, 403, "ceiling-exceeded", "The case lies above the ceiling of your authority"),
    (DayIsSpent, 403, "day-is-spent", "The instrument's consents of today are used up"),
    (NotYourAuthority, 403, "not-your-authority", "This is not yours to decide"),
    (StaleDigest, 409, "stale-digest", "What you saw has changed since"),
    (DraftNotOpen, 409, "draft-not-open", "The draft is no longer open"),
    (NothingToAnswer, 409, "nothing-to-answer", "No comment of this case waits for an answer"),
    (ClockNotRunning, 409, "clock-not-running", "No clock of this case runs"),
    (AlreadyPaused, 409, "already-paused", "The clocks of this case stand still already"),
    (PauseOver, 409, "pause-over", "This pause is over"),
    (WrongUntil, 422, "wrong-until", "The end of the pause does not fit"),
    (OverAlready, 409, "over-already", "It stands no longer"),
    (SubmissionNotOpen, 409, "submission-not-open", "It is no longer open"),
    (FactsDiffer, 409, "facts-differ", "The languages do not say the same"),
    (GrantRefused, 422, "grant-refused", "This power cannot be given so"),
)


def problem_of(refusal: Refusal) -> Problem:
    """The answer to an officer whose act was refused, with what they need to go on."""
    for kind, status, name, title in _PROBLEMS:
        if isinstance(refusal, kind):
            return Problem(status, name, title, detail=str(refusal), **_members(refusal))
    raise AssertionError(f"{type(refusal).__name__} has no problem type") from refusal


def _members(refusal: Refusal) -> dict[str, Any]:
    match refusal:
        case StaleDigest():
            return {"digest": refusal.current}
        case DraftNotOpen() | SubmissionNotOpen():
            return {"state": refusal.state}
        case CeilingExceeded():
            mandate = refusal.mandate
            ceiling = {"sensitivity": mandate.ceiling.sensitivity, "damage": mandate.ceiling.damage}
            return {"ceiling": ceiling, "exceeded": list(refusal.exceeded), "instrument": mandate.instrument}
        case DayIsSpent():
            return {"instrument": refusal.instrument, "number_a_day": refusal.number}
        case FactsDiffer():
            return {"differences": [each._asdict() for each in refusal.differences]}
        case GrantRefused():
            return {"errors": [asdict(fault) for fault in refusal.faults]}
    return {}
