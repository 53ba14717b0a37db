"""What changes who may decide: giving a power on and taking it back, appointing a stand-in, stepping aside.

Each act comes with its entry for the audit trail. Whoever acts does so by a post or a delegation, never by a token.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.policy.domain.authority import grants
from services.policy.domain.authority.grants import Asked, OverAlready, Place
from services.policy.domain.authority.instruments import ActingAppointment, DelegationInstrument, Lapse, Recusal
from services.policy.domain.authority.mandates import Mandate
from services.policy.domain.authority.powers import Powers
from services.policy.domain.clearance.approvals import NotYourAuthority
from services.policy.ports import PARLEY, Act
from shared.clock import rfc3339


@dataclass(frozen=True, slots=True)
class Span:
    """From when, and up to when."""

    from_: datetime
    until: datetime


def delegate(asked: Asked, grantor: str, place: Place, instrument: str) -> tuple[DelegationInstrument, Act]:
    """Give a power on, within what ``grantor`` has. Raises NotYourAuthority and GrantRefused."""
    given = grants.grant(asked, grantor, place, instrument)
    return given, _act(given, "delegation.granted", grantor, given.delegator_post, _told(given))


def revoke(
    instrument: DelegationInstrument, by: str, reason: str, powers: Powers, now: datetime
) -> list[tuple[DelegationInstrument, Act]]:
    """Take a delegation back, and with it all that rests on it: what is changed, the delegation itself first.

    It is for the delegator, for whoever stands in for them, for those whose power it passes on, and for whoever stands
    above the delegator's level in the agency. Taking back what was taken back changes nothing. Raises NotYourAuthority,
    and OverAlready where it lapsed otherwise.
    """
    lapse = powers.lapse(instrument, now)
    _refuse_others(instrument, by, powers, now)
    if lapse is not None:
        if lapse.cause == "revoked":
            return []
        raise OverAlready(f"The delegation lapsed before: {lapse.cause}.")
    held = powers.held(by, now)
    details = {"reason": reason, "delegator": instrument.delegator}
    act = _act(instrument, "delegation.revoked", by, held[0].post if held else None, details)
    revoked = instrument.revoked(by, reason, now)
    others = [each for each in powers.delegations if instrument in powers.ancestors(each)]
    return [(revoked, act), *(_lapsed(each, Lapse(now, "parent_lapsed")) for each in others if each.lapse is None)]


def lapse(powers: Powers, now: datetime) -> list[tuple[DelegationInstrument, Act]]:
    """Delegations that gave something and do so no more, but for those whose time is over; each is to be put on record,
    so that nothing brings it back."""
    found = [(each, powers.lapse(each, now)) for each in powers.delegations if each.lapse is None]
    return [_lapsed(each, lapse) for each, lapse in found if lapse is not None and lapse.cause != "ended"]


def appoint(
    subject: str, post: str, span: Span, by: str, place: Place, appointment: str
) -> tuple[ActingAppointment, Act]:
    """Let ``subject`` stand in for a post. Raises NotYourAuthority and GrantRefused."""
    made = grants.appoint(subject, post, (span.from_, span.until), by, place, appointment)
    details = {"subject": subject, "post": post, "from": rfc3339(span.from_), "until": rfc3339(span.until)}
    return made, Act(place.agency, by, "acting.appointed", made.id, place.powers.held(by, place.now)[0].post, details)


def end(
    appointment: ActingAppointment, by: str, reason: str, powers: Powers, now: datetime
) -> tuple[ActingAppointment, Act] | None:
    """End an appointment before its time: for the stand-in, and for whoever may make one; None where it was ended
    before. Raises NotYourAuthority and OverAlready."""
    whole = powers.post(appointment.post, now)
    held = powers.held(by, now)
    if by != appointment.subject and not (whole and any(each.level >= whole.level for each in held)):
        raise NotYourAuthority("It is ended by the stand-in, or by somebody on the post's level or above.")
    if appointment.ended_at is not None:
        return None
    if appointment.until <= now:
        raise OverAlready("The appointment was over before.")
    details = {"subject": appointment.subject, "post": appointment.post, "reason": reason}
    act = Act(appointment.agency, by, "acting.ended", appointment.id, held[0].post if held else None, details)
    return replace(appointment, ended_at=now, ended_by=by), act


def recuse(case: str, agency: str, mandates: tuple[Mandate, ...], reason: str, now: datetime) -> tuple[Recusal, Act]:
    """Step aside from one case: nothing that this person has counts there any more. Raises NotYourAuthority for one who
    has nothing."""
    if not mandates:
        raise NotYourAuthority("You hold no post in this agency.")
    first = mandates[0]
    act = Act(agency, first.subject, "case.recused", case, first.post, {"reason": reason})
    return Recusal(case, agency, first.subject, reason, now), act


def _refuse_others(instrument: DelegationInstrument, by: str, powers: Powers, now: datetime) -> None:
    own = {instrument.delegator, *(each.delegator for each in powers.ancestors(instrument))}
    post = powers.post(instrument.delegator_post, now)
    level = max(instrument.level, post.level) if post and instrument.parent is None else instrument.level
    held = powers.held(by, now)
    in_place = instrument.parent is None and any(each.post == instrument.delegator_post for each in held)
    if by not in own and not in_place and not any(each.level > level for each in held):
        raise NotYourAuthority("It is taken back by the delegator, or by somebody above.")


def _lapsed(instrument: DelegationInstrument, lapse: Lapse) -> tuple[DelegationInstrument, Act]:
    details = {"cause": lapse.cause, "at": rfc3339(lapse.at), "delegator": instrument.delegator}
    return replace(instrument, lapse=lapse), _act(instrument, "delegation.lapsed", PARLEY, None, details)


def _act(instrument: DelegationInstrument, action: str, by: str, post: str | None, details: dict[str, Any]) -> Act:
    return Act(instrument.agency, by, action, instrument.id, post, details)


def _told(given: DelegationInstrument) -> dict[str, Any]:
    told = {
        "delegate": given.delegate,
        "delegate_post": given.delegate_post,
        "level": given.level,
        "sensitivity": given.ceiling.sensitivity,
        "damage": given.ceiling.damage,
        "topics": list(given.topics),
        "platforms": list(given.platforms),
        "specialisms": list(given.specialisms),
        "number_a_day": given.number_a_day,
        "sub_delegation": given.sub_delegation,
        "cleared_lines_only": given.cleared_lines_only or None,
        "parent": given.parent,
        "from": rfc3339(given.from_),
        "until": rfc3339(given.until),
    }
    return {name: value for name, value in told.items() if value not in (None, [])}
