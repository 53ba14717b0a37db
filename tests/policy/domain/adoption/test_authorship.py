"""Who may touch whose policy, from when a policy holds, and what a draft comes to over what stands."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.policy.adapters.policy_files import above
from services.policy.domain.adoption.authorship import (
    AnotherIsScheduled,
    AnotherTime,
    Consent,
    NoPost,
    NotThisTime,
    NotYourUnit,
    Person,
    PolicyDraft,
    WrongState,
    acting,
    beginning,
    place_in_line,
    refuse_another_units,
)
from services.policy.domain.adoption.standing import Composed, Documents, Roster, Standing, composed
from services.policy.domain.composing.composition import InvalidPolicy
from services.policy.domain.roster import Officer
from tests.policy.builders import NOW, document

SOON = NOW + timedelta(days=7)
MOMENT = timedelta(microseconds=1)


def unit_document(unit: str = "laboratory", **sections: Any) -> dict[str, Any]:
    topic = {"id": f"{unit}-topic", "phrases": {"en": [f"{unit} matter"]}}
    return {"agency": "test-agency", "unit": unit, "name": f"The {unit}", "version": 1, "topics": [topic], **sections}


def standing(*units: dict[str, Any], **about: Any) -> Standing:
    return replace(Standing("test-agency/1@0", NOW, NOW, Documents(document(), units)), **about)


def comes_to(unit: str | None, what: dict[str, Any], over: Standing | None) -> Composed:
    return composed("test-agency", unit, what, over, above())


def a_draft(**about: Any) -> PolicyDraft:
    return replace(PolicyDraft("pol_1", "test-agency", None, document(), "author", NOW, NOW), **about)


@pytest.mark.parametrize("post_in", ["laboratory", "The laboratory"])
def test_a_person_of_a_unit_writes_for_that_unit_by_either_of_its_names(post_in: str) -> None:
    refuse_another_units(Person("p", unit=post_in), "laboratory", unit_document(), standing(unit_document()))


@pytest.mark.parametrize("unit", ["laboratory", None])
def test_a_person_of_another_unit_writes_neither_for_it_nor_for_the_agency(unit: str | None) -> None:
    with pytest.raises(NotYourUnit):
        refuse_another_units(Person("p", unit="call-centre"), unit, unit_document(), standing(unit_document()))


def test_a_sibling_is_not_taken_over_by_giving_it_the_name_of_ones_own_unit() -> None:
    renamed = unit_document("laboratory", name="call-centre")
    with pytest.raises(NotYourUnit):
        refuse_another_units(Person("p", unit="call-centre"), "laboratory", renamed, standing(unit_document()))


def test_a_unit_that_has_no_policy_yet_may_write_its_first() -> None:
    refuse_another_units(Person("p", unit="The laboratory"), "laboratory", unit_document(), standing())


@pytest.mark.parametrize("unit", ["laboratory", None])
def test_who_belongs_to_no_unit_writes_for_any(unit: str | None) -> None:
    refuse_another_units(Person("p"), unit, unit_document(), standing(unit_document()))


@pytest.mark.parametrize("asked", [None, NOW - timedelta(minutes=4), NOW, SOON, NOW + timedelta(days=366)])
def test_a_policy_begins_at_once_or_within_a_year(asked: datetime | None) -> None:
    assert beginning(asked, (), NOW) == asked


@pytest.mark.parametrize("asked", [NOW - timedelta(minutes=6), NOW + timedelta(days=367)])
def test_a_policy_begins_neither_in_the_past_nor_in_years(asked: datetime) -> None:
    with pytest.raises(NotThisTime):
        beginning(asked, (), NOW)


def a_roster(**about: Any) -> Roster:
    return Roster(officers=(Officer.model_validate({"subject": "p", "post": "Post", "level": "L2", **about}),))


def test_who_acts_does_so_in_the_post_that_they_hold_now() -> None:
    assert acting("p", a_roster(), standing(), NOW) == Person("p", "Post", None)
    assert acting("p", a_roster(unit="laboratory"), standing(), NOW) == Person("p", "Post", "laboratory")


@pytest.mark.parametrize("about", [{"until": NOW}, {"from": SOON}, {"subject": "another"}])
def test_who_holds_no_post_now_is_nobody_here(about: dict[str, Any]) -> None:
    with pytest.raises(NoPost):
        acting("p", a_roster(**about), standing(), NOW)


def test_who_looks_after_all_agencies_writes_without_a_post() -> None:
    assert acting("admin", a_roster(), standing(), NOW, for_all_agencies=True) == Person("admin", only_writes=True)
    assert not acting("p", a_roster(), standing(), NOW, for_all_agencies=True).only_writes


@pytest.mark.parametrize("roster", [None, Roster()])
def test_an_agencys_first_policy_is_written_by_somebody_without_a_post(roster: Roster | None) -> None:
    assert acting("p", roster, None, NOW) == Person("p")


def test_both_who_adopt_have_the_same_time_in_mind() -> None:
    first = (Consent("a", NOW, "0", SOON),)
    assert beginning(None, first, NOW) == SOON
    assert beginning(SOON, first, NOW) == SOON
    with pytest.raises(AnotherTime) as other:
        beginning(SOON + MOMENT, first, NOW)
    assert other.value.effective_from == SOON


def test_the_first_policy_of_an_agency_holds_from_now() -> None:
    assert place_in_line(None, None, NOW) == (NOW, NOW)


def test_a_time_that_has_passed_before_the_second_adopted_means_now() -> None:
    assert place_in_line(NOW - timedelta(minutes=3), None, NOW) == (NOW, NOW)


def test_adoptions_of_one_moment_follow_each_other() -> None:
    assert place_in_line(None, standing(), NOW) == (NOW, NOW + MOMENT)


def test_a_clock_that_is_behind_does_not_put_a_policy_before_what_it_stands_on() -> None:
    ahead = NOW + timedelta(seconds=3)
    assert place_in_line(None, standing(effective_from=ahead, adopted_at=ahead), NOW) == (ahead, ahead + MOMENT)


def test_nothing_slips_in_before_a_policy_that_is_yet_to_come() -> None:
    scheduled = standing(effective_from=SOON)
    with pytest.raises(AnotherIsScheduled) as other:
        place_in_line(None, scheduled, NOW)
    assert (other.value.version, other.value.effective_from) == ("test-agency/1@0", SOON)
    assert place_in_line(SOON + timedelta(days=1), scheduled, NOW)[0] == SOON + timedelta(days=1)


def test_two_that_are_to_begin_together_each_have_a_moment_of_their_own() -> None:
    assert place_in_line(SOON, standing(effective_from=SOON), NOW) == (SOON + MOMENT, NOW + MOMENT)


def test_a_draft_on_its_way_back_has_no_consents_and_names_no_version() -> None:
    adopted = a_draft(state="adopted", version="v", effective_from=SOON, adoptions=(Consent("a", NOW, "0"),))
    back = adopted.became("review", NOW)
    assert (back.state, back.version, back.effective_from, back.adoptions) == ("review", None, None, ())


def test_a_wrong_state_is_named_with_the_one_that_is_wanted() -> None:
    with pytest.raises(WrongState, match=r"in state withdrawn; this needs draft or review"):
        a_draft(state="withdrawn").expect("draft", "review")


def test_a_units_document_takes_the_place_of_its_own_and_leaves_its_siblings() -> None:
    over = standing(unit_document("laboratory"), unit_document("call-centre"))
    renewed = unit_document("laboratory", version=2)
    made = comes_to("laboratory", renewed, over)
    assert [unit["version"] for unit in made.documents.units] == [1, 2]
    assert {"laboratory-topic", "call-centre-topic"} <= {topic.id for topic in made.policy.topics}
    assert made.stands_on == "test-agency/1@0"


def test_an_agencys_document_keeps_its_units() -> None:
    made = comes_to(None, document(version=2), standing(unit_document()))
    assert "laboratory-topic" in {topic.id for topic in made.policy.topics}
    assert made.policy.revision == 2


@pytest.mark.parametrize(
    ("unit", "what", "path"),
    [
        (None, {**document(), "agency": "another"}, "agency"),
        (None, unit_document(), "unit"),
        ("call-centre", unit_document("laboratory"), "unit"),
        ("laboratory", unit_document(ladder={}), "ladder"),
    ],
)
def test_a_document_that_is_not_what_it_is_said_to_be_is_refused(
    unit: str | None, what: dict[str, Any], path: str
) -> None:
    with pytest.raises(InvalidPolicy) as invalid:
        comes_to(unit, what, standing())
    assert invalid.value.faults[0][0] == path


def test_a_unit_needs_an_agency_that_has_a_policy() -> None:
    with pytest.raises(InvalidPolicy):
        comes_to("laboratory", unit_document(), None)
    assert comes_to(None, document(), None).stands_on is None


def test_the_digest_is_of_the_edition_and_of_the_whole_policy() -> None:
    alone, beside = (comes_to(None, document(), standing(*units)) for units in ((), (unit_document(),)))
    digests = {alone.digest("pol_1", 1), alone.digest("pol_1", 2), alone.digest("pol_2", 1), beside.digest("pol_1", 1)}
    assert len(digests) == 4
    assert all(len(digest) == 64 for digest in digests)


def test_the_digest_covers_who_holds_the_posts() -> None:
    fewer = document(officers=document()["officers"][:-1])
    made = [comes_to(None, what, standing()) for what in (document(), fewer)]
    assert made[0].policy.version == made[1].policy.version
    assert made[0].digest("pol_1", 1) != made[1].digest("pol_1", 1)


class TestRoster:
    """What becomes of officers and calendar when a document takes another's place."""

    @staticmethod
    def after(before: dict[str, Any], after: dict[str, Any], *, known: dict[str, Any] | None = None) -> Roster:
        started = comes_to(None, known or before, None).policy
        roster = Roster(officers=started.officers, calendar=started.calendar)
        return comes_to(None, after, Standing("v", NOW, NOW, Documents(before))).roster(roster)

    def subjects(self, roster: Roster) -> list[str]:
        return sorted(officer.subject for officer in roster.officers)

    def test_a_document_without_officers_dismisses_nobody(self) -> None:
        silent = {section: part for section, part in document().items() if section != "officers"}
        assert len(self.after(document(), silent).officers) == 6

    def test_officers_that_are_left_out_of_a_list_are_dismissed(self) -> None:
        fewer = document(officers=document()["officers"][:2])
        assert self.subjects(self.after(document(), fewer)) == ["desk", "desk-2"]

    def test_who_was_appointed_beside_the_document_stays(self) -> None:
        appointed = document(officers=[*document()["officers"], {"subject": "new", "post": "New", "level": "L2"}])
        assert "new" in self.subjects(self.after(document(), document(version=2), known=appointed))

    def test_who_was_dismissed_beside_the_document_does_not_come_back_with_an_old_list(self) -> None:
        left = document(officers=document()["officers"][1:])
        assert "desk" not in self.subjects(self.after(document(), document(version=2), known=left))

    def test_a_post_that_the_document_changes_is_changed(self) -> None:
        raised = document(officers=[{"subject": "desk", "post": "Desk", "level": "L2"}, *document()["officers"][1:]])
        (desk,) = [each for each in self.after(document(), raised).officers if each.subject == "desk"]
        assert desk.level == "L2"

    def test_the_calendar_changes_only_with_the_document(self) -> None:
        moved = document(calendar={"time_zone": "Asia/Colombo"})
        assert self.after(document(), moved).calendar.time_zone == "Asia/Colombo"
        assert self.after(document(), document(), known=moved).calendar.time_zone == "Asia/Colombo"

    def test_a_policy_is_judged_with_those_who_will_hold_its_posts(self) -> None:
        fewer = document(officers=document()["officers"][:2])
        made = comes_to(None, fewer, standing())
        seated = made.seated(Roster(officers=comes_to(None, document(), None).policy.officers))
        assert [officer.subject for officer in seated.officers] == ["desk", "desk-2"]
        assert seated.officer("head") is None
        assert (seated.version, seated.rules) == (made.policy.version, made.policy.rules)
