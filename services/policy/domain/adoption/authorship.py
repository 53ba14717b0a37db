"""A policy on its way into force: its states, who may take which step, and what an adoption binds.

``draft`` → ``review`` → ``adopted`` → ``superseded``. From review a draft may come back; what is not in force yet may
be withdrawn. Two persons adopt, neither of whom wrote any of it, and each consents to one digest: if the draft, or
what it stands on, is another one by then, the consents given before no longer count. Nothing of an adopted draft
changes.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from services.policy.domain.adoption.standing import Documents, Roster, Standing
from services.policy.domain.clearance.approvals import NotYourAuthority, Refusal
from services.policy.domain.composing.composition import Document

PolicyDraftState = Literal["draft", "review", "adopted", "superseded", "withdrawn"]

OPEN: frozenset[PolicyDraftState] = frozenset({"draft", "review"})
"""States in which it is not settled yet what the draft comes to."""
ADOPTERS = 2
"""How many persons adopt a policy, besides those who wrote it."""
FURTHEST = timedelta(days=366)
"""How far ahead a policy may be adopted."""
AS_GOOD_AS_NOW = timedelta(minutes=5)
"""A time that has only just passed is meant as now: to send a request takes its time."""
CLOCKS_DIFFER = timedelta(seconds=5)
"""By how much another replica's "now" may be ahead of ours."""
_NEXT = timedelta(microseconds=1)


class NotYourUnit(NotYourAuthority):
    """Your post belongs to another unit; a unit's policy is its own affair."""


class NoPost(NotYourAuthority):
    """You hold no post in this agency now; its policy is written and adopted by those who do."""


class WrongState(Refusal):
    """The draft is not in a state for this."""

    def __init__(self, state: PolicyDraftState, wanted: Collection[PolicyDraftState]) -> None:
        super().__init__(f"The draft is in state {state}; this needs {' or '.join(wanted)}.")
        self.state = state


class PolicyHasHoles(Refusal):
    """The policy has holes; mend them first."""

    def __init__(self, holes: Sequence[dict[str, Any]]) -> None:
        super().__init__()
        self.holes = holes


class NotThisTime(Refusal):
    """A policy begins now or within the coming year."""


class AnotherTime(Refusal):
    """The other person adopted it from another time on."""

    def __init__(self, effective_from: datetime) -> None:
        super().__init__()
        self.effective_from = effective_from


class AnotherIsScheduled(Refusal):
    """An adopted policy that is yet to come into force stands in the way. Begin after it, or have it withdrawn."""

    def __init__(self, standing: Standing) -> None:
        super().__init__()
        self.version, self.effective_from = standing.version, standing.effective_from


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts, with the post that they hold in the agency and the unit it belongs to, if any. ``only_writes``: one who
    looks after all agencies and holds no post in this one."""

    subject: str
    post: str | None = None
    unit: str | None = None
    only_writes: bool = False


@dataclass(frozen=True, slots=True)
class Consent:
    """One person's adoption of exactly this digest, from this time on (None: at once)."""

    by: str
    at: datetime
    digest: str
    effective_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class PolicyDraft:
    """One document that shall take the place of an agency's (``unit`` None) or of a unit's.

    ``edition`` counts its wordings from 1; ``editors`` are those who changed it besides its author. ``version`` is the
    policy's, once adopted.
    """

    id: str
    agency: str
    unit: str | None
    document: Document
    author: str
    written_at: datetime
    changed_at: datetime
    note: str | None = None
    editors: tuple[str, ...] = ()
    edition: int = 1
    state: PolicyDraftState = "draft"
    adoptions: tuple[Consent, ...] = ()
    effective_from: datetime | None = None
    version: str | None = None

    def was_written_by(self, subject: str) -> bool:
        """Whether any of it is theirs."""
        return subject == self.author or subject in self.editors

    def consent_of(self, subject: str) -> Consent | None:
        """The adoption that a person has given."""
        return next((consent for consent in self.adoptions if consent.by == subject), None)

    def is_scheduled(self, now: datetime) -> bool:
        """Whether it is adopted, and yet to come into force."""
        return self.state == "adopted" and self.effective_from is not None and now < self.effective_from

    def expect(self, *states: PolicyDraftState) -> None:
        """Raises WrongState unless it is in one of ``states``."""
        if self.state not in states:
            raise WrongState(self.state, states)

    def became(self, state: PolicyDraftState, now: datetime) -> "PolicyDraft":
        """The draft in another state; on its way back or out it has no consents any more."""
        if state in ("adopted", "superseded"):
            return replace(self, state=state, changed_at=now)
        return replace(self, state=state, changed_at=now, adoptions=(), effective_from=None, version=None)


@dataclass(frozen=True, slots=True)
class Adoption:
    """A policy put in force from a time on. ``draft`` is None for what a deployment brought as files."""

    agency: str
    version: str
    effective_from: datetime
    adopted_by: tuple[str, ...]
    adopted_at: datetime
    documents: Documents
    draft: str | None = None


def acting(
    subject: str, roster: Roster | None, standing: Standing | None, now: datetime, *, for_all_agencies: bool = False
) -> Person:
    """Who acts, in the post that they hold now. Raises NoPost.

    Without a post acts who looks after all agencies, and then only writes; and anybody where nobody holds a post yet,
    because somebody must write an agency's first policy.
    """
    officers = roster.officers if roster else ()
    officer = next((each for each in officers if each.subject == subject), None)
    if officer is None or not officer.holds_at(now):
        if officers and not for_all_agencies:
            raise NoPost
        return Person(subject, only_writes=bool(officers))
    return Person(subject, officer.post, officer.unit or (standing.documents.unit_of(subject) if standing else None))


def refuse_another_units(person: Person, unit: str | None, document: Document, standing: Standing | None) -> None:
    """Raises NotYourUnit where the person's post belongs to a unit, and this is not that unit's.

    A unit is known by the names that it has in force; only a new one by those that it gives itself.
    """
    if person.unit is None:
        return
    known = standing.documents.names_of(unit) if standing and unit else frozenset[str]()
    if person.unit not in (known or {unit, document.get("name")} if unit else ()):
        raise NotYourUnit


def beginning(asked: datetime | None, consents: Sequence[Consent], now: datetime) -> datetime | None:
    """The time that all who adopt have in mind, None for at once. Raises NotThisTime, AnotherTime."""
    if asked is not None and not now - AS_GOOD_AS_NOW <= asked <= now + FURTHEST:
        raise NotThisTime
    named = next((consent.effective_from for consent in consents if consent.effective_from is not None), None)
    if asked is not None and named is not None and asked != named:
        raise AnotherTime(named)
    return named or asked


def place_in_line(wanted: datetime | None, standing: Standing | None, now: datetime) -> tuple[datetime, datetime]:
    """From when a policy is in force and when it was adopted, both after what it stands on.

    Adoptions follow each other in both, so that none that is still to come undoes a later one unseen. Raises
    AnotherIsScheduled.
    """
    begins = now if wanted is None or wanted < now else wanted
    if standing is None:
        return begins, now
    if standing.effective_from > begins + CLOCKS_DIFFER:
        raise AnotherIsScheduled(standing)
    if standing.effective_from > now + CLOCKS_DIFFER:  # each has a moment of its own, and a roster of that moment
        begins = max(begins, standing.effective_from + _NEXT)
    adopted_at = max(now, standing.adopted_at + _NEXT)
    return max(begins, standing.effective_from), adopted_at
