"""What officers do: write a draft, approve it, sign it off, send it back.

The authority of an officer comes from the post that the agency's policy gives them, never from their token. When the
last step is taken the response is released in the same unit of work; there is no moment in between.
"""

from datetime import datetime
from typing import Literal

from services.policy.domain.clearance import releases
from services.policy.domain.clearance.approvals import (
    Consent,
    Draft,
    DraftNotOpen,
    NothingToAnswer,
    NotYourAuthority,
    StaleDigest,
    Step,
    Weight,
    approval_step,
    signoff_step,
)
from services.policy.domain.clearance.cases import Case
from services.policy.domain.clearance.clearing import rebind
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.roster import Officer
from services.policy.domain.scales import Specialism
from services.policy.ports import Act, Work


def write_draft(
    case: Case, officer: Officer, text: str, language: str | None, policy: PolicyInForce, work: Work, now: datetime
) -> Draft:
    """A new text for the case; an older open draft gives way. Raises NothingToAnswer."""
    if not case.unanswered or case.standing is None:
        raise NothingToAnswer
    if case.draft is not None and case.draft.state == "open":
        case.end_draft("superseded")
        work.retire(case, case.draft)
    version = policy.policy.version
    case.drafts_written += 1
    case.draft = Draft(
        number=case.drafts_written,
        version=1,
        author=officer.subject,
        text=text,
        language=language or case.unanswered[-1].decision.language,
        digest="",
        policy_version=version,
        steps=(),
        state="open",
        written_at=now,
    )
    rebind(case, policy)
    case.settle()
    work.keep(case)
    _record(case, "draft.written", officer, work, draft=case.draft.number, digest=case.draft.digest)
    return case.draft


def approve(
    case: Case, draft: Draft, officer: Officer, digest: str, policy: PolicyInForce, work: Work, now: datetime
) -> Draft:
    """Take the highest approval that the officer may. Raises a Refusal; pressing twice changes nothing."""
    if _has_pressed(draft, officer, digest, "approval", None):
        return draft
    draft = _as_it_stands(case, draft, policy)
    index = approval_step(draft, officer, _weight(case))
    if digest != draft.digest:
        raise StaleDigest(draft.digest)
    return _take(case, draft, index, officer, work, now)


def sign_off(
    case: Case,
    draft: Draft,
    officer: Officer,
    kind: Specialism,
    digest: str,
    policy: PolicyInForce,
    work: Work,
    now: datetime,
) -> Draft:
    """Vouch for a draft as a specialist. Raises a Refusal; pressing twice changes nothing."""
    if _has_pressed(draft, officer, digest, "signoff", kind):
        return draft
    draft = _as_it_stands(case, draft, policy)
    index = signoff_step(draft, officer, kind, _weight(case))
    if digest != draft.digest:
        raise StaleDigest(draft.digest)
    return _take(case, draft, index, officer, work, now)


def send_back(case: Case, draft: Draft, officer: Officer, reason: str, work: Work, now: datetime) -> Draft:
    """The draft does not go out as it is: somebody must write another one. Raises a Refusal."""
    if draft.state == "returned":
        return draft
    _refuse_what_is_over(case, draft)
    if officer.subject != draft.author and not any(officer.level >= step.level for step in draft.steps):
        raise NotYourAuthority
    case.end_draft("returned")
    case.settle()
    work.keep(case)
    _record(case, "draft.returned", officer, work, draft=draft.number, digest=draft.digest, reason=reason)
    assert case.draft is not None
    return case.draft


def _take(case: Case, draft: Draft, index: int, officer: Officer, work: Work, now: datetime) -> Draft:
    consent = Consent(officer.subject, officer.post, officer.level, now, draft.digest)
    case.draft = draft.taken(index, consent)
    step = case.draft.steps[index]
    action = "draft.approved" if step.kind == "approval" else "draft.signed_off"
    _record(case, action, officer, work, draft=draft.number, digest=draft.digest, step=step.level, of=step.specialism)
    if case.draft.is_cleared:
        _release(case, officer, work, now)
    work.keep(case)
    return case.draft


def _release(case: Case, officer: Officer, work: Work, now: datetime) -> None:
    assert case.draft is not None
    response = releases.by_clearance(case, case.draft, now)
    case.end_draft("released")
    case.settle()
    work.release(response)
    _record(
        case,
        "response.released",
        officer,
        work,
        draft=case.draft.number,
        response=response.response,
        digest=response.digest,
        authorisations=[f"{each.kind} {each.post} {each.level}" for each in response.authorisations],
    )


def _has_pressed(
    draft: Draft, officer: Officer, digest: str, kind: Literal["approval", "signoff"], specialism: str | None
) -> bool:
    step: Step | None = draft.consent_of(officer.subject)
    if step is None or step.taken is None or draft.state not in ("open", "released"):
        return False
    return step.kind == kind and step.specialism == specialism and step.taken.digest == digest == draft.digest


def _refuse_what_is_over(case: Case, draft: Draft) -> None:
    if draft.state != "open":
        raise DraftNotOpen(draft.state)
    if not case.unanswered:
        raise NothingToAnswer


def _as_it_stands(case: Case, draft: Draft, policy: PolicyInForce) -> Draft:
    """The draft, bound to the thread and the policy of this moment."""
    _refuse_what_is_over(case, draft)
    rebind(case, policy)
    assert case.draft is not None
    return case.draft


def _weight(case: Case) -> Weight:
    assert case.standing is not None
    topics = {topic for turn in case.unanswered for topic in turn.decision.topics}
    return Weight(case.standing.sensitivity, case.standing.damage, tuple(sorted(topics)))


def _record(case: Case, action: str, officer: Officer, work: Work, **details: object) -> None:
    known = {"post": officer.post, "level": officer.level, **details}
    work.note(
        Act(
            agency=case.thread.agency,
            actor=officer.subject,
            action=action,
            subject=case.id,
            on_behalf_of=officer.post,
            details={name: value for name, value in known.items() if value is not None},
        )
    )
