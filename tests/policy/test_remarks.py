"""What officers say to a draft: conditions hold it, refusals send it back, disagreement sends it up."""

import pytest

from services.policy import remarks
from services.policy.domain.clearance.approvals import NotYourAuthority, OwnDraft
from tests.policy.case_office import Office


def complaint() -> Office:
    office = Office("Still waiting, terrible service")
    office.write("desk")
    return office


def bank() -> Office:
    office = Office("Will the exchange rate fall?", "central-bank", "bank")
    office.write("desk", "The Bank does not comment on future rates.")
    return office


def test_advice_binds_nobody() -> None:
    office = complaint()
    remarks.comment(office.desk("comms"), "I would say sorry.")
    office.approve("desk-2")
    assert len(office.released) == 1
    assert office.draft.remarks[0].text == "I would say sorry."


def test_a_condition_keeps_the_version_back_until_its_author_is_content() -> None:
    office = bank()
    office.condition("comms")
    office.approve("division")
    office.approve("comms")
    assert not office.draft.conditions
    office.approve("governor")
    assert len(office.released) == 1


def test_a_condition_of_one_holds_back_what_another_of_the_level_approved() -> None:
    office = complaint()
    office.condition("comms")
    office.approve("desk-2")
    assert office.released == []
    office.approve("comms")
    assert len(office.released) == 1
    assert "condition.lifted" in office.actions


def test_a_higher_level_may_decide_over_a_condition() -> None:
    office = complaint()
    office.condition("desk-2")
    office.approve("comms")
    assert len(office.released) == 1


def test_who_stands_above_lifts_a_condition_that_alone_keeps_a_draft_back() -> None:
    office = complaint()
    office.condition("comms")
    office.approve("desk-2")
    with pytest.raises(OwnDraft):
        office.approve("desk")
    office.approve("division")
    assert len(office.released) == 1


def test_nothing_to_say_lifts_nobodys_condition() -> None:
    office = Office("My lawyer will sue you for defamation")
    office.write("desk")
    office.condition("comms")
    office.sign_off("legal", "legal", nil_return=True)
    assert len(office.draft.conditions) == 1


def test_a_condition_holds_although_somebody_above_approved_before() -> None:
    office = Office("My lawyer will sue you for defamation")
    office.write("desk")
    office.approve("division")
    office.condition("comms")
    assert len(office.draft.conditions) == 1


def test_another_version_meets_no_condition_of_the_former_one() -> None:
    office = complaint()
    office.condition("desk-2")
    office.amend("desk", "On the right date.")
    office.approve("desk-2")
    assert len(office.released) == 1


def test_who_could_not_consent_sets_no_condition() -> None:
    with pytest.raises(NotYourAuthority):
        bank().condition("desk-2")
    with pytest.raises(OwnDraft):
        complaint().condition("desk")


def test_a_refusal_sends_the_draft_back_once() -> None:
    office = complaint()
    assert office.refuse("desk-2").state == "returned"
    assert office.passed_up == []


def test_two_refusals_send_it_one_level_up_with_both_reasons() -> None:
    office = complaint()
    office.refuse("desk-2", "The tone is wrong.")
    office.amend("desk", "We are sorry.")
    draft = office.refuse("desk-2", "It still promises too much.")
    assert office.passed_up == [("refused_twice", "L2")]
    assert draft.state == "open"
    assert [step.level for step in draft.steps] == ["L2"]
    assert [each.text for each in draft.remarks] == ["The tone is wrong.", "It still promises too much."]
    with pytest.raises(NotYourAuthority):
        office.approve("desk-2")
    office.approve("comms")
    assert len(office.released) == 1


def test_approvers_who_disagree_send_it_one_level_up_and_the_approval_stands() -> None:
    office = Office("My lawyer will sue you for defamation")
    office.write("desk")
    office.approve("comms")
    office.refuse("division", "Say nothing at all.")
    assert office.passed_up == [("disagreement", "L4")]
    assert dict(office.taken()) == {"L2": "passports-comms", "L3": None, "L4": None, "legal": None}


def test_refusing_the_same_version_twice_counts_once() -> None:
    office = complaint()
    office.refuse("desk-2")
    office.refuse("desk-2")
    assert office.actions.count("draft.refused") == 1
    assert office.passed_up == []


def test_a_new_exchange_begins_on_its_own_level() -> None:
    office = complaint()
    office.refuse("desk-2")
    office.amend("desk")
    office.refuse("desk-2")
    office.approve("comms")
    office.receive("Still waiting, terrible service again", "cmt_2")
    office.write("desk")
    assert [step.level for step in office.draft.steps][-1] in ("L1", "L2")
    assert office.case.raised_to is None


def test_a_nil_return_of_a_specialist_counts_as_content() -> None:
    office = Office("My lawyer will sue you for defamation")
    office.write("desk")
    office.approve("comms")
    office.approve("division")
    office.sign_off("legal", "legal", nil_return=True)
    assert len(office.released) == 1
    (signed,) = [step.taken for step in office.draft.steps if step.specialism]
    assert signed is not None
    assert signed.nil_return


def test_an_edit_of_the_comment_settles_no_disagreement() -> None:
    office = complaint()
    office.refuse("desk-2")
    office.amend("desk")
    office.refuse("desk-2")
    office.edit("Still waiting, terrible service!")
    assert office.case.raised_to == "L2"
    assert [step.level for step in office.draft.steps] == ["L2"]
