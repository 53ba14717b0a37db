"""One authority releases in danger to life, never silently, and somebody else reviews it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.policy import break_glass
from services.policy.break_glass import NoDanger
from services.policy.domain.clearance.approvals import NotYourAuthority, StaleDigest
from services.policy.domain.clearance.reviews import OwnRelease, ReviewedAlready
from tests.policy.builders import NOW
from tests.policy.case_office import Office


def danger() -> Office:
    office = Office("The water is poisoned, my child is dying, help", "water-board", "water")
    office.write("division", "Do not drink the water. Call 119.")
    return office


def test_one_authority_releases_at_once_and_the_next_level_is_told() -> None:
    office = danger()
    office.break_glass("division")
    (response,) = office.released
    (authorisation,) = response.authorisations
    assert (authorisation.kind, authorisation.officer) == ("break_glass", "water-division")
    assert office.passed_up == [("break_glass", "L4")]
    assert office.actions[-1] == "response.released_at_once"
    (review,) = office.reviews
    assert review.due_at == NOW + timedelta(hours=24)


def test_pressing_twice_releases_once() -> None:
    office = danger()
    office.break_glass("division")
    office.break_glass("division")
    assert (len(office.released), len(office.reviews)) == (1, 1)


def test_without_danger_nobody_releases_alone() -> None:
    office = Office("Still waiting, terrible service")
    office.write("desk")
    with pytest.raises(NoDanger):
        office.break_glass("head")
    assert office.released == []


def test_it_takes_the_level_that_the_answer_needs() -> None:
    with pytest.raises(NotYourAuthority):
        danger().break_glass("comms")


def test_it_is_for_what_was_seen() -> None:
    office = danger()
    with pytest.raises(StaleDigest):
        break_glass.release(office.desk("division"), "0" * 64, "now")


def test_somebody_else_on_its_level_reviews_it_once() -> None:
    office = danger()
    office.break_glass("division")
    (review,) = office.reviews
    later = NOW + timedelta(hours=3)
    with pytest.raises(OwnRelease):
        break_glass.review(review, office.desk("division").decider, "upheld", "Right.", later)
    with pytest.raises(NotYourAuthority):
        break_glass.review(review, office.desk("comms").decider, "upheld", "Right.", later)
    done, act = break_glass.review(review, office.desk("head").decider, "faulted", "The number was wrong.", later)
    assert (done.finding, done.reviewed_by, act.action) == ("faulted", "water-head", "release.reviewed")
    with pytest.raises(ReviewedAlready):
        break_glass.review(done, office.desk("head").decider, "upheld", "Right.", later)


def test_a_review_that_nobody_made_is_told_above() -> None:
    office = danger()
    office.break_glass("division")
    break_glass.remind(replace(office.desk("head"), now=NOW + timedelta(hours=25)), office.reviews[0])
    assert office.passed_up[-1] == ("review_overdue", "L4")


def test_what_officers_disagree_on_is_released_alone_only_from_where_it_went_up_to() -> None:
    office = danger()
    office.refuse("head", "That number is wrong.")
    office.amend("division", "Do not drink the water. Call 118.")
    office.refuse("head", "Still wrong.")
    assert office.case.raised_to == "L4"
    with pytest.raises(NotYourAuthority):
        office.break_glass("division")


def test_what_the_head_releases_alone_is_told_above_and_can_be_reviewed() -> None:
    office = danger()
    office.break_glass("head")
    assert office.passed_up == [("break_glass", "L5")]
    (review,) = office.reviews
    done, _ = break_glass.review(review, office.desk("legal").decider, "upheld", "Right.", NOW)
    assert done.reviewed_by == "water-legal"
