"""What events do in policy.

Each handler finds the case, lets the domain decide, and puts down what follows. They may be called twice or late for
the same comment: what was seen before, or is older than what was seen, changes nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal, TypeVar

from services.policy import absence, fitting, outdating, standing_moderation
from services.policy.domain.clearance import releases, timing
from services.policy.domain.clearance.cases import Case, Thread, Turn, TurnState
from services.policy.domain.clearance.clearing import rebind, take_in
from services.policy.domain.clearance.earlier import is_answered, is_ended, lately, reach_of, topics_of
from services.policy.domain.clearance.orders import heir_of, waits_once_shown
from services.policy.domain.clearance.submissions import Submission
from services.policy.domain.comments import History, circumstances
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.policies import Line
from services.policy.domain.same_issue.issues import Issue
from services.policy.domain.same_issue.readings import Reading
from services.policy.ports import PARLEY, Act, Policies, Work
from shared.events import (
    CaseClosed,
    CaseOpened,
    CaseRouted,
    CommentDeleted,
    CommentEdited,
    CommentReceived,
    CommentText,
    Conversation,
    PublicationFailed,
    Purpose,
    ResponsePublished,
)
from shared.ids import CaseId, new_id

NOT_POSSIBLE = "not_possible"
SUPERSEDED = "superseded"
"""Why a correction did not go out: a later one did, or will."""

Text = TypeVar("Text", bound=CommentText)
_ENDED_BY: Mapping[Purpose, Literal["answered", "closed"]] = {"answer": "answered", "closing": "closed"}
"""What becomes of turns once something was published that ends their waiting."""
SAID: tuple[TurnState, ...] = ("released", "answered", "closed")
"""What a response has answered, or is to."""


def on_comment_received(event: CommentReceived, work: Work, policies: Policies, now: datetime) -> None:
    """Decide what a new comment needs, and answer it at once where a cleared line may."""
    event = readdressed(event, work)
    policy = policies.of(event.agency)
    case = work.case_in(_thread(event)) or _open(event, work, now)
    if not case.has_seen(event.comment, event.revision):
        take_turn(case, event, policy, work, now)


def on_comment_edited(event: CommentEdited, work: Work, policies: Policies, now: datetime) -> None:
    """Decide anew where a comment reads otherwise now; else note only who may see it."""
    event = readdressed(event, work)
    policy = policies.of(event.agency)
    case = work.case_in(_thread(event)) or _open(event, work, now)
    known = case.turn_of(event.comment)
    if known is None or known.text != event.text:
        if not case.has_seen(event.comment, event.revision):
            take_turn(case, event, policy, work, now)
        return
    if event.revision < known.revision:
        return
    known.revision = event.revision
    known.hidden, known.public, known.visibility = event.hidden, event.public, event.visibility
    outdating.renew(case, event.comment, policy, work)
    work.keep(case)


def on_comment_deleted(event: CommentDeleted, work: Work, policies: Policies, now: datetime) -> None:
    """Let what was meant for a deleted comment lapse, and close the case if nothing else is open."""
    case = work.case_in(_thread(event))
    if case is None:
        return
    unfinished = case.delete(event.comment)
    outdating.drop(case, event.comment, work, now)
    if case.draft is not None and case.draft.state == "open":
        if _is_void(case, event.comment):
            lapse(case, work, "comment_deleted")
        elif event.comment in case.draft.answers:
            renew_consents(case, policies.of(case.thread.agency), work, "comment_deleted")
    work.keep(case)
    if unfinished is not None:
        close_turn(case, unfinished, "comment_deleted", work, now)


def on_response_published(event: ResponsePublished, work: Work, policies: Policies, now: datetime) -> None:
    """The answer stands on its platform: these turns are done. After anything less they wait on."""
    case = work.case(event.case)
    work.settle(event.response, "published", event.published_at, native_id=event.native_id)
    end = _ENDED_BY.get(event.purpose)
    if case is not None and end and case.finish(event.response, end, event.published_at):
        work.keep(case)
        work.note(Act(case.thread.agency, PARLEY, f"case.{end}", case.id, details={"response": event.response}))


def on_publication_failed(event: PublicationFailed, work: Work, policies: Policies, now: datetime) -> None:
    """The answer will not appear, or has not arrived after all: its turns wait for an officer again, unless none can be
    answered any more, or a correction takes its place."""
    case = work.case(event.case)
    if case is not None:
        outdating.drop_of(case, event.response, "response_failed", work, now)
        if (heir := heir_of(work.orders_of(case), event.response)) is not None:
            for turn in (each for each in case.turns if each.response == event.response):
                work.miss(case, turn)
            hand_over(case, event.response, heir, work)
            return
    work.settle(event.response, "failed", event.failed_at)
    if event.purpose not in _ENDED_BY:
        details = {"response": event.response, "purpose": event.purpose, "reason": event.reason}
        agency = case.thread.agency if case is not None else event.agency
        work.note(Act(agency, PARLEY, "response.failed", event.case, details=details))
        return
    state: Literal["closed", "waiting"] = "closed" if event.reason == NOT_POSSIBLE else "waiting"
    if case is not None and (failed := case.fail(event.response, state)):
        policy = policies.of(case.thread.agency)
        for turn in failed:
            work.miss(case, turn)
            # Nothing answers it, and nothing that is taken back lets it wait again.
            turn.response = None if turn.state == "closed" else turn.response
            if turn.state == "waiting" and turn.decision.line is not None:
                turn.decision = policy.by_a_person(turn.decision, now)
            rest_unseen(case, turn, work, now)
        timing.derive(case, policy.time)
        work.keep(case)
        details = {"response": event.response, "reason": event.reason}
        work.note(Act(case.thread.agency, PARLEY, "response.failed", case.id, details=details))


def hand_over(case: Case, response: str, heir: Submission, work: Work) -> None:
    """The correction is from now on what answers: it is on its way, or stands there already."""
    answered = [turn for turn in case.turns if turn.response == response and turn.state in SAID]
    stands = heir.state != "cleared"
    for turn in answered:
        turn.response = heir.id
        if not stands:
            turn.state = "released"
        elif turn.state == "released":
            turn.state, turn.answered_at = "answered", heir.ended_at
            work.settle(response, "published", heir.ended_at or heir.written_at)
    if answered:
        case.settle()
        work.keep(case)


def rest_unseen(case: Case, turn: Turn, work: Work, now: datetime) -> None:
    """Whoever would wait again rests until the comment is shown, where an order has put it out of sight."""
    if turn.state == "waiting" and (resting := waits_once_shown(turn.decision)) is not None:
        turn.state, turn.decision = "closed", resting
        close_turn(case, turn, "moderated", work, now)


def record_surge(issue: Issue, work: Work) -> None:
    """So many raise one issue that its agency calls it a surge from now on."""
    details = {"authors": issue.raised_by, "comments": issue.comments, "kind": issue.kind, "topics": list(issue.topics)}
    work.note(Act(issue.agency, PARLEY, "issue.surging", issue.id, details=details))


def readdressed(event: Text, work: Work) -> Text:
    """The event, addressed to the agency that has its thread now: whoever writes on is not to know of a transfer."""
    case = work.case_in(_thread(event))
    if case is None or case.thread.agency == event.agency:
        return event
    return event.model_copy(update={"agency": case.thread.agency})


def _thread(event: Conversation) -> Thread:
    return Thread(event.agency, event.platform, event.account, event.thread)


def _open(event: CommentText, work: Work, now: datetime) -> Case:
    case = Case(id=CaseId(new_id("case")), thread=_thread(event), opened_at=now)
    work.keep(case)
    work.stage(CaseOpened(**_about(case, event.comment), opened_at=now))
    work.note(Act(event.agency, PARLEY, "case.opened", case.id, details={"comment": event.comment}))
    return case


def take_turn(
    case: Case,
    event: CommentText,
    policy: PolicyInForce,
    work: Work,
    now: datetime,
    retimed: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
) -> None:
    """One more turn of the conversation: routed anew, and every consent given before must be given again.

    ``retimed`` gives the times of its clock in place of those of the policy, for a clock that ran before.
    """
    reading = work.reading(event, policy)
    known = case.turn_of(event.comment)
    issue = work.join_issue(event, reading, known.issue if known else None)
    history = _history(case, event, reading, issue, policy)
    decided = policy.decide(reading.comment, history, now, reading.seen)
    times = retimed(decided.times) if retimed else decided.times
    decision = decided._replace(circumstances=circumstances(reading.comment, history, now), times=times)
    turn = Turn.of(event, decision, issue.id if issue else None)
    heard = timing.begin(case, turn, policy.time)
    work.keep(case)
    standing_moderation.carry_out(case, turn, policy, work, now)
    announce(case, turn, work, now)
    if heard is not None:
        details = {"pause": heard.number, "reason": "citizen_wrote"}
        work.note(Act(event.agency, PARLEY, "clock.resumed", case.id, details=details))
    if decision.line is not None:
        _answer_by_line(case, turn, policy, work, now)
    elif turn.state == "closed":
        close_turn(case, turn, decision.disposition, work, now)
    _renew_draft(case, turn, policy, work)
    outdating.renew(case, turn.comment, policy, work)
    if turn.state == "waiting":
        absence.look(case, policy, work, now)
        fitting.look(case, policy, work, now)


def _history(case: Case, event: CommentText, reading: Reading, issue: Issue | None, policy: PolicyInForce) -> History:
    before = History(
        turn=case.next_turn_of(event.author.id, event.comment),
        same_issue=issue.raised_by if issue else 1,
        judged=issue.judged_for(reading.likeness) if issue and reading.likeness else None,
    )
    if before.turn == 1:
        joins = case.turn_count > 0 and case.turn_of(event.comment) is None
        return replace(before, joined=True) if joins else before
    earlier = case.earlier_of(event.author.id, event.comment)
    recent = lately(earlier, event.received_at)
    return replace(
        before,
        earlier_kinds=tuple(each.kind for each in earlier),
        earlier_dispositions=tuple(each.disposition for each in earlier),
        earlier_topics=topics_of(earlier),
        reach_before=reach_of(earlier),
        answered=is_answered(earlier),
        ended=is_ended(recent, policy.ends),
        recent_turn=len(recent) + 1 if len(recent) < len(earlier) else None,
    )


def announce(case: Case, turn: Turn, work: Work, now: datetime) -> None:
    decision = turn.decision
    work.stage(
        CaseRouted(
            **_about(case, turn.comment),
            disposition=decision.disposition,
            level=decision.level,
            sensitivity=decision.sensitivity,
            damage=decision.damage,
            rules=decision.rules,
            policy_version=decision.policy_version,
            routed_at=now,
            received_at=turn.received_at,
            due_at=(turn.deadlines or {}).get("answer"),
        )
    )
    details = {
        "comment": turn.comment,
        "revision": turn.revision,
        "level": decision.level,
        "disposition": decision.disposition,
        "rules": list(decision.rules),
        "policy": decision.policy_version,
    }
    work.note(Act(case.thread.agency, PARLEY, "case.routed", case.id, details=details))


def _answer_by_line(case: Case, turn: Turn, policy: PolicyInForce, work: Work, now: datetime) -> None:
    assert turn.decision.line is not None
    line = policy.line(turn.decision.line)
    if _as_before(case, turn, line):
        return
    response = releases.by_line(case, turn, line, policy.policy.replies.split, now)
    work.release(response)
    details = {
        "response": response.response,
        "line": line.id,
        "post": line.cleared_by.post,
        "level": line.cleared_by.level,
        "digest": response.digest,
        **({"clearance": response.clearance} if response.clearance else {}),
    }
    clearing = line.cleared_by.officer
    work.note(Act(case.thread.agency, PARLEY, "response.released", case.id, clearing, details))


def _as_before(case: Case, turn: Turn, line: Line) -> bool:
    """Whether an older revision of the comment got these very words from the line; the turn then stands as that one."""
    for older in (each for each in case.turns if each.comment == turn.comment and each is not turn):
        found, at = older.decision, older.answered_at
        is_same = found.line == line.id and found.language == turn.decision.language and older.state in SAID
        if is_same and at is not None and line.cleared_at <= at:
            turn.state, turn.answered_at, turn.response = older.state, at, older.response
            case.settle()
            return True
    return False


def close_turn(case: Case, turn: Turn, reason: str, work: Work, now: datetime) -> None:
    """These comments end without an answer; whatever else is open in the case stays open."""
    work.stage(
        CaseClosed(**_about(case, turn.comment), disposition=turn.decision.disposition, reason=reason, closed_at=now)
    )
    details = {"comment": turn.comment, "reason": reason}
    work.note(Act(case.thread.agency, PARLEY, "case.closed", case.id, details=details))


def _renew_draft(case: Case, turn: Turn, policy: PolicyInForce, work: Work) -> None:
    """The thread of an open draft has moved on: where that bears on the draft, the consents concerned lapse."""
    if case.draft is None or case.draft.state != "open":
        return
    if not case.answered_by(case.draft):
        lapse(case, work, "nothing_to_answer")
    elif take_in(case, turn):
        renew_consents(case, policy, work, "thread_moved_on")


def renew_consents(case: Case, policy: PolicyInForce, work: Work, reason: str) -> None:
    """Let the consents lapse that vouched for what the open draft answers no more as it did."""
    assert case.draft is not None
    rebound = rebind(case, policy, case.draft.statements_in_force)
    details: dict[str, Any] = {"draft": case.draft.number, "reason": reason}
    if rebound is not None:
        details["officers"] = list(rebound.lapsed)
    work.note(Act(case.thread.agency, PARLEY, "draft.approvals_lapsed", case.id, details=details))


def _is_void(case: Case, comment: str) -> bool:
    """Whether a draft has lost what it answers: the newest comment that it was written under, or all of them."""
    assert case.draft is not None
    return comment == case.draft.head[0] or not case.answered_by(case.draft)


def lapse(case: Case, work: Work, reason: str) -> None:
    assert case.draft is not None
    case.end_draft("lapsed")
    case.settle()
    details = {"draft": case.draft.number, "reason": reason}
    work.note(Act(case.thread.agency, PARLEY, "draft.lapsed", case.id, details=details))


def _about(case: Case, comment: str) -> dict[str, Any]:
    thread = case.thread
    return {
        "agency": thread.agency,
        "platform": thread.platform,
        "account": thread.account,
        "thread": thread.thread,
        "case": case.id,
        "comments": (comment,),
    }
