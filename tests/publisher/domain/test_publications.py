"""What becomes of a publication after each outcome: the rules, without network, database or clock."""

from dataclasses import replace
from datetime import timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.publisher.domain import publications, settlements
from services.publisher.domain.outcomes import (
    Absent,
    CannotSee,
    CredentialsDead,
    Found,
    Published,
    Refused,
    Throttled,
    Unavailable,
    Unknown,
)
from services.publisher.domain.publications import Nature, State
from services.publisher.domain.settlements import NotDecidable, RetryPolicy
from shared.events import Purpose
from tests.publisher.builders import NOW, a_progress, later

POLICY = RetryPolicy()
FACEBOOK = Nature(can_look=True, absence_proves=True)
MASTODON = Nature(idempotent_for=timedelta(hours=1), can_look=True)

outcomes = st.one_of(
    st.builds(Published, native_id=st.just("1"), rest=st.none() | st.floats(min_value=0)),
    st.builds(Throttled, retry_after=st.none() | st.floats(allow_nan=False)),
    st.builds(Unavailable, detail=st.just("refused")),
    st.builds(Refused, reason=st.sampled_from(["not_possible", "rejected"]), detail=st.just("no")),
    st.builds(CredentialsDead, detail=st.just("dead")),
    st.builds(Unknown, detail=st.just("hung up")),
)
chances = st.floats(min_value=0, max_value=1)
progresses = st.builds(
    a_progress,
    state=st.sampled_from(["pending", "sending", "unknown"]),
    failures=st.integers(min_value=0, max_value=10_000),
    resent=st.integers(min_value=0, max_value=5),
    sent_at=st.none() | st.just(NOW),
    reason=st.none() | st.sampled_from(["no_answer", "rejected"]),
)


def test_however_long_an_account_is_told_to_rest_its_reply_is_published() -> None:
    settled = settlements.after_send(a_progress(), Published("77", rest=float("inf")), POLICY, started=NOW)
    assert (settled.progress.state, settled.pause) == ("published", timedelta(hours=24))


def test_a_published_reply_is_published_with_its_native_id() -> None:
    settled = settlements.after_send(a_progress(), Published("77", "https://x"), POLICY, started=NOW)
    assert (settled.progress.state, settled.native_id, settled.url) == ("published", "77", "https://x")
    assert settled.due_in is None


def test_a_gone_parent_fails_with_its_reason() -> None:
    settled = settlements.after_send(a_progress(), Refused("not_possible", "gone"), POLICY, started=NOW)
    assert (settled.progress.state, settled.progress.reason) == ("failed", "not_possible")


def test_an_unknown_outcome_is_looked_at_after_a_second() -> None:
    settled = settlements.after_send(a_progress(), Unknown("hung up"), POLICY, started=NOW)
    assert settled.progress.state == "unknown"
    assert settled.due_in == timedelta(seconds=1)
    assert settlements.next_step(settled.progress, FACEBOOK, POLICY, later(seconds=1)) == "look"


def test_an_idempotent_platform_is_asked_again_with_the_same_key() -> None:
    settled = settlements.after_send(a_progress(), Unknown("hung up"), POLICY, started=NOW)
    assert settlements.next_step(settled.progress, MASTODON, POLICY, later(seconds=1)) == "send"


def test_a_key_that_is_learnt_late_is_looked_for_while_the_first_attempt_may_still_be_under_way() -> None:
    late = replace(MASTODON, learns_key_late=True)
    settled = settlements.after_send(a_progress(), Unknown("no answer within 15 s"), POLICY, started=NOW)
    assert settlements.next_step(settled.progress, late, POLICY, later(seconds=59)) == "look"
    assert settlements.next_step(settled.progress, late, POLICY, later(seconds=60)) == "send"
    again = settlements.after_send(settled.progress, Unknown("hung up"), POLICY, started=later(seconds=60))
    assert settlements.next_step(again.progress, late, POLICY, later(seconds=119)) == "look"
    # One that nobody finished began no later than it was claimed.
    unfinished = a_progress("sending", sent_at=NOW)
    assert settlements.next_step(unfinished, late, POLICY, later(seconds=30)) == "look"


def test_a_key_that_is_learnt_late_is_used_as_soon_as_it_is_known() -> None:
    late = replace(MASTODON, learns_key_late=True)
    doubtful = a_progress("unknown", first_sent_at=NOW, sent_at=NOW, reason="no_answer", failures=6)
    settled = settlements.after_look(doubtful, Absent(), late, POLICY, now=later(seconds=50))
    assert settled.due_in == timedelta(seconds=10)


def test_a_key_that_is_learnt_late_is_used_before_a_person_is_asked() -> None:
    late = replace(MASTODON, learns_key_late=True)
    quick = replace(POLICY, settle_after=timedelta(seconds=20))
    doubtful = a_progress("unknown", first_sent_at=NOW, sent_at=NOW, reason="no_answer", failures=6)
    settled = settlements.after_look(doubtful, Absent(), late, quick, now=later(seconds=19))
    assert (settled.due_in, settled.progress.needs_person) == (timedelta(seconds=1), False)
    assert settlements.next_step(settled.progress, late, quick, later(seconds=20)) == "send"


def test_after_the_key_is_forgotten_an_idempotent_platform_is_looked_at_first() -> None:
    doubtful = a_progress("unknown", first_sent_at=NOW, sent_at=later(minutes=58), reason="no_answer")
    assert settlements.next_step(doubtful, MASTODON, POLICY, later(minutes=59, seconds=1)) == "look"


def test_what_stays_open_for_a_day_is_looked_at_even_where_its_key_is_known_for_ever() -> None:
    forever = Nature(idempotent_for=timedelta(days=36_500))
    doubtful = a_progress("unknown", first_sent_at=NOW, sent_at=later(hours=23), reason="no_answer")
    assert settlements.next_step(doubtful, forever, POLICY, later(hours=23, minutes=59)) == "send"
    assert settlements.next_step(doubtful, forever, POLICY, later(hours=24, minutes=1)) == "look"


def test_sending_again_does_not_renew_the_time_in_which_a_key_is_known() -> None:
    doubtful = a_progress("unknown", first_sent_at=NOW, sent_at=NOW, reason="no_answer", failures=3)
    settled = settlements.after_send(doubtful, Unknown("hung up"), POLICY, started=later(minutes=30))
    assert (settled.progress.first_sent_at, settled.progress.sent_at) == (NOW, later(minutes=30))


def test_a_send_that_nobody_finished_is_never_simply_sent_again() -> None:
    unfinished = a_progress("sending", sent_at=NOW)
    assert settlements.next_step(unfinished, FACEBOOK, POLICY, later(seconds=30)) == "look"


def test_a_refusal_in_doubt_is_looked_at_instead_of_believed() -> None:
    doubtful = a_progress("unknown", first_sent_at=NOW, sent_at=NOW, reason="no_answer")
    settled = settlements.after_send(doubtful, Refused("not_possible", "gone"), POLICY, started=later(seconds=2))
    assert settled.progress.state == "unknown"
    assert settlements.next_step(settled.progress, MASTODON, POLICY, later(seconds=4)) == "look"


def test_a_refusal_in_doubt_fails_once_the_reply_is_proved_absent() -> None:
    refused = a_progress("unknown", sent_at=NOW, reason="not_possible")
    settled = settlements.after_look(refused, Absent(), FACEBOOK, POLICY, now=later(minutes=11))
    assert (settled.progress.state, settled.progress.reason) == ("failed", "not_possible")


def test_a_look_that_finds_the_reply_publishes_it() -> None:
    doubtful = a_progress("unknown", sent_at=NOW, reason="no_answer")
    settled = settlements.after_look(doubtful, Found("77"), FACEBOOK, POLICY, now=later(seconds=1))
    assert (settled.progress.state, settled.progress.reason, settled.native_id) == ("published", None, "77")


def test_an_absent_reply_is_not_sent_again_before_the_settle_time() -> None:
    doubtful = a_progress("unknown", sent_at=NOW, reason="no_answer", failures=4)
    settled = settlements.after_look(doubtful, Absent(), FACEBOOK, POLICY, now=later(minutes=9, seconds=55))
    assert settled.progress.state == "unknown"
    assert settled.due_in == timedelta(seconds=5)


def test_an_absent_reply_is_sent_again_after_the_settle_time() -> None:
    doubtful = a_progress("unknown", sent_at=NOW, reason="no_answer", failures=4)
    settled = settlements.after_look(doubtful, Absent(), FACEBOOK, POLICY, now=later(minutes=10))
    assert (settled.progress.state, settled.progress.resent, settled.due_in) == ("pending", 1, timedelta(0))


def test_a_reply_is_sent_again_at_most_three_times_before_a_person_is_asked() -> None:
    doubtful = a_progress("unknown", sent_at=NOW, reason="no_answer", resent=3)
    settled = settlements.after_look(doubtful, Absent(), FACEBOOK, POLICY, now=later(minutes=10))
    assert (settled.progress.state, settled.progress.needs_person) == ("unknown", True)


def test_an_absence_that_proves_nothing_waits_for_a_person() -> None:
    doubtful = a_progress("unknown", sent_at=NOW, reason="no_answer")
    settled = settlements.after_look(doubtful, Absent(), MASTODON, POLICY, now=later(minutes=10))
    assert (settled.progress.state, settled.progress.needs_person) == ("unknown", True)


def test_what_waits_for_a_person_is_still_looked_at_until_it_is_old() -> None:
    waiting = a_progress("unknown", sent_at=NOW, reason="no_answer", needs_person=True)
    young = settlements.after_look(waiting, CannotSee("away"), FACEBOOK, POLICY, now=later(hours=1))
    old = settlements.after_look(waiting, CannotSee("away"), FACEBOOK, POLICY, now=later(hours=25))
    assert (young.due_in, old.due_in) == (timedelta(seconds=60), None)


@pytest.mark.parametrize("purpose", ["holding", "acknowledgement", "closing"])
def test_what_is_no_answer_and_was_left_to_a_person_is_never_sent_again_by_itself(purpose: Purpose) -> None:
    waiting = a_progress("unknown", sent_at=NOW, reason="no_answer", needs_person=True)
    settled = settlements.after_look(waiting, Absent(), FACEBOOK, POLICY, now=later(minutes=11), purpose=purpose)
    assert (settled.progress.state, settled.progress.reason, settled.due_in) == ("failed", "too_old", None)
    assert (
        settlements.after_look(waiting, Absent(), FACEBOOK, POLICY, now=later(minutes=11)).progress.state == "pending"
    )


def test_what_an_answer_has_overtaken_is_looked_for_and_never_sent() -> None:
    overtaken = a_progress("unknown", first_sent_at=NOW, sent_at=NOW, reason="superseded")
    assert settlements.next_step(overtaken, MASTODON, POLICY, later(seconds=2)) == "look"
    absent = settlements.after_look(overtaken, Absent(), FACEBOOK, POLICY, now=later(minutes=11), purpose="holding")
    assert (absent.progress.state, absent.progress.reason) == ("failed", "superseded")
    assert settlements.next_step(a_progress(reason="superseded"), MASTODON, POLICY, later(seconds=2)) == "superseded"


def test_dead_credentials_park_the_account_longer_each_time() -> None:
    pauses = [
        settlements.after_send(a_progress(), CredentialsDead("dead"), POLICY, started=NOW, troubles=troubles).pause
        for troubles in range(6)
    ]
    assert [pause.total_seconds() for pause in pauses if pause] == [5, 10, 20, 40, 60, 60]


def test_what_met_dead_credentials_is_due_as_soon_as_its_account_is() -> None:
    settled = settlements.after_send(a_progress(), CredentialsDead("dead"), POLICY, started=NOW)
    assert (settled.progress.state, settled.due_in) == ("pending", timedelta(0))


def test_a_platforms_wish_to_wait_is_honoured_within_an_hour() -> None:
    waits = [
        settlements.after_send(a_progress(), Throttled(wish), POLICY, started=NOW).due_in for wish in (0.1, 30.0, 1e6)
    ]
    assert waits == [timedelta(seconds=1), timedelta(seconds=30), timedelta(hours=1)]


def test_a_throttle_without_a_wish_waits_a_minute() -> None:
    settled = settlements.after_send(a_progress(), Throttled(), POLICY, started=NOW)
    assert settled.due_in == settled.pause == timedelta(minutes=1)


def test_what_could_not_be_sent_in_a_day_is_given_up() -> None:
    assert settlements.next_step(a_progress(), FACEBOOK, POLICY, later(hours=24, seconds=1)) == "give_up"
    settled = settlements.given_up(a_progress())
    assert (settled.progress.state, settled.progress.reason) == ("failed", "too_old")


def test_an_unknown_outcome_is_never_given_up_by_age() -> None:
    doubtful = a_progress("unknown", sent_at=NOW, reason="no_answer")
    assert settlements.next_step(doubtful, FACEBOOK, POLICY, later(days=30)) == "look"


@pytest.mark.parametrize(
    ("action", "native_id", "state"),
    [("published", "77", "published"), ("send_again", None, "pending"), ("give_up", None, "failed")],
)
def test_a_person_decides_what_nothing_can_prove(
    action: settlements.Action, native_id: str | None, state: State
) -> None:
    waiting = a_progress("unknown", sent_at=NOW, reason="no_answer", needs_person=True)
    settled = settlements.decided(waiting, action, native_id)
    assert (settled.progress.state, settled.progress.needs_person, settled.native_id) == (state, False, native_id)


@pytest.mark.parametrize("state", [state for state in get_args(State) if state != "unknown"])
def test_a_person_decides_nothing_else(state: State) -> None:
    with pytest.raises(NotDecidable):
        settlements.decided(a_progress(state), "give_up", None)


@given(progresses, outcomes, chances)
def test_no_send_turns_doubt_into_certainty_without_an_answer(progress, outcome, chance) -> None:  # type: ignore[no-untyped-def]
    """Only ``Published`` ends doubt: whatever else an attempt brings, what may stand stays ``unknown``."""
    settled = settlements.after_send(progress, outcome, POLICY, started=later(seconds=1), chance=chance)
    if progress.in_doubt and not isinstance(outcome, Published):
        assert settled.progress.state == "unknown"
    if isinstance(outcome, Unknown):
        assert settled.progress.state == "unknown"


@given(progresses, outcomes, chances)
def test_whatever_is_open_is_due_again_within_an_hour_and_what_ended_is_not(progress, outcome, chance) -> None:  # type: ignore[no-untyped-def]
    settled = settlements.after_send(progress, outcome, POLICY, started=later(seconds=1), chance=chance)
    if settled.progress.state in publications.OPEN:
        assert settled.due_in is not None
        assert timedelta(0) <= settled.due_in <= timedelta(hours=1)
    else:
        assert settled.due_in is None


@given(progresses, st.sampled_from([Absent(), CannotSee("away")]), st.integers(0, 100_000), chances)
def test_only_a_trusted_absence_after_the_settle_time_allows_sending_again(progress, sighting, age, chance) -> None:  # type: ignore[no-untyped-def]
    for nature in (FACEBOOK, MASTODON, Nature()):
        settled = settlements.after_look(progress, sighting, nature, POLICY, now=later(seconds=age), chance=chance)
        if settled.progress.state == "pending":
            assert isinstance(sighting, Absent)
            assert nature.absence_proves
            assert timedelta(seconds=age) >= POLICY.settle_after


def test_what_comes_too_late_is_not_sent() -> None:
    until = later(minutes=5)
    assert settlements.next_step(a_progress(), MASTODON, POLICY, later(minutes=4), until) == "send"
    assert settlements.next_step(a_progress(), MASTODON, POLICY, until, until) == "too_late"
    settlement = settlements.too_late(a_progress())
    assert (settlement.progress.state, settlement.progress.reason) == ("failed", "window_closed")


def test_what_may_stand_already_is_looked_for_and_never_sent_late() -> None:
    doubtful = replace(a_progress(), state="unknown", sent_at=later(minutes=1), first_sent_at=later(minutes=1))
    assert settlements.next_step(doubtful, MASTODON, POLICY, later(minutes=2)) == "send"
    assert settlements.next_step(doubtful, MASTODON, POLICY, later(minutes=2), later(minutes=2)) == "look"
