"""Giving a power on: what a delegation or an appointment must keep to, and why one is refused.

Nobody gives more than they have. What is refused names every field that is at fault, so that the next try can be right.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from services.policy.domain.authority.instruments import ActingAppointment, DelegationInstrument
from services.policy.domain.authority.mandates import Mandate
from services.policy.domain.authority.powers import Powers
from services.policy.domain.clearance.approvals import NotYourAuthority, Refusal
from services.policy.domain.roster import Ceiling
from services.policy.domain.scales import Level, Sensitivity, Specialism

BY_NAME_AND_DAY: Sensitivity = "S4"
"""From this sensitivity on a power is given to a person by name, and for a day at most."""

ONE_DAY = timedelta(days=1)

Reason = Literal[
    "more-than-you-have",
    "to-oneself",
    "loop",
    "sub-delegation-not-permitted",
    "ends-before-it-begins",
    "over-already",
    "too-long",
    "by-name-only",
    "one-day-only",
    "unknown-post",
    "unknown-topic",
    "unknown-person",
    "holds-it-already",
]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one field. ``pointer`` is a JSON pointer (RFC 6901) into what was asked."""

    pointer: str
    reason: Reason
    detail: str


class GrantRefused(Refusal):
    """This power cannot be given so."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__(" ".join(dict.fromkeys(fault.detail for fault in faults)))
        self.faults = faults


class OverAlready(Refusal):
    """It stands no longer."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A delegation as somebody would have it: to a person (``delegate``) or a post. Without ``level`` the grantor's
    highest; ``under`` names the instrument that it shall pass on."""

    ceiling: Ceiling
    from_: datetime
    until: datetime
    delegate: str | None = None
    delegate_post: str | None = None
    level: Level | None = None
    topics: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    specialisms: tuple[Specialism, ...] = ()
    number_a_day: int | None = None
    sub_delegation: bool = False
    cleared_lines_only: bool = False
    under: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a grant is made: the agency, what its powers rest on, its subjects, and the moment."""

    agency: str
    powers: Powers
    topics: Collection[str]
    now: datetime


def grant(asked: Asked, grantor: str, place: Place, instrument: str) -> DelegationInstrument:
    """The delegation that ``grantor`` gives, with the id ``instrument``.

    Of several mandates it is given from the one that it fits best, a post before what was delegated. Raises
    NotYourAuthority for one who has none, and GrantRefused.
    """
    mandates = _in_question(asked, place.powers.of(grantor, place.now))
    if not mandates:
        raise NotYourAuthority("You have no such power in this agency that you could delegate.")
    tried = [(tuple(_faults(asked, mandate, place)), mandate) for mandate in mandates]
    faults, mandate = min(tried, key=lambda each: len(each[0]))
    if faults:
        raise GrantRefused(faults)
    held = place.powers.held(asked.delegate, place.now) if asked.delegate is not None else []
    return DelegationInstrument(
        id=instrument,
        agency=place.agency,
        delegator=grantor,
        delegator_post=mandate.post,
        delegate=asked.delegate,
        delegate_post=asked.delegate_post,
        level=asked.level or mandate.level,
        ceiling=asked.ceiling,
        from_=asked.from_,
        until=asked.until,
        granted_at=place.now,
        topics=asked.topics,
        platforms=asked.platforms,
        specialisms=asked.specialisms,
        number_a_day=asked.number_a_day,
        sub_delegation=asked.sub_delegation,
        cleared_lines_only=asked.cleared_lines_only,
        parent=mandate.instrument if mandate.basis == "delegation" else None,
        held_post=next((each.post for each in held), None),
    )


def appoint(
    subject: str, post: str, span: tuple[datetime, datetime], by: str, place: Place, id_: str
) -> ActingAppointment:
    """The appointment of ``subject`` to stand in for a post, from the first moment of ``span`` up to the second.

    Raises NotYourAuthority for one below the post's level and for the stand-in, and GrantRefused.
    """
    whole = place.powers.post(post, place.now)
    if whole is None:
        raise GrantRefused((_unknown_post("/post", post),))
    held = place.powers.held(by, place.now)
    if by == subject or not any(each.level >= whole.level for each in held):
        raise NotYourAuthority(f"A stand-in for {post} is appointed by another person on {whole.level} or above.")
    faults = list(faults_of_span(*span, place.now))
    if any(each.subject == subject and each.post == post for each in place.powers.roster):
        faults.append(Fault("/subject", "holds-it-already", f"This person holds the post {post} already."))
    if faults:
        raise GrantRefused(tuple(faults))
    return ActingAppointment(id_, place.agency, subject, post, *span, appointed_by=by, appointed_at=place.now)


def _in_question(asked: Asked, mandates: tuple[Mandate, ...]) -> list[Mandate]:
    """From which mandates it may be meant: those that reach the level or, where none is named or none does, the
    highest, lest it be taken for less."""
    found = [each for each in mandates if asked.under in (None, each.instrument)]
    highest = max((each.level for each in found), default="L0")
    level = min(asked.level or highest, highest)
    return [each for each in found if each.level >= level]


def _faults(asked: Asked, mandate: Mandate, place: Place) -> Iterator[Fault]:
    yield from _faults_of_extent(asked, mandate, place)
    yield from faults_of_span(asked.from_, asked.until, place.now)
    yield from _faults_of_period(asked, mandate)
    yield from _faults_of_delegate(asked, mandate, place)


def _faults_of_extent(asked: Asked, mandate: Mandate, place: Place) -> Iterator[Fault]:
    if asked.level is not None and asked.level > mandate.level:
        yield _more("/level", f"You have {mandate.level}, not {asked.level}.")
    for name in ("sensitivity", "damage"):
        most, wanted = getattr(mandate.ceiling, name), getattr(asked.ceiling, name)
        if wanted > most:
            yield _more(f"/ceiling/{name}", f"Your ceiling is {most}, not {wanted}.")
    for name in ("topics", "platforms"):
        yours = getattr(mandate, name)
        for at, wanted in enumerate(getattr(asked, name)):
            if yours and wanted not in yours:
                yield _more(f"/{name}/{at}", f"Your power is not for {wanted}.")
    for at, specialism in enumerate(asked.specialisms):
        if specialism not in mandate.specialisms:
            yield _more(f"/specialisms/{at}", f"You are no specialist for {specialism}.")
    for at, topic in enumerate(asked.topics):
        if topic not in place.topics:
            yield Fault(f"/topics/{at}", "unknown-topic", f"The agency's policy has no topic {topic}.")
    if mandate.cleared_lines_only and not asked.cleared_lines_only:
        yield _more("/cleared_lines_only", "Your power is for unchanged cleared lines only.")
    number = mandate.number_a_day
    if number is not None and (asked.number_a_day or 0) > number:
        yield _more("/number_a_day", f"You have {number} a day.")
    if not mandate.passes_on:
        detail = f"The instrument {mandate.instrument} does not permit that its power is passed on."
        yield Fault("/delegate", "sub-delegation-not-permitted", detail)


def faults_of_span(from_: datetime, until: datetime, now: datetime) -> Iterator[Fault]:
    """What is wrong with a time from a first moment up to a second."""
    if until <= from_:
        yield Fault("/until", "ends-before-it-begins", "It ends before it begins.")
    elif until <= now:
        yield Fault("/until", "over-already", "It is over already.")
    if until > _a_year_after(from_):
        yield Fault("/until", "too-long", "It may last for twelve months at most.")


def _faults_of_period(asked: Asked, mandate: Mandate) -> Iterator[Fault]:
    if mandate.from_ is not None and asked.from_ < mandate.from_:
        yield _more("/from", "It would begin before your own power does.")
    if mandate.until is not None and asked.until > mandate.until:
        yield _more("/until", "It would last longer than your own power.")
    if asked.ceiling.sensitivity >= BY_NAME_AND_DAY and asked.until - asked.from_ > ONE_DAY:
        yield Fault("/until", "one-day-only", f"{BY_NAME_AND_DAY} is delegated for one day at most.")


def _faults_of_delegate(asked: Asked, mandate: Mandate, place: Place) -> Iterator[Fault]:
    powers, now = place.powers, place.now
    if asked.delegate_post is not None:
        if asked.ceiling.sensitivity >= BY_NAME_AND_DAY:
            detail = f"{BY_NAME_AND_DAY} is delegated to a person by name, not to a post."
            yield Fault("/delegate/post", "by-name-only", detail)
        if powers.post(asked.delegate_post, now) is None:
            yield _unknown_post("/delegate/post", asked.delegate_post)
            return

    def meets(person: str) -> bool:
        if asked.delegate_post is not None:
            return powers.holds(person, asked.delegate_post, now)
        return person == asked.delegate

    pointer = "/delegate/subject" if asked.delegate is not None else "/delegate/post"
    if meets(mandate.subject):
        yield Fault(pointer, "to-oneself", "Nobody delegates to themselves.")
    elif any(meets(powers.by_id[each].delegator) for each in mandate.chain if each in powers.by_id):
        yield Fault(pointer, "loop", "The power came from there; it cannot be given back.")


def _more(pointer: str, detail: str) -> Fault:
    return Fault(pointer, "more-than-you-have", detail)


def _unknown_post(pointer: str, post: str) -> Fault:
    return Fault(pointer, "unknown-post", f"The agency has no post {post}.")


def _a_year_after(moment: datetime) -> datetime:
    try:
        return moment.replace(year=moment.year + 1)
    except ValueError:  # from the 29th of February
        return moment.replace(year=moment.year + 1, month=3, day=1)
