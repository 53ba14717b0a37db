"""Holes: times in which an answer would wait because nobody who may give it is there.

A hole begins in the agency's hours; nights in which nobody works anyhow are none, but for what a clock runs on day and
night. Once begun it lasts until the row can be answered again, over nights and days off: so long would a citizen wait.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from services.policy.domain.answering.maps import AnsweringMap, Interval, RowOverTime
from services.policy.domain.answering.subjects import Row


class Hole(NamedTuple):
    """A row that cannot be answered from ``from_`` until ``until`` (None: beyond the days looked at).

    ``missing`` is what there is nobody for when it begins; ``felt`` are the intervals in which that counts.
    """

    row: Row
    from_: datetime
    until: datetime | None
    missing: str
    felt: tuple[Interval, ...]

    @property
    def felt_for(self) -> timedelta:
        """How much of the time in which somebody should answer it takes."""
        return sum((each.until - each.from_ for each in self.felt), timedelta())


def holes(found: AnsweringMap) -> Iterator[Hole]:
    """Every hole of a map, in the order of its rows, and then of time."""
    for row in found.rows:
        yield from _holes_of(row, found)


def _holes_of(row: RowOverTime, found: AnsweringMap) -> Iterator[Hole]:
    felt: list[Interval] = []
    reason = ""
    for interval, lack in zip(found.intervals, row.lacks, strict=True):
        if lack is None and felt:
            yield Hole(row.row, felt[0].from_, interval.from_, reason, tuple(felt))
            felt = []
        elif lack is not None and (interval.works or row.row.around_the_clock):
            reason = reason if felt else lack
            felt.append(interval)
    if felt:
        yield Hole(row.row, felt[0].from_, None, reason, tuple(felt))
