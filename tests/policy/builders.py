"""Builders for the tests of policy: comments as events, agencies' policies, cases in memory."""

import functools
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from services.policy.adapters.policy_files import Deployment, above, read_folder
from services.policy.adapters.store.policies import PolicyShelf
from services.policy.adapters.store.work import UnitOfWork
from services.policy.desk import Desk
from services.policy.domain.authority.powers import Powers
from services.policy.domain.clearance.cases import Case, Thread
from services.policy.domain.clearance.deciders import Decider
from services.policy.domain.comments import Comment, History
from services.policy.domain.composing.composition import compose
from services.policy.domain.deciding.decisions import Decision, PolicyInForce
from services.policy.domain.policies import Policy
from services.policy.domain.roster import Officer
from shared.events import (
    Author,
    CommentDeleted,
    CommentEdited,
    CommentReceived,
    PublicationFailed,
    ResponseApproved,
    ResponsePublished,
)

NOW = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
SAMPLES = Path(__file__).parents[2] / "deploy" / "local" / "agencies"

OFFICERS = [
    {"subject": "desk", "post": "Desk", "level": "L1"},
    {"subject": "desk-2", "post": "Second Desk", "level": "L1"},
    {"subject": "comms", "post": "Communications", "level": "L2", "specialisms": ["facts"]},
    {"subject": "division", "post": "Division", "level": "L3"},
    {"subject": "legal", "post": "Legal", "level": "L3", "specialisms": ["legal", "security"]},
    {"subject": "head", "post": "Head", "level": "L4"},
]


@functools.cache
def deployment() -> Deployment:
    """What the three sample agencies wrote."""
    return read_folder(SAMPLES)


@functools.cache
def shelf() -> PolicyShelf:
    """The same, ready to decide."""
    return deployment().shelf()


def sample(agency: str) -> PolicyInForce:
    """A sample agency's policy."""
    return shelf().of(agency)


def document(**sections: Any) -> dict[str, Any]:
    """An agency file that says nothing but its name and officers, unless ``sections`` say more."""
    return {"agency": "test-agency", "name": "Test", "version": 1, "officers": OFFICERS, **sections}


def a_policy(**sections: Any) -> Policy:
    """A policy composed over the baseline."""
    return compose(document(**sections), above())


def in_force(**sections: Any) -> PolicyInForce:
    """The same, ready to decide."""
    return PolicyInForce(a_policy(**sections))


@functools.cache
def bare() -> PolicyInForce:
    """The baseline and officers, nothing else."""
    return in_force()


def decided(text: str, policy: PolicyInForce | None = None, *, turn: int = 1, **about: Any) -> Decision:
    """What a policy (by default the baseline) decides for a text."""
    return (policy or bare()).decide(Comment(text, **about), History(turn), NOW)


def received(text: str, *, agency: str = "passports", comment: str = "cmt_1", **about: Any) -> CommentReceived:
    """A comment as it arrives."""
    return CommentReceived(**_comment(text, agency, comment, **about))


def edited(
    text: str, *, agency: str = "passports", comment: str = "cmt_1", revision: int = 2, **about: Any
) -> CommentEdited:
    """The same comment at a later revision."""
    return CommentEdited(**_comment(text, agency, comment, revision=revision, **about))


def deleted(*, agency: str = "passports", comment: str = "cmt_1", revision: int = 1) -> CommentDeleted:
    """The comment is gone."""
    return CommentDeleted(
        **_place(agency), comment=comment, native_id=f"n-{comment}", revision=revision, deleted_at=NOW
    )


def published(response: ResponseApproved) -> ResponsePublished:
    """The response stands on its platform."""
    return ResponsePublished(
        **_place(response.agency),
        publication="pub_1",
        response=response.response,
        case=response.case,
        comments=response.comments,
        native_id="reply-1",
        text=response.text,
        published_at=LATER,
        purpose=response.purpose,
    )


def failed(response: ResponseApproved, reason: str) -> PublicationFailed:
    """The response will not appear."""
    return PublicationFailed(
        **_place(response.agency),
        publication="pub_1",
        response=response.response,
        case=response.case,
        comments=response.comments,
        reason=reason,
        failed_at=LATER,
        purpose=response.purpose,
    )


def officer(agency: str, subject: str) -> Officer:
    """An officer of a sample agency."""
    found = sample(agency).policy.officer(subject)
    assert found is not None
    return found


def decider(agency: str, subject: str) -> Decider:
    """An officer of a sample agency, with nothing but their post."""
    policy = sample(agency).policy
    found = Powers(policy.officers).of(subject, NOW)
    assert found
    return Decider(subject, found)


class OnePolicy:
    """The same policy for whatever agency."""

    def __init__(self, policy: PolicyInForce) -> None:
        self._policy = policy

    def of(self, agency: str) -> PolicyInForce:
        return self._policy


def a_desk(case: Case, work: UnitOfWork, subject: str, policy: PolicyInForce | None = None) -> Desk:
    """What an officer of a case's agency has before them."""
    agency = case.thread.agency
    return Desk(case, case.draft, decider(agency, subject), policy or sample(agency), work, NOW)


def the_case(work: UnitOfWork, agency: str = "passports") -> Case:
    """The one case of the thread that these builders write to."""
    found = work.case_in(Thread(**_place(agency)))
    assert found is not None
    return found


def _place(agency: str) -> dict[str, str]:
    return {"agency": agency, "platform": "mastodon", "account": "acc-1", "thread": "thread-1"}


def _comment(text: str, agency: str, comment: str, **about: Any) -> dict[str, Any]:
    return {
        **_place(agency),
        "comment": comment,
        "native_id": f"n-{comment}",
        "revision": 1,
        "author": Author(id="citizen", name="A Citizen", handle="citizen@example.social"),
        "text": text,
        "sent_at": NOW - timedelta(minutes=1),
        "received_at": NOW,
        **about,
    }
