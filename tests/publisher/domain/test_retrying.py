"""The schedule of callbacks: its units, its jitter, and what a receiver may change about it."""

import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.publisher.domain.retrying import HOUR, WAITS, Schedule

USUAL = Schedule()
failures = st.integers(1, len(WAITS) - 1)
chances = st.floats(0, 1)


def test_the_waits_are_ten_and_take_a_little_over_three_days() -> None:
    assert WAITS[:4] == (0, 5, 300, 1800)
    assert timedelta(seconds=sum(WAITS)) == timedelta(hours=75, minutes=35, seconds=5)
    assert len(WAITS) == 10
    assert timedelta(seconds=WAITS[-1]) == timedelta(days=1)


@given(failures, chances)
def test_a_wait_is_its_own_moved_by_a_fifth_at_most(failed: int, chance: float) -> None:
    wait = USUAL.after(failed, chance)
    assert wait is not None
    assert 0.8 * WAITS[failed] - 1e-6 <= wait.total_seconds() <= 1.2 * WAITS[failed] + 1e-6


@given(failures)
def test_chance_reaches_both_ends_of_the_jitter(failed: int) -> None:
    soon, late = USUAL.after(failed, 0.0), USUAL.after(failed, 1.0)
    assert soon is not None
    assert late is not None
    assert (soon.total_seconds(), late.total_seconds()) == pytest.approx((0.8 * WAITS[failed], 1.2 * WAITS[failed]))


@given(st.integers(len(WAITS), 1000), chances)
def test_after_the_tenth_failure_there_is_no_other_attempt(failed: int, chance: float) -> None:
    assert USUAL.after(failed, chance) is None


@given(failures, chances, st.floats(allow_nan=True, allow_infinity=True))
def test_a_wish_is_held_between_the_wait_and_the_greater_of_its_double_and_an_hour(
    failed: int, chance: float, wish: float
) -> None:
    wait = USUAL.after(failed, chance, retry_after=wish)
    assert wait is not None
    assert WAITS[failed] <= wait.total_seconds() <= max(2 * WAITS[failed], HOUR)
    if WAITS[failed] <= wish <= max(2 * WAITS[failed], HOUR):
        assert wait.total_seconds() == pytest.approx(wish)


@given(failures, chances, st.none() | st.floats(0, 1e9))
def test_who_has_too_much_to_do_is_never_asked_again_within_a_minute(
    failed: int, chance: float, wish: float | None
) -> None:
    wait = USUAL.after(failed, chance, retry_after=wish, overloaded=True)
    assert wait is not None
    assert wait >= timedelta(minutes=1)


def test_a_nan_of_a_wish_is_no_wish() -> None:
    assert USUAL.after(2, 0.5, retry_after=math.nan) == timedelta(minutes=5)
