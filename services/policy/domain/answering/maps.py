"""The map: each row over the days to come, in stretches within which nothing changes.

Between two moments at which somebody comes, goes, is on leave, or gets or loses a power, everything stays as it is; so
one look in each such interval is the whole truth, and intervals in which the same people are there are looked at once.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from services.policy.domain.answering.paths import Path, Team, missing, team_at
from services.policy.domain.answering.subjects import Row
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
        known: dict[tuple[Path, int], str | None] = {}
        teams = _numbered([each.team for each in self.intervals])
        self.rows = tuple(RowOverTime(row, tuple(self._lacks(row.path, teams, known))) for row in rows)

    def stretches(self, row: RowOverTime) -> list[Stretch]:
        """A row's time, cut only where what it lacks is something else."""
        found: list[Stretch] = []
        for interval, lack in zip(self.intervals, row.lacks, strict=True):
            if found and found[-1].missing == lack:
                found[-1] = found[-1]._replace(until=interval.until)
            else:
                found.append(Stretch(interval.from_, interval.until, lack))
        return found

    def _lacks(
        self, path: Path, teams: Sequence[int], known: dict[tuple[Path, int], str | None]
    ) -> Iterator[str | None]:
        for interval, number in zip(self.intervals, teams, strict=True):
            if (path, number) not in known:
                known[path, number] = missing(path, interval.team)
            yield known[path, number]


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


def _numbered(teams: Sequence[Team]) -> list[int]:
    """Teams by number, where the same people with the same powers have the same one."""
    known: dict[frozenset[object], int] = {}
    return [known.setdefault(frozenset(team.items()), len(known)) for team in teams]
