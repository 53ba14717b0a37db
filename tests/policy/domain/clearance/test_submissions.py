"""Submissions: cleared by others than their author, on the level that their weight asks for, and only as seen."""

import contextlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy import submissions
from services.policy.domain.authority.mandates import Mandate, Weight
from services.policy.domain.authority.powers import Powers
from services.policy.domain.clearance.approvals import (
    CeilingExceeded,
    Counting,
    NotYourAuthority,
    Refusal,
    StaleDigest,
)
from services.policy.domain.clearance.deciders import Decider
from services.policy.domain.clearance.submissions import Need, Submission, SubmissionNotOpen, level_of
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.roster import Ceiling
from services.policy.domain.scales import DAMAGES, SENSITIVITIES
from tests.policy.builders import LATER, NOW, OFFICERS, bare, in_force

PEOPLE = [str(officer["subject"]) for officer in OFFICERS]


def who(subject: str, policy: PolicyInForce | None = None) -> Decider:
    """A person with nothing but their post."""
    return Decider(subject, Powers((policy or bare()).policy.officers).of(subject, NOW))


def a_submission(author: str = "desk", *, policy: PolicyInForce | None = None, **changes: Any) -> Submission:
    """Two texts of little weight, put up."""
    known: dict[str, Any] = {"need": Need(Weight("S1", "D1"))}
    new = Submission(
        id="sub_1", agency="test-agency", matter="line", subject="hours", number=1, author=author,
        content={"text": {"en": "We are open."}}, level="L2", policy_version="", digest="", steps=(), state="open",
        written_at=NOW, **{**known, **changes},
    )  # fmt: skip
    return submissions.put_up(new, who(author), policy or bare()).submission


def approved(submission: Submission, subject: str) -> Submission:
    return submissions.approve(submission, who(subject), submission.digest, bare(), NOW).submission


def test_it_is_cleared_on_l2_at_least() -> None:
    submission = a_submission()
    assert (submission.level, [step.level for step in submission.steps]) == ("L2", ["L2"])
    cleared = approved(submission, "comms")
    assert (cleared.state, cleared.cleared_at) == ("cleared", NOW)


def test_an_act_says_what_was_done_and_by_which_post() -> None:
    submission = a_submission()
    done = submissions.approve(submission, who("comms"), submission.digest, bare(), NOW)
    assert [(act.action, act.actor, act.subject) for act in done.acts] == [
        ("line.approved", "comms", "hours"),
        ("line.cleared", "comms", "hours"),
    ]
    assert done.acts[1].details["officers"] == ["comms"]


def test_a_closed_subject_of_the_floor_raises_the_level() -> None:
    topic = {"id": "trial", "phrases": {"en": ["trial"]}, "closed": "court"}
    policy = in_force(topics=[topic])
    asked = policy.policy.floor.by_closed["court"]
    assert level_of(Weight("S0", "D0", ("trial",)), policy.policy) == max(asked, "L2")


@pytest.mark.parametrize("change", ["text", "need", "subject", "number"])
def test_the_digest_binds_whatever_an_approver_sees(change: str) -> None:
    changes: dict[str, Any] = {
        "text": {"content": {"text": {"en": "We are closed."}}},
        "need": {"need": Need(Weight("S1", "D0"))},
        "subject": {"subject": "other"},
        "number": {"number": 2},
    }
    assert a_submission().digest != replace(a_submission(), digest="", **changes[change]).bound(bare()).digest


def test_another_policy_begins_the_steps_anew() -> None:
    submission = approved(a_submission(need=Need(Weight("S4", "D1"))), "comms")
    assert any(step.taken for step in submission.steps)
    other = in_force(name="Another name")
    assert not any(step.taken for step in submission.bound(other).steps)
    with pytest.raises(StaleDigest):
        submissions.approve(submission, who("head", other), submission.digest, other, NOW)


def test_what_is_cleared_stays_as_it_was_under_another_policy() -> None:
    cleared = approved(a_submission(), "comms")
    assert cleared.bound(in_force(name="Another name")) is cleared


def test_a_ceiling_holds() -> None:
    low = Ceiling(sensitivity="S0", damage="D0")
    mandate = Mandate("deputy", "Deputy", "L3", "post", ceiling=low)
    submission = a_submission()
    with pytest.raises(CeilingExceeded):
        submissions.approve(submission, Decider("deputy", (mandate,)), submission.digest, bare(), NOW)


def test_a_power_for_one_platform_does_not_clear_what_speaks_on_all() -> None:
    mandate = Mandate("deputy", "Deputy", "L3", "delegation", platforms=("x",))
    submission = a_submission()
    with pytest.raises(NotYourAuthority):
        submissions.approve(submission, Decider("deputy", (mandate,)), submission.digest, bare(), NOW)


def test_a_consent_whose_giver_is_recused_opens_its_step_again() -> None:
    submission = approved(a_submission(need=Need(Weight("S4", "D1"))), "comms")
    done = submissions.recount(submission, Counting(recused=frozenset({"comms"})))
    assert not any(step.taken for step in done.submission.steps)
    assert [act.action for act in done.acts] == ["line.approvals_lapsed"]


def test_it_is_withdrawn_by_l2_and_above_or_by_the_author_before_it_is_cleared() -> None:
    submission = a_submission()
    assert submissions.withdraw(submission, who("desk"), "wrong", LATER).submission.state == "withdrawn"
    with pytest.raises(NotYourAuthority):
        submissions.withdraw(submission, who("desk-2"), "wrong", LATER)
    cleared = approved(submission, "comms")
    with pytest.raises(NotYourAuthority):
        submissions.withdraw(cleared, who("desk"), "wrong", LATER)
    withdrawn = submissions.withdraw(cleared, who("head"), "wrong", LATER).submission
    assert (withdrawn.state, withdrawn.ended_by, withdrawn.reason) == ("withdrawn", "head", "wrong")
    assert submissions.withdraw(withdrawn, who("head"), "wrong", LATER).acts == ()
    with pytest.raises(SubmissionNotOpen):
        submissions.approve(withdrawn, who("division"), withdrawn.digest, bare(), LATER)


@given(
    st.sampled_from(PEOPLE),
    st.lists(st.sampled_from(PEOPLE), max_size=12),
    st.sampled_from(SENSITIVITIES),
    st.sampled_from(DAMAGES),
)
def test_whatever_is_cleared_was_cleared_by_so_many_others_of_the_level(
    author: str, pressing: list[str], sensitivity: Any, damage: Any
) -> None:
    submission = a_submission(author, need=Need(Weight(sensitivity, damage)))
    for subject in pressing:
        with contextlib.suppress(Refusal):
            submission = approved(submission, subject)
    taken = [step.taken for step in submission.steps if step.taken is not None]
    assert author not in {consent.officer for consent in taken}
    assert len({consent.officer for consent in taken}) == len(taken)
    assert all(step.taken.level >= step.level for step in submission.steps if step.taken)
    if submission.state == "cleared":
        assert len(taken) == len(submission.steps)
        assert max(consent.level for consent in taken) >= submission.level >= "L2"
