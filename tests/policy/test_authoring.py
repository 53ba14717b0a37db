"""What policy owners do, act by act, without anything that remembers."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.policy import authoring
from services.policy.adapters.policy_files import above
from services.policy.authoring import Desk, Done, Right, Seen
from services.policy.domain.adoption.authorship import (
    CLOCKS_DIFFER,
    AnotherIsScheduled,
    NotYourUnit,
    Person,
    PolicyDraft,
    PolicyHasHoles,
    WrongState,
)
from services.policy.domain.adoption.standing import Documents, Standing, composed
from services.policy.domain.clearance.approvals import NotYourAuthority, OwnDraft, StaleDigest
from services.policy.domain.composing.composition import InvalidPolicy
from tests.policy.builders import NOW, document

SOON = NOW + timedelta(days=7)


class Office:
    """One draft on its way, what it stands on, and people by name."""

    def __init__(self, **sections: Any) -> None:
        self.standing = Standing("test-agency/1@0", NOW, NOW, Documents(document()))
        written = document(version=2, **sections)
        self.draft = PolicyDraft("pol_1", "test-agency", None, written, "author", NOW, NOW, note="why")
        self.now = NOW
        self.done: list[Done] = []
        self.take(authoring.write(self.desk("author")))

    def desk(self, who: str, unit: str | None = None) -> Desk:
        try:
            made: Any = composed("test-agency", None, self.draft.document, self.standing, above())
        except InvalidPolicy as invalid:
            made = invalid
        return Desk(Person(who, "Post", unit), self.draft, self.standing, made, self.now)

    def take(self, done: Done) -> Done:
        self.draft = done.draft
        self.done.append(done)
        return done

    def edit(self, who: str = "author", **sections: Any) -> Done:
        return self.take(authoring.edit(self.desk(who), document(version=2, **sections), None))

    def submit(self, who: str = "author") -> Done:
        return self.take(authoring.submit(self.desk(who)))

    def adopt(self, who: str, seen: Seen | None = None, effective_from: datetime | None = None) -> Done:
        return self.take(authoring.adopt(self.desk(who), seen or Seen(self.digest), effective_from))

    def withdraw(self, who: str = "author", *may: Right) -> Done:
        return self.take(authoring.withdraw(self.desk(who), may or ("write",), "not needed"))

    @property
    def digest(self) -> str:
        return self.desk("anyone").composed.digest("pol_1", self.draft.edition)

    @property
    def actions(self) -> list[str]:
        return [act.action for done in self.done for act in done.acts]


def in_review(**sections: Any) -> Office:
    office = Office(**sections)
    office.submit()
    return office


def adopted(effective_from: datetime | None = None) -> Office:
    office = in_review()
    office.adopt("a", effective_from=effective_from)
    office.adopt("b")
    return office


def test_two_others_adopt_a_draft() -> None:
    office = in_review()
    first = office.adopt("a")
    assert (first.draft.state, first.adoption) == ("review", None)
    adoption = office.adopt("b").adoption
    assert adoption is not None
    assert (adoption.adopted_by, adoption.effective_from, adoption.draft) == (("a", "b"), NOW, "pol_1")
    assert (office.draft.state, office.draft.version) == ("adopted", adoption.version)
    assert adoption.version.startswith("test-agency/2@")
    assert adoption.documents.agency["version"] == 2


def test_every_step_is_on_record_with_its_actor() -> None:
    office = adopted()
    assert office.actions == [
        "policy.drafted", "policy.submitted", "policy.consented", "policy.consented", "policy.adopted",
    ]  # fmt: skip
    last = office.done[-1].acts[-1]
    assert (last.actor, last.on_behalf_of, last.subject) == ("b", "Post", "pol_1")
    assert last.details["in_place_of"] == "test-agency/1@0"
    assert last.details["adopted_by"] == ["a", "b"]


@pytest.mark.parametrize("who", ["author", "editor"])
def test_who_wrote_any_of_it_cannot_adopt_it(who: str) -> None:
    office = Office()
    office.edit("editor", name="Other")
    office.edit("author", name="Yet other")
    office.submit()
    with pytest.raises(OwnDraft):
        office.adopt(who)
    assert office.draft.editors == ("editor",)


def test_one_person_pressing_twice_counts_once() -> None:
    office = in_review()
    first = office.adopt("a")
    again = office.adopt("a")
    assert (again.draft, again.acts, again.adoption) == (first.draft, (), None)


def test_pressing_again_after_it_was_adopted_changes_nothing() -> None:
    office = adopted()
    again = office.adopt("a", Seen("0" * 64))
    assert (again.acts, again.adoption) == ((), None)


def test_a_third_person_comes_too_late() -> None:
    with pytest.raises(WrongState):
        adopted().adopt("c", Seen(edition=1))


@pytest.mark.parametrize("seen", [Seen("0" * 64), Seen(""), Seen(edition=2)])
def test_what_is_adopted_is_what_was_seen(seen: Seen) -> None:
    office = in_review()
    with pytest.raises(StaleDigest) as stale:
        office.adopt("a", seen)
    assert stale.value.current == office.digest


def test_the_edition_may_stand_for_what_was_seen() -> None:
    office = in_review()
    office.adopt("a", Seen(edition=1))
    assert office.adopt("b", Seen(edition=1)).adoption is not None


def test_a_consent_lapses_when_what_the_draft_stands_on_changes() -> None:
    office = in_review()
    before = office.digest
    office.adopt("a")
    laboratory = {"agency": "test-agency", "unit": "lab", "topics": [{"id": "x", "phrases": {"en": ["x"]}}]}
    office.standing = Standing("test-agency/1@1", NOW, NOW, Documents(document(), (laboratory,)))
    with pytest.raises(StaleDigest):
        office.adopt("b", Seen(before))
    assert office.adopt("b").adoption is None
    assert [consent.by for consent in office.draft.adoptions] == ["b"]
    assert office.done[-1].acts[0].details["lapsed"] == ["a"]
    assert office.adopt("a").adoption is not None


def test_a_draft_that_no_longer_fits_what_stands_is_not_adopted() -> None:
    office = in_review(topics=[{"id": "water", "phrases": {"en": ["water"]}}])
    taken = {"agency": "test-agency", "unit": "lab", "topics": [{"id": "water", "phrases": {"en": ["x"]}}]}
    office.standing = Standing("test-agency/1@1", NOW, NOW, Documents(document(), (taken,)))
    with pytest.raises(InvalidPolicy):
        office.adopt("a", Seen(edition=1))


def test_a_draft_is_adopted_from_review_only() -> None:
    with pytest.raises(WrongState):
        Office().adopt("a")


def test_a_draft_with_holes_stays_with_its_authors() -> None:
    office = Office()
    with pytest.raises(PolicyHasHoles) as refused:
        authoring.submit(replace(office.desk("author"), holes=[{"detail": "nobody on L3"}]))
    assert list(refused.value.holes) == [{"detail": "nobody on L3"}]


def test_a_draft_that_no_longer_fits_what_stands_stays_with_its_authors() -> None:
    office = Office(topics=[{"id": "water", "phrases": {"en": ["water"]}}])
    taken = {"agency": "test-agency", "unit": "lab", "topics": [{"id": "water", "phrases": {"en": ["x"]}}]}
    office.standing = Standing("test-agency/1@1", NOW, NOW, Documents(document(), (taken,)))
    with pytest.raises(InvalidPolicy):
        office.submit()
    assert (office.draft.state, office.actions) == ("draft", ["policy.drafted"])


def test_submitting_twice_changes_nothing() -> None:
    office = in_review()
    assert office.submit().acts == ()


def test_what_is_in_review_or_adopted_is_not_edited() -> None:
    for office in (in_review(), adopted()):
        with pytest.raises(WrongState):
            office.edit()


def test_a_returned_draft_is_edited_and_must_be_adopted_anew() -> None:
    office = in_review()
    office.adopt("a")
    office.take(authoring.send_back(office.desk("b"), "which desk?"))
    assert (office.draft.state, office.draft.adoptions) == ("draft", ())
    assert office.done[-1].acts[0].details["reason"] == "which desk?"
    office.edit(name="Clearer")
    office.submit()
    assert office.draft.edition == 2
    assert office.adopt("b").adoption is None
    assert office.adopt("a").adoption is not None


def test_a_time_ahead_is_kept_for_the_second_who_adopts() -> None:
    office = adopted(SOON)
    adoption = office.done[-1].adoption
    assert adoption is not None
    assert adoption.effective_from == office.draft.effective_from == SOON


@pytest.mark.parametrize("written", [Office, in_review], ids=["draft", "review"])
def test_a_draft_may_be_withdrawn_before_it_is_adopted(written: Callable[[], Office]) -> None:
    office = written()
    assert office.withdraw().draft.state == "withdrawn"
    assert office.withdraw().acts == ()


def test_a_draft_that_is_not_adopted_is_withdrawn_by_someone_who_may_write() -> None:
    with pytest.raises(NotYourAuthority):
        in_review().withdraw("c", "adopt")


def test_what_is_in_force_is_not_withdrawn() -> None:
    with pytest.raises(WrongState):
        adopted().withdraw("c", "write", "adopt")


def test_what_is_yet_to_come_is_called_off_by_someone_who_may_adopt() -> None:
    office = adopted(SOON)
    office.standing = Standing("test-agency/2@x", SOON, NOW, Documents(document(version=2)), "pol_1")
    with pytest.raises(NotYourAuthority):
        office.withdraw()
    assert office.withdraw("c", "adopt").draft.version is None


def test_in_the_last_seconds_nothing_is_called_off_because_another_replica_may_decide_by_it() -> None:
    office = adopted(SOON)
    office.standing = Standing("test-agency/2@x", SOON, NOW, Documents(document(version=2)), "pol_1")
    office.now = SOON - CLOCKS_DIFFER
    with pytest.raises(WrongState):
        office.withdraw("c", "adopt")
    office.now -= timedelta(microseconds=1)
    assert office.withdraw("c", "adopt").draft.state == "withdrawn"


def test_what_another_one_stands_on_is_not_called_off_before_that() -> None:
    office = adopted(SOON)
    for begins in (SOON, SOON + timedelta(days=1)):
        office.standing = Standing("test-agency/3@x", begins, NOW, Documents(document(version=3)), "pol_2")
        with pytest.raises(AnotherIsScheduled):
            office.withdraw("c", "adopt")


def test_files_send_what_was_yet_to_come_back_to_those_who_adopt() -> None:
    office = adopted(SOON)
    done = authoring.unscheduled(office.draft, "test-agency/9@9", NOW)
    assert (done.draft.state, done.draft.adoptions, done.draft.version) == ("review", (), None)
    (act,) = done.acts
    assert (act.actor, act.action, act.details["gave_way_to"]) == (
        "parley:policy",
        "policy.returned",
        "test-agency/9@9",
    )


@pytest.mark.parametrize(
    "act",
    [
        authoring.write,
        lambda desk: authoring.edit(desk, document(), None),
        authoring.submit,
        lambda desk: authoring.send_back(desk, "no"),
        lambda desk: authoring.adopt(desk, Seen(edition=1), None),
        lambda desk: authoring.withdraw(desk, ("write", "adopt"), None),
    ],
    ids=["write", "edit", "submit", "send_back", "adopt", "withdraw"],
)
def test_people_of_a_unit_touch_no_policy_but_their_own(act: Any) -> None:
    with pytest.raises(NotYourUnit):
        act(Office().desk("p", unit="laboratory"))
