"""What events do, with a unit of work in memory."""

from datetime import timedelta
from typing import Any

import pytest

from services.policy import handlers
from services.policy.adapters.store.work import UnitOfWork
from services.policy.clearance import approve
from services.policy.domain.clearance import releases
from services.policy.domain.clearance.cases import Case
from services.policy.drafting import Text, write_draft
from shared.errors import Dead
from shared.events import Author, CaseClosed, CaseOpened, CaseRouted, Event, ResponseApproved
from tests.policy.builders import (
    LATER,
    NOW,
    OnePolicy,
    a_desk,
    deleted,
    edited,
    failed,
    in_force,
    published,
    received,
    sample,
    shelf,
    the_case,
)

HOURS = "What time do you open on Saturday?"
COMPLAINT = "Still waiting for my passport, terrible service"
PRAISE = "Great service, well done"


def after(*events: Event) -> UnitOfWork:
    work = UnitOfWork()
    happen(work, *events)
    return work


def happen(work: UnitOfWork, *events: Event) -> None:
    for event in events:
        name = "".join(f"_{char.lower()}" if char.isupper() else char for char in type(event).__name__)
        getattr(handlers, f"on{name}")(event, work, shelf(), NOW)


def staged(work: UnitOfWork, kind: type[Event]) -> list[Any]:
    return [event for event in work.events if isinstance(event, kind)]


def drafted(work: UnitOfWork) -> Case:
    case = the_case(work)
    write_draft(a_desk(case, work, "passports-desk"), Text("We are sorry."))
    return case


def test_a_question_that_a_line_answers_is_released_at_once_under_its_standing_authority() -> None:
    work = after(received(HOURS))
    assert [type(event).__name__ for event in work.events] == ["CaseOpened", "CaseRouted", "ResponseApproved"]
    (response,) = staged(work, ResponseApproved)
    (standing,) = response.authorisations
    assert (standing.kind, standing.officer, standing.line) == ("standing", "passports-comms", "opening-hours")
    assert (response.level, response.reply_to, response.mention) == ("L0", "n-cmt_1", "citizen@example.social")
    assert the_case(work).state == "approved"
    assert [act.action for act in work.acts] == ["case.opened", "case.routed", "response.released"]
    assert work.acts[-1].on_behalf_of == "passports-comms"


def test_what_is_staged_can_be_read_by_everyone() -> None:
    for event in after(received(HOURS), received(PRAISE, comment="cmt_2")).events:
        assert type(event).model_validate_json(event.model_dump_json()) == event


def test_a_complaint_waits_for_an_officer() -> None:
    work = after(received(COMPLAINT))
    (routed,) = staged(work, CaseRouted)
    assert (routed.disposition, routed.level, routed.rules) == ("restore", "L1", ("31",))
    assert staged(work, ResponseApproved) == staged(work, CaseClosed) == []
    assert (the_case(work).state, the_case(work).standing.owner) == ("open", "Enquiries Officer")  # type: ignore[union-attr]


def test_a_routing_tells_when_the_comment_came_in_and_when_it_is_to_be_answered() -> None:
    complaint = received(COMPLAINT)
    work = after(complaint, received(PRAISE, comment="cmt_2"))
    waiting, closed = staged(work, CaseRouted)
    assert (waiting.received_at, closed.received_at) == (complaint.received_at, complaint.received_at)
    assert waiting.due_at is not None
    assert waiting.due_at > complaint.received_at
    assert closed.due_at is None


def test_praise_is_let_stand_and_closed() -> None:
    work = after(received(PRAISE))
    (closed,) = staged(work, CaseClosed)
    assert (closed.disposition, closed.reason, closed.comments) == ("let_stand", "let_stand", ("cmt_1",))
    assert the_case(work).state == "closed"


def test_what_is_only_watched_neither_closes_nor_waits() -> None:
    work = after(received("They are hiding it"))
    assert the_case(work).state == "watching"
    assert staged(work, CaseClosed) == []


@pytest.mark.parametrize("text", [HOURS, COMPLAINT, PRAISE])
def test_second_delivery_of_the_same_comment_changes_nothing(text: str) -> None:
    work = after(received(text))
    events, acts = len(work.events), len(work.acts)
    happen(work, received(text), edited(text, revision=1))
    assert (len(work.events), len(work.acts)) == (events, acts)
    assert the_case(work).turn_count == 1


def test_a_second_comment_of_the_thread_continues_the_case() -> None:
    work = after(received(COMPLAINT), received(HOURS, comment="cmt_2"))
    assert len(staged(work, CaseOpened)) == 1
    assert len({event.case for event in staged(work, CaseRouted)}) == 1
    (response,) = staged(work, ResponseApproved)
    assert response.comments == ("cmt_2",)
    assert the_case(work).state == "open"


def test_the_case_stands_as_its_weightiest_waiting_turn() -> None:
    work = after(received("My lawyer will sue you for defamation"), received(COMPLAINT, comment="cmt_2"))
    standing = the_case(work).standing
    assert standing is not None
    assert (standing.level, standing.signoffs) == ("L3", ("legal",))


def test_the_third_comment_of_one_author_is_counted_and_an_edit_is_not() -> None:
    work = after(received("the bus"), edited("the blue bus"), received("the train", comment="cmt_2"))
    assert all("20" not in event.rules for event in staged(work, CaseRouted))
    happen(work, received("other author", comment="cmt_3", author=Author(id="another")))
    happen(work, received("the plane", comment="cmt_4"))
    rules = [event.rules for event in staged(work, CaseRouted)]
    assert ["20" in each for each in rules] == [False, False, False, False, True]


def test_a_decision_keeps_what_went_before_it() -> None:
    work = after(received(HOURS), received(COMPLAINT, comment="cmt_2"), edited("the blue bus", comment="cmt_2"))
    happen(work, received(COMPLAINT, comment="cmt_3", author=Author(id="another")))
    known = [turn.decision.circumstances for turn in the_case(work).turns]
    assert [each.get("earlier_kinds", []) for each in known] == [[], ["question"], ["question"], []]
    assert [each.get("earlier_dispositions", []) for each in known] == [[], ["answer"], ["answer"], []]
    assert [each["decided_at"] for each in known] == [NOW.isoformat()] * 4


def test_what_several_people_say_alike_is_one_issue_and_decided_as_such() -> None:
    work = UnitOfWork()
    for n in range(11):
        words = f"{COMPLAINT}{'!' * n}"
        happen(work, received(words, comment=f"cmt_{n}", thread="thread-1", author=Author(id=f"citizen-{n}")))
    turns = the_case(work).turns
    assert [turn.decision.circumstances["same_issue"] for turn in turns] == list(range(1, 12))
    assert len({turn.issue for turn in turns}) == 1
    assert ["21" in turn.decision.rules for turn in turns] == [False] * 9 + [True] * 2


def test_short_words_and_our_own_belong_to_no_issue() -> None:
    work = after(received("Thanks"), received(COMPLAINT, comment="cmt_2", author=Author(id="acc-1")))
    assert [turn.issue for turn in the_case(work).turns] == [None, None]


def test_an_edit_into_other_words_joins_another_issue() -> None:
    work = after(received(COMPLAINT), edited(f"{COMPLAINT}!"), edited("The blue bus was late again", revision=3))
    first, second, third = (turn.issue for turn in the_case(work).turns)
    assert first == second != third
    assert [issue.comments for issue in work.issues.raised.values()] == [1, 1]


def test_a_policy_that_changed_meanwhile_reads_the_comment_itself() -> None:
    work, event = UnitOfWork(), received(COMPLAINT)
    old = work.reading(event, sample("water-board"))
    assert work.reading(event, sample("water-board")) is old
    new = work.reading(event, sample("passports"))
    assert new is not old
    assert new.policy is sample("passports")


def test_an_edit_without_other_words_changes_flags_only() -> None:
    work = after(received(COMPLAINT))
    events = len(work.events)
    happen(work, edited(COMPLAINT, hidden=True))
    assert len(work.events) == events
    assert (the_case(work).turns[0].hidden, the_case(work).turns[0].revision) == (True, 2)


def test_an_edit_with_other_words_is_decided_anew() -> None:
    work = after(received(COMPLAINT), edited("My lawyer will sue you"))
    assert [event.level for event in staged(work, CaseRouted)] == ["L1", "L3"]
    assert [turn.state for turn in the_case(work).turns] == ["superseded", "waiting"]
    assert the_case(work).head == ("cmt_1", 2)


def test_an_older_revision_after_a_newer_one_changes_nothing() -> None:
    work = after(edited("My lawyer will sue you", revision=3))
    events = len(work.events)
    happen(work, edited(COMPLAINT, revision=2), received(COMPLAINT))
    assert len(work.events) == events


def test_an_edit_of_an_answered_comment_is_new_business() -> None:
    work = after(received(HOURS))
    happen(work, published(staged(work, ResponseApproved)[0]))
    assert the_case(work).state == "answered"
    happen(work, edited(COMPLAINT))
    assert [turn.state for turn in the_case(work).turns] == ["answered", "waiting"]
    assert the_case(work).state == "open"


@pytest.mark.parametrize("is_published", [True, False])
def test_an_edit_that_asks_the_same_gets_the_same_line_only_once(is_published: bool) -> None:
    work = after(received(HOURS))
    (response,) = staged(work, ResponseApproved)
    if is_published:
        happen(work, published(response))
    happen(work, edited(f"{HOURS} Please"))
    assert staged(work, ResponseApproved) == [response]
    first, second = the_case(work).turns
    assert (second.decision.line, second.state, second.answered_at) == ("opening-hours", first.state, first.answered_at)
    assert the_case(work).state == ("answered" if is_published else "approved")
    if not is_published:
        happen(work, published(response))
        assert the_case(work).state == "answered"


def test_an_edit_gets_the_line_whose_first_reply_failed() -> None:
    work = after(received(HOURS))
    happen(work, failed(staged(work, ResponseApproved)[0], "rejected"), edited(f"{HOURS} Please"))
    assert len(staged(work, ResponseApproved)) == 2


def test_a_closing_line_that_an_answer_overtook_leaves_nobody_waiting() -> None:
    work = after(received(HOURS))
    (line,) = staged(work, ResponseApproved)
    happen(work, edited(COMPLAINT))
    case = drafted(work)
    assert case.draft is not None
    approve(a_desk(case, work, "passports-desk-2"), case.draft.digest)
    happen(work, failed(line.model_copy(update={"purpose": "closing"}), "superseded"))
    assert [(turn.revision, turn.state) for turn in case.turns] == [(1, "superseded"), (2, "released")]
    assert case.state == "approved"


def test_a_line_goes_out_no_later_than_it_holds() -> None:
    until = NOW + timedelta(hours=1)
    policy = shelf().of("passports")
    line = policy.line("opening-hours")
    bounded = line.model_copy(update={"preconditions": line.preconditions.model_copy(update={"until": until})})
    work = after(received(HOURS))
    case = the_case(work)
    assert releases.by_line(case, case.turns[0], bounded, False, NOW).valid_until == until
    assert work.responses[0].valid_until is None


def test_a_new_comment_lapses_the_consents_of_an_open_draft() -> None:
    work = after(received(COMPLAINT))
    digest = drafted(work).draft.digest  # type: ignore[union-attr]
    happen(work, received("My lawyer will sue you", comment="cmt_2"))
    draft = the_case(work).draft
    assert draft is not None
    assert draft.digest != digest
    assert [(step.kind, step.level) for step in draft.steps] == [
        ("approval", "L2"),
        ("approval", "L3"),
        ("signoff", "L1"),
    ]
    assert "draft.approvals_lapsed" in [act.action for act in work.acts]


def test_deleting_the_only_comment_closes_the_case_and_lapses_the_draft() -> None:
    work = after(received(COMPLAINT))
    case = drafted(work)
    happen(work, deleted())
    assert case.draft is not None
    assert (case.draft.state, case.state) == ("lapsed", "closed")
    (closed,) = staged(work, CaseClosed)
    assert closed.reason == "comment_deleted"


def test_deleting_an_earlier_comment_leaves_the_draft_for_the_later_one() -> None:
    work = after(received(COMPLAINT), received("No reply, still waiting", comment="cmt_2"))
    case = drafted(work)
    happen(work, deleted())
    assert case.draft is not None
    assert (case.draft.state, case.state) == ("open", "awaiting_clearance")
    assert [turn.comment for turn in case.unanswered] == ["cmt_2"]


def test_a_comment_that_was_deleted_does_not_come_back() -> None:
    work = after(received(COMPLAINT), deleted())
    events = len(work.events)
    happen(work, deleted(), edited("My lawyer will sue you", revision=9))
    assert len(work.events) == events


def test_deleting_what_was_never_seen_changes_nothing() -> None:
    assert after(deleted()).events == []


def test_publication_answers_the_case_and_sends_nothing_onward() -> None:
    work = after(received(HOURS))
    events = len(work.events)
    happen(work, published(staged(work, ResponseApproved)[0]))
    assert (the_case(work).state, len(work.events)) == ("answered", events)
    assert (work.settled[0].state, work.settled[0].at) == ("published", LATER)


@pytest.mark.parametrize(("reason", "state"), [("not_possible", "closed"), ("gave_up", "open")])
def test_a_failed_publication_waits_again_unless_nothing_can_be_answered(reason: str, state: str) -> None:
    work = after(received(HOURS))
    events = len(work.events)
    happen(work, failed(staged(work, ResponseApproved)[0], reason))
    assert (the_case(work).state, len(work.events)) == (state, events)


@pytest.mark.parametrize(("reason", "state"), [("not_possible", "closed"), ("rejected", "open")])
def test_an_answer_that_did_not_arrive_after_all_leaves_its_case_to_a_person(reason: str, state: str) -> None:
    work = after(received(HOURS))
    (response,) = staged(work, ResponseApproved)
    happen(work, published(response), failed(response, reason))
    (turn,) = the_case(work).turns
    assert (the_case(work).state, turn.answered_at) == (state, None)
    assert (turn.decision.line is None) == (state == "open")
    assert [each.state for each in work.settled] == ["published", "failed"]
    assert work.acts[-1].action == "response.failed"


def test_a_closing_line_that_did_not_arrive_after_all_leaves_its_comment_waiting() -> None:
    work = after(received(HOURS))
    (response,) = staged(work, ResponseApproved)
    closing = response.model_copy(update={"purpose": "closing"})
    happen(work, published(closing))
    assert the_case(work).state == "closed"
    happen(work, failed(closing, "blocked"))
    assert the_case(work).state == "open"


def test_word_of_an_answer_that_another_one_replaced_changes_nothing() -> None:
    work = after(received(HOURS))
    (response,) = staged(work, ResponseApproved)
    happen(work, published(response))
    (turn,) = the_case(work).turns
    turn.response = "resp_later"
    happen(work, failed(response, "rejected"))
    assert the_case(work).state == "answered"


def test_what_was_edited_after_its_answer_waits_once_when_that_did_not_arrive() -> None:
    work = after(received(HOURS))
    (first,) = staged(work, ResponseApproved)
    happen(work, published(first), edited("Still waiting, terrible service"), failed(first, "rejected"))
    assert [(turn.revision, turn.state) for turn in the_case(work).turns] == [(1, "superseded"), (2, "waiting")]


def test_an_agency_without_policy_is_a_dead_letter() -> None:
    with pytest.raises(Dead) as dead:
        after(received(HOURS, agency="nobody"))
    assert dead.value.code == "unknown_agency"


def test_a_line_that_did_not_arrive_leaves_the_comment_on_the_level_that_it_asked_for() -> None:
    policy = in_force(
        topics=[{"id": "hours", "phrases": {"en": ["open"]}, "sensitivity": "S3"}],
        lines=[
            {
                "id": "hours",
                "topics": ["hours"],
                "text": {"en": "Nine to three."},
                "ceiling": {"sensitivity": "S3", "damage": "D3"},
                "cleared_by": {"officer": "head", "post": "Head", "level": "L4"},
                "cleared_at": "2026-11-01T09:00:00Z",
            }
        ],
    )
    work = UnitOfWork()
    handlers.on_comment_received(received("When do you open?", agency="test-agency"), work, OnePolicy(policy), NOW)
    (response,) = staged(work, ResponseApproved)
    handlers.on_publication_failed(failed(response, "too_old"), work, OnePolicy(policy), NOW)
    (turn,) = the_case(work, "test-agency").turns
    assert (turn.state, turn.decision.level, turn.decision.approvals, turn.decision.line) == ("waiting", "L3", 2, None)


def test_what_was_edited_before_its_answer_failed_waits_once() -> None:
    work = after(received(HOURS))
    (first,) = staged(work, ResponseApproved)
    handlers.on_comment_edited(edited("Still waiting, terrible service"), work, shelf(), NOW)
    handlers.on_publication_failed(failed(first, "refused"), work, shelf(), NOW)
    assert [(turn.revision, turn.state) for turn in the_case(work).turns] == [(1, "superseded"), (2, "waiting")]


def test_an_answer_to_an_older_text_does_not_answer_the_newer_one() -> None:
    work = after(received(HOURS))
    (first,) = staged(work, ResponseApproved)
    handlers.on_comment_edited(edited("Still waiting, terrible service"), work, shelf(), NOW)
    handlers.on_response_published(published(first), work, shelf(), LATER)
    assert [(turn.revision, turn.state) for turn in the_case(work).turns] == [(1, "answered"), (2, "waiting")]
