"""The quota of a client: how a bucket drains and fills, what clients are told, and who is remembered."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rate_limit import Quota, RateLimits

QUOTA = Quota(per_second=10, burst=5)


class Time:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def limits(quota: Quota = QUOTA, most: int = 100) -> tuple[RateLimits, Time]:
    time = Time()
    return RateLimits(quota, most=most, monotonic=time), time


def said(limits: RateLimits, client: str = "a", cost: float = 1) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in limits.spend(client, cost).fields()}


def test_a_burst_is_had_at_once_and_then_one_waits() -> None:
    buckets, _ = limits()
    standings = [buckets.spend("a", 1) for _ in range(7)]
    assert [math.floor(one.remaining + 1e-9) for one in standings] == [4, 3, 2, 1, 0, 0, 0]
    assert [one.wait_seconds > 0 for one in standings] == [False] * 5 + [True] * 2
    assert standings[-1].wait_seconds == pytest.approx(0.1)


def test_what_is_refused_costs_nothing() -> None:
    buckets, time = limits()
    for _ in range(50):
        buckets.spend("a", 1)
    time.now += 0.1
    assert not buckets.spend("a", 1).wait_seconds
    assert buckets.spend("a", 1).wait_seconds


def test_each_client_has_a_bucket_of_its_own() -> None:
    buckets, _ = limits()
    for _ in range(6):
        buckets.spend("a", 1)
    assert buckets.spend("a", 1).wait_seconds
    assert not buckets.spend("b", 1).wait_seconds


def test_something_large_takes_as_much_as_it_weighs() -> None:
    buckets, time = limits()
    assert not buckets.spend("a", 3.5).wait_seconds
    assert buckets.spend("a", 2).wait_seconds == pytest.approx(0.05)
    time.now += 0.05
    assert not buckets.spend("a", 2).wait_seconds


def test_clients_are_told_in_the_words_of_the_draft_and_of_its_elders() -> None:
    buckets, _ = limits(Quota(per_second=100, burst=300))
    assert said(buckets) == {
        "ratelimit-policy": '"client";q=300;w=3',
        "ratelimit": '"client";r=299;t=1',
        "ratelimit-limit": "300",
        "ratelimit-remaining": "299",
        "ratelimit-reset": "1",
    }
    assert said(buckets, cost=299)["ratelimit"] == '"client";r=0;t=1'
    assert said(buckets)["ratelimit-reset"] == "3"


@given(
    st.floats(0.01, 1000),
    st.integers(1, 1000),
    st.lists(st.tuples(st.floats(0, 100), st.floats(0.01, 50)), max_size=40),
)
def test_nobody_ever_gets_more_than_the_burst_and_what_time_gave(
    per_second: float, burst: int, asked: list[tuple[float, float]]
) -> None:
    buckets, time = limits(Quota(per_second, burst))
    began, had = time.now, 0.0
    for pause, cost in asked:
        time.now += pause
        standing = buckets.spend("a", cost)
        if not standing.wait_seconds:
            had += cost
        assert had <= burst + (time.now - began) * per_second + 1e-3
        assert 0 <= standing.remaining <= burst
        if standing.wait_seconds and cost <= burst:
            time.now += standing.wait_seconds + 1e-6
            assert not buckets.spend("a", cost).wait_seconds
            had += cost


def test_only_those_who_ask_just_now_are_remembered() -> None:
    buckets, time = limits(most=100)
    for number in range(1000):
        buckets.spend(str(number), 1)
    assert len(buckets) == 100
    time.now += 60
    buckets.spend("late", 1)
    assert len(buckets) == 1
