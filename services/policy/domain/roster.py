"""Who stands on which level, and when an agency works: data beside the policy, which may change from day to day."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AwareDatetime, Field, model_validator

from services.policy.domain.parts import Id, Name, Part
from services.policy.domain.scales import Damage, Level, Sensitivity, Specialism


class Ceiling(Part):
    """The most that something may be used for: up to this sensitivity and this damage."""

    sensitivity: Sensitivity
    damage: Damage


class Hours(Part):
    """One stretch of working time, ``"08:30"`` to ``"12:00"``, on weekdays 1 (Monday) to 7."""

    days: tuple[Annotated[int, Field(ge=1, le=7)], ...] = Field(min_length=1)
    from_: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", alias="from")]
    to: Annotated[str, Field(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")]

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.from_ >= self.to:
            raise ValueError(f"{self.from_} to {self.to} is no stretch of time")
        return self


class Officer(Part):
    """A post and the subject (OIDC ``sub``) that holds it.

    ``topics`` are the subjects for which the post stands on its level (none named: all, and what is on no subject);
    ``ceiling`` limits what the holder may consent to; ``unit`` is where the post belongs. ``hours`` are those of the
    post itself, in the agency's time zone (none named: the agency's calendar), ``on_holidays`` whether they are worked
    on its days off as well: by them one knows who can be expected, and nobody's authority ends with them.
    """

    subject: Id
    post: Name
    level: Level
    specialisms: tuple[Specialism, ...] = ()
    ceiling: Ceiling | None = None
    topics: tuple[Id, ...] = ()
    unit: Name | None = None
    from_: AwareDatetime | None = Field(None, alias="from")
    until: AwareDatetime | None = None
    hours: tuple[Hours, ...] = ()
    on_holidays: bool = False

    def stands_for(self, topics: Iterable[str]) -> bool:
        """Whether the post stands on its level for all of these subjects; where there are none, only a post for all
        does."""
        asked = set(topics)
        return not self.topics or (bool(asked) and asked <= set(self.topics))

    def overlaps(self, other: "Officer") -> bool:
        """Whether both are held at some moment."""
        begins = max(filter(None, (self.from_, other.from_)), default=None)
        ends = min(filter(None, (self.until, other.until)), default=None)
        return begins is None or ends is None or begins < ends

    def holds_at(self, now: datetime) -> bool:
        """Whether the post is held at ``now``."""
        return (self.from_ is None or self.from_ <= now) and (self.until is None or now < self.until)


class Holiday(Part):
    """A day off, in the agency's time zone."""

    day: date
    name: Name


class Calendar(Part):
    """When an agency works."""

    time_zone: Name = "UTC"
    hours: tuple[Hours, ...] = (Hours.model_validate({"days": (1, 2, 3, 4, 5), "from": "08:30", "to": "16:30"}),)
    holidays: tuple[Holiday, ...] = ()

    @model_validator(mode="after")
    def _known_zone(self) -> Self:
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"there is no time zone {self.time_zone}") from None
        return self
