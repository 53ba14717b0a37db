"""A release: the moment in which a text may go out, with every authority that lets it.

Two ways lead here and no third: a cleared line whose preconditions hold, under the standing authority of whoever
cleared it; and a draft whose every step was taken. What is no answer leaves every turn as it was.
"""

from datetime import datetime

from services.policy.domain.clearance.approvals import Draft
from services.policy.domain.clearance.cases import Case, Turn
from services.policy.domain.policies import Line
from services.policy.domain.scales import Level
from shared.events import Authorisation, BehalfOf, ResponseApproved
from shared.ids import new_id


def by_line(case: Case, turn: Turn, line: Line, now: datetime) -> ResponseApproved:
    """A cleared line answers one turn by itself, and only that turn."""
    text = line.text[turn.decision.language]
    seen = case.seen_of(turn, text, turn.decision.language, turn.decision.policy_version)
    return _response(case, [turn], seen.digest(), text, turn.decision.language, (_standing(line),), "L0", now)


def meanwhile(
    case: Case, turn: Turn, line: Line, language: str, policy_version: str, now: datetime
) -> ResponseApproved:
    """A holding reply or an acknowledgement, put under ``turn``, to all who wait; they wait on."""
    text = line.text[language]
    seen = case.seen_of(turn, text, language, policy_version)
    response = _said(case, turn, case.waiting, seen.digest(), text, language, (_standing(line),), "L0", now)
    return response.model_copy(update={"purpose": line.purpose, "policy_version": policy_version})


def by_clearance(case: Case, draft: Draft, now: datetime) -> ResponseApproved:
    """A cleared draft answers every turn of the case that waits."""
    authorisations = tuple(
        Authorisation(
            kind=step.kind,
            officer=step.taken.officer,
            post=step.taken.post,
            level=step.taken.level,
            at=step.taken.at,
            on_behalf_of=behalf and BehalfOf(officer=behalf.officer, post=behalf.post),
            instrument=step.taken.instrument,
        )
        for step in draft.steps
        if step.taken is not None
        for behalf in (step.taken.on_behalf_of,)
    )
    assert case.standing is not None
    covered = case.unanswered
    return _response(case, covered, draft.digest, draft.text, draft.language, authorisations, case.standing.level, now)


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
    for turn in covered:
        turn.state, turn.answered_at = "released", now
    return _said(case, covered[-1], covered, digest, text, language, authorisations, level, now)


def _standing(line: Line) -> Authorisation:
    return Authorisation(
        kind="standing",
        officer=line.cleared_by.officer,
        post=line.cleared_by.post,
        level=line.cleared_by.level,
        at=line.cleared_at,
        line=line.id,
    )


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
        visibility=under.visibility,
        public=all(turn.public for turn in covered),
        text=text,
        language=language,
        level=level,
        digest=digest,
        policy_version=under.decision.policy_version,
        authorisations=authorisations,
        approved_at=now,
    )
