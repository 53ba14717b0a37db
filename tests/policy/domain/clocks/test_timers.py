"""What is to happen to a case because of time."""

from datetime import timedelta

from services.policy.domain.clocks.timers import Timer, earliest
from tests.policy.builders import NOW

HOUR = timedelta(hours=1)


def test_of_several_turns_the_earliest_deadline_of_each_kind_counts() -> None:
    waiting = [(1, {"answer": NOW + 4 * HOUR, "escalate": NOW + 3 * HOUR}), (2, {"answer": NOW + HOUR})]
    assert earliest(waiting, {}) == [Timer("breach", 2, NOW + HOUR), Timer("escalate", 1, NOW + 3 * HOUR)]


def test_what_went_off_does_not_go_off_again_for_what_was_due_by_then() -> None:
    waiting = [(1, {"answer": NOW}), (2, {"answer": NOW - HOUR, "holding": NOW})]
    assert earliest(waiting, {"breach": NOW}) == [Timer("holding", 2, NOW)]


def test_what_comes_due_later_has_its_own_alarm() -> None:
    waiting = [(1, {"answer": NOW, "escalate": NOW - HOUR}), (2, {"answer": NOW + HOUR, "escalate": NOW + HOUR / 4})]
    fired = {"breach": NOW, "escalate": NOW - HOUR}
    assert earliest(waiting, fired) == [Timer("escalate", 2, NOW + HOUR / 4), Timer("breach", 2, NOW + HOUR)]


def test_an_acknowledgement_and_a_holding_reply_have_timers_of_their_own() -> None:
    found = earliest([(1, {"acknowledge": NOW, "holding": NOW})], {})
    assert {each.kind for each in found} == {"acknowledge", "holding"}
