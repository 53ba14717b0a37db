"""Reach as rules: hours, unknown numbers, series that break, parity and its alarm."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.publisher.domain.outcomes import Measured, Unmeasured
from services.publisher.domain.reach import (
    HOURS,
    REMEDIES,
    Measurement,
    Reading,
    Shares,
    alarm_of,
    broken_since,
    hour_after,
    hour_due,
    reading_of,
)
from tests.publisher.builders import NOW

NEW, OLD = "graph/25 views", "graph/24 impressions"


def reading(views: int | None, series: str = NEW) -> Reading:
    return Reading() if views is None else Reading({"views": views}, {"views": series})


def a_measurement(answer: Reading, question: Reading, hours: int = 12) -> Measurement:
    return Measurement(hours, NOW, answer, question)


@pytest.mark.parametrize(
    ("answer", "question", "parity"),
    [
        (reading(27), reading(40_000), 27 / 40_000),
        (reading(0), reading(10), 0.0),
        (reading(5), reading(0), None),
        (reading(None), reading(10), None),
        (reading(5), reading(None), None),
        (reading(5), reading(10, OLD), None),
        (Reading({"likes": 1}, {"likes": "a"}), Reading({"likes": 2}, {"likes": "a"}), None),
    ],
)
def test_parity_is_views_by_views_of_one_series_or_unknown(
    answer: Reading, question: Reading, parity: float | None
) -> None:
    assert a_measurement(answer, question).parity == parity


@pytest.mark.parametrize(
    ("hours", "answer", "question", "alarms"),
    [
        (12, 27, 40_000, True),
        (24, 27, 40_000, True),
        (6, 27, 40_000, False),
        (12, 3_999, 40_000, True),
        (12, 4_000, 40_000, False),
        (12, None, 40_000, False),
        (12, 0, 40_000, True),
    ],
)
def test_an_alarm_is_raised_below_the_share_and_not_before_its_hour(
    hours: int, answer: int | None, question: int, alarms: bool
) -> None:
    found = alarm_of(a_measurement(reading(answer), reading(question), hours), 0.1, 12)
    assert (found is not None) == alarms


def test_an_alarm_says_its_numbers_and_every_remedy() -> None:
    alarm = alarm_of(a_measurement(reading(27), reading(40_000)), 0.1, 12)
    assert alarm is not None
    assert (alarm.after_hours, alarm.answer, alarm.question, alarm.share) == (12, 27, 40_000, 0.1)
    assert alarm.remedies == tuple(REMEDIES)


def test_an_agency_may_want_another_share() -> None:
    shares = Shares(0.1, {"central-bank": 0.5})
    assert (shares.of("central-bank"), shares.of("passports")) == (0.5, 0.1)


@pytest.mark.parametrize(
    ("next_hour", "elapsed", "due"),
    [(1, 1, 1), (1, 5.9, 1), (1, 13, 12), (6, 6, 6), (24, 24.1, 24), (168, 1000, 168), (1, 500, 168)],
)
def test_what_was_missed_is_measured_for_the_latest_hour_that_has_come(
    next_hour: int, elapsed: float, due: int
) -> None:
    assert hour_due(NOW, next_hour, NOW + timedelta(hours=elapsed)) == due


def test_the_hours_follow_each_other_and_end() -> None:
    assert [hour_after(hour) for hour in HOURS] == [6, 12, 24, 168, None]


@given(st.dictionaries(st.sampled_from(["views", "likes", "shares"]), st.integers(-5, 10**12)))
def test_what_a_platform_does_not_tell_is_never_nought(numbers: dict[str, int]) -> None:
    told = reading_of(Measured(numbers, dict.fromkeys(numbers, "series")))
    assert dict(told.numbers) == {metric: number for metric, number in numbers.items() if number >= 0}
    assert set(told.series) == set(told.numbers)


def test_a_number_without_its_series_is_not_kept() -> None:
    assert reading_of(Measured({"views": 5}, {})) == Reading(why_unknown="not_told")


@pytest.mark.parametrize("reason", ["not_offered", "gone", "no_answer"])
def test_no_numbers_have_a_reason(reason: str) -> None:
    assert reading_of(Unmeasured(reason)).why_unknown == reason  # type: ignore[arg-type]


def test_a_renamed_metric_breaks_its_series_and_no_other() -> None:
    assert broken_since({"views": OLD, "likes": "l"}, {"views": NEW, "likes": "l"}) == ("views",)
    assert broken_since({"views": OLD}, {"likes": "l"}) == ()


@given(st.integers(0, 10**9), st.integers(1, 10**9))
def test_numbers_of_two_series_are_never_compared(answer: int, question: int) -> None:
    found = a_measurement(reading(answer, NEW), reading(question, OLD))
    assert (found.parity, found.comparable_question, found.series) == (None, {}, {"views": NEW})
