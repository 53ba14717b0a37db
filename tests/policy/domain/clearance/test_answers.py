"""Whom one answer for many fits, what clearing it asks for, and when nothing goes out by it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy import answering_many, handlers
from services.policy.adapters.store.work import UnitOfWork
from services.policy.domain.authority.mandates import Weight
from services.policy.domain.clearance.answers import Answer, exceeds, need_of
from services.policy.domain.clearance.approvals import Consent, NothingToAnswer, Step
from services.policy.domain.clearance.cases import Case, Standing
from services.policy.domain.clearance.facts import PlainFacts
from services.policy.domain.clearance.submissions import Need, Submission
from services.policy.domain.scales import DAMAGES, LEVELS, SENSITIVITIES
from tests.policy.builders import NOW, in_force, received, sample, shelf

DRY = "No water in Kandy since this morning"
SAID = {"en": "Water is back by noon."}


def a_case(*texts: str, **about: Any) -> Case:
    """A thread with these comments."""
    work = UnitOfWork()
    for n, text in enumerate(texts):
        event = received(text, agency="water-board", comment=f"cmt_{n}", **about)
        handlers.on_comment_received(event, work, shelf(), NOW)
    (case,) = work.kept.values()
    return case


def an_answer(*cases: Case, **changes: Any) -> Answer:
    """One for the issues of these cases."""
    issues = tuple({turn.issue for case in cases for turn in case.turns if turn.issue})
    known: dict[str, Any] = {
        "texts": SAID, "threads": 5, "until": NOW + timedelta(days=1), "issues": issues, "kind": "complaint",
        "topics": ("outage",), "names": ("kandy",),
    }  # fmt: skip
    return Answer(**{**known, **changes})


def cleared(answer: Answer, need: Need | None = None, level: Any = "L2", *steps: Step) -> Submission:
    """That answer, cleared by ``comms``."""
    by_comms = Step("approval", level, None, Consent("comms", "Communications", level, NOW, "0" * 64))
    return Submission(
        id="sub_1", agency="water-board", matter="answer", subject="issue_1", number=1, author="desk",
        content=answer.content(), need=need or Need(Weight("S1", "D1", ("outage",))), level=level, policy_version="v",
        digest="0" * 64, steps=(by_comms, *steps), state="cleared", written_at=NOW, cleared_at=NOW,
    )  # fmt: skip


def test_a_member_fits() -> None:
    case = a_case(DRY)
    assert an_answer(case).misfit(case, "water-board") is None


def test_an_answer_reads_as_it_was_put_up() -> None:
    answer = an_answer(a_case(DRY))
    assert Answer.of(cleared(answer)) == answer


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"topics": ()}, "another_topic"), ({"texts": {"ta": "x"}}, "another_language"),
     ({"issues": ("issue_other",)}, "thread_moved_on")],
)  # fmt: skip
def test_an_answer_that_is_narrower_leaves_it_out(changes: dict[str, Any], reason: str) -> None:
    case = a_case(DRY)
    assert an_answer(case, **changes).misfit(case, "water-board") == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [(f"{DRY} call 0771234567", "private_data"), (f"{DRY}, my name is Kamala", "personal"),
     (f"{DRY}, complaint no. 4711", "personal")],
)  # fmt: skip
def test_what_is_personal_is_left_out(text: str, reason: str) -> None:
    case = a_case(text)
    assert an_answer(case).misfit(case, "water-board") == reason


def test_another_place_than_most_name_or_the_answer_says_is_left_out() -> None:
    kandy, galle = a_case(DRY), a_case(DRY.replace("Kandy", "Galle"))
    answer = an_answer(kandy, galle, names=()).for_the_names_of([kandy, kandy, galle])
    assert answer.names == ("kandy",)
    assert [answer.misfit(case, "water-board") for case in (kandy, galle)] == [None, "another_place"]
    both = replace(answer, texts={"en": "Water is back in Kandy and Galle by noon."})
    assert both.misfit(galle, "water-board") is None


def test_another_agencys_case_is_left_out() -> None:
    case = a_case(DRY)
    assert an_answer(case).misfit(case, "passports") == "another_agency"


def test_a_thread_in_which_something_else_waits_is_left_out() -> None:
    case = a_case(DRY, "And who pays for the ruined stock of my shop, I ask you?")
    first = case.turns[0].issue
    assert an_answer(case, issues=(first,)).misfit(case, "water-board") == "thread_moved_on"


def test_whoever_stepped_aside_answers_nobody_there() -> None:
    case = a_case(DRY)
    assert answering_many.misfit(cleared(an_answer(case)), case, frozenset({"comms"})) == "recused"
    assert answering_many.misfit(cleared(an_answer(case)), case, frozenset({"head"})) is None


def test_nobody_to_answer_is_nothing_to_put_up() -> None:
    with pytest.raises(NothingToAnswer):
        need_of(an_answer(), [])


def test_a_sign_off_that_a_member_needs_must_have_been_given() -> None:
    case = a_case(DRY)
    assert case.standing is not None
    case.standing.signoffs = ("facts",)
    assert exceeds(case, cleared(an_answer(case)))
    assert not exceeds(case, cleared(an_answer(case), None, "L2", Step("signoff", "L1", "facts")))


def test_nothing_goes_out_before_an_embargo_ends_or_while_the_languages_differ() -> None:
    answer = an_answer(a_case(DRY))
    assert answering_many.may_go_out(cleared(answer), PlainFacts(), sample("water-board"), NOW)
    topic = {"id": "outage", "phrases": {"en": ["no water"]}, "embargo_until": "2026-11-24T00:00:00Z"}
    assert not answering_many.may_go_out(cleared(answer), PlainFacts(), in_force(topics=[topic]), NOW)
    differing = replace(answer, texts={"en": "By 12 March.", "ta": "x"})
    assert not answering_many.may_go_out(cleared(differing), PlainFacts(), sample("water-board"), NOW)


standings = st.builds(
    Standing,
    level=st.sampled_from(LEVELS[1:]),
    sensitivity=st.sampled_from(SENSITIVITIES),
    damage=st.sampled_from(DAMAGES),
    disposition=st.just("answer"),
    owner=st.just("Desk"),
    clock=st.just("l1"),
    signoffs=st.lists(st.sampled_from(["facts", "legal"]), unique=True).map(tuple),
    approvals=st.integers(0, 3),
)


@given(st.lists(standings, min_size=1, max_size=4))
def test_what_is_cleared_for_some_members_exceeds_none_of_them(several: list[Any]) -> None:
    cases = [replace_standing(a_case(DRY), standing) for standing in several]
    answer = an_answer(*cases)
    new = replace(cleared(answer, need_of(answer, cases)), state="open", digest="").bound(sample("water-board"))
    assert new.level >= "L2"
    assert not any(exceeds(case, new) for case in cases)


def replace_standing(case: Case, standing: Standing) -> Case:
    """The case, as heavy as that."""
    case.standing = standing
    return case
