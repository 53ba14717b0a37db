"""How a refusal of the domain reads over HTTP: one problem type each, and nothing above the domain knows more."""

from typing import Any

from services.policy.domain.clearance.approvals import (
    CeilingExceeded,
    DraftNotOpen,
    NothingToAnswer,
    NotYourAuthority,
    OwnDraft,
    Refusal,
    StaleDigest,
)
from services.policy.domain.clocks.pauses import AlreadyPaused, ClockNotRunning, PauseOver, WrongUntil
from shared.problems import Problem

_PROBLEMS: tuple[tuple[type[Refusal], int, str, str], ...] = (
    (OwnDraft, 403, "own-draft", "The author of a draft cannot release it"),
    (CeilingExceeded, 403, "ceiling-exceeded", "The case lies above the ceiling of your authority"),
    (NotYourAuthority, 403, "not-your-authority", "This is not yours to decide"),
    (StaleDigest, 409, "stale-digest", "What you saw has changed since"),
    (DraftNotOpen, 409, "draft-not-open", "The draft is no longer open"),
    (NothingToAnswer, 409, "nothing-to-answer", "No comment of this case waits for an answer"),
    (ClockNotRunning, 409, "clock-not-running", "No clock of this case runs"),
    (AlreadyPaused, 409, "already-paused", "The clocks of this case stand still already"),
    (PauseOver, 409, "pause-over", "This pause is over"),
    (WrongUntil, 422, "wrong-until", "The end of the pause does not fit"),
)


def problem_of(refusal: Refusal) -> Problem:
    """The answer to an officer whose act was refused; a stale digest comes with the current one."""
    for kind, status, name, title in _PROBLEMS:
        if isinstance(refusal, kind):
            members: dict[str, Any] = {}
            if isinstance(refusal, StaleDigest):
                members["digest"] = refusal.current
            if isinstance(refusal, DraftNotOpen):
                members["state"] = refusal.state
            return Problem(status, name, title, detail=str(refusal), **members)
    raise AssertionError(f"{type(refusal).__name__} has no problem type") from refusal
