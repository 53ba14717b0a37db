"""What officers do, with a unit of work in memory."""

import pytest

from services.policy import clearance, handlers
from services.policy.adapters.store.work import UnitOfWork
from services.policy.domain.clearance.approvals import (
    Draft,
    DraftNotOpen,
    NothingToAnswer,
    NotYourAuthority,
    OwnDraft,
    StaleDigest,
)
from services.policy.domain.clearance.cases import Case
from services.policy.domain.scales import Specialism
from shared.events import ResponseApproved
from tests.policy.builders import NOW, decider, received, sample, shelf, the_case

RATES = "Will the exchange rate fall?"


class Office:
    """One case of one agency, and its officers by short name."""

    def __init__(self, text: str, agency: str = "passports", prefix: str = "passports") -> None:
        self.agency, self.prefix = agency, prefix
        self.work = UnitOfWork()
        self.receive(text)

    def receive(self, text: str, comment: str = "cmt_1") -> None:
        event = received(text, agency=self.agency, comment=comment)
        handlers.on_comment_received(event, self.work, shelf(), NOW)

    @property
    def case(self) -> Case:
        return the_case(self.work, self.agency)

    @property
    def draft(self) -> Draft:
        assert self.case.draft is not None
        return self.case.draft

    def write(self, who: str, text: str = "Our answer.") -> Draft:
        return clearance.write_draft(self.case, self._officer(who), text, None, sample(self.agency), self.work, NOW)

    def approve(self, who: str, digest: str | None = None) -> Draft:
        return clearance.approve(
            self.case, self.draft, self._officer(who), digest or self.draft.digest, sample(self.agency), self.work, NOW
        )

    def sign_off(self, who: str, kind: Specialism) -> Draft:
        draft = self.draft
        return clearance.sign_off(
            self.case, draft, self._officer(who), kind, draft.digest, sample(self.agency), self.work, NOW
        )

    def send_back(self, who: str) -> Draft:
        return clearance.send_back(self.case, self.draft, self._officer(who), "too long", self.work, NOW)

    @property
    def released(self) -> list[ResponseApproved]:
        return self.work.responses

    @property
    def actions(self) -> list[str]:
        return [act.action for act in self.work.acts]

    def _officer(self, who: str):  # type: ignore[no-untyped-def]
        subject = who if who == "governor" else f"{self.prefix}-{who}"
        return decider(self.agency, subject)


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
        clearance.approve(
            office.case,
            office.work.superseded[0][1],
            decider("passports", "passports-comms"),
            first.digest,
            sample("passports"),
            office.work,
            NOW,
        )


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
