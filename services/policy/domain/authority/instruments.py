"""The written acts that change who may decide: appointments of stand-ins, delegations, and stepping aside."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from services.policy.domain.roster import Ceiling
from services.policy.domain.scales import Level, Specialism

Cause = Literal[
    "ended", "revoked", "delegator_left", "holder_changed", "delegate_left", "pre_election_period", "parent_lapsed"
]
"""Why an instrument gives nothing any more: its time was over; it was taken back; the delegator left the post, or
another person holds it now; the delegate named by person left the post held at the grant; a pre-election period
began; what it rests on lapsed."""


@dataclass(frozen=True, slots=True)
class Lapse:
    """From when on an instrument gives nothing any more, and why. Final: only another instrument gives it again."""

    at: datetime
    cause: Cause


@dataclass(frozen=True, slots=True)
class ActingAppointment:
    """A stand-in holds a whole post, from ``from_`` up to ``until``; ``ended_at`` where that was cut short."""

    id: str
    agency: str
    subject: str
    post: str
    from_: datetime
    until: datetime
    appointed_by: str
    appointed_at: datetime
    ended_at: datetime | None = None
    ended_by: str | None = None

    def stands_at(self, now: datetime) -> bool:
        """Whether the stand-in holds the post at ``now``."""
        until = self.until if self.ended_at is None else min(self.until, self.ended_at)
        return max(self.from_, self.appointed_at) <= now < until


@dataclass(frozen=True, slots=True)
class Recusal:
    """A person steps aside from one case because of a conflict of interest."""

    case: str
    agency: str
    subject: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DelegationInstrument:
    """A dated power that ``delegator`` gives, and keeps, to a person (``delegate``) or a post (``delegate_post``).

    ``topics``, ``platforms``: none named means all that the delegator has; ``specialisms``: none named means none.
    ``cleared_lines_only``: good only for drafts that say a cleared line unchanged. ``number_a_day`` counts consents
    given under it and under what rests on it. ``parent`` is the instrument that it passes on; ``held_post`` the post
    that the person named had at the grant. ``lapse`` is what was put on record.
    """

    id: str
    agency: str
    delegator: str
    delegator_post: str
    delegate: str | None
    delegate_post: str | None
    level: Level
    ceiling: Ceiling
    from_: datetime
    until: datetime
    granted_at: datetime
    topics: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    specialisms: tuple[Specialism, ...] = ()
    number_a_day: int | None = None
    sub_delegation: bool = False
    cleared_lines_only: bool = False
    parent: str | None = None
    held_post: str | None = None
    lapse: Lapse | None = None
    revoked_by: str | None = None
    revocation_reason: str | None = None

    def revoked(self, by: str, reason: str, now: datetime) -> "DelegationInstrument":
        """The instrument, taken back."""
        return replace(self, lapse=Lapse(now, "revoked"), revoked_by=by, revocation_reason=reason)
