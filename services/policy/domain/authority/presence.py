"""Who can be expected at work: by the hours of their post, and unless they are on leave.

Presence is no authority. Leave and hours take nothing away: whoever is away and decides nevertheless decides lawfully,
as the post, the appointment and the delegation say. They tell whom a case is passed to, and who could answer when.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from services.policy.domain.authority.mandates import Mandate
from services.policy.domain.authority.powers import Powers
from services.policy.domain.calendars import WorkingTime
from services.policy.domain.clocks.agency_time import AgencyTime


@dataclass(frozen=True, slots=True)
class Leave:
    """A person is away from ``from_`` up to ``until``; ``ended_at`` where that was cut short."""

    id: str
    agency: str
    subject: str
    from_: datetime
    until: datetime
    entered_by: str
    entered_at: datetime
    note: str | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None

    @property
    def ends(self) -> datetime:
        """When the person is back; no later than it begins where it was called off before."""
        return self.until if self.ended_at is None else min(self.until, self.ended_at)

    def is_on(self, now: datetime) -> bool:
        """Whether the person is away at ``now``."""
        return self.from_ <= now < self.ends


class Presence:
    """An agency's people, the hours of their posts and their leave. ``absent`` are left out, whatever these say."""

    def __init__(
        self,
        powers: Powers,
        time: AgencyTime,
        leaves: Iterable[Leave] = (),
        absent: frozenset[str] = frozenset(),
    ) -> None:
        self.powers, self.time, self.leaves, self.absent = powers, time, tuple(leaves), absent
        self._holders: tuple[datetime, tuple[Mandate, ...]] | None = None

    def without(self, absent: Iterable[str]) -> "Presence":
        """The same agency without these persons."""
        more = frozenset(absent) - self.absent
        return Presence(self.powers, self.time, self.leaves, self.absent | more) if more else self

    def during(self, absent: Iterable[str], start: datetime, end: datetime) -> "Presence":
        """The same agency with these persons away between two moments."""
        away = [Leave("", "", each, start, end, each, start) for each in sorted(absent)]
        return Presence(self.powers, self.time, (*self.leaves, *away), self.absent)

    @property
    def persons(self) -> frozenset[str]:
        """Everybody who holds a post, stands in for one or is named by a delegation, at whatever time."""
        powers = self.powers
        delegates = {each.delegate for each in powers.delegations if each.delegate is not None}
        named = {each.subject for each in powers.roster} | {each.subject for each in powers.acting}
        return frozenset(named | delegates) - self.absent

    def holders(self, now: datetime) -> tuple[Mandate, ...]:
        """The posts that somebody holds or stands in for, present or not, in the order of the roster."""
        if self._holders is None or self._holders[0] != now:
            powers = self.powers
            persons = dict.fromkeys(
                [*(each.subject for each in powers.roster), *(each.subject for each in powers.acting)]
            )
            held = [mandate for each in persons if each not in self.absent for mandate in powers.held(each, now)]
            self._holders = now, tuple(held)
        return self._holders[1]

    def is_present(self, person: str, now: datetime) -> bool:
        """Whether a person can be expected at work at ``now``."""
        if person in self.absent or self.is_on_leave(person, now):
            return False
        return any(hours.is_open(now) for hours in self.hours(person, now))

    def is_on_leave(self, person: str, now: datetime) -> bool:
        """Whether a person's leave is on at ``now``."""
        return any(each.subject == person and each.is_on(now) for each in self.leaves)

    def hours(self, person: str, now: datetime) -> list[WorkingTime]:
        """In which hours a person works: those of the posts that they hold or stand in for, else the agency's."""
        posts = [self.powers.post(each.post, now) for each in self.powers.held(person, now)]
        return [self.time.of_post(post) for post in posts] or [self.time.working]

    def comes(self, person: str, now: datetime) -> datetime | None:
        """The first moment from ``now`` on at which a person is present by the hours that they have now; None where
        that lies beyond every calendar."""
        if person in self.absent:
            return None
        coming = [moment for hours in self.hours(person, now) if (moment := self._opens(person, hours, now))]
        return min(coming, default=None)

    def _opens(self, person: str, hours: WorkingTime, now: datetime) -> datetime | None:
        moment = hours.opens(now)
        while moment is not None:
            back = max(
                (each.ends for each in self.leaves if each.subject == person and each.is_on(moment)), default=None
            )
            if back is None:
                return moment
            moment = hours.opens(back)
        return None


def ended(leave: Leave, by: str, now: datetime) -> Leave:
    """The leave, ended before its time."""
    return replace(leave, ended_at=now, ended_by=by)


def changes(presence: Presence, start: datetime, end: datetime) -> Iterator[datetime]:
    """Moments between two others at which it may be otherwise who is present, in no order."""
    for leave in presence.leaves:
        yield from (leave.from_, leave.ends)
    for hours in {id(each): each for each in _all_hours(presence)}.values():
        for worked in hours.stretches(start, end):
            yield from (worked.start, worked.end)


def _all_hours(presence: Presence) -> Iterator[WorkingTime]:
    yield presence.time.working
    yield from (presence.time.of_post(post) for post in presence.powers.roster)
