"""Binding a draft to what stands now.

Done when a draft is written, when its thread moves on, and again before every consent: a draft that was bound to
another thread head or another policy version starts its steps anew, as the case and the policy ask today.
"""

from dataclasses import replace

from services.policy.domain.clearance.approvals import Step, steps_of
from services.policy.domain.clearance.cases import Case
from services.policy.domain.clearance.standings import Standing
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.scales import Level

BY_A_PERSON: Level = "L1"
"""The least level of what an officer writes: L0 is for lines, and a case whose line did not arrive needs a person."""


def rebind(case: Case, policy: PolicyInForce) -> bool:
    """Bind the case's open draft to the present; whether that changed it. The case has something to answer."""
    assert case.draft is not None
    assert case.standing is not None
    version = policy.policy.version
    digest = case.seen(case.draft.text, case.draft.language, version).digest()
    if digest == case.draft.digest:
        return False
    case.draft = replace(case.draft, digest=digest, policy_version=version, steps=_steps(case.standing, policy))
    return True


def restep(case: Case, policy: PolicyInForce) -> bool:
    """Start the open draft's steps anew as the case asks now; whether there was one."""
    if case.draft is None or case.draft.state != "open" or case.standing is None:
        return False
    case.draft = replace(case.draft, steps=_steps(case.standing, policy))
    return True


def _steps(standing: Standing, policy: PolicyInForce) -> tuple[Step, ...]:
    return steps_of(policy.steps(max(standing.level, BY_A_PERSON), standing.signoffs, standing.approvals))
