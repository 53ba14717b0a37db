"""What a try makes of a task."""

from datetime import timedelta

import pytest

from services.publisher.domain.outcomes import (
    NOT_POSSIBLE,
    CannotDo,
    CredentialsDead,
    Done,
    Effect,
    Refused,
    Throttled,
    Unavailable,
    Unknown,
)
from services.publisher.domain.tasks import Patience, after_try

SOON = timedelta(minutes=1)
LATE = timedelta(hours=25)


@pytest.mark.parametrize(
    ("effect", "state", "reason"),
    [
        (Done(), "done", None),
        (CannotDo("no such thing"), "not_possible", NOT_POSSIBLE),
        (Refused(NOT_POSSIBLE, "gone"), "not_possible", NOT_POSSIBLE),
        (Refused("not_permitted", "no right"), "failed", "not_permitted"),
    ],
)
@pytest.mark.parametrize("age", [SOON, LATE])
def test_what_is_certain_ends_a_task_whatever_its_age(
    effect: Effect, state: str, reason: str | None, age: timedelta
) -> None:
    ending = after_try(effect, 1, age, Patience())
    assert (ending.state, ending.reason, ending.due_in) == (state, reason, None)


@pytest.mark.parametrize("effect", [Throttled(), Unavailable("x"), Unknown("x"), CredentialsDead("x")])
def test_what_may_pass_is_tried_again_for_a_day_and_has_failed_then(effect: Effect) -> None:
    again = after_try(effect, 1, SOON, Patience())
    assert again.state == "pending"
    assert again.due_in is not None
    assert (after_try(effect, 1, LATE, Patience()).state, after_try(effect, 1, LATE, Patience()).reason) == (
        "failed",
        "too_old",
    )


def test_a_throttled_account_rests_as_long_as_the_platform_asks() -> None:
    ending = after_try(Throttled(90.0), 1, SOON, Patience())
    assert ending.pause == ending.due_in == timedelta(seconds=90)


def test_waits_grow_with_every_try() -> None:
    waits = [after_try(Unknown("x"), tries, SOON, Patience()).due_in for tries in (1, 2, 3)]
    assert waits == [timedelta(seconds=2), timedelta(seconds=4), timedelta(seconds=8)]
