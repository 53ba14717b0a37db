"""Holding replies and acknowledgements: what goes out while the citizen waits, and that it answers nothing."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.policy import handlers, timekeeping
from services.policy.adapters.store.work import UnitOfWork
from services.policy.clearance import approve
from services.policy.domain.clearance import timing
from services.policy.domain.clearance.approvals import Consent, Step
from services.policy.domain.clearance.cases import Case
from services.policy.domain.clearance.cleared_lines import ClearedLine
from services.policy.domain.clearance.meanwhile import line_for
from services.policy.domain.clocks.timers import TimerKind
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.policies import Line
from services.policy.drafting import Text, write_draft
from shared.events import ResponseApproved
from tests.policy.builders import (
    NOW,
    OFFICERS,
    a_desk,
    deleted,
    edited,
    failed,
    in_force,
    published,
    received,
    sample,
    the_case,
)
from tests.policy.test_timekeeping import OnePolicy, timer

SINHALA = "මගේ පාස්පෝට් එක තාම නෑ, සේවාව නරකයි"
COMPLAINT = "Still waiting for my passport, terrible service"
RATES = "Will the exchange rate fall?"
READY = "When will my passport be ready?"


def a_line(purpose: str = "holding", **changes: Any) -> dict[str, Any]:
    return {
        "id": purpose,
        "purpose": purpose,
        "kinds": ["question", "complaint"],
        "text": {"en": f"An {purpose}.", "si": "පිළිතුරක් සූදානම් වේ."},
        "ceiling": {"sensitivity": "S4", "damage": "D4"},
        "cleared_by": {"officer": "head", "post": "Head", "level": "L4"},
        "cleared_at": "2026-11-01T09:00:00Z",
        **changes,
    }


def with_lines(*lines: Any, **sections: Any) -> PolicyInForce:
    clocks = {"service": {"acknowledge": 60, "holding": 120, "answer": 240}}
    return in_force(lines=list(lines), clocks=clocks, **sections)


class Waiting:
    """One thread whose time passes by one policy."""

    def __init__(self, policy: PolicyInForce, text: str = COMPLAINT, agency: str = "passports", **about: Any) -> None:
        self.policy, self.agency, self.work = policy, agency, UnitOfWork()
        self.happen(received(text, agency=agency, **about))

    @property
    def case(self) -> Case:
        return the_case(self.work, self.agency)

    def happen(self, event: Any) -> None:
        name = "".join(f"_{char.lower()}" if char.isupper() else char for char in type(event).__name__)
        getattr(handlers, f"on{name}")(event, self.work, OnePolicy(self.policy), NOW)

    def ring(self, kind: TimerKind, at: datetime | None = None) -> None:
        moment = at or timer(self.case, kind).due_at + timedelta(seconds=1)
        timekeeping.on_timer_due(kind, self.case, self.policy, self.work, moment)

    @property
    def said(self) -> list[ResponseApproved]:
        return [event for event in self.work.events if isinstance(event, ResponseApproved)]

    def acts(self, action: str) -> list[dict[str, Any]]:
        return [act.details for act in self.work.acts if act.action == action]

    def answer(self) -> None:
        draft = write_draft(a_desk(self.case, self.work, "passports-desk"), Text("We are sorry."))
        approve(a_desk(self.case, self.work, "passports-comms"), draft.digest)


@pytest.mark.parametrize(("kind", "purpose"), [("holding", "holding"), ("acknowledge", "acknowledgement")])
def test_a_cleared_line_goes_out_when_its_time_comes_and_the_citizen_waits_on(kind: Any, purpose: str) -> None:
    waiting = Waiting(with_lines(a_line(purpose)))
    due_at, deadlines = waiting.case.due_at, waiting.case.turns[0].deadlines
    waiting.ring(kind)
    (said,) = waiting.said
    assert (said.purpose, said.text, said.language, said.level) == (purpose, f"An {purpose}.", "en", "L0")
    assert (said.comments, said.reply_to, said.mention) == (("cmt_1",), "n-cmt_1", "citizen@example.social")
    (standing,) = said.authorisations
    assert (standing.kind, standing.officer, standing.level, standing.line) == ("standing", "head", "L4", purpose)
    assert (waiting.case.state, waiting.case.turns[0].state, waiting.case.due_at) == ("open", "waiting", due_at)
    assert (waiting.case.turns[0].answered_at, waiting.case.turns[0].deadlines) == (None, deadlines)
    assert [each["purpose"] for each in waiting.acts("response.released") if "purpose" in each] == [purpose]
    assert {each.kind for each in timing.timers(waiting.case)} >= {"breach", "near_breach"}


@pytest.mark.parametrize("kind", ["holding", "acknowledge"])
def test_it_goes_out_no_later_than_the_answer_is_due_or_the_line_holds(kind: Any) -> None:
    purpose = "holding" if kind == "holding" else "acknowledgement"
    waiting = Waiting(with_lines(a_line(purpose)))
    waiting.ring(kind)
    assert waiting.said[0].valid_until == waiting.case.due_at is not None
    until = timer(waiting.case, "near_breach").due_at
    bounded = Waiting(with_lines(a_line(purpose, preconditions={"until": until.isoformat()})))
    bounded.ring(kind)
    assert bounded.said[0].valid_until == until


def test_a_holding_reply_that_is_said_after_the_answer_was_due_may_still_go_out() -> None:
    waiting = Waiting(with_lines(a_line()))
    assert waiting.case.due_at is not None
    waiting.ring("holding", waiting.case.due_at + timedelta(minutes=1))
    assert waiting.said[0].valid_until is None


def test_it_is_said_in_the_citizens_language() -> None:
    waiting = Waiting(with_lines(a_line(kinds=["complaint", "other", "question"])), SINHALA)
    waiting.ring("holding", NOW + timedelta(hours=8))
    assert [each.language for each in waiting.said] == ["si"]


def test_two_who_wait_in_two_languages_are_each_told_in_their_own() -> None:
    waiting = Waiting(with_lines(a_line(kinds=["complaint", "other", "question"])))
    waiting.happen(received(SINHALA, agency="passports", comment="cmt_2"))
    waiting.ring("holding", NOW + timedelta(hours=8))
    said = {each.language: (each.comments, each.reply_to) for each in waiting.said}
    assert said == {"en": (("cmt_1",), "n-cmt_1"), "si": (("cmt_2",), "n-cmt_2")}
    assert waiting.case.told == {"cmt_1": {"holding"}, "cmt_2": {"holding"}}


def test_what_is_said_in_one_language_covers_only_those_who_wait_in_it() -> None:
    policy = with_lines(a_line(kinds=["complaint", "other", "question"]))
    waiting = Waiting(policy)
    for number, text in enumerate((SINHALA, COMPLAINT), start=2):
        waiting.happen(received(text, agency="passports", comment=f"cmt_{number}"))
    found = line_for("holding", waiting.case, waiting.case.turns[1], policy, NOW)
    assert (found.language, [turn.comment for turn in found.tell]) == ("si", ["cmt_2"])


def test_a_line_that_a_stand_in_cleared_is_good_until_it_is_withdrawn() -> None:
    policy = with_lines(topics=[])
    stood_in = {"officer": "desk-2", "post": "Communications", "level": "L4"}
    step = Step("approval", "L4", None, Consent("desk-2", "Communications", "L4", NOW, "0" * 64))
    line = ClearedLine.model_validate(
        {**a_line(cleared_by=stood_in), "version": 1, "clearance": "sub_1", "consents": (step,)}, strict=False
    )
    waiting = Waiting(policy.with_lines([line]))
    waiting.ring("holding")
    assert [each.clearance for each in waiting.said] == ["sub_1"]


def test_pressing_twice_says_it_once() -> None:
    waiting = Waiting(with_lines(a_line()))
    at = timer(waiting.case, "holding").due_at + timedelta(seconds=1)
    for _ in range(3):
        waiting.ring("holding", at)
    assert len(waiting.said) == 1


def test_after_a_holding_reply_nobody_is_told_that_the_comment_has_come_in() -> None:
    waiting = Waiting(with_lines(a_line(), a_line("acknowledgement")))
    late = timer(waiting.case, "holding").due_at + timedelta(seconds=1)
    waiting.ring("acknowledge", late)
    waiting.ring("holding", late)
    assert [each.purpose for each in waiting.said] == ["holding"]
    waiting.case.fired.pop("acknowledge")
    waiting.ring("acknowledge", late)
    assert len(waiting.said) == 1


def test_an_acknowledgement_comes_first_and_the_holding_reply_after_it() -> None:
    waiting = Waiting(with_lines(a_line(), a_line("acknowledgement")))
    waiting.ring("acknowledge")
    waiting.ring("holding")
    assert [each.purpose for each in waiting.said] == ["acknowledgement", "holding"]


def test_an_acknowledgement_that_is_later_than_the_answer_should_be_is_not_sent() -> None:
    waiting = Waiting(with_lines(a_line("acknowledgement")))
    waiting.ring("acknowledge", timer(waiting.case, "breach").due_at)
    assert waiting.said == []


def test_what_was_said_about_a_comment_is_not_said_again_of_its_next_revision() -> None:
    waiting = Waiting(with_lines(a_line(), a_line("acknowledgement")))
    waiting.ring("acknowledge")
    waiting.ring("holding")
    waiting.happen(edited(COMPLAINT + "!!"))
    assert waiting.case.fired == {}
    waiting.ring("acknowledge")
    waiting.ring("holding")
    assert len(waiting.said) == 2


def test_nothing_is_said_once_the_answer_was_released() -> None:
    waiting = Waiting(sample("passports"))
    at = timer(waiting.case, "acknowledge").due_at
    waiting.answer()
    waiting.ring("acknowledge", at)
    assert [each.purpose for each in waiting.said] == ["answer"]


def test_a_published_holding_reply_leaves_the_comment_waiting_and_the_answer_still_goes_out() -> None:
    waiting = Waiting(sample("passports"))
    waiting.ring("acknowledge")
    waiting.happen(published(waiting.said[0]))
    assert (waiting.case.turns[0].state, waiting.acts("case.answered")) == ("waiting", [])
    waiting.answer()
    waiting.happen(published(waiting.said[1]))
    assert [each.purpose for each in waiting.said] == ["acknowledgement", "answer"]
    assert (waiting.case.turns[0].state, waiting.case.state) == ("answered", "answered")


def test_a_holding_reply_that_appears_after_the_answer_was_released_finishes_nothing() -> None:
    waiting = Waiting(sample("passports"))
    waiting.ring("acknowledge")
    waiting.answer()
    waiting.happen(published(waiting.said[0]))
    assert waiting.case.turns[0].state == "released"


def test_a_closing_line_that_appears_closes_and_answers_nothing() -> None:
    waiting = Waiting(sample("passports"))
    waiting.answer()
    waiting.happen(published(waiting.said[0].model_copy(update={"purpose": "closing"})))
    assert (waiting.case.turns[0].state, waiting.acts("case.answered")) == ("closed", [])


@pytest.mark.parametrize("reason", ["refused", "not_possible"])
def test_a_holding_reply_that_fails_is_on_record_and_closes_nothing(reason: str) -> None:
    waiting = Waiting(sample("passports"))
    waiting.ring("acknowledge")
    waiting.answer()
    waiting.happen(failed(waiting.said[0], reason))
    assert waiting.case.turns[0].state == "released"
    (act,) = waiting.acts("response.failed")
    assert (act["purpose"], act["reason"]) == ("acknowledgement", reason)


def test_a_question_about_the_market_is_held_by_the_line_that_the_governor_cleared() -> None:
    waiting = Waiting(sample("central-bank"), RATES, "central-bank")
    waiting.ring("holding")
    (said,) = waiting.said
    assert (said.purpose, said.authorisations[0].officer, waiting.case.standing.level) == ("holding", "governor", "L4")  # type: ignore[union-attr]


GONE: list[Any] = [{**each, "until": NOW} if each["subject"] == "head" else each for each in OFFICERS]
MOVED: list[Any] = [{**each, "post": "Elsewhere"} if each["subject"] == "head" else each for each in OFFICERS]
HOURS: dict[str, Any] = {"id": "hours", "phrases": {"en": ["hours"]}}
PASSPORT: dict[str, Any] = {"id": "passport", "phrases": {"en": ["passport"]}}
WEIGHTY = {**PASSPORT, "sensitivity": "S2", "damage": "D1"}
BY_THE_DESK = {"officer": "desk", "post": "Desk", "level": "L1"}
SEALED = {**PASSPORT, "embargo_until": "2026-12-24T00:00:00Z"}
ALWAYS = "2020-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("line", "sections", "doubt"),
    [
        ({"text": {"si": "පිළිතුරක්"}}, {}, "it has no text in en"),
        ({"kinds": ["question"]}, {}, "it does not answer: complaint"),
        ({"ceiling": {"sensitivity": "S1", "damage": "D0"}}, {"topics": [WEIGHTY]}, "S2/D1 is above its ceiling"),
        ({"cleared_by": BY_THE_DESK}, {"topics": [WEIGHTY]}, "L2 is needed and it was cleared on L1"),
        ({}, {"officers": GONE}, "head, who cleared it, does not hold that post now"),
        ({}, {"officers": MOVED}, "head, who cleared it, does not hold that post now"),
        ({"topics": ["hours"]}, {"topics": [HOURS, PASSPORT]}, "the comment is not about its topics"),
        ({"topics": ["hours"]}, {"topics": [HOURS, PASSPORT]}, "the comment is also about: passport"),
        ({"preconditions": {"unless": {"en": ["terrible"]}}}, {}, "the comment asks for more than it says"),
        ({"preconditions": {"until": "2026-11-01T00:00:00Z"}}, {}, "its time is over"),
        ({}, {"topics": [SEALED]}, "a topic of the comment is under embargo"),
        ({}, {"periods": [{"kind": "blackout", "from": ALWAYS}]}, "nothing goes out now"),
        ({}, {"periods": [{"kind": "crisis", "from": ALWAYS}]}, "it is not of the crisis pack"),
    ],
)
def test_with_one_doubt_nothing_is_said_and_a_person_is_told_why(line: Any, sections: Any, doubt: str) -> None:
    open_policy = with_lines(a_line(), topics=sections.get("topics", []))
    waiting = Waiting(open_policy)
    waiting.policy = with_lines(a_line(**line), **sections)
    waiting.ring("holding")
    assert waiting.said == []
    (noted,) = waiting.acts("holding_reply.due")
    assert any(each.startswith(doubt) for each in noted["doubts"]["holding"])


def test_it_holds_no_longer_than_the_platform_takes_it_and_after_that_is_not_said() -> None:
    waiting = Waiting(with_lines(a_line()))
    due = timer(waiting.case, "holding").due_at
    ends = due + timedelta(minutes=5)
    soon = Waiting(with_lines(a_line()), window_ends_at=ends)
    soon.ring("holding")
    assert soon.said[0].valid_until == ends
    over = Waiting(with_lines(a_line()), window_ends_at=due)
    over.ring("holding")
    assert over.said == []
    assert over.acts("holding_reply.due")[0]["doubts"]["holding"] == ["its platform takes no answer any more"]


def test_a_line_for_the_subject_goes_out_about_it() -> None:
    waiting = Waiting(with_lines(a_line(topics=["passport"]), topics=[PASSPORT]))
    waiting.ring("holding")
    assert len(waiting.said) == 1


def test_what_another_agency_answers_is_promised_no_answer() -> None:
    elsewhere = {**PASSPORT, "agency": "passports"}
    clocks = {"transfer": {"acknowledge": 30, "holding": 60, "answer": 120}}
    policy = in_force(lines=[a_line(), a_line("acknowledgement")], topics=[elsewhere], clocks=clocks)
    waiting = Waiting(policy, READY)
    assert waiting.case.turns[0].decision.disposition == "transfer"
    waiting.ring("acknowledge")
    waiting.ring("holding")
    assert waiting.said == []


def test_without_a_line_a_holding_reply_is_only_noted_and_an_acknowledgement_not_even_that() -> None:
    waiting = Waiting(with_lines())
    before = len(waiting.work.acts)
    waiting.ring("acknowledge")
    assert len(waiting.work.acts) == before
    waiting.ring("holding")
    assert (waiting.said, len(waiting.acts("holding_reply.due"))) == ([], 1)


def test_one_word_that_forbids_the_line_in_any_waiting_comment_keeps_it_back() -> None:
    waiting = Waiting(with_lines(a_line()))
    waiting.happen(received("My phone is 0771234567, terrible service", comment="cmt_2"))
    waiting.ring("holding")
    assert waiting.said == []


def test_while_the_clock_stands_still_nothing_is_said() -> None:
    waiting = Waiting(with_lines(a_line()))
    late = timer(waiting.case, "holding").due_at + timedelta(minutes=1)
    timing.pause(waiting.case, "transferred", None, "desk", waiting.policy.time, late)
    waiting.ring("holding", late)
    assert waiting.said == []
    assert waiting.acts("holding_reply.due")[0]["doubts"] == {"holding": ["its clock stands still: transferred"]}


def test_a_deleted_comment_is_told_nothing() -> None:
    waiting = Waiting(with_lines(a_line()))
    at = timer(waiting.case, "holding").due_at
    waiting.happen(deleted())
    waiting.ring("holding", at)
    assert waiting.said == []


@pytest.mark.parametrize("agency", ["central-bank", "passports", "water-board"])
def test_every_sample_agency_has_words_for_those_who_wait_in_its_three_languages(agency: str) -> None:
    lines: dict[str, Line] = {line.purpose: line for line in sample(agency).policy.lines}
    for purpose in ("holding", "acknowledgement"):
        assert set(lines[purpose].text) == {"en", "si", "ta"}
        assert lines[purpose].topics == ()
