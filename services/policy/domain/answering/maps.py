"""The map: each row over the days to come, in stretches within which nothing changes.

Between two moments at which somebody comes, goes, is on leave, or gets or loses a power, everything stays as it is; so
one look in each such interval is the whole truth, and intervals in which the same people are there are looked at once.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from services.policy.domain.answering.paths import Path, Team, may_take, missing_by, team_at
from services.policy.domain.answering.subjects import Row
from services.policy.domain.authority.mandates import Mandate
from services.policy.domain.authority.powers import Powers
from services.policy.domain.authority.presence import Presence, changes

MOST_DAYS = 31
"""How far a map goes at most."""


class Interval(NamedTuple):
    """A time in which nobody comes or goes; ``works``: the agency does, by its calendar."""

    from_: datetime
    until: datetime
    works: bool
    team: Team


class Stretch(NamedTuple):
    """A time in which a row can be answered (``missing`` None) or, in words, what it has nobody for."""

    from_: datetime
    until: datetime
    missing: str | None


class RowOverTime(NamedTuple):
    """One row, with what it lacks in each interval of the map."""

    row: Row
    lacks: tuple[str | None, ...]


class AnsweringMap:
    """Who could answer what from ``start`` to ``end``."""

    def __init__(self, rows: Iterable[Row], presence: Presence, start: datetime, end: datetime) -> None:
        self.start, self.end = start, min(end, start + timedelta(days=MOST_DAYS))
        self.presence = presence
        self.intervals = tuple(_intervals(presence, self.start, self.end))
        looks = _Looks(self.intervals)
        self.rows = tuple(RowOverTime(row, looks.at(row.path)) for row in rows)

    def stretches(self, row: RowOverTime) -> list[Stretch]:
        """A row's time, cut only where what it lacks is something else."""
        found: list[Stretch] = []
        for interval, lack in zip(self.intervals, row.lacks, strict=True):
            if found and found[-1].missing == lack:
                found[-1] = found[-1]._replace(until=interval.until)
            else:
                found.append(Stretch(interval.from_, interval.until, lack))
        return found


class _Looks:
    """Looks into each interval for one path after the other. What a person has is judged once for a path, and a team
    that is there again is not looked at again."""

    def __init__(self, intervals: Sequence[Interval]) -> None:
        numbers: dict[tuple[Mandate, ...], int] = {}
        teams: dict[frozenset[tuple[str, int]], int] = {}
        self._places: list[int] = []  # which team is there in each interval
        for interval in intervals:
            there = frozenset((who, numbers.setdefault(held, len(numbers))) for who, held in interval.team.items())
            self._places.append(teams.setdefault(there, len(teams)))
        self._held = tuple(numbers)
        self._teams = [dict(team) for team in teams]

    def at(self, path: Path) -> tuple[str | None, ...]:
        """What the path lacks in each interval."""
        good = [
            frozenset(number for number, held in enumerate(self._held) if may_take(step, path.weight, held))
            for step in path.steps
        ]
        lacks = [self._lack(path, team, good) for team in self._teams]
        return tuple(lacks[place] for place in self._places)

    @staticmethod
    def _lack(path: Path, team: dict[str, int], good: Sequence[frozenset[int]]) -> str | None:
        takers = [[person for person, number in team.items() if number in numbers] for numbers in good]
        return missing_by(path.steps, takers, len(team))


def _intervals(presence: Presence, start: datetime, end: datetime) -> Iterator[Interval]:
    moments = {start, end, *changes(presence, start, end), *_changes_of(presence.powers)}
    bounds = sorted(each for each in moments if start <= each <= end)
    working = presence.time.working
    for begins, ends in pairwise(bounds):
        yield Interval(begins, ends, working.is_open(begins), team_at(presence, begins))


def _changes_of(powers: Powers) -> Iterator[datetime]:
    """Moments at which somebody may get or lose a power."""
    for post in powers.roster:
        yield from (each for each in (post.from_, post.until) if each is not None)
    for stand_in in powers.acting:
        yield from (stand_in.from_, stand_in.appointed_at, stand_in.ended_at or stand_in.until, stand_in.until)
    for given in powers.delegations:
        yield from (given.from_, given.granted_at, given.until)
        if given.lapse is not None:
            yield given.lapse.at
    yield from (period.from_ for period in powers.periods)
