"""A release: the moment in which a text may go out, with every authority that lets it.

Four ways lead here and no fifth: a cleared line whose preconditions hold, under the standing authority of whoever
cleared it; a draft whose every step was taken; an answer that was cleared once for all who ask the same; and, in danger
to life, a draft that one authority answers for alone. What is no answer leaves every turn as it was. Each says until
when it holds: it may be kept back on its way, and must not come out after its time.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from services.policy.domain.clearance.answers import Answer
from services.policy.domain.clearance.approvals import Consent, Draft, Step
from services.policy.domain.clearance.audience import visibility_of
from services.policy.domain.clearance.cases import Case, Turn, standing_of
from services.policy.domain.clearance.cleared_lines import ClearedLine
from services.policy.domain.clearance.seen import Seen
from services.policy.domain.clearance.submissions import Submission
from services.policy.domain.policies import Line, Policy
from services.policy.domain.scales import Level
from shared.events import Authorisation, BehalfOf, ResponseApproved
from shared.ids import new_id


def by_line(case: Case, turn: Turn, line: Line, may_split: bool, now: datetime) -> ResponseApproved:
    """A cleared line answers one turn by itself, and only that turn."""
    decision = turn.decision
    text = _said_by(line, case, decision.language)
    seen = _seen(case, turn, text, decision.language, decision.policy_version, line.preconditions.until)
    response = _response(case, [turn], seen.digest(), text, decision.language, _standing(line), "L0", now)
    known = {"purpose": line.purpose, "clearance": _clearance(line), "may_split": may_split}
    return response.model_copy(update={**known, "valid_until": _until(case, seen.valid_until)})


def meanwhile(
    case: Case, turn: Turn, told: list[Turn], line: Line, language: str, policy: Policy, now: datetime
) -> ResponseApproved:
    """A holding reply or an acknowledgement, put under ``turn``, to those of ``told``; they wait on.

    It promises an answer, so it holds no longer than until one is due; once that is past, as long as the line does.
    """
    text = _said_by(line, case, language)
    ends = (line.preconditions.until, (turn.deadlines or {}).get("answer"), case.window_ends_at)
    until = min((end for end in ends if end is not None and now < end), default=None)
    seen = _seen(case, turn, text, language, policy.version, until)
    response = _said(case, turn, told, seen.digest(), text, language, _standing(line), "L0", now)
    known = {"purpose": line.purpose, "policy_version": policy.version, "clearance": _clearance(line)}
    return response.model_copy(update={**known, "valid_until": until, "may_split": policy.replies.split})


def by_clearance(case: Case, draft: Draft, may_split: bool, now: datetime) -> ResponseApproved:
    """A cleared draft answers every turn that it was cleared for and that can still be answered."""
    return _answer(case, draft, consents(draft.steps), may_split, now)


def by_answer(case: Case, answer: Submission, text: str, may_split: bool, now: datetime) -> ResponseApproved:
    """An answer cleared for many answers every turn of one case that waits, in its language."""
    covered = case.unanswered
    given, language = consents(answer.steps), covered[-1].decision.language
    response = _response(case, covered, answer.digest, text, language, given, answer.level, now)
    known = {"clearance": answer.id, "may_split": may_split}
    return response.model_copy(update={**known, "valid_until": _until(case, Answer.of(answer).until)})


def in_danger(case: Case, draft: Draft, consent: Consent, may_split: bool, now: datetime) -> ResponseApproved:
    """One authority releases a draft because somebody's life may depend on it."""
    return _answer(case, draft, (_authorisation("break_glass", consent),), may_split, now)


def _answer(
    case: Case, draft: Draft, given: tuple[Authorisation, ...], may_split: bool, now: datetime
) -> ResponseApproved:
    covered = case.answered_by(draft)
    level = standing_of(covered).level
    response = _response(case, covered, draft.digest, draft.text, draft.language, given, level, now)
    return response.model_copy(update={"valid_until": _until(case, draft.valid_until), "may_split": may_split})


def _until(case: Case, limit: datetime | None) -> datetime | None:
    """Until when a response may go out: its own limit, and no longer than the platform takes it."""
    return min((end for end in (limit, case.window_ends_at) if end is not None), default=None)


def consents(steps: Iterable[Step]) -> tuple[Authorisation, ...]:
    """The consents given to these steps, as events tell them."""
    return tuple(_authorisation(step.kind, step.taken) for step in steps if step.taken is not None)


def _authorisation(kind: Literal["approval", "signoff", "break_glass"], consent: Consent) -> Authorisation:
    behalf = consent.on_behalf_of
    return Authorisation(
        kind=kind,
        officer=consent.officer,
        post=consent.post,
        level=consent.level,
        at=consent.at,
        on_behalf_of=behalf and BehalfOf(officer=behalf.officer, post=behalf.post),
        instrument=consent.instrument,
    )


def _response(
    case: Case,
    covered: list[Turn],
    digest: str,
    text: str,
    language: str | None,
    authorisations: tuple[Authorisation, ...],
    level: Level,
    now: datetime,
) -> ResponseApproved:
    response = _said(case, covered[-1], covered, digest, text, language, authorisations, level, now)
    for turn in covered:
        turn.state, turn.answered_at, turn.response = "released", now, response.response
    return response


def _seen(
    case: Case, turn: Turn, text: str, language: str | None, policy_version: str, valid_until: datetime | None
) -> Seen:
    """What a cleared line answers to, as whoever looks at the turn sees it."""
    return Seen(
        text=text,
        language=language,
        head=case.head,
        platform=case.thread.platform,
        account=case.thread.account,
        reply_to=turn.native_id,
        policy_version=policy_version,
        sensitivity=turn.decision.sensitivity,
        damage=turn.decision.damage,
        valid_until=valid_until,
    )


def _said_by(line: Line, case: Case, language: str) -> str:
    text = line.said_on(case.thread.platform, language)
    assert text is not None
    return text


def _standing(line: Line) -> tuple[Authorisation, ...]:
    """The standing authority of a line: of all who cleared that version of it, or of the one whom the policy names."""
    if isinstance(line, ClearedLine):
        known = {"kind": "standing", "line": line.id, "line_version": line.version}
        return tuple(given.model_copy(update=known) for given in consents(line.consents))
    clearing = line.cleared_by
    return (
        Authorisation(
            kind="standing",
            officer=clearing.officer,
            post=clearing.post,
            level=clearing.level,
            at=line.cleared_at,
            line=line.id,
        ),
    )


def _clearance(line: Line) -> str | None:
    return line.clearance if isinstance(line, ClearedLine) else None


def _said(
    case: Case,
    under: Turn,
    covered: list[Turn],
    digest: str,
    text: str,
    language: str | None,
    authorisations: tuple[Authorisation, ...],
    level: Level,
    now: datetime,
) -> ResponseApproved:
    return ResponseApproved(
        agency=case.thread.agency,
        platform=case.thread.platform,
        account=case.thread.account,
        thread=case.thread.thread,
        response=new_id("resp"),
        case=case.id,
        comments=tuple(dict.fromkeys(turn.comment for turn in covered)),
        reply_to=under.native_id,
        mention=under.author.handle,
        visibility=visibility_of([*covered, under]),
        public=all(turn.public for turn in covered),
        text=text,
        language=language,
        level=level,
        digest=digest,
        policy_version=under.decision.policy_version,
        authorisations=authorisations,
        approved_at=now,
        account_agency=case.asked,
        subject_line=under.subject_line,
    )
