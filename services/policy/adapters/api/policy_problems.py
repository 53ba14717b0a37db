"""How it reads over HTTP when a policy, or an act upon one, is refused."""

import contextlib
from collections.abc import Iterator
from typing import Any

from services.policy.adapters.api.policy_bodies import faults_body
from services.policy.domain.adoption.authorship import (
    AnotherIsScheduled,
    AnotherTime,
    NoPost,
    NotThisTime,
    NotYourUnit,
    PolicyHasHoles,
    WrongState,
)
from services.policy.domain.clearance.approvals import NotYourAuthority, OwnDraft, Refusal, StaleDigest
from services.policy.domain.composing.composition import InvalidPolicy
from shared.clock import rfc3339
from shared.problems import Problem

_PROBLEMS: tuple[tuple[type[Refusal], int, str, str], ...] = (
    (OwnDraft, 403, "own-draft", "Who wrote a policy cannot adopt it"),
    (NotYourUnit, 403, "not-your-unit", "This is another unit's policy"),
    (NoPost, 403, "no-post", "You hold no post here"),
    (NotYourAuthority, 403, "not-your-authority", "This is not yours to decide"),
    (StaleDigest, 409, "stale-digest", "What you saw has changed since"),
    (WrongState, 409, "wrong-state", "The draft is not in a state for this"),
    (PolicyHasHoles, 409, "policy-has-holes", "The policy has holes"),
    (AnotherTime, 409, "another-time", "It is to be adopted from another time on"),
    (AnotherIsScheduled, 409, "another-is-scheduled", "Another policy is yet to come into force"),
    (NotThisTime, 422, "not-this-time", "A policy cannot begin then"),
)

INVALID = (422, "invalid-policy", "The document cannot be taken")
NO_LONGER_FITS = (409, "no-longer-fits", "The draft does not fit what stands now")
"""How a document that is refused reads: one just sent, and one that was taken earlier."""


@contextlib.contextmanager
def refused_as_problem(status: int = INVALID[0], kind: str = INVALID[1], title: str = INVALID[2]) -> Iterator[None]:
    """Raise ``Problem`` for whatever is refused within; the arguments are for a document that is."""
    try:
        yield
    except Refusal as refusal:
        raise problem_of(refusal) from refusal
    except InvalidPolicy as invalid:
        field = {"pointer": "/document"} if kind == INVALID[1] else {}
        raise Problem(status, kind, title, errors=[{**field, **fault} for fault in faults_body(invalid)]) from invalid


def problem_of(refusal: Refusal) -> Problem:
    """The answer to a person whose act was refused, with what they need to go on."""
    for kind, status, name, title in _PROBLEMS:
        if isinstance(refusal, kind):
            return Problem(status, name, title, detail=str(refusal), **_members(refusal))
    raise AssertionError(f"{type(refusal).__name__} has no problem type") from refusal


def _members(refusal: Refusal) -> dict[str, Any]:
    match refusal:
        case NotThisTime():
            return {"errors": [{"pointer": "/effective_from", "detail": str(refusal)}]}
        case StaleDigest():
            return {"digest": refusal.current}
        case WrongState():
            return {"state": refusal.state}
        case PolicyHasHoles():
            return {"errors": list(refusal.holes)}
        case AnotherTime():
            return {"effective_from": rfc3339(refusal.effective_from)}
        case AnotherIsScheduled():
            return {"policy_version": refusal.version, "effective_from": rfc3339(refusal.effective_from)}
    return {}
