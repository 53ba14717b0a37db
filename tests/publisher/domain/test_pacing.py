"""Back-off and pace."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.publisher.domain.pacing import FIRST_ROOM, PROBES, Backoff, Pace, PlatformPace, honour


@given(st.integers(min_value=0, max_value=10**9), st.floats(min_value=0, max_value=1))
def test_a_wait_stays_within_a_fifth_of_its_cap(failures: int, chance: float) -> None:
    wait = Backoff(first=1, most=300).wait(failures, chance).total_seconds()
    assert 0.8 <= wait <= 360


def test_waits_double_until_their_cap() -> None:
    backoff = Backoff(first=1, most=10)
    assert [backoff.wait(failures, 0.5).total_seconds() for failures in range(1, 7)] == [1, 2, 4, 8, 10, 10]


@given(st.floats(), st.floats(min_value=0.1, max_value=10_000))
def test_no_wish_makes_us_faster_than_our_own_wait_or_silent_for_days(wish: float, seconds: float) -> None:
    base = timedelta(seconds=seconds)
    assert base <= honour(wish, base) <= max(2 * base, timedelta(hours=1))


def test_an_account_in_trouble_keeps_one_slot_and_recovers_by_doubling() -> None:
    pace = Pace(8)
    pace.start()
    pace.end(went_well=False)
    rooms = [pace.room]
    for _ in range(3):
        pace.start()
        pace.end(went_well=True)
        rooms.append(pace.room)
    assert rooms == [1, 2, 4, 8]


def test_attempts_under_way_take_room() -> None:
    pace = Pace(2)
    pace.start()
    assert pace.room == 1


def test_an_account_of_which_nothing_is_known_gets_few_attempts_until_one_goes_well() -> None:
    pace = Pace(400)
    assert pace.room == FIRST_ROOM
    pace.start()
    pace.end(went_well=True)
    assert pace.room == 2 * FIRST_ROOM


def test_what_was_learnt_about_an_account_is_kept_for_a_minute_after_its_last_attempt() -> None:
    pace = Pace(8)
    pace.start(now=100)
    assert not pace.is_outdated(now=1000)
    pace.end(went_well=True)
    assert not pace.is_outdated(now=159)
    assert pace.is_outdated(now=161)


def test_a_platform_that_gives_no_answer_keeps_a_few_places_and_gets_them_back_when_it_does() -> None:
    pace = PlatformPace(400, 128)
    for _ in range(10):
        pace.start()
        pace.end(False)
    assert pace.room == PROBES
    pace.start()
    pace.end(None)
    assert pace.room == PROBES
    for _ in range(10):
        pace.start()
        pace.end(True)
    assert pace.room == 400
