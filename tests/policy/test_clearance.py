"""What officers do, with a unit of work in memory."""

from dataclasses import replace

import pytest

from services.policy import clearance
from services.policy.domain.clearance.approvals import (
    DraftNotOpen,
    NothingToAnswer,
    NotYourAuthority,
    OwnDraft,
    StaleDigest,
)
from tests.policy.case_office import Office

RATES = "Will the exchange rate fall?"


def complaint() -> Office:
    office = Office("Still waiting, terrible service")
    office.write("desk")
    return office


def bank() -> Office:
    office = Office(RATES, "central-bank", "bank")
    office.write("desk", "The Bank does not comment on future rates.")
    return office


def test_one_other_officer_releases_at_l1() -> None:
    office = complaint()
    draft = office.approve("desk-2")
    (response,) = office.released
    assert draft.state == "released"
    assert (response.text, response.level, response.digest) == ("Our answer.", "L1", draft.digest)
    assert [(each.kind, each.officer) for each in response.authorisations] == [("approval", "passports-desk-2")]
    assert office.case.state == "approved"
    assert office.actions[-3:] == ["draft.written", "draft.approved", "response.released"]
    assert office.work.acts[-1].on_behalf_of == "Enquiries Officer (second desk)"


def test_the_author_cannot_release_and_nothing_goes_out() -> None:
    office = complaint()
    with pytest.raises(OwnDraft):
        office.approve("desk")
    assert office.released == []


def test_what_moves_markets_needs_three_and_the_governor() -> None:
    office = bank()
    for who in ("governor", "comms"):
        office.approve(who)
        assert office.released == []
    office.approve("division")
    (response,) = office.released
    assert {each.officer for each in response.authorisations} == {"governor", "bank-comms", "bank-division"}
    assert response.level == "L4"


def test_a_second_desk_officer_cannot_speak_for_the_bank() -> None:
    office = bank()
    with pytest.raises(NotYourAuthority):
        office.approve("desk-2")


def test_pressing_twice_answers_the_same_and_counts_once() -> None:
    office = bank()
    first = office.approve("governor")
    assert office.approve("governor") == first
    assert office.actions.count("draft.approved") == 1
    office.approve("comms")
    last = office.approve("division")
    assert office.approve("division") == last
    assert len(office.released) == 1


def test_a_stale_digest_is_refused_with_the_current_one() -> None:
    office = bank()
    with pytest.raises(StaleDigest) as stale:
        office.approve("governor", "0" * 64)
    assert stale.value.current == office.draft.digest


def test_a_new_comment_makes_approvals_lapse() -> None:
    office = bank()
    seen = office.draft.digest
    office.approve("governor")
    office.receive("And the interest rate?", "cmt_2")
    with pytest.raises(StaleDigest) as stale:
        office.approve("comms", seen)
    assert stale.value.current == office.draft.digest
    assert all(step.taken is None for step in office.draft.steps)
    for who in ("governor", "comms", "division"):
        office.approve(who)
    assert office.released[0].comments == ("cmt_1", "cmt_2")
    assert office.released[0].reply_to == "n-cmt_2"


def test_a_sign_off_is_needed_beside_the_approvals() -> None:
    office = Office("My lawyer will sue you for defamation")
    office.write("desk")
    office.approve("comms")
    office.approve("division")
    assert office.released == []
    office.sign_off("legal", "legal")
    assert [each.kind for each in office.released[0].authorisations] == ["approval", "approval", "signoff"]


def test_one_person_cannot_sign_off_and_approve() -> None:
    office = Office("My lawyer will sue you for defamation")
    office.write("desk")
    office.sign_off("division", "legal")
    with pytest.raises(NotYourAuthority):
        office.approve("division")


def test_an_author_on_a_high_level_still_needs_another_person() -> None:
    office = Office("Still waiting, terrible service")
    office.write("head")
    with pytest.raises(OwnDraft):
        office.approve("head")
    office.approve("desk")
    assert len(office.released) == 1


def test_a_second_draft_supersedes_the_first() -> None:
    office = complaint()
    first = office.draft
    office.write("desk-2", "A better answer.")
    assert office.draft.number == 2
    assert [(draft.number, draft.state) for _, draft in office.work.superseded] == [(1, "superseded")]
    with pytest.raises(DraftNotOpen):
        clearance.approve(replace(office.desk("comms"), draft=office.work.superseded[0][1]), first.digest)


def test_a_returned_draft_waits_for_another_one() -> None:
    office = complaint()
    assert office.send_back("desk-2").state == "returned"
    assert office.case.state == "open"
    with pytest.raises(DraftNotOpen):
        office.approve("comms")
    assert office.send_back("desk-2").state == "returned"
    assert office.actions.count("draft.returned") == 1


def test_who_could_take_no_step_cannot_send_back() -> None:
    office = bank()
    with pytest.raises(NotYourAuthority):
        office.send_back("desk-2")


def test_an_answered_case_takes_no_draft() -> None:
    office = Office("What time do you open on Saturday?")
    with pytest.raises(NothingToAnswer):
        office.write("desk")


def test_an_officer_may_still_thank_for_praise_that_was_let_stand() -> None:
    office = Office("Great service, well done")
    office.write("desk", "Thank you!")
    office.approve("desk-2")
    assert office.released[0].comments == ("cmt_1",)
