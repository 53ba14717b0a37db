"""The conditions and findings of a rule, as data.

A condition speaks only of what a decision can know today: the comment, its conversation, the periods in force and
what earlier rules found. Each one that is added here needs its counterpart in ``rules.py``.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.policy.domain.scales import Closed, Damage, Disposition, Kind, Level, Sensitivity, Specialism

_closed = ConfigDict(frozen=True, strict=True, extra="forbid")
Text = Annotated[str, Field(min_length=1, max_length=200)]


class When(BaseModel):
    """Conditions of a rule; those that are left out always hold."""

    model_config = _closed

    kind: tuple[Kind, ...] = ()
    not_kind: tuple[Kind, ...] = ()
    topic: tuple[str, ...] = ()
    any_topic: bool | None = None
    closed: tuple[Closed, ...] = ()
    competence: Literal["elsewhere", "several"] | None = None
    phrase: dict[str, tuple[Text, ...]] = {}
    pattern: tuple[Text, ...] = ()
    private_data: bool | None = None
    language: tuple[str, ...] = ()
    platform: tuple[str, ...] = ()
    author: tuple[str, ...] = ()
    public: bool | None = None
    echo: bool | None = None
    turn_at_least: int | None = Field(None, ge=1)
    period: Literal["pre_election", "crisis", "blackout"] | None = None
    sensitivity_at_least: Sensitivity | None = None
    sensitivity_at_most: Sensitivity | None = None
    damage_at_least: Damage | None = None
    unsure: bool | None = None
    undecided: bool | None = None
    line_fits: bool | None = None


class Then(BaseModel):
    """What a rule finds. Findings of several rules add up; the first disposition stands.

    ``automatic`` lets a fitting line answer by itself. ``stop``: later rules are not read;
    ``unless_question`` reads on where the comment also asks something.
    """

    model_config = _closed

    disposition: Disposition | None = None
    sensitivity: Sensitivity | None = None
    damage: Damage | None = None
    level: Level | None = None
    level_up: int = Field(0, ge=0, le=4)
    signoffs: tuple[Specialism, ...] = ()
    clock: str | None = None
    duties: tuple[str, ...] = ()
    automatic: bool = False
    stop: bool | Literal["unless_question"] = False
