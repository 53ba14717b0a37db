"""What the story needs of the world, as it wishes to call it.

A unit of work is filled before a batch and emptied after it: between the two everything is in memory, so handlers are
plain functions, and a thousand comments cost as many round trips as ten.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from services.policy.domain.authority.mandates import Mandate
from services.policy.domain.clearance.approvals import Draft
from services.policy.domain.clearance.cases import Case, Thread
from services.policy.domain.clearance.facts import Difference
from services.policy.domain.clearance.paths import AgencyPace
from services.policy.domain.clearance.reviews import Review
from services.policy.domain.clearance.submissions import Submission
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.same_issue.issues import Issue
from services.policy.domain.same_issue.readings import Reading
from shared.events import CommentText, Event, ResponseApproved

PARLEY = "parley:policy"
"""The actor of what no person did."""


@dataclass(frozen=True, slots=True)
class Act:
    """One entry for the audit trail: who did what to what, in whose name."""

    agency: str
    actor: str
    action: str
    subject: str
    on_behalf_of: str | None = None
    details: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def by(cls, mandate: Mandate, agency: str, action: str, subject: str, **details: object) -> "Act":
        """An officer's act, with the power by which they did it."""
        behalf = mandate.on_behalf_of
        known = {
            "post": mandate.post,
            "level": mandate.level,
            "instrument": mandate.instrument,
            "delegator": behalf and behalf.officer,
            **details,
        }
        told = {name: value for name, value in known.items() if value is not None}
        return cls(agency, mandate.subject, action, subject, behalf.post if behalf else mandate.post, told)


class Policies(Protocol):
    """The policies in force."""

    def of(self, agency: str) -> PolicyInForce:
        """The agency's policy. Raises ``Dead`` for an agency that has none."""


class FactsGate(Protocol):
    """Whether the variants of a text in several languages state the same facts."""

    def differences(self, texts: Mapping[str, str]) -> Sequence[Difference]:
        """Every fact that some of these texts, by language or by language and platform, state and others lack."""


class Work(Protocol):
    """The cases at hand and what is to be written about them; nothing is written before the batch ends."""

    def case_in(self, thread: Thread) -> Case | None:
        """The case of a thread of the batch: where it was transferred, that of the agency which has it now."""

    def case(self, case_id: str) -> Case | None:
        """A case of the batch by its id."""

    def reading(self, event: CommentText, policy: PolicyInForce) -> Reading:
        """A comment of the batch as this policy reads it; each is read once."""

    def join_issue(self, event: CommentText, reading: Reading, earlier: str | None = None) -> Issue | None:
        """Count a comment to what others say alike; it opens an issue where nobody does, and none where it says too
        little to be compared. ``earlier``: the issue of its former revision, where it is not counted twice.
        """

    def keep(self, case: Case) -> None:
        """Write this case with its turns and draft."""

    def retire(self, case: Case, draft: Draft) -> None:
        """Write the end of a draft in whose place another one comes."""

    def release(self, response: ResponseApproved) -> None:
        """Keep a released response and announce it."""

    def order(self, order_id: str) -> Submission | None:
        """An order of the batch by its id."""

    def orders_of(self, case: Case) -> Sequence[Submission]:
        """The orders of a case of the batch, the oldest first."""

    def keep_order(self, order: Submission) -> None:
        """Write this order."""

    def open_review(self, review: Review) -> None:
        """Keep the duty to review a release."""

    def settle(self, response: str, state: str, at: datetime, *, native_id: str | None = None) -> None:
        """Note what became of a response: ``published``, ``failed`` or ``retracted``."""

    def pace(self, agency: str) -> AgencyPace:
        """How long steps take in an agency, as was measured not long ago."""

    def stage(self, event: Event) -> None:
        """Announce an event."""

    def note(self, act: Act) -> None:
        """Put an act on record."""
