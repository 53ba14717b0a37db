"""Calendars at random, and moments near the places where clocks are known to go wrong."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import assume
from hypothesis import strategies as st

from services.policy.domain.roster import Calendar, Holiday, Hours

MINUTE = timedelta(minutes=1)
WEEK = (1, 2, 3, 4, 5)
ALWAYS = ((1, 2, 3, 4, 5, 6, 7), "00:00", "24:00")
ZONES = (
    "UTC",
    "Asia/Colombo",
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Cairo",
)
"""Whole hours and halves, changes of an hour, of half an hour, and at midnight."""

Stretch = tuple[tuple[int, ...], str, str]


def at(zone: str, said: str) -> datetime:
    return datetime.fromisoformat(said).replace(tzinfo=ZoneInfo(zone))


def calendar(zone: str, hours: Iterable[Stretch], holidays: Iterable[date] = ()) -> Calendar:
    return Calendar(
        time_zone=zone,
        hours=tuple(Hours.model_validate({"days": days, "from": start, "to": end}) for days, start, end in hours),
        holidays=tuple(Holiday(day=day, name="a day off") for day in holidays),
    )


days = st.sampled_from([(1,), (2, 4), WEEK, (6, 7), (1, 2, 3, 4, 5, 6, 7)])
clock = st.integers(0, 24 * 60).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")


@st.composite
def stretches(draw: st.DrawFn) -> Stretch:
    first, last = sorted((draw(clock), draw(clock)))
    assume(first < last)
    return draw(days), first, last


near_changes = st.sampled_from(
    ["2026-03-08", "2026-03-28", "2026-04-04", "2026-04-23", "2026-10-03", "2026-10-24", "2026-10-29", "2026-11-01"]
).map(date.fromisoformat)
calendars = st.builds(
    calendar,
    st.sampled_from(ZONES),
    st.lists(stretches(), max_size=4),
    st.lists(near_changes, max_size=3),
)
working_calendars = st.builds(
    lambda zone, hours, holidays: calendar(zone, [*hours, (WEEK, "09:00", "17:00")], holidays),
    st.sampled_from(ZONES),
    st.lists(stretches(), max_size=3),
    st.lists(near_changes, max_size=3),
)
"""Where somebody works on weekdays at least, so that everything is due some day."""

moments = st.one_of(
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
    st.builds(
        lambda day, minutes: datetime(day.year, day.month, day.day, tzinfo=UTC) + minutes * MINUTE,
        near_changes,
        st.integers(0, 3 * 24 * 60),
    ),
)
amounts = st.integers(0, 10_000)
