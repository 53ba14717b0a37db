"""Builders of the tests of authority: an agency of few posts, and delegations among their holders."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from services.policy.domain.authority.grants import Asked, Place, grant
from services.policy.domain.authority.instruments import ActingAppointment
from services.policy.domain.authority.powers import Powers
from services.policy.domain.policies import Period
from services.policy.domain.roster import Ceiling, Officer
from tests.policy.builders import NOW, OFFICERS

TOPICS = ("fees", "visas", "queues")
DAY = timedelta(days=1)


def officer(subject: str, /, **changes: Any) -> Officer:
    (said,) = (each for each in OFFICERS if each["subject"] == subject)
    return Officer.model_validate({**said, **changes}, strict=False)


def office(**changes: Any) -> Powers:
    return replace(Powers(tuple(officer(str(each["subject"])) for each in OFFICERS)), **changes)


def ceiling(sensitivity: str = "S3", damage: str = "D3") -> Ceiling:
    return Ceiling.model_validate({"sensitivity": sensitivity, "damage": damage})


def asked(delegate: str | None = "division", **changes: Any) -> Asked:
    return replace(Asked(ceiling(), NOW, NOW + 30 * DAY, delegate=delegate), **changes)


def given(powers: Powers, grantor: str, wish: Asked, at: datetime = NOW, name: str = "") -> Powers:
    """The same office after a grant."""
    place = Place("test-agency", powers, TOPICS, at)
    instrument = grant(wish, grantor, place, name or f"del_{len(powers.delegations) + 1}")
    return replace(powers, delegations=(*powers.delegations, instrument))


def changed(powers: Powers, at: int = 0, **changes: Any) -> Powers:
    """The same office with one delegation otherwise."""
    delegations = list(powers.delegations)
    delegations[at] = replace(delegations[at], **changes)
    return replace(powers, delegations=tuple(delegations))


def lapse_of(powers: Powers, now: datetime, at: int = 0) -> str | None:
    lapse = powers.lapse(powers.delegations[at], now)
    return lapse and lapse.cause


def acting(subject: str, post: str, days: int = 10, **changes: Any) -> ActingAppointment:
    made = ActingAppointment("act_1", "test-agency", subject, post, NOW, NOW + days * DAY, "head", NOW)
    return replace(made, **changes)


def election(begins: datetime) -> Period:
    return Period(kind="pre_election", from_=begins, until=begins + 20 * DAY)
