"""A mandate: by what a person may decide, and how far.

Every mandate comes from a post: held, stood in for, or delegated from. None comes from a token's scopes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.policy.domain.roster import Ceiling, Officer
from services.policy.domain.scales import Damage, Level, Sensitivity, Specialism

Basis = Literal["post", "acting", "delegation"]

BASES: tuple[Basis, ...] = ("post", "acting", "delegation")
"""From the person's own to the most borrowed."""

NO_CEILING = Ceiling(sensitivity="S4", damage="D4")


@dataclass(frozen=True, slots=True)
class Weight:
    """What a case asks of whoever decides on it."""

    sensitivity: Sensitivity
    damage: Damage
    topics: tuple[str, ...] = ()
    platform: str | None = None


@dataclass(frozen=True, slots=True)
class OnBehalfOf:
    """Whose power is used: the delegator, and the post that the power belongs to."""

    officer: str
    post: str


@dataclass(frozen=True, slots=True)
class Mandate:
    """One way in which a person may decide.

    ``post`` is what the person holds or stands in for; for a delegate without one, the delegator's. ``topics`` and
    ``platforms``: none named means all. ``instrument`` is the acting appointment's or the delegation's id, ``chain``
    the delegations that it rests on, its own first, ``limits`` those of them that count consents, with their numbers a
    day. ``passes_on``: whether it may be delegated.
    """

    subject: str
    post: str
    level: Level
    basis: Basis
    specialisms: tuple[Specialism, ...] = ()
    topics: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    ceiling: Ceiling = NO_CEILING
    from_: datetime | None = None
    until: datetime | None = None
    instrument: str | None = None
    on_behalf_of: OnBehalfOf | None = None
    chain: tuple[str, ...] = ()
    limits: tuple[tuple[str, int], ...] = ()
    passes_on: bool = True

    @classmethod
    def of_post(cls, officer: Officer) -> "Mandate":
        """What the holder of a post has."""
        return cls(
            subject=officer.subject,
            post=officer.post,
            level=officer.level,
            basis="post",
            specialisms=officer.specialisms,
            topics=officer.topics,
            ceiling=officer.ceiling or NO_CEILING,
            from_=officer.from_,
            until=officer.until,
        )

    @property
    def number_a_day(self) -> int | None:
        """How many consents a day it is good for, or None for any number."""
        return min((number for _, number in self.limits), default=None)

    @property
    def post_behind(self) -> str:
        """The post that its power belongs to: the delegator's for a delegation."""
        return self.on_behalf_of.post if self.on_behalf_of else self.post

    def stands_for(self, topics: Iterable[str]) -> bool:
        """Whether it is for all of these subjects; where there are none, only a mandate for all subjects is."""
        asked = set(topics)
        return not self.topics or (bool(asked) and asked <= set(self.topics))

    def speaks_on(self, platform: str | None) -> bool:
        """Whether it is for that platform."""
        return not self.platforms or platform in self.platforms

    def exceeded_by(self, weight: Weight) -> tuple[str, ...]:
        """Which of its ceilings a case lies above: ``sensitivity``, ``damage``, both or none."""
        above = {
            "sensitivity": weight.sensitivity > self.ceiling.sensitivity,
            "damage": weight.damage > self.ceiling.damage,
        }
        return tuple(name for name, is_above in above.items() if is_above)
