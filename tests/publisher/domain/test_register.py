"""Receipts and the register as rules: one form for all, nothing personal, and a chain that names what was altered."""

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.publisher.domain.register import (
    BEGINNING,
    Broken,
    Entered,
    Receipt,
    digest,
    enter,
    outcomes,
    receipt_id,
    statement,
    verify,
)
from tests.publisher.builders import NOW, later

DAY = date(2026, 11, 22)


def a_receipt(**changes: Any) -> Receipt:
    about: dict[str, Any] = {
        "id": "rct_1",
        "agency": "passports",
        "policy_version": "7",
        "rules": ("1", "21"),
        "level": "L1",
        "asked_at": NOW,
        "asked_from": "received",
        "due_at": later(hours=4),
    }
    return Receipt(**about | changes)


ANSWERED = {"answered_at": later(minutes=95), "approvals": 1, "manner": "cleared"}
moments = st.none() | st.integers(0, 10**6).map(lambda seconds: NOW + timedelta(seconds=seconds))
receipts = st.builds(
    a_receipt,
    level=st.sampled_from(["L0", "L1", "L4", "L5"]),
    rules=st.lists(st.text("0123456789", min_size=1, max_size=2), max_size=3).map(tuple),
    due_at=moments,
    answered_at=moments,
    closed_at=moments,
    closed_reason=st.sampled_from(["no_response", "transferred", "comment_deleted", "anything"]),
    hidden_at=moments,
    house_rule=st.none() | st.text(max_size=10),
    approvals=st.integers(0, 3),
    corrections=st.integers(0, 2),
    is_retracted=st.booleans(),
)


@pytest.mark.parametrize(
    ("facts", "outcome", "reason"),
    [
        ({}, "open", None),
        (ANSWERED, "answered", None),
        ({"closed_at": NOW, "closed_reason": "no_response"}, "not_answered", "needs_no_answer"),
        ({"closed_at": NOW, "closed_reason": "comment_deleted"}, "not_answered", "deleted_by_its_author"),
        ({"closed_at": NOW, "closed_reason": "not_possible"}, "not_answered", "not_possible"),
        ({"closed_at": NOW, "closed_reason": "whatever comes"}, "not_answered", "other"),
        ({"closed_at": NOW, "closed_reason": "transferred"}, "transferred", None),
        ({"hidden_at": NOW}, "hidden", None),
        ({"hidden_at": NOW, **ANSWERED}, "answered", None),
    ],
)
def test_a_receipt_says_what_became_of_its_comment(facts: dict[str, Any], outcome: str, reason: str | None) -> None:
    said = statement(a_receipt(**facts))
    assert (said["outcome"], said["reason"]) == (outcome, reason)


def test_an_answer_shows_its_authority_and_its_clock() -> None:
    said = statement(a_receipt(**ANSWERED, signoffs=2, level="L4"))
    assert (said["level"], said["approvals"], said["signoffs"], said["rules"]) == ("L4", 1, 2, ["1", "21"])
    assert said["clock"] == {"from": "received", "target_minutes": 240, "actual_minutes": 95}


def test_what_was_hidden_names_its_house_rule() -> None:
    assert statement(a_receipt(hidden_at=NOW, house_rule="abuse"))["hidden_under"] == "abuse"
    assert statement(a_receipt(hidden_at=NOW))["hidden_under"] == "not_named"
    assert statement(a_receipt(house_rule="abuse"))["hidden_under"] is None


@given(receipts, receipts)
def test_every_receipt_has_the_same_form(one: Receipt, other: Receipt) -> None:
    assert statement(one).keys() == statement(other).keys()
    assert statement(one)["clock"].keys() == statement(other)["clock"].keys()


@given(receipts)
def test_an_open_receipt_does_not_tell_how_weighty_its_matter_is(receipt: Receipt) -> None:
    still_open = replace(receipt, answered_at=None, closed_at=None, hidden_at=None)
    trifle = replace(still_open, level="L1", rules=(), due_at=None, approvals=0, house_rule=None)
    assert statement(still_open) == statement(trifle)


@given(receipts)
def test_no_moment_stands_in_a_receipt(receipt: Receipt) -> None:
    said = json.dumps(statement(receipt))
    for moment in (receipt.asked_at, receipt.answered_at, receipt.closed_at, receipt.hidden_at):
        assert moment is None or f"{moment:%H:%M:%S}" not in said


def test_a_receipt_is_found_by_its_comment_and_no_other_key() -> None:
    assert receipt_id(b"k" * 32, "cmt_1") == receipt_id(b"k" * 32, "cmt_1")
    assert len({receipt_id(b"k" * 32, "cmt_1"), receipt_id(b"k" * 32, "cmt_2"), receipt_id(b"x" * 32, "cmt_1")}) == 3
    assert "cmt_1" not in receipt_id(b"k" * 32, "cmt_1")


def lines(number: int) -> list[Entered]:
    return enter([a_receipt(id=f"rct_{one}") for one in range(number)], DAY, 0, BEGINNING)


@given(st.integers(0, 12), st.integers(0, 12))
def test_a_register_that_nobody_touched_holds(first: int, second: int) -> None:
    before = lines(first)
    number, last = (before[-1].number, before[-1].hash) if before else (0, BEGINNING)
    after = enter([a_receipt(id=f"rct_b{one}") for one in range(second)], DAY, number, last)
    whole = [*before, *after]
    assert verify(whole, {line.number: line.hash for line in whole}) is None


@given(st.data())
def test_an_altered_line_is_named(data: st.DataObject) -> None:
    whole = lines(6)
    at = data.draw(st.integers(0, 5))
    whole[at] = replace(whole[at], entry=whole[at].entry.replace('"L1"', '"L2"').replace('"open"', '"answered"'))
    assert verify(whole, {}) == Broken(at + 1, "the line was altered")


def test_a_missing_line_is_named() -> None:
    whole = lines(4)
    assert verify(whole[:1] + whole[2:], {}) == Broken(2, "the line is missing")
    assert verify(whole[:3], {4: whole[3].hash}) == Broken(4, "lines are missing at the end")


def test_a_register_written_anew_does_not_fit_its_published_heads() -> None:
    heads = {4: lines(4)[-1].hash}
    forged = enter([a_receipt(id=f"rct_{one}", **ANSWERED) for one in range(4)], DAY, 0, BEGINNING)
    assert verify(forged, {}) is None
    assert verify(forged, heads) == Broken(4, "the line is not the one whose head was published")


def test_a_line_is_hashed_as_the_documentation_says() -> None:
    (line,) = lines(1)
    assert line.hash == digest("0" * 64, line.entry)
    assert line.entry == json.dumps(json.loads(line.entry), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def test_the_newest_line_of_a_receipt_counts() -> None:
    first = enter([a_receipt(id="a"), a_receipt(id="b")], DAY, 0, BEGINNING)
    second = enter([a_receipt(id="a", **ANSWERED)], DAY, 2, first[-1].hash)
    assert outcomes(json.loads(line.entry) for line in (*first, *second)) == {"answered": 1, "open": 1}
