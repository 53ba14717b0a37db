"""What officers do: write a draft, approve it, sign it off, send it back.

The authority of an officer comes from a post that they hold, stand in for or are delegated from, never from their
token. When the last step is taken the response is released in the same unit of work; there is no moment in between.
"""

from datetime import datetime
from typing import Literal

from services.policy.domain.authority.mandates import Mandate
from services.policy.domain.clearance import releases
from services.policy.domain.clearance.approvals import (
    Consent,
    Counting,
    Draft,
    DraftNotOpen,
    NothingToAnswer,
    NotYourAuthority,
    StaleDigest,
    Step,
)
from services.policy.domain.clearance.cases import Case
from services.policy.domain.clearance.clearing import rebind
from services.policy.domain.clearance.deciders import Decider, approval_step, returning, signoff_step
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.scales import Specialism
from services.policy.ports import PARLEY, Act, Work
from shared.events import Authorisation


def recount(case: Case, counting: Counting, work: Work) -> None:
    """Open those steps of the open draft again whose consents rest on an authority that is gone. Comes before any
    other act."""
    before = case.draft
    if before is None or (after := before.recounted(counting)) is before:
        return
    case.draft = after
    work.keep(case)
    gone = [
        was.taken.officer
        for was, now in zip(before.steps, after.steps, strict=True)
        if was.taken is not None and now.taken is None
    ]
    details = {"draft": after.number, "reason": "authority_gone", "officers": gone}
    work.note(Act(case.thread.agency, PARLEY, "draft.approvals_lapsed", case.id, details=details))


def write_draft(
    case: Case, decider: Decider, text: str, language: str | None, policy: PolicyInForce, work: Work, now: datetime
) -> Draft:
    """A new text for the case; an older open draft gives way. Raises NothingToAnswer, and NotYourAuthority for one
    without any mandate."""
    if not decider.mandates:
        raise NotYourAuthority
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
        author=decider.subject,
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
    _record(case, "draft.written", decider.mandates[0], work, draft=case.draft.number, digest=case.draft.digest)
    return case.draft


def approve(
    case: Case, draft: Draft, decider: Decider, digest: str, policy: PolicyInForce, work: Work, now: datetime
) -> Draft:
    """Take the highest approval that the officer may. Raises a Refusal; pressing twice changes nothing."""
    if _has_pressed(draft, decider, digest, "approval", None):
        return draft
    draft = _as_it_stands(case, draft, policy)
    index, mandate = approval_step(draft, decider, case.weight)
    if digest != draft.digest:
        raise StaleDigest(draft.digest)
    return _take(case, draft, index, mandate, work, now)


def sign_off(
    case: Case,
    draft: Draft,
    decider: Decider,
    kind: Specialism,
    digest: str,
    policy: PolicyInForce,
    work: Work,
    now: datetime,
) -> Draft:
    """Vouch for a draft as a specialist. Raises a Refusal; pressing twice changes nothing."""
    if _has_pressed(draft, decider, digest, "signoff", kind):
        return draft
    draft = _as_it_stands(case, draft, policy)
    index, mandate = signoff_step(draft, decider, kind, case.weight)
    if digest != draft.digest:
        raise StaleDigest(draft.digest)
    return _take(case, draft, index, mandate, work, now)


def send_back(case: Case, draft: Draft, decider: Decider, reason: str, work: Work, now: datetime) -> Draft:
    """The draft does not go out as it is: somebody must write another one. Raises a Refusal."""
    if draft.state == "returned":
        return draft
    _refuse_what_is_over(case, draft)
    mandate = returning(draft, decider, case.weight)
    case.end_draft("returned")
    case.settle()
    work.keep(case)
    _record(case, "draft.returned", mandate, work, draft=draft.number, digest=draft.digest, reason=reason)
    assert case.draft is not None
    return case.draft


def _take(case: Case, draft: Draft, index: int, mandate: Mandate, work: Work, now: datetime) -> Draft:
    case.draft = draft.taken(index, Consent.by(mandate, now, draft.digest))
    step = case.draft.steps[index]
    action = "draft.approved" if step.kind == "approval" else "draft.signed_off"
    _record(case, action, mandate, work, draft=draft.number, digest=draft.digest, step=step.level, of=step.specialism)
    if case.draft.is_cleared:
        _release(case, mandate, work, now)
    work.keep(case)
    return case.draft


def _release(case: Case, mandate: Mandate, work: Work, now: datetime) -> None:
    assert case.draft is not None
    response = releases.by_clearance(case, case.draft, now)
    case.end_draft("released")
    case.settle()
    work.release(response)
    _record(
        case,
        "response.released",
        mandate,
        work,
        draft=case.draft.number,
        response=response.response,
        digest=response.digest,
        authorisations=[_spoken(each) for each in response.authorisations],
    )


def _has_pressed(
    draft: Draft, decider: Decider, digest: str, kind: Literal["approval", "signoff"], specialism: str | None
) -> bool:
    step: Step | None = draft.consent_of(decider.subject)
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


def _spoken(given: Authorisation) -> str:
    """``approval Deputy L4 for Head (head) under del_…``"""
    behalf = given.on_behalf_of
    whose = f" for {behalf.post} ({behalf.officer})" if behalf else ""
    return f"{given.kind} {given.post} {given.level}{whose}" + (
        f" under {given.instrument}" if given.instrument else ""
    )


def _record(case: Case, action: str, mandate: Mandate, work: Work, **details: object) -> None:
    work.note(Act.by(mandate, case.thread.agency, action, case.id, **details))
