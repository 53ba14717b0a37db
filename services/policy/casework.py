"""What officers do with a case besides its drafts: take it, give it to somebody, refer, call in, transfer.

Each act needs a mandate and goes on record with it. None releases anything: a citizen who is referred, and one whose
case went to another agency, is told so by an answer that was cleared like every other.
"""

from dataclasses import replace
from datetime import datetime
from functools import partial

from services.policy import handlers
from services.policy.domain.authority.mandates import Mandate
from services.policy.domain.clearance import timing
from services.policy.domain.clearance.approvals import NothingToAnswer, NotYourAuthority
from services.policy.domain.clearance.cases import Case, Turn
from services.policy.domain.clearance.casework import (
    AssignedToAnother,
    CallIn,
    Destination,
    HadItBefore,
    NoMandate,
    NotAssigned,
    Origin,
    Referral,
    refuse_unless,
)
from services.policy.domain.clearance.clearing import restep
from services.policy.domain.clearance.deciders import Decider, acting
from services.policy.domain.clocks.carrying import carried_over
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.scales import Level
from services.policy.ports import PARLEY, Act, Work
from shared.events import CaseClosed, CaseEscalated, CaseOpened, CommentReceived
from shared.ids import CaseId, new_id

_ABOVE: dict[Level, Level] = {"L0": "L1", "L1": "L2", "L2": "L3", "L3": "L4", "L4": "L5"}


def assign(case: Case, decider: Decider, to: str, may_decide: bool, work: Work) -> None:
    """Give a case to a person, or take it. ``may_decide`` says whether that person has a mandate here and did not step
    aside. Taking is for everybody with a mandate while nobody has the case; giving it, for whoever may act on it.
    Raises a Refusal; giving it to whom has it changes nothing."""
    refuse_unless("assign", case.state, case.casework)
    before = case.casework.assignee
    if to != decider.subject:
        mandate = _mandate(case, decider)
    elif before in (None, to):
        mandate = _any(decider)
    else:
        raise AssignedToAnother(before)
    if not may_decide:
        raise NoMandate
    if before == to:
        return
    case.casework = replace(case.casework, assignee=to)
    work.keep(case)
    _note(case, mandate, "case.assigned", work, to=to, before=before)


def give_back(case: Case, decider: Decider, work: Work) -> None:
    """Nobody has the case any more: by whoever has it, or may act on it. Raises a Refusal."""
    refuse_unless("assign", case.state, case.casework)
    before = case.casework.assignee
    if before is None:
        raise NotAssigned
    mandate = _any(decider) if decider.subject == before else _mandate(case, decider)
    case.casework = replace(case.casework, assignee=None)
    work.keep(case)
    _note(case, mandate, "case.given_back", work, before=before)


def refer(case: Case, decider: Decider, to: str, reason: str, work: Work, now: datetime) -> Referral:
    """The citizen is to be told where to go. That takes an answer, cleared as the case asks. Raises a Refusal."""
    refuse_unless("refer", case.state, case.casework)
    mandate = _mandate(case, decider)
    referral = Referral(to, reason, decider.subject, mandate.post, now)
    case.casework = replace(case.casework, referral=referral)
    case.settle()
    work.keep(case)
    _note(case, mandate, "case.referred", work, to=to, reason=reason)
    return referral


def call_in(case: Case, decider: Decider, reason: str, policy: PolicyInForce, work: Work, now: datetime) -> CallIn:
    """Take a case from above: it is released on the caller's level from now on, and is their post's business. The open
    draft needs the steps of that level, and every consent to it anew. Raises a Refusal."""
    refuse_unless("call_in", case.state, case.casework)
    assert case.standing is not None
    if case.standing.level not in _ABOVE:
        raise NotYourAuthority("Nobody stands above this case.")
    mandate = acting(decider, case.weight, _ABOVE[case.standing.level], "")
    before = {"level": case.standing.level, "owner": case.standing.owner}
    called_in = CallIn(mandate.level, mandate.post, decider.subject, reason, now)
    case.casework = replace(case.casework, called_in=called_in)
    case.settle()
    work.keep(case)
    work.stage(_called_in(case, called_in))
    _note(case, mandate, "case.called_in", work, reason=reason, before=before)
    if restep(case, policy):
        assert case.draft is not None
        details = {"draft": case.draft.number, "reason": "called_in"}
        work.note(Act(case.thread.agency, PARLEY, "draft.approvals_lapsed", case.id, details=details))
    return called_in


def carried(case: Case, to: str) -> list[CommentReceived]:
    """The comments of a case that an agency would have to decide on, as they reached us."""
    return [_arriving(turn, case, to) for turn in case.open_turns]


def transfer(
    case: Case, decider: Decider, reason: str, policy: PolicyInForce, receiver: PolicyInForce, work: Work, now: datetime
) -> Case:
    """The case goes to another agency, with all that was said in it and what remains of its clock; the receiver's new
    case. ``case`` is known with all its turns. Raises a Refusal.

    It stays where the citizen asked: on the account of the first agency, where the receiver answers. What is open is
    decided by the receiver's policy; a line of theirs may answer at once.
    """
    refuse_unless("transfer", case.state, case.casework)
    mandate = _mandate(case, decider)
    to, before = receiver.policy.agency, _agencies(case)
    if to in before:
        raise HadItBefore(to)
    moving = {turn.number: timing.left_of(turn, case, policy.time, now) for turn in case.open_turns}
    if not moving:
        raise NothingToAnswer
    arriving = {turn.number: _arriving(turn, case, to) for turn in case.open_turns}
    brought = [replace(turn) for turn in case.turns]
    received = Case(id=CaseId(new_id("case")), thread=replace(case.thread, agency=to), opened_at=now)
    received.casework = replace(received.casework, transferred_from=Origin(case.id, before, reason, now))
    _leave(case, Destination(received.id, to, reason, now), mandate, work, now)
    work.keep(received)
    _announce(received, tuple(dict.fromkeys(event.comment for event in arriving.values())), mandate, work)
    for turn in brought:
        if (event := arriving.get(turn.number)) is None:
            _bring(received, turn)
            continue
        handlers.take_turn(received, event, receiver, work, now, partial(carried_over, moving[turn.number], now))
    return received


def _leave(case: Case, destination: Destination, mandate: Mandate, work: Work, now: datetime) -> None:
    if case.draft is not None and case.draft.state == "open":
        case.end_draft("lapsed")
        details = {"draft": case.draft.number, "reason": "transferred"}
        work.note(Act(case.thread.agency, PARLEY, "draft.lapsed", case.id, details=details))
    case.leave(destination)
    work.keep(case)
    thread = case.thread
    work.stage(
        CaseClosed(
            agency=thread.agency,
            platform=thread.platform,
            account=thread.account,
            thread=thread.thread,
            case=case.id,
            comments=(),
            disposition="transfer",
            reason="transferred",
            closed_at=now,
        )
    )
    about = {"to": destination.agency, "transferred_to": destination.case, "reason": destination.reason}
    _note(case, mandate, "case.transferred", work, **about)


def _announce(received: Case, comments: tuple[str, ...], mandate: Mandate, work: Work) -> None:
    origin, thread = received.casework.transferred_from, received.thread
    assert origin is not None
    work.stage(
        CaseOpened(
            agency=thread.agency,
            platform=thread.platform,
            account=thread.account,
            thread=thread.thread,
            case=received.id,
            comments=comments,
            opened_at=origin.at,
        )
    )
    about = {"from": origin.agencies[-1], "transferred_from": origin.case, "reason": origin.reason}
    _note(received, mandate, "case.received", work, **about)


def _bring(received: Case, turn: Turn) -> None:
    """History goes along, but not what its author took back, and not what was edited since."""
    if turn.state not in ("deleted", "superseded"):
        received.bring(turn)


def _arriving(turn: Turn, case: Case, to: str) -> CommentReceived:
    known, thread = turn.decision.circumstances, case.thread
    return CommentReceived(
        agency=to,
        platform=thread.platform,
        account=thread.account,
        thread=thread.thread,
        comment=turn.comment,
        native_id=turn.native_id,
        revision=turn.revision,
        author=turn.author.model_copy(update={"followers": known.get("followers")}),
        text=turn.text,
        language=known.get("said_language"),
        reach=known.get("reach"),
        public=turn.public,
        visibility=turn.visibility,
        hidden=turn.hidden,
        sent_at=turn.sent_at,
        received_at=turn.received_at,
    )


def _agencies(case: Case) -> tuple[str, ...]:
    origin = case.casework.transferred_from
    return (*(origin.agencies if origin else ()), case.thread.agency)


def _called_in(case: Case, called_in: CallIn) -> CaseEscalated:
    assert case.standing is not None
    thread = case.thread
    return CaseEscalated(
        agency=thread.agency,
        platform=thread.platform,
        account=thread.account,
        thread=thread.thread,
        case=case.id,
        comments=tuple(dict.fromkeys(turn.comment for turn in case.unanswered)),
        reason="called_in",
        level=called_in.level,
        post=called_in.post,
        owner=case.standing.owner,
        due_at=case.due_at,
        escalated_at=called_in.at,
    )


def _any(decider: Decider) -> Mandate:
    if not decider.mandates:
        raise NotYourAuthority
    return decider.mandates[0]


def _mandate(case: Case, decider: Decider) -> Mandate:
    """By what an officer acts on the case: it is theirs, or lies on their level or below."""
    assert case.standing is not None
    return acting(decider, case.weight, case.standing.level, case.standing.owner)


def _note(case: Case, mandate: Mandate, action: str, work: Work, **details: object) -> None:
    work.note(Act.by(mandate, case.thread.agency, action, case.id, **details))
