"""What an agency's powers rest on at a moment, and what each person has by that.

A delegation never gives more than the delegator has at that moment: if the delegator's post is narrowed, or what it
rests on lapses, all that was passed on is narrowed or gone with it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from services.policy.domain.authority.instruments import ActingAppointment, Cause, DelegationInstrument, Lapse
from services.policy.domain.authority.mandates import BASES, Mandate, OnBehalfOf
from services.policy.domain.policies import Period
from services.policy.domain.roster import Ceiling, Officer
from services.policy.domain.scales import LEVELS, Level

HIGHEST_KEPT_BEFORE_ELECTIONS: Level = "L2"
"""Up to this level delegations outlast the beginning of a pre-election period."""


def mandates_of(
    subject: str,
    roster: Sequence[Officer],
    acting: Sequence[ActingAppointment],
    delegations: Sequence[DelegationInstrument],
    periods: Sequence[Period],
    now: datetime,
) -> tuple[Mandate, ...]:
    """Every mandate that a person has at ``now``: own posts first, then posts stood in for, then what is delegated;
    of each the highest first."""
    return Powers(tuple(roster), tuple(acting), tuple(delegations), tuple(periods)).of(subject, now)


@dataclass(frozen=True)
class Powers:
    """Who holds which post of an agency, who stands in, what is delegated, and the periods of its policy.

    ``delegations`` that lapsed long ago may be left out, with all that rests on them.
    """

    roster: tuple[Officer, ...]
    acting: tuple[ActingAppointment, ...] = ()
    delegations: tuple[DelegationInstrument, ...] = ()
    periods: tuple[Period, ...] = ()

    def of(self, subject: str, now: datetime) -> tuple[Mandate, ...]:
        """As ``mandates_of``."""
        given = [found for each in self.delegations if (found := self.under(each, subject, now)) is not None]
        return tuple(sorted((*self.held(subject, now), *given), key=_own_and_high_first))

    def held(self, subject: str, now: datetime) -> list[Mandate]:
        """The posts that a person holds or stands in for."""
        own = [Mandate.of_post(each) for each in self.roster if each.subject == subject and each.holds_at(now)]
        standing_in = [
            replace(
                Mandate.of_post(post),
                subject=subject,
                basis="acting",
                instrument=each.id,
                from_=each.from_,
                until=each.until,
            )
            for each in self.acting
            if each.subject == subject and each.stands_at(now) and (post := self.post(each.post, now)) is not None
        ]
        return own + standing_in

    def post(self, name: str, now: datetime) -> Officer | None:
        """A post with what belongs to it, whoever holds it; None where the roster knows none of that name."""
        found = [each for each in self.roster if each.post == name]
        return next((each for each in found if each.holds_at(now)), found[-1] if found else None)

    def holds(self, subject: str, post: str, now: datetime) -> bool:
        """Whether a person holds a post or stands in for its holder."""
        return any(each.post == post for each in self.held(subject, now))

    def standing(self, now: datetime) -> frozenset[str]:
        """The ids of the delegations that give something now."""
        return frozenset(each.id for each in self.delegations if self.stands(each, now))

    def stands(self, instrument: DelegationInstrument, now: datetime) -> bool:
        """Whether a delegation has begun and not lapsed."""
        return max(instrument.from_, instrument.granted_at) <= now and self.lapse(instrument, now) is None

    def under(self, instrument: DelegationInstrument, subject: str, now: datetime) -> Mandate | None:
        """What a person has by one delegation."""
        if subject == instrument.delegator or not self._is_delegate(instrument, subject, now):
            return None
        if not self.stands(instrument, now):
            return None
        power = self._power_behind(instrument, now)
        if power is None:
            return None
        own = next((each.post for each in self.held(subject, now)), power.post)
        return _narrowed(power, instrument, subject, instrument.delegate_post or own)

    def lapse(self, instrument: DelegationInstrument, now: datetime) -> Lapse | None:
        """When and why a delegation came to give nothing any more, the first cause first."""
        if instrument.lapse is not None and instrument.lapse.at <= now:
            return instrument.lapse
        if instrument.granted_at > now:
            return None
        found = [
            *([Lapse(instrument.until, "ended")] if instrument.until <= now else []),
            *self._suspended(instrument, now),
            *self._gone(instrument, now),
        ]
        return min(found, key=lambda lapse: lapse.at, default=None)

    def ancestors(self, instrument: DelegationInstrument) -> Iterable[DelegationInstrument]:
        """What a delegation rests on: the one that it passes on, and so forth."""
        parent = self._parent(instrument)
        if parent is not None:
            yield parent
            yield from self.ancestors(parent)

    @cached_property
    def by_id(self) -> dict[str, DelegationInstrument]:
        """The delegations by their ids."""
        return {each.id: each for each in self.delegations}

    def _parent(self, instrument: DelegationInstrument) -> DelegationInstrument | None:
        return None if instrument.parent is None else self.by_id.get(instrument.parent)

    def _is_delegate(self, instrument: DelegationInstrument, subject: str, now: datetime) -> bool:
        if instrument.delegate is not None:
            return instrument.delegate == subject
        assert instrument.delegate_post is not None
        return self.holds(subject, instrument.delegate_post, now)

    def _power_behind(self, instrument: DelegationInstrument, now: datetime) -> Mandate | None:
        """The mandate of the delegator that the delegation is given from."""
        if instrument.parent is not None:
            parent = self._parent(instrument)
            return None if parent is None else self.under(parent, instrument.delegator, now)
        held = self.held(instrument.delegator, now)
        return next((each for each in held if each.post == instrument.delegator_post), None)

    def _suspended(self, instrument: DelegationInstrument, now: datetime) -> list[Lapse]:
        if instrument.level <= HIGHEST_KEPT_BEFORE_ELECTIONS:
            return []
        return [
            Lapse(period.from_, "pre_election_period")
            for period in self.periods
            if period.kind == "pre_election" and instrument.granted_at < period.from_ <= now
        ]

    def _gone(self, instrument: DelegationInstrument, now: datetime) -> list[Lapse]:
        if instrument.parent is not None:
            return self._gone_with_its_parent(instrument, now)
        found: list[Lapse] = []
        if not self.holds(instrument.delegator, instrument.delegator_post, now):
            follows = any(each.post == instrument.delegator_post and each.holds_at(now) for each in self.roster)
            cause: Cause = "holder_changed" if follows else "delegator_left"
            found.append(Lapse(now, cause))
        return found + self._delegate_left(instrument, now)

    def _gone_with_its_parent(self, instrument: DelegationInstrument, now: datetime) -> list[Lapse]:
        parent = self._parent(instrument)
        above = Lapse(now, "parent_lapsed") if parent is None else self.lapse(parent, now)
        found = [] if above is None else [Lapse(above.at, "parent_lapsed")]
        if parent is not None and not self._is_delegate(parent, instrument.delegator, now):
            found.append(Lapse(now, "delegator_left"))
        return found + self._delegate_left(instrument, now)

    def _delegate_left(self, instrument: DelegationInstrument, now: datetime) -> list[Lapse]:
        person, held = instrument.delegate, instrument.held_post
        if person is None or held is None or self.holds(person, held, now):
            return []
        return [Lapse(now, "delegate_left")]


def _narrowed(power: Mandate, instrument: DelegationInstrument, subject: str, post: str) -> Mandate | None:
    """What is left of the delegator's power within the instrument's limits, or None if that is nothing."""
    topics = _common(power.topics, instrument.topics)
    platforms = _common(power.platforms, instrument.platforms)
    if topics is None or platforms is None:
        return None
    number = instrument.number_a_day
    return Mandate(
        subject=subject,
        post=post,
        level=min(power.level, instrument.level),
        basis="delegation",
        specialisms=tuple(each for each in instrument.specialisms if each in power.specialisms),
        topics=topics,
        platforms=platforms,
        ceiling=Ceiling(
            sensitivity=min(power.ceiling.sensitivity, instrument.ceiling.sensitivity),
            damage=min(power.ceiling.damage, instrument.ceiling.damage),
        ),
        from_=instrument.from_,
        until=instrument.until if power.until is None else min(instrument.until, power.until),
        instrument=instrument.id,
        on_behalf_of=OnBehalfOf(instrument.delegator, instrument.delegator_post),
        chain=(instrument.id, *power.chain),
        limits=(*([(instrument.id, number)] if number is not None else []), *power.limits),
        passes_on=power.passes_on and instrument.sub_delegation,
        cleared_lines_only=power.cleared_lines_only or instrument.cleared_lines_only,
    )


def _common(mine: tuple[str, ...], given: tuple[str, ...]) -> tuple[str, ...] | None:
    """What two lists share, where an empty one stands for everything; None if they share nothing."""
    if not mine or not given:
        return mine or given
    return tuple(each for each in given if each in mine) or None


def _own_and_high_first(mandate: Mandate) -> tuple[int, int, str]:
    return BASES.index(mandate.basis), -LEVELS.index(mandate.level), mandate.instrument or mandate.post
