"""How far a conversation goes: its turn budget, its drift, and its end."""

from datetime import timedelta
from typing import Any

import pytest

from services.policy import handlers
from services.policy.adapters.store.work import UnitOfWork
from services.policy.clearance import approve
from services.policy.desk import Desk
from services.policy.domain.authority.mandates import Mandate
from services.policy.domain.clearance import timing
from services.policy.domain.clearance.approvals import StaleDigest
from services.policy.domain.clearance.cases import Case, Turn
from services.policy.domain.clearance.deciders import Decider
from services.policy.domain.roster import Officer
from services.policy.drafting import Text, write_draft
from shared.events import Author, CaseClosed
from tests.policy.builders import NOW, OnePolicy, in_force, received, the_case

TOPICS = [
    {"id": "hours", "phrases": {"en": ["open"]}},
    {"id": "fees", "phrases": {"en": ["fee"]}},
    {"id": "tenders", "sensitivity": "S3", "phrases": {"en": ["tender"]}},
]
CLEARED = {"officer": "comms", "post": "Communications", "level": "L2"}
HOURS = {
    "id": "hours",
    "topics": ["hours"],
    "text": {"en": "Nine to three."},
    "ceiling": {"sensitivity": "S1", "damage": "D1"},
    "cleared_by": CLEARED,
    "cleared_at": "2026-11-01T09:00:00Z",
}
CLOSING = {
    **HOURS,
    "id": "closing",
    "purpose": "closing",
    "topics": [],
    "kinds": ["question", "complaint", "other"],
    "text": {"en": "For more, please call 1919."},
}
OPEN = "When do you open?"
UNANSWERED = "What is the fee?"
SUGGESTION = "I suggest that you open at eight"


class Conversation:
    """One citizen writing in one thread, under one policy."""

    def __init__(self, **sections: Any) -> None:
        self.policy = in_force(topics=TOPICS, **sections)
        self.work = UnitOfWork()
        self._comments = 0

    def say(self, text: str, author: str = "citizen", **about: Any) -> Turn:
        self._comments += 1
        event = received(text, agency="test-agency", comment=f"cmt_{self._comments}", author=Author(id=author), **about)
        handlers.on_comment_received(event, self.work, OnePolicy(self.policy), NOW + timedelta(minutes=self._comments))
        return self.case.turns[-1]

    @property
    def case(self) -> Case:
        return the_case(self.work, "test-agency")

    @property
    def answers(self) -> list[str]:
        return [response.text for response in self.work.responses]


def decider(subject: str, level: Any) -> Decider:
    return Decider(subject, (Mandate.of_post(Officer(subject=subject, post=subject, level=level)),))


def told(turn: Turn) -> dict[str, Any]:
    found: dict[str, Any] = turn.decision.explanation["conversation"]
    return found


def test_the_third_follow_up_in_the_same_subject_at_l1_goes_to_l2() -> None:
    conversation = Conversation()
    levels = [conversation.say(SUGGESTION).decision.level for _ in range(4)]
    assert levels == ["L1", "L1", "L2", "L2"]
    assert conversation.case.standing is not None
    assert conversation.case.standing.level == "L2"


def test_the_budget_is_data_of_the_policy() -> None:
    conversation = Conversation(conversation={"turns": 2})
    assert [conversation.say(SUGGESTION).decision.level for _ in range(2)] == ["L1", "L2"]
    assert "conversation" not in conversation.case.turns[0].decision.explanation
    assert told(conversation.case.turns[1]) == {"turn": 2, "turns": 2, "drift": []}


def test_a_follow_up_that_moves_to_a_tender_award_is_routed_as_new_and_the_first_approval_does_not_cover_it() -> None:
    conversation = Conversation()
    conversation.say("You are slow to open, terrible service")
    case, work, policy = conversation.case, conversation.work, conversation.policy
    write_draft(Desk(case, None, decider("desk", "L1"), policy, work, NOW), Text("We are sorry."))
    assert case.draft is not None
    seen = case.draft.digest
    assert [step.level for step in case.draft.steps] == ["L1"]
    moved = conversation.say("Who got the tender award?")
    assert (moved.decision.sensitivity >= "S3", told(moved)["drift"]) == (True, ["new_subject"])
    assert case.standing is not None
    assert case.standing.level >= "L3"
    with pytest.raises(StaleDigest):
        approve(Desk(case, case.draft, decider("head", "L4"), policy, work, NOW), seen)
    assert len(case.draft.steps) >= 2
    assert work.responses == []


def test_a_line_that_answered_the_first_subject_does_not_answer_the_second() -> None:
    conversation = Conversation(lines=[HOURS])
    assert conversation.say(OPEN).decision.line == "hours"
    moved = conversation.say("When do you open the tender award?")
    assert (moved.decision.line, moved.decision.sensitivity >= "S3", moved.state) == (None, True, "waiting")


def test_a_closing_line_ends_an_exchange_whose_budget_is_spent() -> None:
    conversation = Conversation(lines=[HOURS, CLOSING])
    for _ in range(3):
        last = conversation.say(OPEN)
    assert conversation.answers == ["Nine to three.", "Nine to three.", "For more, please call 1919."]
    assert (last.decision.disposition, last.decision.level, last.state) == ("refer", "L0", "released")
    assert told(last) == {
        "turn": 3,
        "turns": 3,
        "drift": ["new_fact"],
        "ended_by": "closing",
        "ended_before": False,
    }
    (response,) = conversation.work.responses[-1:]
    assert (response.authorisations[0].line, response.purpose) == ("closing", "closing")


def test_in_a_blackout_no_closing_line_goes_out() -> None:
    begins = NOW + timedelta(minutes=2, seconds=30)
    blackout = {"kind": "blackout", "from": begins.isoformat().replace("+00:00", "Z")}
    conversation = Conversation(lines=[HOURS, CLOSING], periods=[blackout])
    for _ in range(3):
        last = conversation.say(OPEN)
    assert "19" in last.decision.rules
    assert (last.decision.line, len(conversation.answers)) == (None, 2)


def test_after_the_closing_line_no_clock_starts_unless_a_new_subject_comes() -> None:
    conversation = Conversation(lines=[HOURS, CLOSING])
    for _ in range(3):
        conversation.say(OPEN)
    for text in (OPEN, "Hello? When will you open?"):
        listened = conversation.say(text)
        assert (listened.decision.disposition, listened.state, listened.deadlines) == ("let_stand", "closed", None)
    assert (len(conversation.answers), timing.timers(conversation.case), conversation.case.due_at) == (3, [], None)
    assert [event.reason for event in conversation.work.events if isinstance(event, CaseClosed)] == ["let_stand"] * 2
    new = conversation.say(UNANSWERED)
    assert (new.state, told(new)["drift"]) == ("waiting", ["new_subject"])
    assert timing.timers(conversation.case) != []


def test_a_new_subject_after_the_end_is_no_longer_ended() -> None:
    conversation = Conversation(lines=[HOURS, CLOSING])
    for _ in range(3):
        conversation.say(OPEN)
    conversation.say(UNANSWERED)
    again = conversation.say("So what is the fee?")
    assert (again.state, "ended_by" in told(again)) == ("waiting", False)
    assert len(conversation.answers) == 3


def test_what_names_no_subject_may_be_a_new_one_and_is_not_let_stand_after_the_end() -> None:
    conversation = Conversation(lines=[HOURS, CLOSING])
    for _ in range(3):
        conversation.say(OPEN)
    new = conversation.say("The bridge near the school has a big crack, who repairs it?")
    assert (new.decision.topics, new.state, "ended_by" in told(new)) == ((), "waiting", False)


def test_an_exchange_that_never_named_a_subject_stays_ended() -> None:
    general = {**HOURS, "id": "general"}
    conversation = Conversation(lines=[general, CLOSING])
    for _ in range(3):
        conversation.say(OPEN)
    for turn in conversation.case.turns:
        turn.decision = turn.decision._replace(topics=())
    again = conversation.say("Hello, and when is that?")
    assert (again.decision.topics, again.decision.disposition) == ((), "let_stand")


def test_whoever_comes_back_after_thirty_days_is_answered_again() -> None:
    conversation = Conversation(lines=[HOURS, CLOSING])
    for _ in range(3):
        conversation.say(OPEN)
    assert conversation.say(OPEN, received_at=NOW + timedelta(days=30)).decision.disposition == "let_stand"
    back = conversation.say(OPEN, received_at=NOW + timedelta(days=30, seconds=1))
    assert (back.state, "ended_by" in told(back)) == ("waiting", False)


def test_what_danger_there_is_is_heard_after_the_end_as_well() -> None:
    conversation = Conversation(lines=[HOURS, CLOSING])
    for _ in range(3):
        conversation.say(OPEN)
    heard = conversation.say("People are trapped inside your office, send help")
    assert (heard.decision.kind, heard.decision.disposition, heard.state) == ("emergency", "escalate", "waiting")


def test_no_line_ends_what_was_never_answered() -> None:
    conversation = Conversation(lines=[CLOSING])
    for _ in range(4):
        last = conversation.say(UNANSWERED)
    assert (last.state, conversation.answers) == ("waiting", [])
    assert "20" in last.decision.rules


@pytest.mark.parametrize(
    "changes",
    [
        {"kinds": ["complaint"]},
        {"preconditions": {"until": "2026-11-20T00:00:00Z"}},
        {"ceiling": {"sensitivity": "S0", "damage": "D0"}, "text": {"si": "1919"}},
        {"topics": ["fees"]},
        {"cleared_by": {"officer": "desk", "post": "Desk", "level": "L0"}},
    ],
)
def test_a_closing_line_whose_preconditions_do_not_hold_ends_nothing(changes: Any) -> None:
    conversation = Conversation(lines=[HOURS, {**CLOSING, **changes}])
    for _ in range(3):
        last = conversation.say(OPEN)
    assert (last.decision.line, last.state, len(conversation.answers)) == (None, "waiting", 2)
    assert "ended_by" not in told(last)


def test_one_citizens_exchange_ends_and_anothers_goes_on() -> None:
    conversation = Conversation(lines=[HOURS, CLOSING])
    for _ in range(3):
        conversation.say(OPEN)
    assert conversation.say(OPEN, author="another").decision.line == "hours"
    assert conversation.say(OPEN).decision.disposition == "let_stand"


def test_a_journalist_who_joins_is_told_of() -> None:
    journalist = {"account": "daily", "kind": "press"}
    conversation = Conversation(lines=[HOURS], known_authors=[journalist])
    conversation.say(OPEN)
    joined = conversation.say(OPEN, author="daily")
    assert (told(joined)["drift"], joined.decision.level, joined.decision.disposition) == (["press"], "L2", "refer")


@pytest.mark.parametrize(("reach", "drift"), [(299, []), (300, ["reach"]), (None, [])])
def test_reach_that_jumps_is_told_of(reach: int | None, drift: list[str]) -> None:
    conversation = Conversation()
    conversation.say(UNANSWERED, reach=30)
    assert told(conversation.say(UNANSWERED, reach=reach))["drift"] == drift
