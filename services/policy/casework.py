"""What officers do with a case besides its drafts: take it, give it to somebody, refer, call in, transfer.

Each act needs a mandate and goes on record with it. None releases anything: a citizen who is referred, and one whose
case went to another agency, is told so by an answer that was cleared like every other.
"""

from dataclasses import replace
from functools import partial

from services.policy import handlers
from services.policy.desk import Desk
from services.policy.domain.authority.mandates import Mandate
from services.policy.domain.clearance import timing
from services.policy.domain.clearance.approvals import NothingToAnswer, NotYourAuthority
from services.policy.domain.clearance.cases import Case, Turn
from services.policy.domain.clearance.casework import (
    AnswerUnderWay,
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
from services.policy.domain.clearance.deciders import acting
from services.policy.domain.clocks.carrying import carried_over
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.scales import Level
from services.policy.ports import PARLEY, Act, Work
from shared.events import CaseClosed, CaseOpened, CommentReceived
from shared.ids import CaseId, new_id

_ABOVE: dict[Level, Level] = {"L0": "L1", "L1": "L2", "L2": "L3", "L3": "L4", "L4": "L5"}


def assign(desk: Desk, to: str, may_decide: bool) -> None:
    """Give a case to a person, or take it. ``may_decide`` says whether that person has a mandate here and did not step
    aside. Taking is for everybody with a mandate while nobody has the case; giving it, for whoever may act on it.
    Raises a Refusal; giving it to whom has it changes nothing."""
    case = desk.case
    refuse_unless("assign", case.state, case.casework)
    before = case.casework.assignee
    if to != desk.subject:
        mandate = _mandate(desk)
    elif before in (None, to):
        mandate = _any(desk)
    else:
        raise AssignedToAnother(before)
    if not may_decide:
        raise NoMandate
    if before == to:
        return
    case.casework = replace(case.casework, assignee=to)
    desk.work.keep(case)
    desk.record("case.assigned", mandate, to=to, before=before)


def give_back(desk: Desk) -> None:
    """Nobody has the case any more: by whoever has it, or may act on it. Raises a Refusal."""
    case = desk.case
    refuse_unless("assign", case.state, case.casework)
    before = case.casework.assignee
    if before is None:
        raise NotAssigned
    mandate = _any(desk) if desk.subject == before else _mandate(desk)
    case.casework = replace(case.casework, assignee=None)
    desk.work.keep(case)
    desk.record("case.given_back", mandate, before=before)


def refer(desk: Desk, to: str, reason: str) -> None:
    """The citizen is to be told where to go. That takes an answer, cleared as the case asks. Raises a Refusal."""
    case = desk.case
    refuse_unless("refer", case.state, case.casework)
    mandate = _mandate(desk)
    case.casework = replace(case.casework, referral=Referral(to, reason, desk.subject, mandate.post, desk.now))
    case.settle()
    desk.work.keep(case)
    desk.record("case.referred", mandate, to=to, reason=reason)


def call_in(desk: Desk, reason: str) -> None:
    """Take a case from above: it is released on the caller's level from now on, and is their post's business. The open
    draft needs the steps of that level. Raises a Refusal."""
    case = desk.case
    refuse_unless("call_in", case.state, case.casework)
    assert case.standing is not None
    above = _ABOVE.get(case.standing.level)
    if above is None:
        raise NotYourAuthority("Nobody stands above this case.")
    mandate = acting(desk.decider, case.weight, above, "")
    before = {"level": case.standing.level, "owner": case.standing.owner}
    called_in = CallIn(mandate.level, mandate.post, desk.subject, reason, desk.now)
    case.casework = replace(case.casework, called_in=called_in)
    case.settle()
    desk.work.keep(case)
    desk.pass_up("called_in", mandate.post, mandate.level)
    desk.record("case.called_in", mandate, reason=reason, before=before)
    if case.draft is not None and case.draft.state == "open" and case.answered_by(case.draft):
        desk.bind()


def carried(case: Case, to: str) -> list[CommentReceived]:
    """The comments of a case that an agency would have to decide on, as they reached us."""
    return [_arriving(turn, case, to) for turn in case.open_turns]


def transfer(desk: Desk, receiver: PolicyInForce, reason: str) -> Case:
    """The case goes to another agency, with all that was said in it and what remains of its clock; the receiver's new
    case. ``desk.case`` is known with all its turns. Raises a Refusal.

    It stays where the citizen asked: on the account of the first agency, where the receiver answers. What is open is
    decided by the receiver's policy; a line of theirs may answer at once.
    """
    case, work, now = desk.case, desk.work, desk.now
    refuse_unless("transfer", case.state, case.casework)
    if any(turn.state == "released" for turn in case.turns):
        raise AnswerUnderWay
    mandate = _mandate(desk)
    to, before = receiver.policy.agency, _agencies(case)
    if to in before:
        raise HadItBefore(to)
    moving = {turn.number: timing.left_of(turn, case, desk.policy.time, now) for turn in case.open_turns}
    if not moving:
        raise NothingToAnswer
    arriving = {turn.number: _arriving(turn, case, to) for turn in case.open_turns}
    brought = [replace(turn) for turn in case.turns]
    received = Case(id=CaseId(new_id("case")), thread=replace(case.thread, agency=to), opened_at=now)
    received.casework = replace(received.casework, transferred_from=Origin(case.id, before, reason, now))
    _leave(desk, Destination(received.id, to, reason, now), mandate)
    work.keep(received)
    _announce(received, tuple(dict.fromkeys(event.comment for event in arriving.values())), mandate, work)
    for turn in brought:
        if (event := arriving.get(turn.number)) is None:
            _bring(received, turn)
            continue
        handlers.take_turn(received, event, receiver, work, now, partial(carried_over, moving[turn.number], now))
    return received


def _leave(desk: Desk, destination: Destination, mandate: Mandate) -> None:
    case, work = desk.case, desk.work
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
            closed_at=desk.now,
        )
    )
    about = {"to": destination.agency, "transferred_to": destination.case, "reason": destination.reason}
    desk.record("case.transferred", mandate, **about)


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
    work.note(Act.by(mandate, thread.agency, "case.received", received.id, **about))


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
        window_ends_at=turn.window_ends_at,
        subject_line=turn.subject_line,
    )


def _agencies(case: Case) -> tuple[str, ...]:
    origin = case.casework.transferred_from
    return (*(origin.agencies if origin else ()), case.thread.agency)


def _any(desk: Desk) -> Mandate:
    if not desk.decider.mandates:
        raise NotYourAuthority
    return desk.decider.mandates[0]


def _mandate(desk: Desk) -> Mandate:
    """By what an officer acts on the case: it is theirs, or lies on their level or below."""
    standing = desk.case.standing
    assert standing is not None
    return acting(desk.decider, desk.case.weight, standing.level, standing.owner)
