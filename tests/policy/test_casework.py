"""What officers do with a case besides its drafts, with a unit of work in memory."""

from datetime import timedelta

import pytest

from services.policy import casework, handlers
from services.policy.adapters.store.work import UnitOfWork
from services.policy.clearance import approve, write_draft
from services.policy.domain.clearance.approvals import NotYourAuthority
from services.policy.domain.clearance.cases import Case
from services.policy.domain.clearance.casework import (
    AnswerUnderWay,
    AssignedToAnother,
    CaseOver,
    HadItBefore,
    NotAssigned,
)
from services.policy.domain.clearance.deciders import Decider
from shared.events import Author, CaseClosed, CaseEscalated, CaseOpened, CaseRouted, ResponseApproved
from tests.policy.builders import LATER, NOW, decider, failed, published, received, sample, shelf, the_case

COMPLAINT = "Still waiting for my passport, terrible service"
LEGAL = "My lawyer will sue you for defamation"
PRAISE = "Thank you, great service"
DESK, DESK_2, COMMS = (decider("passports", f"passports-{who}") for who in ("desk", "desk-2", "comms"))
DIVISION, HEAD = (decider("passports", f"passports-{who}") for who in ("division", "head"))
POLICY = sample("passports")


def opened(*texts: str) -> tuple[Case, UnitOfWork]:
    work = UnitOfWork()
    for number, text in enumerate(texts, start=1):
        handlers.on_comment_received(received(text, comment=f"cmt_{number}"), work, shelf(), NOW)
    work.events.clear()
    work.acts.clear()
    return the_case(work), work


def drafted(case: Case, work: UnitOfWork, author: Decider = DESK) -> None:
    write_draft(case, author, "We are sorry.", None, POLICY, work, NOW)


def sent(case: Case, work: UnitOfWork, by: Decider = DESK_2) -> ResponseApproved:
    """The case's draft, approved and on its way."""
    drafted(case, work)
    assert case.draft is not None
    approve(case, case.draft, by, case.draft.digest, POLICY, work, NOW)
    return work.responses[-1]


def actions(work: UnitOfWork) -> list[str]:
    return [act.action for act in work.acts]


def taken(case: Case, work: UnitOfWork, by: Decider = DESK) -> None:
    casework.assign(case, by, by.subject, True, work)


def transferred(case: Case, work: UnitOfWork, to: str = "water-board", by: Decider = DESK) -> Case:
    here = sample(case.thread.agency)
    return casework.transfer(case, by, "pipes are theirs", here, sample(to), work, LATER)


def test_a_case_that_was_taken_stays_taken_when_the_citizen_writes_again() -> None:
    case, work = opened(COMPLAINT)
    taken(case, work)
    handlers.on_comment_received(received("And another delay", comment="cmt_2"), work, shelf(), LATER)
    assert case.casework.assignee == "passports-desk"
    assert actions(work)[0] == "case.assigned"


def test_who_is_late_to_take_a_case_is_told_who_has_it() -> None:
    case, work = opened(COMPLAINT)
    taken(case, work)
    with pytest.raises(AssignedToAnother) as refused:
        taken(case, work, DESK_2)
    assert refused.value.assignee == "passports-desk"
    taken(case, work)
    assert actions(work) == ["case.assigned"]


def test_everybody_with_a_mandate_takes_a_case_and_only_who_may_act_on_it_gives_it() -> None:
    case, work = opened(LEGAL)
    with pytest.raises(NotYourAuthority):
        casework.assign(case, DESK, "passports-desk-2", True, work)
    taken(case, work)
    casework.assign(case, DIVISION, "passports-comms", True, work)
    assert case.casework.assignee == "passports-comms"
    with pytest.raises(NotYourAuthority):
        casework.give_back(case, DESK, work)
    casework.give_back(case, COMMS, work)
    assert case.casework.assignee is None
    with pytest.raises(NotAssigned):
        casework.give_back(case, COMMS, work)


def test_an_assignment_ends_when_the_case_is_answered() -> None:
    case, work = opened(COMPLAINT)
    taken(case, work)
    response = sent(case, work)
    assert case.casework.assignee == "passports-desk"
    handlers.on_response_published(published(response), work, shelf(), LATER)
    assert (case.state, case.casework.assignee) == ("answered", None)
    with pytest.raises(CaseOver):
        taken(case, work)


def test_a_referral_sends_nothing_and_changes_what_becomes_of_the_case() -> None:
    case, work = opened(COMPLAINT)
    casework.refer(case, DESK, "District Secretariat, counter 4", "they hold the file", work, NOW)
    assert case.standing is not None
    assert (case.standing.disposition, case.state, work.events) == ("refer", "open", [])
    handlers.on_comment_received(received("And another delay", comment="cmt_2"), work, shelf(), LATER)
    assert case.standing.disposition == "refer"
    response = sent(case, work, COMMS)
    handlers.on_response_published(published(response), work, shelf(), LATER)
    handlers.on_comment_received(received(COMPLAINT, comment="cmt_3"), work, shelf(), LATER)
    assert (case.standing.disposition, case.casework.referral) == ("restore", None)


def test_a_case_that_was_called_in_is_released_on_the_callers_level() -> None:
    case, work = opened(COMPLAINT)
    drafted(case, work)
    assert case.draft is not None
    called_in = casework.call_in(case, DIVISION, "the minister asks", POLICY, work, LATER)
    assert case.standing is not None
    assert (case.standing.level, case.standing.owner) == ("L3", called_in.post)
    assert [step.level for step in case.draft.steps] == ["L2", "L3"]
    (event,) = [event for event in work.events if isinstance(event, CaseEscalated)]
    assert (event.reason, event.level, event.owner) == ("called_in", "L3", called_in.post)
    with pytest.raises(NotYourAuthority):
        approve(case, case.draft, DESK_2, case.draft.digest, POLICY, work, LATER)


def test_consents_to_a_draft_lapse_when_its_case_is_called_in() -> None:
    case, work = opened(LEGAL)
    drafted(case, work)
    assert case.draft is not None
    approve(case, case.draft, COMMS, case.draft.digest, POLICY, work, NOW)
    casework.call_in(case, HEAD, "I sign this myself", POLICY, work, LATER)
    assert not any(step.taken for step in case.draft.steps)
    assert "L4" in [step.level for step in case.draft.steps]
    assert actions(work)[-1] == "draft.approvals_lapsed"


def test_a_call_in_outlasts_new_turns_and_ends_with_the_answer() -> None:
    case, work = opened(COMPLAINT)
    casework.call_in(case, COMMS, "a pattern", POLICY, work, NOW)
    handlers.on_comment_received(received("And another delay", comment="cmt_2"), work, shelf(), LATER)
    assert case.standing is not None
    assert case.standing.level == "L2"
    handlers.on_response_published(published(sent(case, work, COMMS)), work, shelf(), LATER)
    somebody_else = Author(id="somebody-else")
    handlers.on_comment_received(received(COMPLAINT, comment="cmt_3", author=somebody_else), work, shelf(), LATER)
    assert (case.standing.level, case.casework.called_in) == ("L1", None)


def test_only_who_stands_above_a_case_calls_it_in() -> None:
    case, work = opened(LEGAL)
    for who in (DESK, COMMS, DIVISION):
        with pytest.raises(NotYourAuthority):
            casework.call_in(case, who, "mine", POLICY, work, NOW)
    assert (case.casework.called_in, work.acts) == (None, [])


def test_a_transferred_case_is_closed_here_and_open_there_and_each_says_where_the_other_is() -> None:
    case, work = opened(COMPLAINT)
    taken(case, work)
    drafted(case, work)
    there = transferred(case, work)
    assert case.standing is not None
    assert (case.state, case.standing.disposition, case.due_at, case.casework.assignee) == (
        "closed",
        "transfer",
        None,
        None,
    )
    assert case.draft is not None
    assert case.draft.state == "lapsed"
    assert case.casework.transferred_to is not None
    assert (case.casework.transferred_to.agency, case.casework.transferred_to.case) == ("water-board", there.id)
    assert there.casework.transferred_from is not None
    assert (there.casework.transferred_from.case, there.casework.transferred_from.agencies) == (case.id, ("passports",))
    assert (there.state, there.thread.agency, there.thread.thread) == ("open", "water-board", "thread-1")
    assert there.turns[0].decision.policy_version == sample("water-board").policy.version
    assert [type(event) for event in work.events] == [CaseClosed, CaseOpened, CaseRouted]
    assert [event.agency for event in work.events] == ["passports", "water-board", "water-board"]
    assert {(act.agency, act.action) for act in work.acts} >= {
        ("passports", "case.transferred"),
        ("water-board", "case.received"),
        ("passports", "draft.lapsed"),
    }


def test_what_the_citizen_writes_next_reaches_the_receiver_through_however_many_agencies() -> None:
    case, work = opened(COMPLAINT)
    there = transferred(case, work)
    further = transferred(there, work, "central-bank", decider("water-board", "water-desk"))
    handlers.on_comment_received(received("Anybody there?", comment="cmt_2"), work, shelf(), LATER)
    assert [turn.comment for turn in further.turns] == ["cmt_1", "cmt_2"]
    assert further.turns[-1].decision.policy_version == sample("central-bank").policy.version
    assert (len(case.turns), len(there.turns)) == (1, 1)


def test_the_receivers_answer_goes_out_where_the_citizen_asked() -> None:
    case, work = opened(COMPLAINT)
    there = transferred(case, work)
    water = sample("water-board")
    write_draft(there, decider("water-board", "water-desk"), "We mend it.", None, water, work, LATER)
    assert there.draft is not None
    approve(there, there.draft, decider("water-board", "water-desk-2"), there.draft.digest, water, work, LATER)
    response = work.responses[-1]
    assert (response.agency, response.account_agency, response.account) == ("water-board", "passports", "acc-1")
    handlers.on_publication_failed(failed(response, "refused"), work, shelf(), LATER)
    assert there.state == "open"


def test_history_goes_along_but_not_what_its_author_took_back() -> None:
    case, work = opened(PRAISE, COMPLAINT)
    assert [turn.state for turn in case.turns] == ["closed", "waiting"]
    gone = received("I take this back: bad service", comment="cmt_3")
    handlers.on_comment_received(gone, work, shelf(), NOW)
    case.delete("cmt_3")
    there = transferred(case, work)
    assert [(turn.comment, turn.state) for turn in there.turns] == [("cmt_1", "brought"), ("cmt_2", "waiting")]
    assert there.turns[0].decision.policy_version == POLICY.policy.version
    assert there.next_turn_of("citizen") == 3
    assert there.unanswered == there.turns[1:]


def test_the_clock_goes_on_with_what_remained_of_it() -> None:
    case, work = opened(COMPLAINT)
    there = casework.transfer(case, DESK, "theirs", POLICY, sample("water-board"), work, NOW + timedelta(minutes=60))
    time = sample("water-board").time
    assert there.due_at == time.working.after(NOW + timedelta(minutes=60), 180)


def test_the_receiver_has_two_hours_at_least() -> None:
    case, work = opened(COMPLAINT)
    late = NOW + timedelta(days=3)
    there = casework.transfer(case, DESK, "theirs", POLICY, sample("water-board"), work, late)
    assert there.due_at == sample("water-board").time.working.after(late, 120)
    assert there.since == NOW


def test_a_case_does_not_go_back_to_an_agency_that_had_it() -> None:
    case, work = opened(COMPLAINT)
    there = transferred(case, work)
    water_desk = decider("water-board", "water-desk")
    with pytest.raises(HadItBefore):
        transferred(there, work, "passports", water_desk)
    further = transferred(there, work, "central-bank", water_desk)
    with pytest.raises(HadItBefore):
        transferred(further, work, "passports", decider("central-bank", "bank-desk"))


def test_a_case_does_not_leave_while_its_answer_is_under_way() -> None:
    case, work = opened(COMPLAINT)
    sent(case, work)
    with pytest.raises(AnswerUnderWay):
        transferred(case, work)


def test_nothing_is_done_with_what_was_transferred() -> None:
    case, work = opened(COMPLAINT)
    transferred(case, work)
    for act in (
        lambda: taken(case, work),
        lambda: casework.refer(case, DESK, "elsewhere", "no", work, LATER),
        lambda: casework.call_in(case, HEAD, "mine", POLICY, work, LATER),
        lambda: transferred(case, work, "central-bank"),
    ):
        with pytest.raises(CaseOver):
            act()
