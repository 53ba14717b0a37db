"""What became of orders: the publisher tells, and the case goes on from there.

A comment that is out of sight waits for nobody; one that is shown again stands as it did. What a response answered that
was taken back waits again, unless a correction takes its place. Told twice, nothing changes.
"""

from dataclasses import replace
from datetime import datetime

from services.policy import handlers
from services.policy.domain.clearance import timing
from services.policy.domain.clearance.approvals import Draft
from services.policy.domain.clearance.cases import Case, Turn, TurnState
from services.policy.domain.clearance.orders import Result, brought_back, heir_of, met, taken_out
from services.policy.domain.clearance.submissions import Submission
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.handlers import NOT_POSSIBLE, SAID, SUPERSEDED
from services.policy.ports import PARLEY, Act, Policies, Work
from shared.events import ModerationEnded, PublicationCorrected, PublicationRetracted, PuttingRightFailed

_WAITED: tuple[TurnState, ...] = ("waiting", "watching")


def on_moderation_ended(event: ModerationEnded, work: Work, policies: Policies, now: datetime) -> None:
    """A comment is hidden, shown or removed, or cannot be."""
    case, order = work.case(event.case), work.order(event.order)
    if case is None or order is None or order.state != "cleared":
        return
    done = event.outcome == "done"
    result: Result = "done" if done else "not_possible" if event.reason == NOT_POSSIBLE else "failed"
    _end(order, result, event.ended_at, work, reason=event.reason, detail=event.detail)
    turn = case.turn_of(event.comment)
    if turn is None or turn.state == "deleted":
        return
    policy = policies.of(case.thread.agency)
    if not done:
        if order.author == PARLEY:
            turn.decision = policy.by_a_person(turn.decision, now)
    elif event.action == "show":
        _show(case, turn, policy, work, now)
    elif turn.text == order.content["text"]:
        _take_out(case, turn, order, policy, work, now)
    else:
        # What it says now nobody has judged: it waits for that, out of sight or not.
        told = {"submission": order.id, "to_revision": turn.revision}
        work.note(Act(case.thread.agency, PARLEY, "moderation.overtaken", turn.comment, details=told))
    case.settle()
    work.keep(case)


def on_publication_corrected(event: PublicationCorrected, work: Work, policies: Policies, now: datetime) -> None:
    """A response reads as its correction says: edited, or followed by it. Where the correction went out in its place,
    it answers."""
    case, order = work.case(event.case), work.order(event.correction)
    if case is None or order is None or order.state != "cleared":
        return
    _end(order, "done", event.corrected_at, work, how=event.how, native_id=event.native_id)
    if case.finish(order.id, "answered", event.corrected_at):
        work.settle(event.response, "published", event.corrected_at, native_id=event.native_id)
        work.note(Act(case.thread.agency, PARLEY, "case.answered", case.id, details={"response": order.id}))
        work.keep(case)


def on_publication_retracted(event: PublicationRetracted, work: Work, policies: Policies, now: datetime) -> None:
    """Something is taken back: what it answered waits for an officer again, unless a correction takes its place."""
    case = work.case(event.case)
    if case is None:
        work.settle(event.response, "retracted", event.retracted_at)
        return
    correction = work.order(event.response)
    response = event.response if correction is None else correction.subject
    if correction is not None and correction.state == "cleared":
        _end(correction, "failed", event.retracted_at, work, reason="retracted")
    if (heir := heir_of(work.orders_of(case), response)) is not None:
        handlers.hand_over(case, event.response, heir, work)
        return
    if correction is not None and not any(turn.response == correction.id for turn in case.turns):
        return
    work.settle(response, "retracted", event.retracted_at)
    for order in (each for each in work.orders_of(case) if each.subject == response and each.state == "cleared"):
        if order.matter == "retraction":
            _end(order, "done", event.retracted_at, work, was_published=event.was_published)
        else:
            _end(order, "failed", event.retracted_at, work, reason="retracted")
    if case.casework.transferred_to is None:
        _reopen(case, event.response, policies, work, now)


def on_putting_right_failed(event: PuttingRightFailed, work: Work, policies: Policies, now: datetime) -> None:
    """A correction or a retraction could not be carried out, wholly or in part: what stands there stands on."""
    case, order = work.case(event.case), work.order(event.order)
    matter = "correction" if event.action == "correct" else "retraction"
    if case is None or order is None or order.matter != matter or order.state not in ("cleared", "ended"):
        return
    if (order.outcome or {}).get("result") in ("failed", "not_possible"):
        return
    result: Result = "not_possible" if event.reason == NOT_POSSIBLE else "failed"
    _end(order, result, event.failed_at, work, reason=event.reason, detail=event.detail, response=event.response)
    # Where a later correction overtook it, that one stands there and answers.
    if event.reason == SUPERSEDED or case.casework.transferred_to is not None:
        return
    if _reopen(case, order.id, policies, work, now):
        work.settle(order.subject, "retracted", event.failed_at)


def _end(order: Submission, result: Result, at: datetime, work: Work, **told: object) -> None:
    work.keep_order(met(order, result, at, PARLEY, **told))
    about = {"submission": order.id, "number": order.number, "case": order.case}
    outcome = {name: value for name, value in told.items() if value is not None}
    work.note(Act(order.agency, PARLEY, f"{order.matter}.{result}", order.subject, details={**about, **outcome}))


def _take_out(case: Case, turn: Turn, order: Submission, policy: PolicyInForce, work: Work, now: datetime) -> None:
    waited = turn.state in _WAITED
    turn.decision = taken_out(turn.decision, order, turn.state)
    if waited:
        turn.state = "closed"
    case.settle()
    if waited:
        handlers.close_turn(case, turn, "moderated", work, now)
    if case.draft is None or case.draft.state != "open" or turn.comment not in case.draft.answers:
        return
    if not (seen := _in_sight(case, case.draft)):
        handlers.lapse(case, work, "comment_moderated")
    elif waited:
        case.draft = replace(case.draft, answers=seen)
        handlers.renew_consents(case, policy, work, "comment_moderated")


def _in_sight(case: Case, draft: Draft) -> tuple[str, ...]:
    """The comments that a draft answers and that are in sight."""
    turns = case.answered_by(draft)
    return tuple(turn.comment for turn in turns if "moderation" not in turn.decision.explanation)


def _show(case: Case, turn: Turn, policy: PolicyInForce, work: Work, now: datetime) -> None:
    if (before := brought_back(turn.decision)) is None:
        return
    turn.decision, state = before
    waits_again: tuple[TurnState, ...] = tuple(each for each in _WAITED if each == state)
    if turn.state == "closed" and waits_again and case.casework.transferred_to is None:
        turn.state = waits_again[0]
        handlers.announce(case, turn, work, now)
    timing.derive(case, policy.time)


def _reopen(case: Case, response: str, policies: Policies, work: Work, now: datetime) -> bool:
    """Let those wait again whom a response has answered, or was to; whether there are any."""
    policy = policies.of(case.thread.agency)
    answered = [turn for turn in case.turns if turn.response == response and turn.state in SAID]
    for turn in answered:
        turn.state = "waiting" if turn is case.turn_of(turn.comment) else "superseded"
        turn.answered_at = turn.response = None
        if turn.decision.line is not None:
            turn.decision = policy.by_a_person(turn.decision, now)
        handlers.rest_unseen(case, turn, work, now)
    if answered:
        timing.derive(case, policy.time)
        work.keep(case)
        details = {"response": response, "comments": [turn.comment for turn in answered]}
        work.note(Act(case.thread.agency, PARLEY, "case.reopened", case.id, details=details))
    return bool(answered)
