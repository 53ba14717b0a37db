"""How a refusal of the domain reads over HTTP: one problem type each, and nothing above the domain knows more."""

from dataclasses import asdict
from typing import Any

from services.policy.break_glass import NoDanger
from services.policy.domain.authority.grants import GrantRefused, OverAlready
from services.policy.domain.clearance.approvals import (
    CeilingExceeded,
    DayIsSpent,
    DraftNotOpen,
    NothingToAnswer,
    NotYetYourTurn,
    NotYourAuthority,
    OwnDraft,
    Refusal,
    StaleDigest,
    WindowClosed,
)
from services.policy.domain.clearance.casework import (
    AnswerUnderWay,
    AssignedToAnother,
    CaseOver,
    HadItBefore,
    NoMandate,
    NoShorterPath,
    NotAssigned,
    ThreadKnownThere,
    UnknownAgency,
)
from services.policy.domain.clearance.lengths import DoesNotFit
from services.policy.domain.clearance.orders import AnothersAccount, CommentGone, NoAnswer, NotStanding, SaysTheSame
from services.policy.domain.clearance.reviews import OwnRelease, ReviewedAlready
from services.policy.domain.clearance.same_facts import FactsDiffer
from services.policy.domain.clearance.submissions import SubmissionNotOpen
from services.policy.domain.clocks.pauses import AlreadyPaused, ClockNotRunning, PauseOver, WrongUntil
from services.policy.drafting import UnknownStatement
from services.policy.presence import DrillRefused, LeaveRefused
from shared.clock import rfc3339
from shared.problems import Problem

_PROBLEMS: tuple[tuple[type[Refusal], int, str, str], ...] = (
    (OwnRelease, 403, "own-release", "Who wrote or released it cannot review it"),
    (NoDanger, 403, "no-danger", "One person alone cannot release an answer to this"),
    (OwnDraft, 403, "own-draft", "The author of a draft cannot release it"),
    (CeilingExceeded, 403, "ceiling-exceeded", "The case lies above the ceiling of your authority"),
    (DayIsSpent, 403, "day-is-spent", "The instrument's consents of today are used up"),
    (NotYourAuthority, 403, "not-your-authority", "This is not yours to decide"),
    (StaleDigest, 409, "stale-digest", "What you saw has changed since"),
    (NotYetYourTurn, 409, "not-yet-your-turn", "Steps that come before yours are still open"),
    (WindowClosed, 409, "window-closed", "The time in which this answer may go out is over"),
    (ReviewedAlready, 409, "reviewed-already", "This release was reviewed before"),
    (UnknownStatement, 422, "unknown-statement", "A statement that is cited is not in force"),
    (DoesNotFit, 422, "does-not-fit", "The platform would never take this text"),
    (DraftNotOpen, 409, "draft-not-open", "The draft is no longer open"),
    (NothingToAnswer, 409, "nothing-to-answer", "No comment of this case waits for an answer"),
    (ClockNotRunning, 409, "clock-not-running", "No clock of this case runs"),
    (AlreadyPaused, 409, "already-paused", "The clocks of this case stand still already"),
    (PauseOver, 409, "pause-over", "This pause is over"),
    (WrongUntil, 422, "wrong-until", "The end of the pause does not fit"),
    (CaseOver, 409, "case-over", "Nobody works on this case any more"),
    (AssignedToAnother, 409, "assigned-to-another", "Somebody else has this case"),
    (NotAssigned, 409, "not-assigned", "Nobody has this case"),
    (NoShorterPath, 409, "no-shorter-path", "There is no shorter path to take"),
    (NoMandate, 422, "no-mandate", "This person may decide nothing here"),
    (AnswerUnderWay, 409, "answer-under-way", "An answer of this case is on its way"),
    (HadItBefore, 409, "had-it-before", "That agency had this case before"),
    (ThreadKnownThere, 409, "thread-known-there", "That agency has a case of this thread"),
    (UnknownAgency, 422, "unknown-agency", "There is no such agency to transfer to"),
    (OverAlready, 409, "over-already", "It stands no longer"),
    (SubmissionNotOpen, 409, "submission-not-open", "It is no longer open"),
    (CommentGone, 409, "comment-gone", "The comment is no longer there"),
    (AnothersAccount, 409, "anothers-account", "The comment stands on another agency's account"),
    (NotStanding, 409, "response-not-standing", "The response does not stand on its platform"),
    (NoAnswer, 409, "no-answer", "Only an answer is put right"),
    (SaysTheSame, 409, "says-the-same", "The correction says what the response says already"),
    (FactsDiffer, 409, "facts-differ", "The languages do not say the same"),
    (GrantRefused, 422, "grant-refused", "This power cannot be given so"),
    (LeaveRefused, 422, "leave-refused", "This leave cannot be entered so"),
    (DrillRefused, 422, "drill-refused", "This drill cannot be held so"),
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
        case WindowClosed():
            return {"valid_until": rfc3339(refusal.valid_until)}
        case DoesNotFit():
            return {"platforms": [asdict(misfit) for misfit in refusal.misfits], "may_split": refusal.split}
        case UnknownStatement():
            return {"statements": list(refusal.names)}
        case DraftNotOpen() | SubmissionNotOpen() | NotStanding():
            return {"state": refusal.state}
        case CeilingExceeded():
            mandate = refusal.mandate
            ceiling = {"sensitivity": mandate.ceiling.sensitivity, "damage": mandate.ceiling.damage}
            return {"ceiling": ceiling, "exceeded": list(refusal.exceeded), "instrument": mandate.instrument}
        case DayIsSpent():
            return {"instrument": refusal.instrument, "number_a_day": refusal.number}
        case AssignedToAnother():
            return {"assignee": refusal.assignee}
        case FactsDiffer():
            return {"differences": [each._asdict() for each in refusal.differences]}
        case GrantRefused() | LeaveRefused() | DrillRefused():
            return {"errors": [asdict(fault) for fault in refusal.faults]}
    return {}
