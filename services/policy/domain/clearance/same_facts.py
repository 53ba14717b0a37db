"""Texts are cleared together in all their languages, or not at all."""

from collections.abc import Sequence

from services.policy.domain.clearance.approvals import Refusal
from services.policy.domain.facts import Difference


class FactsDiffer(Refusal):
    """The languages do not say the same."""

    def __init__(self, differences: Sequence[Difference]) -> None:
        super().__init__(f"The whole release is held: {'; '.join(map(str, differences))}.")
        self.differences = tuple(differences)
