"""What officers do with a case besides its drafts, with a unit of work in memory."""

from datetime import datetime, timedelta

import pytest

from services.policy import casework, handlers
from services.policy.adapters.store.work import UnitOfWork
from services.policy.clearance import approve
from services.policy.desk import Desk
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
from services.policy.drafting import Text, write_draft
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


def at(case: Case, work: UnitOfWork, who: Decider, now: datetime = NOW) -> Desk:
    return Desk(case, case.draft, who, sample(case.thread.agency), work, now)


def drafted(case: Case, work: UnitOfWork, author: Decider = DESK) -> None:
    write_draft(at(case, work, author, NOW), Text("We are sorry."))


def sent(case: Case, work: UnitOfWork, by: Decider = DESK_2) -> ResponseApproved:
    """The case's draft, approved and on its way."""
    drafted(case, work)
    assert case.draft is not None
    approve(at(case, work, by, NOW), case.draft.digest)
    return work.responses[-1]


def actions(work: UnitOfWork) -> list[str]:
    return [act.action for act in work.acts]


def taken(case: Case, work: UnitOfWork, by: Decider = DESK) -> None:
    casework.assign(at(case, work, by), by.subject, True)


def transferred(case: Case, work: UnitOfWork, to: str = "water-board", by: Decider = DESK) -> Case:
    return casework.transfer(at(case, work, by, LATER), sample(to), "pipes are theirs")


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
        casework.assign(at(case, work, DESK), "passports-desk-2", True)
    taken(case, work)
    casework.assign(at(case, work, DIVISION), "passports-comms", True)
    assert case.casework.assignee == "passports-comms"
    with pytest.raises(NotYourAuthority):
        casework.give_back(at(case, work, DESK))
    casework.give_back(at(case, work, COMMS))
    assert case.casework.assignee is None
    with pytest.raises(NotAssigned):
        casework.give_back(at(case, work, COMMS))


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
    casework.refer(at(case, work, DESK), "District Secretariat, counter 4", "they hold the file")
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
    casework.call_in(at(case, work, DIVISION), "the minister asks")
    assert case.standing is not None
    assert (case.standing.level, case.standing.owner) == ("L3", "Deputy Controller")
    assert [step.level for step in case.draft.steps] == ["L2", "L3"]
    (event,) = [event for event in work.events if isinstance(event, CaseEscalated)]
    assert (event.reason, event.level, event.owner) == ("called_in", "L3", "Deputy Controller")
    with pytest.raises(NotYourAuthority):
        approve(at(case, work, DESK_2, LATER), case.draft.digest)


def test_a_consent_given_before_counts_on_and_that_of_the_level_that_called_is_needed_besides() -> None:
    case, work = opened(LEGAL)
    drafted(case, work)
    assert case.draft is not None
    approve(at(case, work, COMMS), case.draft.digest)
    casework.call_in(at(case, work, HEAD), "I sign this myself")
    assert [step.level for step in case.draft.steps if step.taken] == ["L2"]
    assert "L4" in [step.level for step in case.draft.steps if not step.taken]


def test_a_call_in_outlasts_new_turns_and_ends_with_the_answer() -> None:
    case, work = opened(COMPLAINT)
    casework.call_in(at(case, work, COMMS), "a pattern")
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
            casework.call_in(at(case, work, who), "mine")
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
    write_draft(at(there, work, decider("water-board", "water-desk"), LATER), Text("We mend it."))
    assert there.draft is not None
    approve(at(there, work, decider("water-board", "water-desk-2"), LATER), there.draft.digest)
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
    there = casework.transfer(at(case, work, DESK, NOW + timedelta(minutes=60)), sample("water-board"), "theirs")
    time = sample("water-board").time
    assert there.due_at == time.working.after(NOW + timedelta(minutes=60), 180)


def test_the_receiver_has_two_hours_at_least() -> None:
    case, work = opened(COMPLAINT)
    late = NOW + timedelta(days=3)
    there = casework.transfer(at(case, work, DESK, late), sample("water-board"), "theirs")
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
        lambda: casework.refer(at(case, work, DESK), "elsewhere", "no"),
        lambda: casework.call_in(at(case, work, HEAD), "mine"),
        lambda: transferred(case, work, "central-bank"),
    ):
        with pytest.raises(CaseOver):
            act()


def test_a_case_does_not_leave_while_one_of_its_answers_is_on_its_way() -> None:
    case, work = opened(COMPLAINT)
    sent(case, work)
    handlers.on_comment_received(received(LEGAL, comment="cmt_9"), work, shelf(), NOW)
    assert case.state == "open"
    with pytest.raises(AnswerUnderWay):
        transferred(case, work, by=DIVISION)
