"""What rules may look at while they are read, and what they have found so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from services.policy.domain.comments import Comment, History
from services.policy.domain.policies import Line, Rule
from services.policy.domain.scales import (
    AuthorKind,
    Closed,
    Damage,
    DamageClass,
    Disposition,
    Drift,
    Level,
    Sensitivity,
    Specialism,
)
from services.policy.domain.triage.sorting import Sorted

SILENT: frozenset[Disposition] = frozenset({"no_response", "let_stand", "monitor"})
_NEITHER: frozenset[Disposition] = frozenset({"moderate", "escalate"})


class Situation(NamedTuple):
    """All that conditions may speak of. ``languages``: that of the comment, and ``other`` if it is none of ours."""

    comment: Comment
    seen: Sorted
    history: History
    periods: frozenset[str]
    closed: frozenset[Closed]
    competence: str | None
    languages: frozenset[str]
    author_kinds: frozenset[AuthorKind]
    embargoed: bool
    admitted: bool
    prominent: bool
    surge: bool
    budget_spent: bool
    drift: frozenset[Drift]
    now: datetime


class Minimum(NamedTuple):
    """A level that a rule asks for at least; an unchanged cleared line may be spared it."""

    rule: str
    level: Level
    spares_lines: bool = False


class Matched(NamedTuple):
    """A rule that held, and what its conditions looked at."""

    rule: Rule
    saw: dict[str, Any]


class Nearly(NamedTuple):
    """A rule all of whose conditions held but one."""

    rule: Rule
    missing: str


@dataclass(slots=True)
class Findings:
    """What has been found so far. ``clock`` None: the class of the level that comes out."""

    sensitivity: Sensitivity = "S0"
    damage: Damage = "D0"
    damages: dict[DamageClass, Damage] = field(default_factory=dict)
    disposition: Disposition | None = None
    conflict: bool = False
    minimums: list[Minimum] = field(default_factory=list)
    ups: list[tuple[str, int]] = field(default_factory=list)
    signoffs: list[Specialism] = field(default_factory=list)
    approvals: int = 0
    duties: list[str] = field(default_factory=list)
    clock: str | None = None
    faster: bool = False
    matched: list[Matched] = field(default_factory=list)
    nearly: list[Nearly] = field(default_factory=list)
    line: Line | None = None
    doubts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def settle(self, disposition: Disposition) -> None:
        """Take a rule's disposition: the first stands; silence and an answer at once are a conflict."""
        if self.disposition is None:
            self.disposition = disposition
        elif not {self.disposition, disposition} & _NEITHER:
            self.conflict = self.conflict or ((self.disposition in SILENT) != (disposition in SILENT))

    def hurt(self, damage: Damage | Mapping[DamageClass, Damage]) -> None:
        """Take a damage, in one value or by class: the highest stands."""
        if isinstance(damage, str):
            self.damage = max(self.damage, damage)
            return
        for name, value in damage.items():
            self.damage = max(self.damage, value)
            self.damages[name] = max(value, self.damages.get(name, "D0"))
