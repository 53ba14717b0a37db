"""Versions of a draft: whoever changes a word is the author of what then stands."""

from datetime import timedelta

import pytest

from services.policy.domain.clearance.approvals import DraftNotOpen, OwnDraft
from tests.policy.builders import NOW
from tests.policy.case_office import Office


def complaint() -> Office:
    office = Office("Still waiting, terrible service")
    office.write("desk")
    return office


def test_an_approvers_edit_is_a_new_version_with_a_new_author() -> None:
    office = complaint()
    draft = office.amend("desk-2", "We are sorry.")
    assert (draft.number, draft.version, draft.author) == (1, 2, "passports-desk-2")
    with pytest.raises(OwnDraft):
        office.approve("desk-2")
    office.approve("desk")
    assert office.released[0].text == "We are sorry."
    assert office.actions[-4:] == ["draft.written", "draft.amended", "draft.approved", "response.released"]


def test_a_draft_that_was_sent_back_is_open_again_with_its_next_version() -> None:
    office = complaint()
    office.send_back("desk-2")
    draft = office.amend("desk", "A shorter answer.")
    assert (draft.version, draft.state, office.case.state) == (2, "open", "awaiting_clearance")
    assert [(each.kind, each.version) for each in draft.remarks] == [("return", 1)]


def test_what_was_released_or_gave_way_takes_no_further_version() -> None:
    office = complaint()
    office.approve("desk-2")
    with pytest.raises(DraftNotOpen):
        office.amend("desk")


def test_a_window_alone_is_a_new_version_too() -> None:
    office = complaint()
    assert office.amend("desk", office.draft.text, valid_until=NOW + timedelta(hours=1)).version == 2


def test_who_changes_nothing_becomes_no_author() -> None:
    office = Office("Will the exchange rate fall?", "central-bank", "bank")
    office.write("governor", "The Bank does not comment.")
    assert office.amend("desk", "The Bank does not comment.").author == "governor"
    with pytest.raises(OwnDraft):
        office.approve("governor")


def test_what_came_in_while_a_draft_was_back_is_answered_by_it_and_approved_anew() -> None:
    office = Office("My lawyer will sue you for defamation")
    office.write("desk")
    office.approve("comms")
    office.sign_off("legal", "legal")
    seen = office.draft.digest
    office.send_back("division")
    office.edit("My lawyer will sue you all for defamation")
    office.receive("I withdraw all that", "cmt_2")
    draft = office.amend("desk", "Our answer.")
    assert draft.digest != seen
    assert (draft.head, draft.answers) == (("cmt_2", 1), ("cmt_1", "cmt_2"))
    assert [who for _, who in office.taken()] == [None] * len(draft.steps)


def test_a_text_written_for_a_weighty_comment_keeps_to_its_path_when_that_is_edited() -> None:
    office = Office("My lawyer will sue you for defamation")
    office.write("desk", "About your case …")
    asked = [step for step, _ in office.taken()]
    office.edit("Still waiting, terrible service")
    assert [step for step, _ in office.taken()] == asked
    office.amend("desk", "We are sorry.")
    assert [step for step, _ in office.taken()] == ["L1"]
