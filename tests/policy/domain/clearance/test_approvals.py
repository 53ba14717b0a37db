"""Who may take which step, and what an approval binds."""

from dataclasses import replace

import pytest

from services.policy.domain.clearance.approvals import (
    CeilingExceeded,
    Consent,
    Draft,
    NotYourAuthority,
    OwnDraft,
    Seen,
    Weight,
    approval_step,
    may_decide,
    signoff_step,
    steps_of,
)
from services.policy.domain.roster import Ceiling, Officer
from tests.policy.builders import NOW, bare

SEEN = Seen("text", "en", ("cmt_1", 1), "mastodon", "acc-1", "n-1", "a/1@0")


def a_draft(level: str = "L4", signoffs: tuple[str, ...] = ()) -> Draft:
    steps = steps_of(bare().steps(level, signoffs))  # type: ignore[arg-type]
    return Draft(1, 1, "desk", "text", "en", SEEN.digest(), "a/1@0", steps, "open", NOW)


def who(subject: str) -> Officer:
    found = bare().policy.officer(subject)
    assert found is not None
    return found


def take(draft: Draft, subject: str) -> Draft:
    officer = who(subject)
    index = approval_step(draft, officer, Weight("S0", "D0"))
    return draft.taken(index, Consent(officer.subject, officer.post, officer.level, NOW, draft.digest))


@pytest.mark.parametrize("level", ["L1", "L2", "L3", "L4"])
def test_the_ladder_of_the_baseline(level: str) -> None:
    expected = {"L1": ["L1"], "L2": ["L2"], "L3": ["L2", "L3"], "L4": ["L2", "L3", "L4"]}
    assert [step.level for step in a_draft(level).steps] == expected[level]


def test_an_officer_takes_the_highest_step_open_to_them() -> None:
    draft = take(a_draft(), "head")
    assert [step.taken is not None for step in draft.steps] == [False, False, True]
    draft = take(draft, "division")
    assert [step.taken is not None for step in draft.steps] == [False, True, True]


@pytest.mark.parametrize(
    "order", [("comms", "division", "head"), ("head", "division", "comms"), ("head", "comms", "legal")]
)
def test_parallel_steps_clear_in_any_order(order: tuple[str, ...]) -> None:
    draft = a_draft()
    for subject in order:
        assert not draft.is_cleared
        draft = take(draft, subject)
    assert draft.is_cleared


def test_the_author_never_counts() -> None:
    with pytest.raises(OwnDraft):
        take(a_draft("L1"), "desk")


def test_one_person_takes_one_step() -> None:
    with pytest.raises(NotYourAuthority):
        take(take(a_draft(), "head"), "head")


def test_below_the_level_nothing_can_be_taken() -> None:
    with pytest.raises(NotYourAuthority):
        take(a_draft("L2"), "desk-2")


def test_a_sign_off_is_for_its_specialist() -> None:
    draft = a_draft("L3", ("legal",))
    assert signoff_step(draft, who("legal"), "legal", Weight("S0", "D0")) == 2
    with pytest.raises(NotYourAuthority):
        signoff_step(draft, who("head"), "legal", Weight("S0", "D0"))
    with pytest.raises(NotYourAuthority):
        signoff_step(draft, who("legal"), "security", Weight("S0", "D0"))


def test_an_approval_is_no_sign_off_and_the_other_way_round() -> None:
    draft = take(a_draft("L3", ("legal",)), "legal")
    with pytest.raises(NotYourAuthority):
        signoff_step(draft, who("legal"), "legal", Weight("S0", "D0"))
    assert not draft.is_cleared


def test_a_ceiling_limits_the_holder_of_a_post() -> None:
    limited = who("head").model_copy(update={"ceiling": Ceiling(sensitivity="S3", damage="D2")})
    with pytest.raises(CeilingExceeded):
        approval_step(a_draft(), limited, Weight("S3", "D3"))
    assert approval_step(a_draft(), limited, Weight("S3", "D2")) == 2
    assert not may_decide(a_draft(), limited, Weight("S4", "D0"))


@pytest.mark.parametrize("topics", [("fees",), ("fees", "queues"), ()])
def test_a_post_for_some_subjects_decides_on_these_and_on_nothing_else(topics: tuple[str, ...]) -> None:
    limited = who("head").model_copy(update={"topics": ("fees", "visas")})
    assert may_decide(a_draft(), limited, Weight("S0", "D0", topics)) == (topics == ("fees",))
    if topics != ("fees",):
        with pytest.raises(NotYourAuthority, match="does not stand for the subject"):
            approval_step(a_draft(), limited, Weight("S0", "D0", topics))


def test_may_decide_says_what_the_steps_say() -> None:
    draft = a_draft("L2", ("legal",))
    answers = {
        subject: may_decide(draft, who(subject), Weight("S0", "D0")) for subject in ("desk", "desk-2", "comms", "legal")
    }
    assert answers == {"desk": False, "desk-2": False, "comms": True, "legal": True}


@pytest.mark.parametrize(
    "change",
    [
        {"text": "text."},
        {"language": "si"},
        {"head": ("cmt_2", 1)},
        {"head": ("cmt_1", 2)},
        {"platform": "x"},
        {"account": "acc-2"},
        {"reply_to": "n-2"},
        {"policy_version": "a/2@1"},
    ],
)
def test_anything_that_changes_gives_another_digest(change: dict[str, object]) -> None:
    other = replace(SEEN, **change)  # type: ignore[arg-type]
    assert other.digest() != SEEN.digest()
    assert len(other.digest()) == 64
