"""What was done to a draft is read off what it was and what it has become."""

from dataclasses import replace
from datetime import timedelta

from services.policy.domain.clearance.approvals import Consent, Draft, Step
from services.policy.domain.clearance.step_times import TakenStep, steps_taken
from tests.policy.builders import NOW

MINUTE = timedelta(minutes=1)


def a_draft(*steps: Step, number: int = 1, digest: str = "a" * 64) -> Draft:
    return Draft(
        number=number,
        version=1,
        author="desk",
        text="We are sorry.",
        language="en",
        digest=digest,
        policy_version="p",
        steps=steps or (Step("approval", "L2"), Step("approval", "L3"), Step("signoff", "L1", "legal")),
        state="open",
        written_at=NOW,
    )


def consented(draft: Draft, index: int, officer: str, minutes: int) -> Draft:
    return draft.taken(index, Consent(officer, officer, "L3", NOW + minutes * MINUTE, draft.digest))


def done(before: Draft | None, after: Draft, minutes: int = 60) -> list[TakenStep]:
    return steps_taken(before, after, NOW - 5 * MINUTE, NOW + minutes * MINUTE)


def kinds(found: list[TakenStep]) -> list[str]:
    return [each.kind for each in found]


def test_a_first_text_takes_from_when_somebody_began_to_wait() -> None:
    assert done(None, a_draft()) == [TakenStep("draft", 1, "L3", NOW - 5 * MINUTE, NOW)]


def test_another_text_is_another_draft() -> None:
    assert kinds(done(a_draft(), a_draft(number=2))) == ["draft"]


def test_a_consent_takes_from_the_writing_on_and_counts_once() -> None:
    one = consented(a_draft(), 0, "comms", 10)
    both = consented(one, 2, "legal", 30)
    (first,) = done(a_draft(), one)
    assert (first.kind, first.step_level, first.level, first.ended_at - first.began_at) == (
        "approval",
        "L2",
        "L3",
        10 * MINUTE,
    )
    (second,) = done(one, both)
    assert (second.kind, second.specialism, second.step_level) == ("signoff", "legal", "L1")


def test_the_last_consent_releases_and_both_are_measured() -> None:
    one = consented(a_draft(Step("approval", "L1")), 0, "comms", 10)
    found = done(a_draft(Step("approval", "L1")), replace(one, state="released"), 10)
    assert [(each.kind, each.ended_at - each.began_at) for each in found] == [
        ("approval", 10 * MINUTE),
        ("release", 10 * MINUTE),
    ]


def test_what_opens_steps_again_is_a_lapse_and_no_consent() -> None:
    one = consented(a_draft(), 0, "comms", 10)
    assert kinds(done(one, a_draft(digest="b" * 64))) == ["lapse"]
    assert kinds(done(one, a_draft())) == ["lapse"]
    assert kinds(done(a_draft(), a_draft(digest="b" * 64))) == ["lapse"]


def test_a_consent_that_outlives_a_change_is_not_counted_twice() -> None:
    one = consented(a_draft(), 0, "comms", 10)
    assert kinds(done(one, replace(one, digest="b" * 64))) == ["lapse"]


def test_a_step_of_a_later_stage_takes_from_the_last_consent_before_it() -> None:
    staged = a_draft(Step("approval", "L2"), Step("approval", "L3", stage=2))
    one = consented(staged, 0, "comms", 10)
    (later,) = done(one, consented(one, 1, "division", 25))
    assert (later.step_level, later.ended_at - later.began_at) == ("L3", 15 * MINUTE)


def test_another_version_is_written_and_its_steps_are_measured_from_then() -> None:
    one = consented(a_draft(), 0, "comms", 10)
    amended = replace(a_draft(digest="b" * 64), version=2, author="comms", written_at=NOW + 20 * MINUTE)
    (written,) = done(one, amended)
    assert (written.kind, written.ended_at - written.began_at) == ("draft", 20 * MINUTE)
    (approval,) = done(amended, consented(amended, 0, "second", 30))
    assert approval.ended_at - approval.began_at == 10 * MINUTE


def test_what_is_sent_back_was_returned() -> None:
    assert kinds(done(a_draft(), replace(a_draft(), state="returned"))) == ["return"]
    assert done(replace(a_draft(), state="returned"), replace(a_draft(), state="returned")) == []
