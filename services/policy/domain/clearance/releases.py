"""A release: the moment in which a text may go out, with every authority that lets it.

Three ways lead here and no fourth: a cleared line whose preconditions hold, under the standing authority of whoever
cleared it; a draft whose every step was taken; and an answer that was cleared once for all who ask the same.
"""

from collections.abc import Iterable
from datetime import datetime

from services.policy.domain.clearance.approvals import Draft, Step
from services.policy.domain.clearance.cases import Case, Turn
from services.policy.domain.clearance.cleared_lines import ClearedLine
from services.policy.domain.clearance.submissions import Submission
from services.policy.domain.policies import Line
from services.policy.domain.scales import Level
from shared.events import Authorisation, BehalfOf, ResponseApproved
from shared.ids import new_id


def by_line(case: Case, turn: Turn, line: Line, now: datetime) -> ResponseApproved:
    """A cleared line answers one turn by itself, and only that turn."""
    text = line.text[turn.decision.language]
    seen = case.seen_of(turn, text, turn.decision.language, turn.decision.policy_version)
    clearance = line.clearance if isinstance(line, ClearedLine) else None
    return _response(
        case, [turn], seen.digest(), text, turn.decision.language, _standing(line), "L0", now, clearance=clearance
    )


def by_clearance(case: Case, draft: Draft, now: datetime) -> ResponseApproved:
    """A cleared draft answers every turn of the case that waits."""
    assert case.standing is not None
    given = _consents(draft.steps)
    return _response(case, case.unanswered, draft.digest, draft.text, draft.language, given, case.standing.level, now)


def by_answer(case: Case, answer: Submission, text: str, now: datetime) -> ResponseApproved:
    """An answer cleared for many answers every turn of one case that waits, in its language."""
    newest = case.unanswered[-1].decision
    return _response(
        case,
        case.unanswered,
        answer.digest,
        text,
        newest.language,
        _consents(answer.steps),
        answer.level,
        now,
        clearance=answer.id,
    )


def _consents(steps: Iterable[Step]) -> tuple[Authorisation, ...]:
    return tuple(
        Authorisation(
            kind=step.kind,
            officer=step.taken.officer,
            post=step.taken.post,
            level=step.taken.level,
            at=step.taken.at,
            on_behalf_of=behalf and BehalfOf(officer=behalf.officer, post=behalf.post),
            instrument=step.taken.instrument,
        )
        for step in steps
        if step.taken is not None
        for behalf in (step.taken.on_behalf_of,)
    )


def _standing(line: Line) -> tuple[Authorisation, ...]:
    """The standing authority of a line: of all who cleared that version of it, or of the one whom the policy names."""
    if isinstance(line, ClearedLine):
        known = {"kind": "standing", "line": line.id, "line_version": line.version}
        return tuple(given.model_copy(update=known) for given in _consents(line.consents))
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


def _response(
    case: Case,
    covered: list[Turn],
    digest: str,
    text: str,
    language: str | None,
    authorisations: tuple[Authorisation, ...],
    level: Level,
    now: datetime,
    *,
    clearance: str | None = None,
) -> ResponseApproved:
    newest = covered[-1]
    for turn in covered:
        turn.state, turn.answered_at = "released", now
    return ResponseApproved(
        agency=case.thread.agency,
        platform=case.thread.platform,
        account=case.thread.account,
        thread=case.thread.thread,
        response=new_id("resp"),
        case=case.id,
        comments=tuple(dict.fromkeys(turn.comment for turn in covered)),
        reply_to=newest.native_id,
        mention=newest.author.handle,
        visibility=newest.visibility,
        public=all(turn.public for turn in covered),
        text=text,
        language=language,
        level=level,
        digest=digest,
        policy_version=newest.decision.policy_version,
        authorisations=authorisations,
        approved_at=now,
        clearance=clearance,
    )
