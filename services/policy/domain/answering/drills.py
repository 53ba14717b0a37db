"""Drills of absence: what would have waited, or will wait, if some persons were away.

Ahead it is the map with them away; what they delegated stands, and so does who stands in for them. Behind it is every
answer that was released: could others who were there then have taken the steps that those who are away took?
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from services.policy.domain.answering.holes import Hole, holes
from services.policy.domain.answering.maps import AnsweringMap
from services.policy.domain.answering.paths import may_take, team_at
from services.policy.domain.authority.mandates import Weight
from services.policy.domain.authority.presence import Presence
from services.policy.domain.clearance.approvals import Step
from services.policy.domain.clearance.distinct import most_different

Then = Callable[[datetime], Presence]
"""Who could be expected at a moment that has passed."""


class Released(NamedTuple):
    """An answer that was released: its draft with the consents that it had, and what they were for."""

    case: str
    draft: int
    author: str
    written_at: datetime
    released_at: datetime
    steps: tuple[Step, ...]
    weight: Weight

    @property
    def hands(self) -> frozenset[str]:
        """Everybody through whose hands it went."""
        return frozenset({self.author, *(step.taken.officer for step in self.steps if step.taken)})


class Waited(NamedTuple):
    """An answer that would have waited without those who were away. ``by_them``: who of them had a hand in it."""

    released: Released
    by_them: tuple[str, ...]


def new_holes(found: AnsweringMap, absent: Iterable[str]) -> tuple[AnsweringMap, list[Hole]]:
    """The same map with these persons away, and the holes that it has then and had not before."""
    rows = [each.row for each in found.rows]
    away = found.presence.during(absent, found.start, found.end)
    drill = AnsweringMap(rows, away, found.start, found.end)
    known = {_place_of(hole) for hole in holes(found)}
    return drill, [hole for hole in holes(drill) if _place_of(hole) not in known]


def waited(released: Iterable[Released], absent: frozenset[str], then: Then) -> Iterator[Waited]:
    """Which answers would have waited."""
    for each in released:
        by_them = tuple(sorted(each.hands & absent))
        if by_them and not _could_go(each, absent, then):
            yield Waited(each, by_them)


def _could_go(released: Released, absent: frozenset[str], then: Then) -> bool:
    """Whether the steps, and the writing where its author is away, could have been given to different persons."""
    takers = [list(_takers(step, released, absent, then)) for step in released.steps if step.taken is not None]
    if released.author in absent:
        takers.append(list(team_at(then(released.written_at).without(absent), released.written_at)))
    return most_different(takers) == len(takers)


def _takers(step: Step, released: Released, absent: frozenset[str], then: Then) -> Iterator[str]:
    """Who took a step, if they are not away, and who else was there and could have."""
    assert step.taken is not None
    if step.taken.officer not in absent:
        yield step.taken.officer
    for person, held in team_at(then(step.taken.at).without(absent), step.taken.at).items():
        others = person not in (released.author, step.taken.officer)
        if others and may_take(step, released.weight, held):
            yield person


def _place_of(hole: Hole) -> tuple[object, ...]:
    return hole.row, hole.from_, hole.until


def at_moments(known: Sequence[tuple[datetime, Presence]]) -> Then:
    """Presence by since when it holds, the oldest first; the first stands for the time before it as well."""

    def then(now: datetime) -> Presence:
        return next((presence for since, presence in reversed(known) if since <= now), known[0][1])

    return then
