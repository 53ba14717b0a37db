"""Versions of a draft: whoever changes a word is the author of what then stands."""

import pytest

from services.policy.domain.clearance.approvals import DraftNotOpen, OwnDraft
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
    text = office.draft.text
    assert office.amend("desk", text).version == 2
