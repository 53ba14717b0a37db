"""Whoever writes hears at once what a platform would never take, or takes no more."""

from datetime import timedelta
from typing import Any

import pytest

from services.policy import answering_many, casework
from services.policy.domain.clearance.approvals import ReplyWindowClosed, WindowClosed
from services.policy.domain.clearance.cases import Case
from services.policy.domain.clearance.lengths import DoesNotFit
from services.policy.domain.clearance.paths import AgencyPace, budget_of
from shared.events import Author
from shared.lengths import Misfit
from tests.policy.builders import NOW
from tests.policy.case_office import Office
from tests.policy.domain.clearance.test_answers import DRY, WATER, a_case, an_answer, cleared
from tests.policy.test_fitting import COMPLAINT, Intake, everybody, slow

HOUR = timedelta(hours=1)
LONG = "We are sorry that you had to wait so long. " * 8


class At(Office):
    """One case on a platform."""

    def __init__(self, platform: str = "messenger", text: str = COMPLAINT, **about: Any) -> None:
        super().__init__(text, platform=platform, **about)

    @property
    def case(self) -> Case:
        (case,) = self.work.kept.values()
        return case


def test_a_draft_that_its_platform_would_never_take_is_refused_with_the_way_out() -> None:
    office = At("bluesky")
    with pytest.raises(DoesNotFit) as refused:
        office.write("desk", LONG)
    assert refused.value.misfits == (Misfit("bluesky", 344, "graphemes", 300),)
    assert str(refused.value) == (
        "bluesky: 344 characters as a reader counts them, and it takes 300; write less, or let your policy split "
        "answers (`replies.split`)."
    )
    assert office.case.draft is None
    office.write("desk", LONG[:300])
    with pytest.raises(DoesNotFit):
        office.amend("desk", LONG)
    assert office.draft.version == 1


def test_what_fits_elsewhere_is_taken_there() -> None:
    assert At("facebook").write("desk", LONG).text == LONG
    assert At("mastodon").write("desk", LONG).text == LONG


def test_what_a_comment_on_instagram_cannot_hold_is_refused_before_anybody_clears_it() -> None:
    office = At("instagram", author=Author(id="7"))
    with pytest.raises(DoesNotFit) as refused:
        office.write("desk", "a" * 2201)
    assert refused.value.misfits == (Misfit("instagram", 2201, "characters", 2200),)
    office.write("desk", "a" * 2200)


def test_the_mention_that_its_author_needs_counts() -> None:
    office = At("mastodon", author=Author(id="7", handle="nimal@example.social"))
    with pytest.raises(DoesNotFit) as refused:
        office.write("desk", "a" * 494)
    assert refused.value.misfits[0].length == len("@nimal ") + 494
    office.write("desk", "a" * 493)


def test_a_platform_that_wants_more_words_says_so() -> None:
    with pytest.raises(DoesNotFit, match="discourse: 9 characters, and it takes 20 at least; write more"):
        At("discourse").write("desk", "We agree.")


def test_where_the_policy_lets_answers_be_split_a_thread_is_taken_and_announced() -> None:
    office = At("bluesky")
    office.adopt(replies={"split": True})
    office.write("desk", LONG)
    office.approve("desk-2")
    assert [(each.may_split, each.text) for each in office.released] == [(True, LONG)]


def test_of_what_cannot_be_cut_no_thread_is_made() -> None:
    office = At("bluesky")
    office.adopt(replies={"split": True})
    with pytest.raises(DoesNotFit, match="no thread can be made of it"):
        office.write("desk", "See https://example.gov/" + "a" * 300)


def test_unless_the_policy_says_so_nothing_is_split() -> None:
    office = At("bluesky")
    office.write("desk")
    office.approve("desk-2")
    assert [each.may_split for each in office.released] == [False]


def test_an_answer_for_many_leaves_out_whom_the_platform_would_not_let_it_reach() -> None:
    case = a_case(DRY, platform="bluesky")
    long = cleared(an_answer(case, texts={"en": LONG}))
    assert answering_many.misfit(long, case, frozenset(), WATER, NOW) == "does_not_fit"
    closed = a_case(DRY, platform="messenger", public=False, window_ends_at=NOW)
    assert answering_many.misfit(cleared(an_answer(closed)), closed, frozenset(), WATER, NOW) == "window_closed"
    assert answering_many.misfit(cleared(an_answer(closed)), closed, frozenset(), WATER, NOW - HOUR) is None


def test_after_the_platforms_window_no_draft_is_opened() -> None:
    office = At(window_ends_at=NOW + HOUR)
    office.now = NOW + HOUR
    with pytest.raises(ReplyWindowClosed, match=r"until 2026-11-23T05:30:00\.000Z; .* once the citizen has written"):
        office.write("desk")
    assert office.case.draft is None


def test_after_the_window_nothing_is_released_and_no_version_written() -> None:
    office = At(window_ends_at=NOW + HOUR)
    office.write("desk", valid_until=NOW + 9 * HOUR)
    office.now = NOW + HOUR
    with pytest.raises(WindowClosed):
        office.approve("desk-2")
    with pytest.raises(WindowClosed):
        office.amend("desk", "Shorter.")
    assert office.released == []


def test_whoever_writes_again_can_be_answered_again() -> None:
    office = At(window_ends_at=NOW + HOUR)
    office.receive("Still no answer, terrible service", "cmt_2", platform="messenger", window_ends_at=NOW + 9 * HOUR)
    office.now = NOW + 2 * HOUR
    office.write("desk")
    office.approve("comms")
    assert office.released[0].valid_until == NOW + 9 * HOUR


def test_another_agency_gets_a_case_with_its_window() -> None:
    office = At(window_ends_at=NOW + HOUR)
    there = casework.transfer(office.desk("desk"), WATER, "pipes are theirs")
    assert (there.window_ends_at, there.due_at) == (NOW + HOUR, NOW + HOUR)


def test_a_response_holds_no_longer_than_its_platforms_window() -> None:
    office = At(window_ends_at=NOW + HOUR)
    office.write("desk", valid_until=NOW + 9 * HOUR)
    office.approve("desk-2")
    assert office.released[0].valid_until == NOW + HOUR
    assert At(text="When are you open?", window_ends_at=NOW + HOUR).released[0].valid_until == NOW + HOUR
    sooner = At(window_ends_at=NOW + 9 * HOUR)
    sooner.write("desk", valid_until=NOW + HOUR)
    sooner.approve("desk-2")
    assert sooner.released[0].valid_until == NOW + HOUR


def test_a_window_that_ends_first_is_when_the_case_is_due() -> None:
    clock = At().case.due_at
    assert clock is not None
    assert At(window_ends_at=NOW + HOUR).case.due_at == NOW + HOUR
    assert At(window_ends_at=clock + HOUR).case.due_at == clock


def test_a_path_longer_than_the_window_is_told_at_intake() -> None:
    intake = Intake(slow(100, everybody(100)), window_ends_at=NOW + HOUR)
    (act,) = intake.acts("case.cannot_fit")
    assert (act["needs_minutes"], act["remaining_minutes"]) == (100, 60)
    assert act["window_ends_at"] == act["due_at"] == "2026-11-23T05:30:00.000Z"
    assert [(event.reason, event.due_at) for event in intake.told] == [("cannot_fit", NOW + HOUR)]
    assert Intake(slow(100, everybody(100)), window_ends_at=NOW + 2 * HOUR).told == []


def test_a_shorter_path_within_the_window_is_named() -> None:
    intake = Intake(slow(100, {"passports-comms": 30}), window_ends_at=NOW + HOUR)
    (act,) = intake.acts("case.cannot_fit")
    assert act["shorter_path"]["needs_minutes"] <= act["remaining_minutes"] == 60
    assert intake.told == []


@pytest.mark.parametrize("ago", [timedelta(0), HOUR])
def test_a_window_that_is_closed_already_is_told_at_intake(ago: timedelta) -> None:
    intake = Intake(AgencyPace(), window_ends_at=NOW - ago)
    assert [event.reason for event in intake.told] == ["cannot_fit"]
    assert intake.acts("case.duty_officer_told")[0]["remaining_minutes"] == 0


def test_a_window_later_than_the_clock_changes_nothing() -> None:
    found = budget_of(Intake(AgencyPace(), window_ends_at=NOW + 30 * HOUR).case, WATER, AgencyPace(), NOW)
    assert found is not None
    assert (found.remaining, found.window_ends_at) == (240, None)
