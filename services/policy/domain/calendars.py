"""Working time: how far a clock that runs in an agency's hours has come, and when it will be due.

Time is counted as it passes, in the stretches of wall-clock time that the calendar names. A stretch is as long as the
clock on the wall makes it: an hour shorter or longer where the clock is changed within it. Wall time that a change
skips is the moment of the change; wall time that comes twice is meant the first time. So stretches that meet on the
wall meet in time, and no minute is lost or counted twice at midnight or at a change.

A year's stretches are laid out once, with what has been worked at the end of each; any question is then one search.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.policy.domain.roster import Calendar, Holiday, Hours

HORIZON_YEARS = 10
"""How far ahead a due time is looked for."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_MINUTE = 60_000_000
_DAY_MINUTES = 24 * 60
_ALWAYS = Hours.model_validate({"days": (1, 2, 3, 4, 5, 6, 7), "from": "00:00", "to": "24:00"})


class Worked(NamedTuple):
    """One stretch in which the agency works, and the day on which it begins by the agency's own clock."""

    day: date
    start: datetime
    end: datetime


class WorkingTime:
    """A calendar's hours, ready to be counted. Moments are aware; results are in UTC."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._zone = ZoneInfo(calendar.time_zone)
        self._days_off = frozenset(holiday.day for holiday in calendar.holidays)
        self._stretches = _by_weekday(calendar)
        self._years: dict[int, _Year] = {}

    def after(self, start: datetime, minutes: int) -> datetime | None:
        """The moment when ``minutes`` have been worked since ``start``: the end of a day rather than the next morning.

        None where the calendar has not as many within ``HORIZON_YEARS``.
        """
        return self.reach(start, timedelta(minutes=minutes))

    def reach(self, start: datetime, work: timedelta) -> datetime | None:
        """The moment when ``work`` has been done since ``start``; as ``after``, to the microsecond."""
        left, ticks, year = work // _TICK, _ticks(start), self._year_of(start)
        if left <= 0:
            return start.astimezone(UTC)
        for coming in range(year, year + HORIZON_YEARS + 1):
            worked = self._of(coming)
            left += worked.before(ticks)
            if left <= worked.total:
                return _moment(worked.reaches(left))
            left -= worked.total
        return None

    def between(self, start: datetime, end: datetime) -> timedelta:
        """What is worked from ``start`` to ``end``; nothing where that is no forward way."""
        first, last = _ticks(start), _ticks(end)
        years = range(self._year_of(start), self._year_of(end) + 1)
        worked = sum(year.before(last) - year.before(first) for year in map(self._of, years)) if first < last else 0
        return timedelta(microseconds=worked)

    def is_open(self, moment: datetime) -> bool:
        """Whether the agency works at ``moment``: from the start of a stretch up to, not at, its end."""
        return self._of(self._year_of(moment)).covers(_ticks(moment))

    def opens(self, moment: datetime) -> datetime | None:
        """The first moment from ``moment`` on at which the agency works; None where it does not within the horizon."""
        ticks, year = _ticks(moment), self._year_of(moment)
        for coming in range(year, year + HORIZON_YEARS + 1):
            if (found := self._of(coming).opens(ticks)) is not None:
                return _moment(found)
        return None

    def stretches(self, start: datetime, end: datetime) -> Iterator[Worked]:
        """The stretches between two moments, cut where they go beyond, in order."""
        first, last = _ticks(start), _ticks(end)
        for year in range(self._year_of(start), self._year_of(end) + 1):
            for began, ended in self._of(year).spans(first, last):
                day = _moment(began).astimezone(self._zone).date()
                yield Worked(day, _moment(max(began, first)), _moment(min(ended, last)))

    def close_after(self, start: datetime, days: int) -> datetime | None:
        """When the agency closes on the ``days``-th day on which it works after that of ``start``."""
        day = start.astimezone(self._zone).date()
        last = day + timedelta(days=366 * HORIZON_YEARS)
        while days and day < last:
            day += timedelta(days=1)
            days -= self._works_on(day)
        if days:
            return None
        return _moment(self._tick_at(day, self._stretches[day.isoweekday()][-1][1]))

    def holidays(self, start: datetime, end: datetime) -> list[Holiday]:
        """The days off from ``start`` to ``end`` on which the agency would have worked, in order."""
        first, last = (moment.astimezone(self._zone).date() for moment in (start, end))
        met = [each for each in self._calendar.holidays if first <= each.day <= last]
        return sorted((each for each in met if each.day.isoweekday() in self._stretches), key=lambda each: each.day)

    def _works_on(self, day: date) -> bool:
        return day.isoweekday() in self._stretches and day not in self._days_off

    def _year_of(self, moment: datetime) -> int:
        return moment.astimezone(self._zone).year

    def _of(self, year: int) -> "_Year":
        if year not in self._years:
            self._years[year] = _Year.of(self._spans(year))
        return self._years[year]

    def _spans(self, year: int) -> Iterator[tuple[int, int]]:
        day, last = date(year, 1, 1), date(year, 12, 31)
        while day <= last:
            if day not in self._days_off:
                for start, end in self._stretches.get(day.isoweekday(), ()):
                    span = self._tick_at(day, start), self._tick_at(day, end)
                    if span[0] < span[1]:
                        yield span
            day += timedelta(days=1)

    def _tick_at(self, day: date, minute: int) -> int:
        """The moment when the clock on the wall shows that minute of the day."""
        days, minute = divmod(minute, _DAY_MINUTES)
        wall = datetime.combine(day + timedelta(days=days), time(minute // 60, minute % 60), self._zone)
        before, after = wall.utcoffset(), wall.replace(fold=1).utcoffset()
        assert before is not None
        assert after is not None
        if before < after:
            return self._change(_ticks(wall) - (after - before) // _TICK, _ticks(wall), before)
        return _ticks(wall)

    def _change(self, earliest: int, latest: int, before: timedelta) -> int:
        """The moment at which the offset stops to be ``before``, which lies between these two."""
        while earliest < latest:
            middle = (earliest + latest) // 2
            moment = (_EPOCH + timedelta(microseconds=middle)).astimezone(self._zone)
            if moment.utcoffset() == before:
                earliest = middle + 1
            else:
                latest = middle
        return latest


class _Year(NamedTuple):
    """The stretches of a year in microseconds since 1970, and what has been worked in it before and after each."""

    starts: list[int]
    ends: list[int]
    worked_before: list[int]
    worked_after: list[int]

    @classmethod
    def of(cls, spans: Iterator[tuple[int, int]]) -> "_Year":
        year = cls([], [], [], [])
        for start, end in spans:
            year.starts.append(start)
            year.ends.append(end)
            year.worked_before.append(year.total)
            year.worked_after.append(year.total + end - start)
        return year

    @property
    def total(self) -> int:
        """What is worked in the whole year."""
        return self.worked_after[-1] if self.worked_after else 0

    def before(self, ticks: int) -> int:
        """What has been worked in the year by then."""
        place = bisect_right(self.starts, ticks) - 1
        if place < 0:
            return 0
        return self.worked_before[place] + min(ticks, self.ends[place]) - self.starts[place]

    def reaches(self, worked: int) -> int:
        """The first moment by which as much has been worked; ``worked`` is more than nothing and at most the total."""
        place = bisect_left(self.worked_after, worked)
        return self.ends[place] - (self.worked_after[place] - worked)

    def opens(self, ticks: int) -> int | None:
        """The first moment from then on within a stretch, if the year has one."""
        place = bisect_right(self.ends, ticks)
        return max(self.starts[place], ticks) if place < len(self.starts) else None

    def spans(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """The stretches of which something lies between two moments."""
        for place in range(bisect_right(self.ends, first), bisect_left(self.starts, last)):
            yield self.starts[place], self.ends[place]

    def covers(self, ticks: int) -> bool:
        """Whether a stretch is under way."""
        place = bisect_right(self.starts, ticks) - 1
        return place >= 0 and ticks < self.ends[place]


def around_the_clock(calendar: Calendar) -> Calendar:
    """The same place, where work never ends."""
    return Calendar(time_zone=calendar.time_zone, hours=(_ALWAYS,), holidays=())


def _by_weekday(calendar: Calendar) -> dict[int, list[tuple[int, int]]]:
    """The stretches of each weekday in minutes of the day, in order; those that overlap or meet are one."""
    stretches: dict[int, list[tuple[int, int]]] = defaultdict(list)
    named = sorted((_minute(hours.from_), _minute(hours.to), day) for hours in calendar.hours for day in hours.days)
    for start, end, day in named:
        known = stretches[day]
        if known and start <= known[-1][1]:
            known[-1] = known[-1][0], max(known[-1][1], end)
        else:
            known.append((start, end))
    return stretches


def _minute(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def _ticks(moment: datetime) -> int:
    return (moment - _EPOCH) // _TICK


def _moment(ticks: int) -> datetime:
    return _EPOCH + timedelta(microseconds=ticks)
