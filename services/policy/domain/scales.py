"""The scales of a policy: sensitivity, damage, levels, clocks.

Each value is a letter and one digit, so that ``max`` and ``<`` on the strings compare them; nothing here may grow a
second digit.
"""

from typing import Literal

from shared.events import Disposition, Level

__all__ = [
    "DAMAGES",
    "DAMAGE_CLASSES",
    "KINDS",
    "LEVELS",
    "SENSITIVITIES",
    "AuthorKind",
    "Closed",
    "Damage",
    "DamageClass",
    "Disposition",
    "Drift",
    "Kind",
    "Level",
    "Sensitivity",
    "Specialism",
    "raised",
]

Sensitivity = Literal["S0", "S1", "S2", "S3", "S4"]
"""How harmful disclosure would be: S0 already published … S4 market-moving, security, before a court, cabinet."""

Damage = Literal["D0", "D1", "D2", "D3", "D4"]
"""How bad it is if the answer is wrong: D0 none … D4 life, public order, systemic loss."""

Specialism = Literal["facts", "legal", "security"]
"""What a sign-off vouches for."""

DamageClass = Literal["market", "reputation", "safety", "legal", "privacy"]
"""What a wrong answer would hurt."""

Closed = Literal["court", "draft_law", "market", "person", "party"]
"""Subjects on which an agency says nothing, or not in public: before a court, draft law, market-moving, a person, a
party or candidate."""

AuthorKind = Literal["press", "parliament", "embassy", "regulator", "official", "agency"]
"""Authors whom an agency knows by their accounts, because they are not answered as citizens are."""

Drift = Literal["new_subject", "new_fact", "hostile", "press", "reach"]
"""How a conversation moves away from what was decided in it: to another subject, to more than the answer said, to
hostility; somebody of the press joins it; many more see it than before."""

Kind = Literal[
    "question",
    "complaint",
    "praise",
    "suggestion",
    "opinion",
    "mistaken_fact",
    "false_claim",
    "baiting",
    "venting",
    "threat",
    "emergency",
    "spam",
    "abuse",
    "private_data",
    "legal",
    "information_request",
    "press",
    "other",
]

LEVELS: tuple[Level, ...] = ("L0", "L1", "L2", "L3", "L4", "L5")
SENSITIVITIES: tuple[Sensitivity, ...] = ("S0", "S1", "S2", "S3", "S4")
DAMAGES: tuple[Damage, ...] = ("D0", "D1", "D2", "D3", "D4")
DAMAGE_CLASSES: tuple[DamageClass, ...] = ("market", "reputation", "safety", "legal", "privacy")
KINDS: tuple[Kind, ...] = (
    "emergency",
    "threat",
    "private_data",
    "spam",
    "abuse",
    "legal",
    "information_request",
    "press",
    "false_claim",
    "mistaken_fact",
    "complaint",
    "question",
    "suggestion",
    "opinion",
    "praise",
    "venting",
    "baiting",
    "other",
)
"""Every kind, the weightiest first: a comment of several kinds is called by its first."""


def raised(level: Level, steps: int) -> Level:
    """``level`` moved up by ``steps``; moving up ends at the head of the agency (L4)."""
    return max(level, LEVELS[min(LEVELS.index(level) + steps, LEVELS.index("L4"))])
