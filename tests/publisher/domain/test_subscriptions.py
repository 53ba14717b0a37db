"""What becomes of a delivery after an attempt, and when an endpoint is given up."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.publisher.domain.retrying import WAITS, Schedule
from services.publisher.domain.subscriptions import (
    Failing,
    Outcome,
    Patience,
    after_attempt,
    callback_subscription,
    echoes,
    must_disable,
    outcome_of,
    warnings_due,
)
from tests.publisher.builders import NOW, later

USUAL, PATIENCE = Schedule(), Patience()


@given(st.integers(100, 599))
def test_only_2xx_is_success(status: int) -> None:
    assert outcome_of(status).is_success == (200 <= status <= 299)


@pytest.mark.parametrize(
    ("status", "name"),
    [(301, "redirected"), (308, "redirected"), (410, "gone"), (429, "throttled"), (404, "refused"), (503, "refused")],
)
def test_an_answer_has_a_name(status: int, name: str) -> None:
    assert outcome_of(status).name == name


@pytest.mark.parametrize("name", ["refused", "redirected", "timeout", "broken", "not_connected", "not_echoed"])
def test_a_delivery_that_always_fails_is_tried_ten_times_and_then_exhausted(name: str) -> None:
    failures, states = 0, []
    for _ in range(20):
        settlement = after_attempt(failures, Outcome(name), USUAL, 0.5)  # type: ignore[arg-type]
        failures = settlement.failures
        states.append(settlement.state)
        if settlement.due_in is None:
            break
    assert states == ["waiting"] * 9 + ["exhausted"]
    assert failures == len(WAITS)


def test_success_ends_it_whenever_it_comes() -> None:
    assert [after_attempt(n, outcome_of(204), USUAL, 0.5).state for n in range(12)] == ["delivered"] * 12


def test_gone_ends_it_at_once() -> None:
    assert after_attempt(0, outcome_of(410), USUAL, 0.5).state == "disabled"
    assert after_attempt(0, outcome_of(410), USUAL, 0.5, one_off=True).state == "cancelled"


def test_a_timeout_and_a_429_wait_for_a_minute_at_least() -> None:
    for outcome in (Outcome("timeout"), outcome_of(429)):
        assert after_attempt(0, outcome, USUAL, 0.0).due_in == timedelta(minutes=1)
    assert after_attempt(0, outcome_of(500), USUAL, 0.5).due_in == timedelta(seconds=5)


def failing(hours: float, failures: int, last_hours: float | None = None, warned: int = 0) -> Failing:
    last = later(hours=hours if last_hours is None else last_hours)
    return Failing(NOW, last, failures, warned)


@pytest.mark.parametrize(
    ("hours", "failures", "last", "is_given_up"),
    [
        (119.9, 100, None, False),
        (120, 9, None, False),
        (120, 10, None, True),
        (121, 10, 23.9, False),
        (121, 10, 24, True),
    ],
)
def test_an_endpoint_is_given_up_after_120_hours_ten_failures_and_a_day_between_them(
    hours: float, failures: int, last: float | None, is_given_up: bool
) -> None:
    assert must_disable(failing(hours, failures, last), later(hours=hours), PATIENCE) is is_given_up


@given(st.floats(0, 500), st.integers(0, 50), st.floats(0, 1))
def test_nobody_is_given_up_before_the_warnings_were_due(hours: float, failures: int, share: float) -> None:
    state = failing(hours, failures, hours * share)
    if must_disable(state, later(hours=hours), PATIENCE):
        assert len(warnings_due(state, later(hours=hours), PATIENCE)) == len(PATIENCE.warn_after)


@pytest.mark.parametrize(
    ("hours", "warned", "due"), [(23, 0, []), (24, 0, [24]), (25, 1, []), (72, 1, [72]), (110, 0, [24, 72, 108])]
)
def test_each_warning_is_given_once(hours: float, warned: int, due: list[float]) -> None:
    found = warnings_due(failing(hours, 3, warned=warned), later(hours=hours), PATIENCE)
    assert [after / timedelta(hours=1) for after in found] == due


@pytest.mark.parametrize(
    ("said", "is_echo"),
    [
        (b"abc", True),
        (b" abc\r\n", True),
        (b'"abc"', True),
        (b'{"challenge": "abc"}', True),
        (b'{"ok": true, "challenge":"abc"}', True),
        (b"", False),
        (b"abcd", False),
        (b"xabc", False),
        (b'{"challenge": "abd"}', False),
        (b'{"type": "SubscriptionVerified"}', False),
    ],
)
def test_an_echo_is_the_challenge_and_nothing_else(said: bytes, is_echo: bool) -> None:
    assert echoes("abc", said) is is_echo


def test_a_receiver_that_repeats_all_it_is_sent_echoes_nothing() -> None:
    assert not echoes("abc", b'{"type": "SubscriptionVerified", "data": {"x": 1, "challenge": "abc"}}')


def test_a_client_has_one_subscription_for_each_agency_it_asks() -> None:
    pairs = [("a", "b"), ("b", "a"), ("ab", ""), ("a", "bc"), ("ab", "c")]
    assert len({callback_subscription(*pair) for pair in pairs}) == len(pairs)
