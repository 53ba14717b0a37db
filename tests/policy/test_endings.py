"""What becomes of cases once an order was carried out, or could not be."""

from dataclasses import asdict, replace

import pytest

from services.policy import endings, handlers
from services.policy.domain.clearance.submissions import Submission, SubmissionNotOpen
from shared.events import CaseClosed, CaseRouted, ModerationEnded, ResponseCorrected
from tests.policy.builders import LATER, failed, shelf
from tests.policy.order_office import ABUSE, COMPLAINT, ELSEWHERE, OrderOffice


def hidden(text: str = ABUSE) -> OrderOffice:
    """A comment that was hidden by an order."""
    office = OrderOffice(text)
    order = office.moderate()
    office.moderated(office.consent(order, "desk-2"))
    return office


def test_a_hidden_comment_waits_for_nobody_and_shows_the_house_rule() -> None:
    office = hidden(COMPLAINT)
    turn = office.turn()
    assert (turn.state, turn.decision.disposition, office.case.state) == ("closed", "moderate", "closed")
    told = turn.decision.explanation["moderation"]
    assert (told["rule"], told["action"], told["reason"]) == ("No abuse", "hide", "It says so.")
    (closed,) = office.told(CaseClosed)
    assert (closed.disposition, closed.reason, closed.comments) == ("moderate", "moderated", ("cmt_1",))
    assert office.details("moderation.done")[0]["case"] == office.case.id


def test_what_is_shown_again_stands_as_it_did() -> None:
    office = hidden(COMPLAINT)
    office.moderated(office.consent(office.moderate(action="show"), "desk-2"))
    turn = office.turn()
    assert (turn.state, turn.decision.disposition, office.case.state) == ("waiting", "restore", "open")
    assert "moderation" not in turn.decision.explanation
    assert turn.deadlines
    assert office.case.due_at is not None
    assert [each.disposition for each in office.told(CaseRouted)] == ["restore", "restore"]


def test_what_was_hidden_and_then_removed_is_shown_as_it_stood_first() -> None:
    office = hidden(COMPLAINT)
    office.moderated(office.consent(office.moderate(action="remove"), "desk-2"))
    assert len(office.told(CaseClosed)) == 1
    office.moderated(office.consent(office.moderate(action="show"), "desk-2"))
    assert (office.turn().state, office.turn().decision.disposition) == ("waiting", "restore")


def test_to_show_what_no_order_has_hidden_changes_no_turn() -> None:
    office = OrderOffice(COMPLAINT)
    order = office.consent(office.moderate(action="show"), "desk-2")
    office.moderated(order)
    assert office.turn().state == "waiting"
    assert office.now_of(order).outcome == {"result": "done"}


@pytest.mark.parametrize(("reason", "result"), [("not_possible", "not_possible"), ("no_permission", "failed")])
def test_what_could_not_be_hidden_waits_as_before(reason: str, result: str) -> None:
    office = OrderOffice(COMPLAINT)
    order = office.consent(office.moderate(), "desk-2")
    office.moderated(order, "failed", reason=reason, detail="403")
    assert office.now_of(order).outcome == {"result": result, "reason": reason, "detail": "403"}
    assert office.now_of(order).state == "ended"
    assert office.turn().state == "waiting"
    assert f"moderation.{result}" in office.actions


def test_an_answered_comment_stays_answered_when_it_is_hidden() -> None:
    office = OrderOffice(COMPLAINT)
    office.answered()
    office.moderated(office.consent(office.moderate(), "desk-2"))
    assert (office.turn().state, office.turn().decision.disposition) == ("answered", "moderate")
    assert office.told(CaseClosed) == []


def test_a_draft_to_what_is_out_of_sight_lapses() -> None:
    office = OrderOffice(COMPLAINT)
    office.write("desk")
    office.moderated(office.consent(office.moderate(), "desk-2"))
    assert office.draft.state == "lapsed"
    assert office.details("draft.lapsed")[0]["reason"] == "comment_moderated"


def test_a_draft_that_answers_others_as_well_goes_on() -> None:
    office = OrderOffice(COMPLAINT)
    office.receive("And my wife is waiting, too", "cmt_2")
    office.write("desk")
    office.moderated(office.consent(office.moderate(), "desk-2"))
    assert office.draft.state == "open"
    assert [turn.comment for turn in office.case.waiting] == ["cmt_2"]


def test_a_draft_answers_only_those_who_are_in_sight() -> None:
    office = OrderOffice(COMPLAINT)
    office.receive("My wife still waits for her passport, terrible service", "cmt_2")
    before = office.write("desk")
    office.moderated(office.consent(office.moderate(comment="cmt_2"), "comms"))
    assert office.draft.answers == ("cmt_1",)
    assert office.draft.digest != before.digest
    assert office.details("draft.approvals_lapsed")[-1]["reason"] == "comment_moderated"
    office.approve("comms")
    assert [(each.comments, each.reply_to) for each in office.released] == [(("cmt_1",), "n-cmt_1")]


def test_what_was_edited_after_its_hiding_was_ordered_still_waits_for_a_person() -> None:
    office = OrderOffice(COMPLAINT)
    order = office.consent(office.moderate(), "desk-2")
    office.edit("Where do I renew my passport?")
    office.moderated(order)
    assert office.now_of(order).outcome == {"result": "done"}
    assert (office.turn().revision, office.turn().state) == (2, "waiting")
    assert office.details("moderation.overtaken")[0]["to_revision"] == 2


def test_what_is_hidden_rests_when_its_answer_is_taken_back_until_it_is_shown() -> None:
    office = OrderOffice(COMPLAINT)
    office.answered()
    office.moderated(office.consent(office.moderate(), "desk-2"))
    office.consent(office.retract("desk"), "desk")
    office.retracted()
    assert (office.turn().state, office.case.state) == ("closed", "closed")
    assert [each.reason for each in office.told(CaseClosed)] == ["moderated"]
    office.moderated(office.consent(office.moderate(action="show"), "desk-2"))
    assert (office.turn().state, office.case.state) == ("waiting", "open")


def test_what_is_hidden_rests_when_its_answer_does_not_appear() -> None:
    office = OrderOffice(COMPLAINT)
    office.write("desk")
    office.approve("desk-2")
    office.moderated(office.consent(office.moderate(), "desk-2"))
    handlers.on_publication_failed(failed(office.response, "no_permission"), office.work, shelf(), LATER)
    assert office.turn().state == "closed"


def test_what_is_shown_again_after_its_case_went_elsewhere_does_not_wait_here() -> None:
    office = hidden(COMPLAINT)
    case = office.case
    order = office.consent(office.moderate(action="show"), "desk-2")
    case.casework = replace(case.casework, transferred_to=ELSEWHERE)
    endings.on_moderation_ended(
        ModerationEnded(
            **asdict(case.thread),
            order=order.id,
            case=case.id,
            comment="cmt_1",
            action="show",
            outcome="done",
            ended_at=LATER,
        ),
        office.work,
        shelf(),
        LATER,
    )
    assert (case.turns[0].state, case.waiting) == ("closed", [])


def test_an_end_that_is_told_twice_changes_nothing_more() -> None:
    office = hidden(COMPLAINT)
    (order,) = office.work.orders_of(office.case)
    acts = len(office.work.acts)
    office.moderated(order, "failed", reason="no_permission")
    assert len(office.work.acts) == acts
    assert office.now_of(order).outcome == {"result": "done"}


def test_an_order_that_nobody_knows_is_passed_over() -> None:
    office = OrderOffice(COMPLAINT)
    order = office.consent(office.moderate(), "desk-2")
    del office.work.orders[order.id]
    office.moderated(order)
    assert office.turn().state == "waiting"


def test_a_correction_ends_by_how_it_was_done() -> None:
    office = OrderOffice(COMPLAINT)
    office.answered()
    order = office.consent(office.correct(), "desk-2")
    office.corrected(order)
    assert office.now_of(order).outcome == {"result": "done", "how": "edit", "native_id": "reply-2"}
    assert office.turn().state == "answered"


@pytest.mark.parametrize(("reason", "result"), [("not_possible", "not_possible"), ("too_old", "failed")])
def test_a_correction_that_failed_leaves_the_response_as_it_stands(reason: str, result: str) -> None:
    office = OrderOffice(COMPLAINT)
    said = office.answered()
    order = office.consent(office.correct(), "desk-2")
    settled = len(office.work.settled)
    office.failed(order, "correct", reason)
    told = {"result": result, "reason": reason, "detail": "gone", "response": said.response}
    assert office.now_of(order).outcome == told
    assert len(office.work.settled) == settled
    assert office.turn().state == "answered"


def test_a_retraction_that_failed_leaves_the_response_as_it_stands_and_may_be_asked_for_again() -> None:
    office = OrderOffice(COMPLAINT)
    office.answered()
    order = office.consent(office.retract("desk"), "desk")
    office.failed(order, "retract")
    outcome = office.now_of(order).outcome
    assert outcome is not None
    assert outcome["result"] == "not_possible"
    assert office.turn().state == "answered"
    assert office.retract("desk").state == "open"


def test_a_retraction_of_which_a_part_stays_has_failed() -> None:
    office = OrderOffice(COMPLAINT)
    office.answered()
    order = office.consent(office.retract("desk"), "desk")
    office.retracted()
    office.failed(order, "retract")
    outcome = office.now_of(order).outcome
    assert outcome is not None
    assert outcome["result"] == "not_possible"
    assert office.actions[-1] == "retraction.not_possible"
    office.failed(order, "retract")
    assert office.actions.count("retraction.not_possible") == 1


def test_the_first_wording_that_could_not_be_taken_back_is_no_failure_of_its_correction() -> None:
    office = OrderOffice(COMPLAINT)
    office.answered()
    order = office.consent(office.correct(), "desk-2")
    office.failed(order, "retract")
    assert office.now_of(order).state == "cleared"


def test_what_was_answered_waits_again_once_that_is_taken_back() -> None:
    office = OrderOffice(COMPLAINT)
    said = office.answered()
    assert office.case.state == "answered"
    order = office.consent(office.retract("desk"), "desk")
    assert office.turn().state == "answered"
    office.retracted()
    turn = office.turn()
    assert (turn.state, turn.response, turn.answered_at, office.case.state) == ("waiting", None, None, "open")
    assert office.case.due_at is not None
    assert office.now_of(order).outcome == {"result": "done", "was_published": True}
    assert [(each.response, each.state) for each in office.work.settled][-1] == (said.response, "retracted")
    assert office.details("case.reopened")[0]["comments"] == ["cmt_1"]


def test_what_had_not_gone_out_yet_waits_again_as_well() -> None:
    office = OrderOffice(COMPLAINT)
    office.write("desk")
    office.approve("desk-2")
    assert office.turn().state == "released"
    office.retracted()
    assert (office.turn().state, office.case.state) == ("waiting", "open")


def test_what_a_line_had_answered_waits_for_a_person() -> None:
    office = OrderOffice("What are your opening hours?")
    assert office.turn().decision.line is not None
    office.retracted()
    turn = office.turn()
    assert (turn.state, turn.decision.line) == ("waiting", None)
    assert turn.decision.level >= "L1"


def test_an_older_wording_does_not_wait_again() -> None:
    office = OrderOffice(COMPLAINT)
    office.answered()
    office.edit("Still waiting, and it is a scandal")
    office.retracted()
    assert [turn.state for turn in office.case.turns] == ["superseded", "waiting"]


@pytest.mark.parametrize("first", ["response", "correction"])
def test_who_has_a_response_taken_back_has_its_correction_taken_back(first: str) -> None:
    office = OrderOffice(COMPLAINT)
    said = office.answered()
    correction = office.consent(office.correct(), "desk-2")
    office.corrected(correction, "reply")
    retraction = office.consent(office.retract("desk"), "desk")
    order = [said.response, correction.id]
    for response in order if first == "response" else reversed(order):
        office.retracted(response=response)
    assert office.turn().state == "waiting"
    assert office.now_of(retraction).outcome == {"result": "done", "was_published": True}
    assert office.actions.count("case.reopened") == 1


def test_a_correction_that_was_under_way_goes_with_its_response() -> None:
    office = OrderOffice(COMPLAINT)
    office.answered()
    correction = office.consent(office.correct(), "desk-2")
    office.consent(office.retract("desk"), "desk")
    office.retracted(response=correction.id)
    assert office.now_of(correction).outcome == {"result": "failed", "reason": "retracted"}
    assert office.turn().state == "answered"
    office.retracted()
    assert office.turn().state == "waiting"


def not_sent_and_corrected() -> tuple[OrderOffice, Submission]:
    """An answer that gave way to its correction before it went out."""
    office = OrderOffice(COMPLAINT)
    office.write("desk", "We open at 8:30.")
    office.approve("desk-2")
    correction = office.consent(office.correct(state="approved"), "desk-2")
    office.retracted()
    return office, correction


def test_a_correction_takes_the_place_of_what_had_not_gone_out() -> None:
    office, correction = not_sent_and_corrected()
    assert (office.turn().state, office.turn().response, office.case.state) == ("released", correction.id, "approved")
    assert office.work.settled == []
    office.corrected(correction, "reply")
    assert (office.turn().state, office.case.state) == ("answered", "answered")
    assert [(each.response, each.state) for each in office.work.settled] == [(office.response.response, "published")]
    assert office.actions[-2:] == ["correction.done", "case.answered"]


def test_where_neither_went_out_the_citizen_waits_again() -> None:
    office, correction = not_sent_and_corrected()
    office.failed(correction, "correct")
    assert (office.turn().state, office.case.state) == ("waiting", "open")
    assert [(each.response, each.state) for each in office.work.settled] == [(office.response.response, "retracted")]


def test_a_correction_that_a_later_one_overtook_lets_nobody_wait_again() -> None:
    office, correction = not_sent_and_corrected()
    office.failed(correction, "correct", "superseded")
    assert (office.turn().state, office.case.state) == ("released", "approved")
    assert office.work.settled == []
    outcome = office.now_of(correction).outcome
    assert outcome is not None
    assert (outcome["result"], outcome["reason"]) == ("failed", "superseded")


def released_and(asked: str) -> tuple[OrderOffice, Submission]:
    """An answer on its way, of which an order was asked for."""
    office = OrderOffice(COMPLAINT)
    office.write("desk", "We open at 8:30.")
    office.approve("desk-2")
    return office, office.correct(state="approved") if asked == "correction" else office.retract(state="approved")


@pytest.mark.parametrize("asked", ["correction", "retraction"])
def test_nobody_puts_right_what_will_not_appear(asked: str) -> None:
    office, order = released_and(asked)
    handlers.on_publication_failed(failed(office.response, "no_permission"), office.work, shelf(), LATER)
    assert office.turn().state == "waiting"
    assert (office.now_of(order).state, office.now_of(order).reason) == ("withdrawn", "response_failed")
    with pytest.raises(SubmissionNotOpen):
        office.consent(order, "desk-2")
    assert office.told(ResponseCorrected) == []


def test_what_can_be_answered_no_more_does_not_wait_again_for_a_retraction_that_was_under_way() -> None:
    office, order = released_and("retraction")
    office.consent(order, "desk")
    handlers.on_publication_failed(failed(office.response, "not_possible"), office.work, shelf(), LATER)
    office.retracted()
    assert (office.turn().state, office.case.state) == ("closed", "closed")
    assert office.now_of(order).outcome == {"result": "done", "was_published": True}


def test_a_correction_under_way_answers_in_the_place_of_what_did_not_appear() -> None:
    office, order = released_and("correction")
    office.consent(order, "desk-2")
    handlers.on_publication_failed(failed(office.response, "no_permission"), office.work, shelf(), LATER)
    assert (office.turn().state, office.turn().response, office.case.unanswered) == ("released", order.id, [])
    office.retracted()
    office.corrected(order, "reply")
    assert (office.turn().state, office.case.state) == ("answered", "answered")


def test_a_correction_that_stands_before_the_first_wording_is_known_to_be_gone_has_answered() -> None:
    office, order = released_and("correction")
    office.corrected(office.consent(order, "desk-2"), "reply")
    office.retracted()
    assert (office.turn().state, office.case.state, office.turn().answered_at) == ("answered", "answered", LATER)
    assert [each.state for each in office.work.settled] == ["published"]


def test_the_later_of_two_corrections_answers_where_the_earlier_one_gave_way_to_it() -> None:
    office, first = not_sent_and_corrected()
    last = office.consent(office.correct(text="We open at 10:00.", state="approved"), "desk-2")
    office.retracted(response=first.id)
    assert office.now_of(first).outcome == {"result": "failed", "reason": "retracted"}
    assert (office.turn().state, office.turn().response) == ("released", last.id)
    office.corrected(last, "reply")
    assert (office.turn().state, office.now_of(last).outcome) == (
        "answered",
        {"result": "done", "how": "reply", "native_id": "reply-2"},
    )


def test_a_correction_that_went_out_in_its_place_is_taken_back_as_the_answer() -> None:
    office, correction = not_sent_and_corrected()
    office.corrected(correction, "reply")
    retraction = office.consent(office.retract("desk"), "desk")
    office.retracted(response=correction.id)
    assert office.turn().state == "waiting"
    assert office.now_of(retraction).state == "ended"


def test_a_retraction_that_is_told_twice_reopens_once() -> None:
    office = OrderOffice(COMPLAINT)
    office.answered()
    office.retracted()
    office.retracted()
    assert office.actions.count("case.reopened") == 1


def test_a_case_that_another_agency_has_stays_there() -> None:
    office = OrderOffice(COMPLAINT)
    office.answered()
    case = office.case
    case.casework = replace(case.casework, transferred_to=ELSEWHERE)
    office.retracted(case=case)
    assert [turn.state for turn in case.turns] == ["answered"]
