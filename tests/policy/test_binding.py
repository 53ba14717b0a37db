"""Approvals bind what was seen: what changes makes exactly those consents lapse that vouched for it."""

from datetime import timedelta

import pytest

from services.policy.domain.clearance.approvals import StaleDigest, WindowClosed
from services.policy.domain.clearance.seen import PARTS, vouched_for
from services.policy.drafting import UnknownStatement
from shared.events import Author
from tests.policy.builders import NOW
from tests.policy.case_office import Office

OTHER = Author(id="somebody-else")
SUIT = "My lawyer will sue you for defamation over the passport fee"


def sued(**written: object) -> Office:
    """A draft for a legal claim: two approvals and a lawyer's sign-off."""
    office = Office(SUIT)
    office.statements = {"fee": "3"}
    office.write("desk", "We are looking into it.", **written)
    return office


def test_one_changed_character_makes_every_consent_lapse() -> None:
    office = sued()
    office.approve("comms")
    office.sign_off("legal", "legal")
    seen = office.draft.digest
    office.amend("desk", "We are looking into it!")
    assert [who for _, who in office.taken()] == [None, None, None]
    with pytest.raises(StaleDigest) as stale:
        office.approve("division", seen)
    assert stale.value.current == office.draft.digest


def test_consents_to_two_versions_never_combine() -> None:
    office = sued()
    office.approve("comms")
    office.amend("desk-2", "Another answer.")
    office.approve("division")
    office.sign_off("legal", "legal")
    assert office.released == []
    office.approve("comms")
    assert office.released[0].text == "Another answer."


def test_a_statement_that_is_revised_concerns_those_who_vouched_for_it() -> None:
    office = sued(statements=("fee",))
    office.approve("comms")
    office.sign_off("legal", "legal")
    office.statements = {"fee": "4"}
    with pytest.raises(StaleDigest):
        office.approve("division")
    assert [who for _, who in office.taken()] == [None, None, None]
    assert office.draft.statements == (("fee", "4"),)


def test_a_statement_that_is_not_in_force_cannot_be_cited() -> None:
    office = Office(SUIT)
    with pytest.raises(UnknownStatement) as refused:
        office.write("desk", statements=("fee",))
    assert refused.value.names == ("fee",)


def test_another_policy_concerns_the_approvals_and_not_the_lawyer() -> None:
    office = sued()
    office.approve("comms")
    office.sign_off("legal", "legal")
    office.adopt(name="Another name")
    with pytest.raises(StaleDigest):
        office.approve("division")
    assert dict(office.taken()) == {"L2": None, "L3": None, "legal": "passports-legal"}
    office.approve("division")
    office.approve("comms")
    assert len(office.released) == 1


def test_another_window_concerns_the_approvals_and_not_the_lawyer() -> None:
    office = sued()
    office.approve("comms")
    office.sign_off("legal", "legal")
    office.amend("desk", "We are looking into it.", valid_until=NOW + timedelta(hours=1))
    assert dict(office.taken()) == {"L2": None, "L3": None, "legal": "passports-legal"}


def test_what_comes_too_late_is_not_released() -> None:
    office = Office("Still waiting, terrible service")
    office.write("desk", valid_until=NOW + timedelta(hours=1))
    office.now = NOW + timedelta(hours=1)
    with pytest.raises(WindowClosed):
        office.approve("desk-2")
    assert office.released == []
    with pytest.raises(WindowClosed):
        office.amend("desk", valid_until=NOW)
    office.amend("desk", valid_until=NOW + timedelta(hours=2))
    office.approve("desk-2")
    assert office.released[0].valid_until == NOW + timedelta(hours=2)


def test_a_comment_on_another_matter_lets_consents_stand_and_waits_for_itself() -> None:
    office = sued()
    office.approve("comms")
    office.receive("How long does it take to get my passport?", "cmt_2", author=OTHER)
    assert dict(office.taken())["L2"] == "passports-comms"
    office.approve("division")
    office.sign_off("legal", "legal")
    (response,) = office.released
    assert response.comments == ("cmt_1",)
    assert [turn.comment for turn in office.case.waiting] == ["cmt_2"]
    assert office.case.state == "open"


def test_a_comment_that_may_contradict_the_answer_makes_consents_lapse() -> None:
    office = sued()
    office.approve("comms")
    office.receive("That is not true, the fee was never paid", "cmt_2", author=OTHER)
    assert dict(office.taken())["L2"] is None
    assert office.actions[-1] == "draft.approvals_lapsed"


def test_what_the_same_person_adds_makes_consents_lapse() -> None:
    office = sued()
    office.approve("comms")
    office.receive("How long does it take to get my passport?", "cmt_2")
    assert dict(office.taken())["L2"] is None
    assert office.draft.answers == ("cmt_1", "cmt_2")


def test_applause_of_others_holds_nothing_up() -> None:
    office = sued()
    office.approve("comms")
    digest = office.draft.digest
    office.receive("Great service, well done", "cmt_2", author=OTHER)
    assert office.draft.digest == digest
    office.approve("division", digest)
    assert dict(office.taken())["L2"] == "passports-comms"


def test_a_comment_that_is_taken_back_is_answered_no_more_and_what_is_left_is_approved_anew() -> None:
    office = sued()
    office.receive("And the fee was not even due!", "cmt_2")
    for who in ("comms", "division"):
        office.approve(who)
    office.delete("cmt_1")
    assert [who for _, who in office.taken()] == [None, None, None]
    assert [turn.comment for turn in office.case.answered_by(office.draft)] == ["cmt_2"]


def test_who_will_see_the_reply_is_part_of_what_is_approved() -> None:
    office = Office(SUIT, visibility="direct", public=False)
    office.write("desk", "About your file …")
    office.receive("Is nobody there? My lawyer waits over the fee", "cmt_2", visibility="public")
    for who in ("comms", "division"):
        office.approve(who)
    office.sign_off("legal", "legal")
    (response,) = office.released
    assert (response.visibility, response.public) == ("direct", False)


def test_an_approval_answers_for_everything_and_a_specialist_for_some_of_it() -> None:
    assert vouched_for(None) == PARTS
    for specialism in ("facts", "legal", "security"):
        assert set(vouched_for(specialism)) < set(PARTS)  # type: ignore[arg-type]
        assert "text" in vouched_for(specialism)  # type: ignore[arg-type]
