"""What officers do with texts that are cleared apart from any one case: put them up, consent, send back, withdraw.

The authority comes from posts, appointments and delegations, as it does for drafts. Each act comes with its entries for
the audit trail.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from services.policy.domain.authority.mandates import Mandate
from services.policy.domain.clearance.approvals import Consent, Counting, NotYourAuthority, StaleDigest
from services.policy.domain.clearance.deciders import Decider, approval_step, returning, signoff_step
from services.policy.domain.clearance.facts import FactsDiffer
from services.policy.domain.clearance.submissions import Submission, SubmissionNotOpen, withdrawing
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.scales import Specialism
from services.policy.ports import PARLEY, Act, FactsGate


@dataclass(frozen=True, slots=True)
class Done:
    """What came of an act: the submission as it is now, and what goes on record."""

    submission: Submission
    acts: tuple[Act, ...] = ()


def put_up(new: Submission, decider: Decider, policy: PolicyInForce) -> Done:
    """Put a text up for clearance. Raises NotYourAuthority for one without any mandate."""
    if not decider.mandates:
        raise NotYourAuthority
    submission = new.bound(policy)
    return Done(submission, (_act(submission, "put_up", decider.mandates[0], level=submission.level),))


def supersede(earlier: Submission, by: Submission, now: datetime) -> Done:
    """An earlier text of the same line or issue gives way to another one."""
    ended = earlier.ended("superseded", now, by.author)
    details = {"submission": earlier.id, "number": earlier.number, "in_favour_of": by.number}
    return Done(ended, (Act(earlier.agency, PARLEY, f"{earlier.matter}.superseded", earlier.subject, details=details),))


def same_facts(submission: Submission, gate: FactsGate) -> Submission:
    """A text whose languages and variants say the same, which comes before any consent to it. Raises FactsDiffer."""
    if differences := gate.differences(submission.wordings):
        raise FactsDiffer(differences)
    return submission


def recount(submission: Submission, counting: Counting) -> Done:
    """Open those steps again whose consents rest on an authority that is gone. Comes before any other act."""
    after = submission.recounted(counting)
    if after is submission:
        return Done(submission)
    gone = [
        was.taken.officer
        for was, now in zip(submission.steps, after.steps, strict=True)
        if was.taken is not None and now.taken is None
    ]
    details = {"submission": after.id, "number": after.number, "reason": "authority_gone", "officers": gone}
    return Done(after, (Act(after.agency, PARLEY, f"{after.matter}.approvals_lapsed", after.subject, details=details),))


def approve(submission: Submission, decider: Decider, digest: str, policy: PolicyInForce, now: datetime) -> Done:
    """Take the highest approval that the officer may; with the last step it is cleared. Raises a Refusal; pressing
    twice changes nothing."""
    if _has_pressed(submission, decider, digest, "approval", None):
        return Done(submission)
    submission = _as_it_stands(submission, policy)
    index, mandate = approval_step(submission, decider)
    return _take(submission, index, mandate, digest, now)


def sign_off(
    submission: Submission, decider: Decider, kind: Specialism, digest: str, policy: PolicyInForce, now: datetime
) -> Done:
    """Vouch for it as a specialist. Raises a Refusal; pressing twice changes nothing."""
    if _has_pressed(submission, decider, digest, "signoff", kind):
        return Done(submission)
    submission = _as_it_stands(submission, policy)
    index, mandate = signoff_step(submission, decider, kind)
    return _take(submission, index, mandate, digest, now)


def send_back(submission: Submission, decider: Decider, reason: str, now: datetime) -> Done:
    """It is not cleared as it is. Raises a Refusal."""
    if submission.state == "returned":
        return Done(submission)
    if submission.state != "open":
        raise SubmissionNotOpen(submission.state)
    mandate = returning(submission, decider)
    ended = submission.ended("returned", now, decider.subject, reason)
    return Done(ended, (_act(ended, "returned", mandate, reason=reason),))


def withdraw(submission: Submission, decider: Decider, reason: str, now: datetime) -> Done:
    """Nothing goes out by it any more. Raises a Refusal."""
    if submission.state == "withdrawn":
        return Done(submission)
    if submission.state not in ("open", "cleared"):
        raise SubmissionNotOpen(submission.state)
    mandate = withdrawing(submission, decider)
    ended = submission.ended("withdrawn", now, decider.subject, reason)
    return Done(ended, (_act(ended, "withdrawn", mandate, reason=reason),))


def _take(submission: Submission, index: int, mandate: Mandate, digest: str, now: datetime) -> Done:
    if digest != submission.digest:
        raise StaleDigest(submission.digest)
    taken = submission.taken(index, Consent.by(mandate, now, digest))
    step = taken.steps[index]
    verb = "approved" if step.kind == "approval" else "signed_off"
    acts = [_act(taken, verb, mandate, step=step.level, of=step.specialism)]
    if taken.is_cleared:
        taken = replace(taken, state="cleared", cleared_at=now)
        acts.append(
            _act(taken, "cleared", mandate, officers=[each.taken.officer for each in taken.steps if each.taken])
        )
    return Done(taken, tuple(acts))


def _has_pressed(
    submission: Submission,
    decider: Decider,
    digest: str,
    kind: Literal["approval", "signoff"],
    specialism: Specialism | None,
) -> bool:
    step = submission.consent_of(decider.subject)
    if step is None or step.taken is None or submission.state not in ("open", "cleared", "ended"):
        return False
    return (step.kind, step.specialism) == (kind, specialism) and step.taken.digest == digest == submission.digest


def _as_it_stands(submission: Submission, policy: PolicyInForce) -> Submission:
    if submission.state != "open":
        raise SubmissionNotOpen(submission.state)
    return submission.bound(policy)


def _act(submission: Submission, verb: str, mandate: Mandate, **details: object) -> Act:
    about = {"submission": submission.id, "number": submission.number, "digest": submission.digest, **details}
    return Act.by(mandate, submission.agency, f"{submission.matter}.{verb}", submission.subject, **about)
