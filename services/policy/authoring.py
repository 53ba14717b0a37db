"""What policy owners do: write a draft, submit it, adopt it by two persons, withdraw it.

Each act takes the draft as it stands and gives it as it is then, with what goes on record; nothing here remembers. Who
may write is told by the caller's token and by the post that they hold, which may be a unit's. To submit, adopt or
withdraw a second time changes nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, NamedTuple

from services.policy.domain.adoption.authorship import (
    ADOPTERS,
    CLOCKS_DIFFER,
    OPEN,
    Adoption,
    AnotherIsScheduled,
    Consent,
    NoPost,
    Person,
    PolicyDraft,
    PolicyHasHoles,
    WrongState,
    beginning,
    place_in_line,
    refuse_another_units,
)
from services.policy.domain.adoption.standing import Composed, Standing
from services.policy.domain.clearance.approvals import NotYourAuthority, OwnDraft, StaleDigest
from services.policy.domain.composing.composition import Document, InvalidPolicy
from services.policy.ports import PARLEY, Act
from shared.clock import rfc3339

Right = Literal["write", "adopt"]
"""What a caller's token allows."""


class Done(NamedTuple):
    """What came of an act: the draft, what goes on record, and the adoption if it was the last consent."""

    draft: PolicyDraft
    acts: tuple[Act, ...] = ()
    adoption: Adoption | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """What a person has before them: the draft, the newest adoption that it stands on, and the moment.

    ``made`` is what the draft comes to over what it stands on, or why to nothing; None where that is settled.
    ``holes`` are the errors that lint finds in it.
    """

    person: Person
    draft: PolicyDraft
    standing: Standing | None
    made: Composed | InvalidPolicy | None
    now: datetime
    holes: Sequence[dict[str, Any]] = ()

    @property
    def composed(self) -> Composed:
        """What the draft comes to. Raises InvalidPolicy, and WrongState where that is settled."""
        if isinstance(self.made, InvalidPolicy):
            raise self.made
        if self.made is None:
            raise WrongState(self.draft.state, sorted(OPEN))
        return self.made


class Seen(NamedTuple):
    """What a person had before their eyes when adopting: the digest, or the edition of the draft."""

    digest: str | None = None
    edition: int | None = None


def write(desk: Desk) -> Done:
    """The draft at hand is a new one. Raises NotYourUnit."""
    _refuse_strangers(desk)
    return _done(desk, desk.draft, "policy.drafted", note=desk.draft.note)


def edit(desk: Desk, document: Document, note: str | None) -> Done:
    """The next edition of a draft; whoever writes it cannot adopt it any more. Raises a Refusal."""
    _refuse_strangers(desk)
    draft, writer = desk.draft, desk.person.subject
    draft.expect("draft")
    editors = draft.editors if draft.was_written_by(writer) else (*draft.editors, writer)
    edition = draft.edition + 1
    edited = replace(draft, document=document, note=note, editors=editors, edition=edition, changed_at=desk.now)
    return _done(desk, edited, "policy.edited", note=note)


def submit(desk: Desk) -> Done:
    """Put a draft before those who adopt. Raises a Refusal, InvalidPolicy; what has faults or holes stays with its
    authors."""
    _refuse_strangers(desk)
    if desk.draft.state == "review":
        return Done(desk.draft)
    desk.draft.expect("draft")
    if isinstance(desk.made, InvalidPolicy):
        raise desk.made
    if desk.holes:
        raise PolicyHasHoles(desk.holes)
    return _done(desk, desk.draft.became("review", desk.now), "policy.submitted")


def send_back(desk: Desk, reason: str) -> Done:
    """A draft does not come into force as it is: its authors have it again, and consents are gone. Raises a Refusal."""
    _refuse_strangers(desk)
    desk.draft.expect("review")
    return _done(desk, desk.draft.became("draft", desk.now), "policy.returned", reason=reason)


def adopt(desk: Desk, seen: Seen, effective_from: datetime | None) -> Done:
    """One person's consent to a draft; with that of the second it is adopted. Raises a Refusal, InvalidPolicy.

    A consent to anything else than what the draft comes to now does not count: neither the one at hand nor those given
    before.
    """
    _refuse_strangers(desk)
    draft, person, now = desk.draft, desk.person, desk.now
    if draft.version is not None and draft.consent_of(person.subject) is not None:
        return Done(draft)
    if person.only_writes:
        raise NoPost
    draft.expect("review")
    if draft.was_written_by(person.subject):
        raise OwnDraft
    digest = desk.composed.digest(draft.id, draft.edition)
    if seen.digest not in (None, digest) or seen.edition not in (None, draft.edition):
        raise StaleDigest(digest)
    given = tuple(consent for consent in draft.adoptions if consent.digest == digest)
    if any(consent.by == person.subject for consent in given):
        return Done(draft)
    begins = beginning(effective_from, given, now)
    consents = (*given, Consent(person.subject, now, digest, effective_from))
    consented = replace(draft, adoptions=consents, effective_from=begins, changed_at=now)
    lapsed = [consent.by for consent in draft.adoptions if consent not in given]
    about = {"policy": desk.composed.policy.version, "digest": digest, "lapsed": lapsed or None}
    done = _done(desk, consented, "policy.consented", **about, **_from(begins))
    return done if len(consents) < ADOPTERS else _adopted(desk, done)


def withdraw(desk: Desk, may: Collection[Right], reason: str | None) -> Done:
    """A draft will not come into force. One adopted but yet to begin is called off by someone who may adopt.

    What is in force then stays so: two persons adopted that as well. It is too late where another replica may decide
    by it already, and too early while a later adoption stands on it. Raises a Refusal.
    """
    _refuse_strangers(desk)
    draft = desk.draft
    if draft.state == "withdrawn":
        return Done(draft)
    if not draft.is_scheduled(desk.now + CLOCKS_DIFFER):
        draft.expect("draft", "review")
        if "write" not in may:
            raise NotYourAuthority("What was not adopted yet is withdrawn by someone who may write.")
    elif "adopt" not in may:
        raise NotYourAuthority("What was adopted is called off by someone who may adopt.")
    elif desk.standing is not None and desk.standing.draft != draft.id:
        raise AnotherIsScheduled(desk.standing)
    withdrawn = draft.became("withdrawn", desk.now)
    return _done(desk, withdrawn, "policy.withdrawn", policy=draft.version, reason=reason)


def unscheduled(draft: PolicyDraft, version: str, now: datetime) -> Done:
    """Adopted for a later time, but what it stood on has given way to ``version``: it must be adopted anew."""
    details = {"reason": "stands_on_changed", "policy": draft.version, "gave_way_to": version}
    return Done(draft.became("review", now), (Act(draft.agency, PARLEY, "policy.returned", draft.id, None, details),))


def _adopted(desk: Desk, done: Done) -> Done:
    draft, composed = done.draft, desk.composed
    effective_from, adopted_at = place_in_line(draft.effective_from, desk.standing, desk.now)
    adoption = Adoption(
        agency=draft.agency,
        version=composed.policy.version,
        effective_from=effective_from,
        adopted_by=tuple(consent.by for consent in draft.adoptions),
        adopted_at=adopted_at,
        documents=composed.documents,
        draft=draft.id,
    )
    adopted = replace(draft, state="adopted", version=adoption.version, effective_from=effective_from)
    _, acts, _ = _done(
        desk,
        adopted,
        "policy.adopted",
        policy=adoption.version,
        in_place_of=composed.stands_on,
        adopted_by=list(adoption.adopted_by),
        **_from(effective_from),
    )
    return Done(adopted, (*done.acts, *acts), adoption)


def _refuse_strangers(desk: Desk) -> None:
    refuse_another_units(desk.person, desk.draft.unit, desk.draft.document, desk.standing)


def _from(moment: datetime | None) -> dict[str, str | None]:
    return {"effective_from": rfc3339(moment) if moment else None}


def _done(desk: Desk, draft: PolicyDraft, action: str, **about: Any) -> Done:
    known = {"unit": draft.unit, "edition": draft.edition, **about}
    details = {name: value for name, value in known.items() if value is not None}
    return Done(draft, (Act(draft.agency, desk.person.subject, action, draft.id, desk.person.post, details),))
