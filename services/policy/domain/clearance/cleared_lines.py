"""Lines that officers cleared beside the policy: each says by which version and whose consents it speaks."""

from services.policy.domain.clearance.approvals import Step
from services.policy.domain.policies import Line


class ClearedLine(Line):
    """One version of a line that was cleared. ``clearance`` is the submission, ``consents`` are its steps."""

    version: int
    clearance: str
    consents: tuple[Step, ...]
