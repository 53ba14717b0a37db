"""Orders: a comment is moderated, a response put right or taken back, under the consents that its case asks for."""

from dataclasses import replace

import pytest

from services.policy import ordering
from services.policy.domain.clearance import orders
from services.policy.domain.clearance.approvals import NotYourAuthority, OwnDraft, StaleDigest
from services.policy.domain.clearance.casework import Origin
from services.policy.domain.clearance.lengths import DoesNotFit
from services.policy.domain.clearance.orders import (
    AnothersAccount,
    Asked,
    CommentGone,
    NoAnswer,
    NotStanding,
    ResponseState,
    SaysTheSame,
)
from services.policy.domain.clearance.submissions import SubmissionNotOpen
from services.policy.domain.clocks.carrying import carried_over
from services.policy.domain.scales import Level
from shared.events import ModerationOrdered, Purpose, ResponseCorrected, ResponseRetracted
from tests.policy.builders import NOW
from tests.policy.order_office import ABUSE, COMPLAINT, ELSEWHERE, OrderOffice

DEFAMATION = "My lawyer will sue you for defamation over the passport fee"


def levels(order: ordering.Submission) -> list[tuple[str, str]]:
    return [(step.kind, step.specialism or step.level) for step in order.steps]


def test_a_moderation_is_carried_out_by_another_person_on_the_level_of_the_comment() -> None:
    office = OrderOffice(ABUSE)
    assert (office.turn().decision.disposition, office.turn().decision.level) == ("moderate", "L1")
    order = office.moderate()
    assert levels(order) == [("approval", "L1")]
    with pytest.raises(OwnDraft):
        office.consent(order, "desk")
    assert office.told(ModerationOrdered) == []
    assert office.consent(order, "desk-2").state == "cleared"
    (ordered,) = office.told(ModerationOrdered)
    assert (ordered.comment, ordered.native_id, ordered.action, ordered.rule) == (
        "cmt_1",
        "n-cmt_1",
        "hide",
        "No abuse",
    )
    assert (ordered.text, ordered.author, ordered.reason) == (ABUSE, "citizen", "It says so.")
    assert (ordered.digest, ordered.level, ordered.order) == (order.digest, "L1", order.id)
    assert [(each.kind, each.officer) for each in ordered.authorisations] == [("approval", "passports-desk-2")]
    assert office.actions[-3:] == ["moderation.put_up", "moderation.approved", "moderation.cleared"]


def test_what_weighs_more_is_moderated_on_a_higher_level_with_the_same_sign_offs() -> None:
    office = OrderOffice(DEFAMATION)
    decision = office.turn().decision
    order = office.moderate()
    assert order.level >= decision.level > "L1"
    assert {step.specialism for step in order.steps if step.specialism} >= set(decision.signoffs)
    with pytest.raises(NotYourAuthority):
        office.consent(order, "desk-2")


def test_a_case_that_was_called_in_is_moderated_on_that_level() -> None:
    office = OrderOffice(ABUSE)
    office.case.raised_to = "L3"
    assert office.moderate().level == "L3"


@pytest.mark.parametrize("changed", [{"action": "remove"}, {"rule": "No spam"}])
def test_the_digest_binds_what_is_to_be_done_and_why(changed: dict[str, str]) -> None:
    office = OrderOffice(ABUSE)
    order = office.moderate()
    other = replace(order, content={**order.content, **changed}, digest="").bound(office.policy)
    assert other.digest != order.digest


@pytest.mark.parametrize("name", ["text", "revision", "account", "author", "reason"])
def test_the_digest_binds_the_comment_and_where_it_stands(name: str) -> None:
    office = OrderOffice(ABUSE)
    order = office.moderate()
    other = replace(order, content={**order.content, name: "another"}, digest="").bound(office.policy)
    assert other.digest != order.digest


def test_the_digest_binds_the_policy() -> None:
    office = OrderOffice(ABUSE)
    order = office.moderate()
    office.adopt()
    with pytest.raises(StaleDigest):
        office.consent(order, "desk-2")


def test_an_edit_lapses_what_was_approved_about_the_comment() -> None:
    office = OrderOffice(DEFAMATION)
    order = office.moderate()
    office.consent(order, "comms")
    assert [step.taken is not None for step in office.now_of(order).steps].count(True) == 1
    office.edit(f"{DEFAMATION} and I mean it")
    renewed = office.now_of(order)
    assert not any(step.taken for step in renewed.steps)
    assert (renewed.content["revision"], renewed.content["text"]) == (2, f"{DEFAMATION} and I mean it")
    assert renewed.digest != order.digest
    (lapse,) = office.details("moderation.approvals_lapsed")
    assert (lapse["reason"], lapse["officers"], lapse["revision"], lapse["to_revision"]) == (
        "comment_edited",
        ["passports-comms"],
        1,
        2,
    )
    with pytest.raises(StaleDigest) as stale:
        office.consent(order, "comms", order.digest)
    assert stale.value.current == renewed.digest


def test_the_order_says_what_its_approvers_saw() -> None:
    office = OrderOffice(ABUSE)
    order = office.moderate()
    office.edit("you bastards")
    office.consent(order, "desk-2")
    assert [each.text for each in office.told(ModerationOrdered)] == ["you bastards"]


def test_a_comment_that_is_gone_is_moderated_no_more() -> None:
    office = OrderOffice(ABUSE)
    order = office.moderate()
    office.delete("cmt_1")
    ended = office.now_of(order)
    assert (ended.state, ended.reason) == ("withdrawn", "comment_deleted")
    assert office.details("moderation.withdrawn")[0]["reason"] == "comment_deleted"
    with pytest.raises(CommentGone):
        office.moderate()
    with pytest.raises(SubmissionNotOpen):
        office.consent(order, "desk-2")


def test_a_comment_of_another_case_is_not_moderated_here() -> None:
    with pytest.raises(CommentGone):
        OrderOffice(ABUSE).moderate(comment="cmt_9")


def test_a_comment_on_another_agencys_account_is_not_moderated_here() -> None:
    office = OrderOffice(ABUSE)
    case = office.case
    case.casework = replace(case.casework, transferred_from=Origin("case_0", ("water-board",), "theirs", NOW))
    known = office.turn()
    carried = known.decision._replace(times=carried_over(60, NOW, known.decision.times))
    for turn in (replace(known, state="brought"), replace(known, decision=carried)):
        case.turns = [turn]
        with pytest.raises(AnothersAccount):
            office.moderate()


def test_what_was_written_since_a_transfer_is_moderated_by_the_agency_that_has_the_case() -> None:
    office = OrderOffice(ABUSE)
    case = office.case
    case.casework = replace(case.casework, transferred_from=Origin("case_0", ("water-board",), "theirs", NOW))
    case.turns = [replace(office.turn(), state="brought")]
    office.receive(ABUSE, "cmt_2")
    order = office.moderate(comment="cmt_2")
    office.consent(order, "desk-2")
    (told,) = office.told(ModerationOrdered)
    assert (told.agency, told.account, told.comment) == ("passports", case.thread.account, "cmt_2")
    with pytest.raises(AnothersAccount):
        office.moderate(comment="cmt_1")


def test_an_agency_moderates_on_its_account_what_another_one_answers() -> None:
    office = OrderOffice(ABUSE)
    case = office.case
    case.casework = replace(case.casework, transferred_to=ELSEWHERE)
    asked = Asked("passports-desk", "It says so.", 1, NOW)
    assert orders.moderation(case, "cmt_1", "hide", None, asked).state == "open"


def test_a_newer_order_about_the_same_comment_takes_the_place_of_the_open_one() -> None:
    office = OrderOffice(ABUSE)
    first, second = office.moderate(), office.moderate(action="remove")
    assert (office.now_of(first).state, second.number) == ("superseded", 2)
    office.receive(ABUSE, "cmt_2")
    office.moderate(comment="cmt_2")
    assert office.now_of(second).state == "open"


def test_who_has_no_mandate_asks_for_nothing() -> None:
    with pytest.raises(NotYourAuthority):
        OrderOffice(ABUSE).moderate("visitor")


def test_to_press_twice_orders_once() -> None:
    office = OrderOffice(ABUSE)
    order = office.moderate()
    office.consent(order, "desk-2")
    office.consent(order, "desk-2", order.digest)
    assert len(office.told(ModerationOrdered)) == 1


def test_a_refused_order_is_over() -> None:
    office = OrderOffice(ABUSE)
    order = office.moderate()
    with pytest.raises(OwnDraft):
        office.say_no(order, "desk")
    assert office.say_no(order, "desk-2").state == "returned"
    assert "moderation.refused" in office.actions
    with pytest.raises(SubmissionNotOpen):
        office.consent(order, "comms")


def test_where_officers_disagree_it_is_decided_one_level_up() -> None:
    office = OrderOffice(DEFAMATION)
    order = office.moderate()
    before = order.level
    office.consent(order, "comms")
    higher = office.say_no(order, "division")
    assert (higher.state, higher.level > before) == ("open", True)
    assert not any(step.taken for step in higher.steps)
    assert office.passed_up == [("disagreement", higher.level)]
    assert office.details("moderation.passed_up")[0]["refusals"] == ["Deputy Controller: It is an opinion."]


def test_who_asked_withdraws_until_it_is_cleared() -> None:
    office = OrderOffice(ABUSE)
    order = office.moderate()
    assert ordering.withdraw(office.at("desk"), order, "I was wrong.").state == "withdrawn"
    cleared = office.moderate()
    office.consent(cleared, "desk-2")
    with pytest.raises(SubmissionNotOpen):
        ordering.withdraw(office.at("desk"), office.now_of(cleared), "I was wrong.")


def test_a_correction_keeps_both_wordings_and_goes_out_under_its_own_consents() -> None:
    office = OrderOffice(COMPLAINT)
    said = office.answered()
    order = office.correct()
    (put_up,) = office.details("correction.put_up")
    assert (put_up["original"]["text"], put_up["text"]) == ("We open at 8:30.", "We open at 9:00.")
    assert order.level >= said.level
    with pytest.raises(OwnDraft):
        office.consent(order, "desk")
    office.consent(order, "desk-2")
    (told,) = office.told(ResponseCorrected)
    assert (told.response, told.correction, told.text, told.language) == (
        said.response,
        order.id,
        "We open at 9:00.",
        said.language,
    )
    assert told.digest == order.digest
    assert order.id.startswith("resp_")


@pytest.mark.parametrize("level", ["L1", "L3", "L4"])
def test_a_correction_is_cleared_no_lower_than_its_response_was(level: Level) -> None:
    office = OrderOffice(COMPLAINT)
    office.answered()
    order = office.correct(level=level)
    assert (order.level, levels(order)[-1]) == (level, ("approval", level))


def test_a_correction_is_cleared_no_lower_than_its_comments_ask_now() -> None:
    office = OrderOffice(COMPLAINT)
    office.answered()
    office.edit(DEFAMATION)
    now = office.turn().decision
    order = office.correct(level="L1")
    assert order.level >= now.level > "L1"
    assert {step.specialism for step in order.steps if step.specialism} >= set(now.signoffs)


@pytest.mark.parametrize("state", ["failed", "retracted"])
def test_only_what_stands_or_will_is_corrected(state: ResponseState) -> None:
    office = OrderOffice(COMPLAINT)
    office.answered()
    with pytest.raises(NotStanding) as refused:
        office.correct(state=state)
    assert refused.value.state == state


@pytest.mark.parametrize("purpose", ["holding", "acknowledgement"])
def test_what_keeps_somebody_waiting_is_not_corrected(purpose: Purpose) -> None:
    office = OrderOffice(COMPLAINT)
    office.answered()
    found = replace(office.on_record(), purpose=purpose)
    with pytest.raises(NoAnswer):
        orders.correction(office.case, found, "Wait on.", None, Asked("passports-desk", "It says so.", 1, NOW))


def test_a_correction_says_something_else() -> None:
    office = OrderOffice(COMPLAINT)
    office.answered("We open at 9:00.")
    with pytest.raises(SaysTheSame):
        office.correct()


def test_a_correction_that_the_platform_would_never_take_is_refused_at_once() -> None:
    office = OrderOffice(COMPLAINT)
    office.answered()
    assert office.correct(text="We open at 9:00, and are sorry. " * 30).state == "open"
    office.case.thread = replace(office.case.thread, platform="discourse")
    with pytest.raises(DoesNotFit) as refused:
        office.correct(text="9:00.")
    assert [each.platform for each in refused.value.misfits] == ["discourse"]


def test_a_second_correction_is_of_what_the_first_one_said() -> None:
    office = OrderOffice(COMPLAINT)
    office.answered()
    first = office.correct()
    office.consent(first, "desk-2")
    office.corrected(office.now_of(first))
    with pytest.raises(SaysTheSame):
        office.correct()
    assert office.correct(text="We open at 9:30.").content["original"]["text"] == "We open at 9:00."


def test_up_to_l2_somebody_takes_back_alone_what_was_said() -> None:
    office = OrderOffice(COMPLAINT)
    said = office.answered()
    order = office.retract("desk")
    assert levels(order) == [("approval", "L1")]
    assert office.consent(order, "desk").state == "cleared"
    (told,) = office.told(ResponseRetracted)
    assert (told.response, told.retraction, told.digest) == (said.response, order.id, order.digest)
    assert [each.officer for each in told.authorisations] == ["passports-desk"]


def test_l2_is_taken_back_by_whoever_stands_there_and_by_nobody_below() -> None:
    office = OrderOffice(COMPLAINT)
    office.answered()
    order = office.retract("desk", level="L2")
    with pytest.raises(NotYourAuthority):
        office.consent(order, "desk")
    assert office.consent(order, "comms").state == "cleared"
    alone = office.retract("comms", level="L2")
    assert alone.id == order.id


def test_from_l3_on_somebody_else_has_to_agree_and_one_is_enough() -> None:
    office = OrderOffice(COMPLAINT)
    office.answered()
    order = office.retract("division", level="L3")
    assert levels(order) == [("approval", "L3")]
    with pytest.raises(OwnDraft):
        office.consent(order, "division")
    with pytest.raises(NotYourAuthority):
        office.consent(order, "comms")
    assert office.consent(order, "head").state == "cleared"


@pytest.mark.parametrize("state", ["failed", "retracted"])
def test_what_does_not_stand_is_not_taken_back(state: ResponseState) -> None:
    office = OrderOffice(COMPLAINT)
    office.answered()
    with pytest.raises(NotStanding):
        office.retract(state=state)


def test_what_has_not_gone_out_yet_is_taken_back_as_well() -> None:
    office = OrderOffice(COMPLAINT)
    office.answered()
    assert office.retract(state="approved").state == "open"


def test_a_response_that_is_being_taken_back_is_not_corrected() -> None:
    office = OrderOffice(COMPLAINT)
    office.answered()
    waiting = office.correct()
    office.consent(office.retract("desk"), "desk")
    assert (office.now_of(waiting).state, office.now_of(waiting).reason) == ("withdrawn", "retracted")
    with pytest.raises(NotStanding) as refused:
        office.correct()
    assert refused.value.state == "retracting"
