"""A delegation, ready to be given, that would close a hole.

It gives no more than the hole needs: the row's subjects, sensitivity and damage, for as long as the hole lasts, to one
person who is there, without leave to pass it on. What is above S3 or D3 is given for one day. Of several delegators the
one with the least power that will do is asked, those who are away before those who are there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from services.policy.domain.answering.holes import Hole
from services.policy.domain.answering.maps import AnsweringMap, Interval
from services.policy.domain.answering.paths import Path, Team, is_good_for, missing
from services.policy.domain.authority.grants import ONE_DAY, Asked, GrantRefused, Place, grant
from services.policy.domain.authority.instruments import DelegationInstrument
from services.policy.domain.authority.mandates import Mandate
from services.policy.domain.authority.powers import Powers
from services.policy.domain.clearance.approvals import NotYourAuthority
from services.policy.domain.roster import Ceiling
from services.policy.domain.scales import LEVELS

STANDING_AT_MOST = Ceiling(sensitivity="S3", damage="D3")
"""What may be given for longer than a day."""

MOST_TOPICS = 200
"""Named in one delegation; for more it is given for all that the delegator has."""

_Pair = tuple[Mandate, str]
_DRAFT = "del_draft"


@dataclass(frozen=True, slots=True)
class Remedy:
    """What ``delegator`` would ask for. ``closes``: all of the hole, else only what lies before ``asked.until``."""

    delegator: Mandate
    asked: Asked
    closes: bool


class Remedies:
    """Delegations for the holes of a map, as they could be given at ``place``. Holes that come from the absence of the
    same people are looked into once."""

    def __init__(self, found: AnsweringMap, place: Place) -> None:
        self._map, self._place = found, place
        self._known: dict[tuple[object, ...], _Pair | None] = {}

    def of(self, hole: Hole) -> Remedy | None:
        """The delegation that closes a hole, or its first day; None where no single one does."""
        begins, ends = max(hole.from_, self._place.now), hole.until or self._map.end
        until = _last(hole.row.path, begins, ends)
        felt = [each for each in hole.felt if each.from_ < until]
        key = (hole.row, frozenset(frozenset(each.team.items()) for each in felt))
        if key in self._known and (pair := self._known[key]) is None:
            return None
        pairs = [pair] if (pair := self._known.get(key)) else []
        for each in (*pairs, *self._pairs(hole, felt, begins)):
            found = Remedy(each[0], _asked(hole, *each, begins, until), until >= hole.felt[-1].until)
            if self._is_lawful_and_enough(hole, found, felt):
                self._known[key] = each
                return found
        self._known[key] = None
        return None

    def _pairs(self, hole: Hole, felt: list[Interval], now: datetime) -> Iterator[_Pair]:
        """Who could delegate to whom, the best first."""
        path, team = hole.row.path, felt[0].team
        for delegator in self._delegators(path, team, now):
            for delegate in _delegates(felt):
                lent = {**team, delegate: (*team[delegate], delegator)}
                if delegate != delegator.subject and missing(path, lent) is None:
                    yield delegator, delegate

    def _delegators(self, path: Path, team: Team, now: datetime) -> list[Mandate]:
        """Posts by which somebody may take a step, the least powerful first."""
        held = self._map.presence.holders(now)
        able = [each for each in held if any(is_good_for(each, step, path.weight) for step in path.steps)]
        return sorted(able, key=lambda each: (each.level, each.subject in team))

    def _is_lawful_and_enough(self, hole: Hole, found: Remedy, felt: list[Interval]) -> bool:
        """Whether the delegator may give it now, and the path can be walked by it then."""
        try:
            given = grant(found.asked, found.delegator.subject, self._place, _DRAFT)
        except (GrantRefused, NotYourAuthority):
            return False
        powers = self._place.powers
        powers = replace(powers, delegations=(*powers.delegations, given))
        return all(_is_closed(hole.row.path, given, powers, each) for each in felt)


def _delegates(felt: list[Interval]) -> list[str]:
    """Persons who are there throughout, the highest first."""
    first = felt[0].team
    there = [person for person in first if all(person in each.team for each in felt)]
    return sorted(there, key=lambda each: -max(LEVELS.index(held.level) for held in first[each]))


def _asked(hole: Hole, delegator: Mandate, delegate: str, begins: datetime, until: datetime) -> Asked:
    weight = hole.row.path.weight
    steps = [step for step in hole.row.path.steps if is_good_for(delegator, step, weight)]
    return Asked(
        ceiling=Ceiling(sensitivity=weight.sensitivity, damage=weight.damage),
        from_=begins,
        until=until,
        delegate=delegate,
        level=max(step.level for step in steps),
        topics=hole.row.topics if len(hole.row.topics) <= MOST_TOPICS else (),
        specialisms=tuple(dict.fromkeys(step.specialism for step in steps if step.specialism is not None)),
    )


def _last(path: Path, begins: datetime, ends: datetime) -> datetime:
    """Until when a delegation for such a path may last."""
    weight, most = path.weight, STANDING_AT_MOST
    is_standing = weight.sensitivity <= most.sensitivity and weight.damage <= most.damage
    return ends if is_standing else min(ends, begins + ONE_DAY)


def _is_closed(path: Path, given: DelegationInstrument, powers: Powers, interval: Interval) -> bool:
    assert given.delegate is not None
    now = max(interval.from_, given.from_)
    return missing(path, {**interval.team, given.delegate: powers.of(given.delegate, now)}) is None
