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
from services.policy.domain.clearance.answers import Answer, Misfit, exceeds, need_of
from services.policy.domain.clearance.approvals import Consent, NothingToAnswer, Step
from services.policy.domain.clearance.cases import Case
from services.policy.domain.clearance.casework import Referral
from services.policy.domain.clearance.facts import PlainFacts
from services.policy.domain.clearance.standings import Standing
from services.policy.domain.clearance.submissions import Need, Submission
from services.policy.domain.clocks.pauses import Pause
from services.policy.domain.scales import DAMAGES, LEVELS, SENSITIVITIES
from services.policy.domain.variants import Variant
from tests.policy.builders import NOW, in_force, received, sample, shelf

DRY = "No water in Kandy since this morning"
SAID = {"en": "Water is back by noon."}
WATER = sample("water-board")


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


def misfit_of(answer: Answer, case: Case, agency: str = "water-board") -> Misfit | None:
    """Why the case is no member of that agency's answer now."""
    return answer.misfit(case, agency, WATER.time.working, NOW)


def test_a_member_fits() -> None:
    case = a_case(DRY)
    assert misfit_of(an_answer(case), case) is None


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
    assert misfit_of(an_answer(case, **changes), case) == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [(f"{DRY} call 0771234567", "private_data"), (f"{DRY}, my name is Kamala", "personal"),
     (f"{DRY}, complaint no. 4711", "personal")],
)  # fmt: skip
def test_what_is_personal_is_left_out(text: str, reason: str) -> None:
    case = a_case(text)
    assert misfit_of(an_answer(case), case) == reason


def test_another_place_than_most_name_or_the_answer_says_is_left_out() -> None:
    kandy, galle = a_case(DRY), a_case(DRY.replace("Kandy", "Galle"))
    answer = an_answer(kandy, galle, names=()).for_the_names_of([kandy, kandy, galle])
    assert answer.names == ("kandy",)
    assert [misfit_of(answer, case) for case in (kandy, galle)] == [None, "another_place"]
    both = replace(answer, texts={"en": "Water is back in Kandy and Galle by noon."})
    assert misfit_of(both, galle) is None


def test_a_place_that_only_another_platforms_wording_names_is_left_out() -> None:
    galle = a_case(DRY.replace("Kandy", "Galle"))
    answer = an_answer(galle, texts={"en": "Water is back in Kandy and Galle by noon."})
    assert misfit_of(answer, galle) is None
    short = Variant(platform="bluesky", language="en", text="Water is back in Kandy by noon.")
    assert misfit_of(replace(answer, variants=(short,)), galle) is None
    here = short.model_copy(update={"platform": galle.thread.platform})
    assert misfit_of(replace(answer, variants=(here,)), galle) == "another_place"


def test_without_variants_an_answer_is_kept_as_if_there_were_none() -> None:
    answer = an_answer()
    assert "variants" not in answer.content()
    short = Variant(platform="x", language="en", text="Back by noon.")
    with_one = replace(answer, variants=(short,))
    assert Answer.of(cleared(with_one)) == with_one
    assert cleared(with_one).wordings == {**SAID, "en on x": "Back by noon."}


def test_nothing_goes_out_while_a_variant_states_other_facts() -> None:
    answer = replace(an_answer(), texts={"en": "Back by 12 March."})
    for said, goes_out in (("12 March.", True), ("13 March.", False)):
        variant = Variant(platform="x", language="en", text=said)
        given = cleared(replace(answer, variants=(variant,)))
        assert answering_many.may_go_out(given, PlainFacts(), sample("water-board"), NOW) is goes_out


def test_a_place_that_cannot_be_told_among_capitals_is_left_out() -> None:
    case = a_case("NO WATER IN GALLE SINCE THIS MORNING")
    assert misfit_of(an_answer(case), case) == "another_place"


def test_a_comment_too_long_to_be_looked_through_is_left_out() -> None:
    longest, longer = a_case(DRY.ljust(4000, "-")), a_case(DRY.ljust(4001, "-"))
    assert [misfit_of(an_answer(case), case) for case in (longest, longer)] == [None, "too_long"]


def test_another_agencys_case_is_left_out() -> None:
    case = a_case(DRY)
    assert misfit_of(an_answer(case), case, "passports") == "another_agency"


def test_a_thread_in_which_something_else_waits_is_left_out() -> None:
    case = a_case(DRY, "And who pays for the ruined stock of my shop, I ask you?")
    first = case.turns[0].issue
    assert misfit_of(an_answer(case, issues=(first,)), case) == "thread_moved_on"


def test_whoever_stepped_aside_answers_nobody_there() -> None:
    case = a_case(DRY)
    assert answering_many.misfit(cleared(an_answer(case)), case, frozenset({"comms"}), WATER, NOW) == "recused"
    assert answering_many.misfit(cleared(an_answer(case)), case, frozenset({"head"}), WATER, NOW) is None


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


def blacked_out(kind: str, *platforms: str) -> Any:
    """A policy with such a period in force, on these platforms or on all."""
    return in_force(periods=[{"kind": kind, "from": "2020-01-01T00:00:00Z", "platforms": list(platforms)}])


@pytest.mark.parametrize("kind", ["blackout", "crisis"])
def test_while_nothing_may_be_said_on_a_platform_a_case_there_is_left_as_it_is(kind: str) -> None:
    case, work = a_case(DRY), UnitOfWork()
    given = cleared(an_answer(case))
    for policy in (blacked_out(kind), blacked_out(kind, "mastodon")):
        assert answering_many.answer(given, [case], {}, 0, policy, work, NOW) == []
    assert (work.responses, work.acts, case.turns[0].state) == ([], [], "waiting")
    (member,) = answering_many.answer(given, [case], {}, 0, blacked_out(kind, "bluesky"), work, NOW)
    assert member.response is not None


def test_platforms_on_which_nothing_goes_out_do_not_keep_the_others_waiting() -> None:
    assert answering_many.silent_platforms(blacked_out("crisis", "mastodon"), NOW) == ["mastodon"]
    assert answering_many.silent_platforms(WATER, NOW) == []


def test_an_answer_is_held_once_the_policy_asks_for_a_higher_level_than_cleared_it() -> None:
    answer = an_answer(a_case(DRY))
    heavy = Need(Weight("S3", "D1", ("outage",)))
    assert not answering_many.may_go_out(cleared(answer, heavy, "L2"), PlainFacts(), WATER, NOW)
    assert answering_many.may_go_out(cleared(answer, heavy, "L4"), PlainFacts(), WATER, NOW)


@pytest.mark.parametrize(
    "disposition", ["transfer", "refer", "moderate", "escalate", "monitor", "let_stand", "no_response"]
)
def test_whoever_is_to_be_met_otherwise_than_by_an_answer_is_left_out(disposition: Any) -> None:
    case = a_case(DRY)
    turn = case.turns[0]
    turn.decision = turn.decision._replace(disposition=disposition)
    assert misfit_of(an_answer(case), case) == "another_disposition"


def test_a_hidden_comment_is_left_out() -> None:
    case = a_case(DRY, hidden=True)
    assert misfit_of(an_answer(case), case) == "hidden"


def test_whom_an_officer_refers_is_left_out() -> None:
    case = a_case(DRY)
    case.casework = replace(case.casework, referral=Referral("passports", "theirs", "desk", "Desk", NOW))
    assert misfit_of(an_answer(case), case) == "referred"


def test_a_case_whose_clock_stands_still_is_left_out_until_it_runs() -> None:
    case = a_case(DRY)
    case.pauses = (Pause(1, "embargo", NOW - timedelta(hours=1), "desk", until=NOW + timedelta(hours=1)),)
    assert misfit_of(an_answer(case), case) == "paused"
    case.pauses = (replace(case.pauses[0], ended_at=NOW),)
    assert misfit_of(an_answer(case), case) is None


def test_a_thread_that_waits_in_two_languages_gets_no_one_answer() -> None:
    case = a_case(DRY, DRY)
    case.turns[0].decision = case.turns[0].decision._replace(language="ta")
    assert misfit_of(an_answer(case, texts={**SAID, "ta": "x"}), case) == "another_language"


def test_a_case_that_officers_raised_asks_for_the_level_to_which_it_was_raised() -> None:
    case = a_case(DRY)
    case.raised_to = "L4"
    assert exceeds(case, cleared(an_answer(case)))
    assert need_of(an_answer(case), [case]).least == "L4"


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
