"""What officers decide: approve a draft, sign it off.

The authority of an officer comes from a post that they hold, stand in for or are delegated from, never from their
token. When the last step is taken the response is released in the same unit of work; there is no moment in between.
"""

from dataclasses import replace
from typing import Literal

from services.policy.desk import Desk
from services.policy.domain.authority.mandates import Mandate
from services.policy.domain.clearance import releases
from services.policy.domain.clearance.approvals import Consent, Draft, StaleDigest
from services.policy.domain.clearance.clearing import seen, vouching
from services.policy.domain.clearance.deciders import approval_step, lifting, signoff_step
from services.policy.domain.scales import Specialism
from shared.events import Authorisation


def approve(desk: Desk, digest: str) -> Draft:
    """Take the highest approval that the officer may, and lift a condition of theirs. Raises a Refusal; pressing twice
    changes nothing."""
    if (known := _pressed(desk, digest, "approval", None)) is not None:
        return known
    draft = desk.as_it_stands()
    if (mandate := lifting(draft, desk.decider)) is not None:
        _refuse_stale(desk, draft, digest)
        return _go_on(desk, _lifted(desk, draft, mandate))
    index, mandate = approval_step(draft, desk.decider)
    _refuse_stale(desk, draft, digest)
    return _take(desk, draft, index, mandate)


def sign_off(desk: Desk, kind: Specialism, digest: str, *, nil_return: bool = False) -> Draft:
    """Vouch for a draft as a specialist, or return it as having nothing to say, which counts. Raises a Refusal;
    pressing twice changes nothing."""
    if (known := _pressed(desk, digest, "signoff", kind)) is not None:
        return known
    draft = desk.as_it_stands()
    index, mandate = signoff_step(draft, desk.decider, kind)
    _refuse_stale(desk, draft, digest)
    return _take(desk, draft, index, mandate, nil_return=nil_return)


def _take(desk: Desk, draft: Draft, index: int, mandate: Mandate, *, nil_return: bool = False) -> Draft:
    step = draft.steps[index]
    now = seen(desk.case, draft, draft.policy_version)
    consent = Consent.by(mandate, desk.now, draft.digest, vouching(now, step))
    taken = draft.taken(index, replace(consent, nil_return=nil_return))
    action = "draft.approved" if step.kind == "approval" else "draft.signed_off"
    desk.case.draft = taken
    desk.record(
        action,
        mandate,
        draft=draft.number,
        version=draft.version,
        digest=draft.digest,
        step=step.level,
        of=step.specialism,
        nil_return=nil_return or None,
    )
    return _go_on(desk, _lifted(desk, taken, mandate) if step.kind == "approval" else taken)


def _go_on(desk: Desk, draft: Draft) -> Draft:
    """Release the draft if nothing is left to wait for."""
    desk.case.draft = draft
    if draft.is_cleared:
        _release(desk, draft)
    desk.work.keep(desk.case)
    assert desk.case.draft is not None
    return desk.case.draft


def _release(desk: Desk, draft: Draft) -> None:
    case = desk.case
    response = releases.by_clearance(case, draft, desk.may_split, desk.now)
    case.end_draft("released")
    case.settle()
    desk.work.release(response)
    desk.record(
        "response.released",
        _last(desk, draft),
        draft=draft.number,
        version=draft.version,
        response=response.response,
        digest=response.digest,
        authorisations=[_spoken(each) for each in response.authorisations],
    )


def _last(desk: Desk, draft: Draft) -> Mandate:
    """By what the officer acts whose consent was the last: the mandate of their step, or their first."""
    step = draft.consent_of(desk.subject)
    used = step.taken if step else None
    fitting = [each for each in desk.decider.mandates if used and (each.post, each.level) == (used.post, used.level)]
    return (fitting or list(desk.decider.mandates))[0]


def _lifted(desk: Desk, draft: Draft, mandate: Mandate) -> Draft:
    lifted = draft.lifted(mandate)
    if lifted != draft:
        desk.record("condition.lifted", mandate, draft=draft.number, version=draft.version)
    return lifted


def _pressed(desk: Desk, digest: str, kind: Literal["approval", "signoff"], of: str | None) -> Draft | None:
    """The draft, where the officer has given this very consent before."""
    draft = desk.draft
    assert draft is not None
    step = draft.consent_of(desk.subject)
    if step is None or step.taken is None or draft.state not in ("open", "released"):
        return None
    same = step.kind == kind and step.specialism == of and digest == draft.digest
    return draft if same and not any(each.officer == desk.subject for each in draft.conditions) else None


def _refuse_stale(desk: Desk, draft: Draft, digest: str) -> None:
    if digest != draft.digest:
        raise StaleDigest(draft.digest)
    desk.refuse_late(draft.valid_until)


def _spoken(given: Authorisation) -> str:
    """``approval Deputy L4 for Head (head) under del_…``"""
    behalf = given.on_behalf_of
    whose = f" for {behalf.post} ({behalf.officer})" if behalf else ""
    return f"{given.kind} {given.post} {given.level}{whose}" + (
        f" under {given.instrument}" if given.instrument else ""
    )
