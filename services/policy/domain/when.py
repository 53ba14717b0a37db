"""The conditions and findings of a rule, as data.

A condition speaks only of what a decision can know: the comment, its author and conversation, how far it has spread,
the periods in force and what earlier rules found. Each one that is added here needs its counterpart in
``deciding/conditions.py``.
"""

from typing import Annotated, Literal

from pydantic import Field

from services.policy.domain.parts import Id, Part
from services.policy.domain.scales import (
    AuthorKind,
    Closed,
    Damage,
    DamageClass,
    Disposition,
    Drift,
    Kind,
    Level,
    Sensitivity,
    Specialism,
)
from services.policy.domain.triage.private_data import PrivateData

Text = Annotated[str, Field(min_length=1, max_length=200)]
Damages = Damage | dict[DamageClass, Damage]


class When(Part):
    """Conditions of a rule; those that are left out always hold. Reach and followers that are unknown hold for none."""

    kind: tuple[Kind, ...] = ()
    not_kind: tuple[Kind, ...] = ()
    confidence_at_least: float | None = Field(None, ge=0, le=1, description="of the comment's kind")
    unsure: bool | None = Field(None, description="the kind is less sure than least_confidence, or has two voices")
    topic: tuple[Id, ...] = ()
    not_topic: tuple[Id, ...] = ()
    any_topic: bool | None = None
    closed: tuple[Closed, ...] = ()
    embargoed: bool | None = Field(None, description="a topic of the comment is under embargo")
    admitted: bool | None = Field(None, description="a topic of the comment is a fault that the agency has admitted")
    competence: Literal["elsewhere", "several"] | None = None
    phrase: dict[Annotated[str, Field(pattern=r"^[a-z]{2,3}$")], tuple[Text, ...]] = Field({})
    pattern: tuple[Text, ...] = Field((), description="RE2 syntax, over text in small letters with single spaces")
    private_data: bool | tuple[PrivateData, ...] | None = None
    language: tuple[str, ...] = Field((), description="`other`: none of the agency's")
    platform: tuple[str, ...] = ()
    author: tuple[str, ...] = Field((), description="ids or handles")
    author_kind: tuple[AuthorKind, ...] = ()
    public: bool | None = None
    echo: bool | None = Field(None, description="our own publication coming back")
    turn_at_least: int | None = Field(None, ge=1, description="the author's n-th comment in the thread")
    budget_spent: bool | None = Field(None, description="the author has come to the last turn of `conversation.turns`")
    drift: tuple[Drift, ...] = Field((), description="the conversation moves away from what was decided in it before")
    earlier_kind: tuple[Kind, ...] = Field((), description="an earlier comment of the author in the thread was that")
    earlier_disposition: tuple[Disposition, ...] = Field((), description="of an earlier comment of the author")
    judged: tuple[Kind, ...] = Field((), description="a person judged the same text to be that")
    seen_by_at_least: int | None = Field(None, ge=0, description="people who had seen it when it came")
    seen_by_at_most: int | None = Field(None, ge=0)
    followers_at_least: int | None = Field(None, ge=0, description="of the author")
    prominent: bool | None = Field(None, description="`reach` of the policy: spreads fast, or a great following")
    same_issue_at_least: int | None = Field(None, ge=1, le=512, description="authors of the same issue in the window")
    surge: bool | None = Field(None, description="as many authors of the same issue as `same_issue.surge_at` says")
    older_than_days: int | None = Field(None, ge=1)
    period: Literal["pre_election", "crisis", "blackout"] | None = None
    sensitivity_at_least: Sensitivity | None = None
    sensitivity_at_most: Sensitivity | None = None
    damage_at_least: Damage | None = None
    damage_at_most: Damage | None = None
    damage_class: tuple[DamageClass, ...] = Field((), description="a damage above D0 was found in one of these")
    undecided: bool | None = Field(None, description="no rule has given a disposition so far")
    conflict: Literal[True] | None = Field(
        None, description="one rule wants silence, another an answer; read after all others"
    )
    line_fits: bool | None = None


class Then(Part):
    """What a rule finds. Findings of several rules add up; the first disposition stands.

    ``stop``: later rules are not read; ``unless_question`` reads on where the comment also asks something.
    """

    disposition: Disposition | None = None
    sensitivity: Sensitivity | None = None
    damage: Damages | None = Field(None, description="one value, or one for each class of damage")
    level: Level | None = Field(None, description="at least this")
    level_up: int = Field(0, ge=0, le=4, description="steps above what all else asks for; ends at L4")
    spares_lines: bool = Field(False, description="its level does not hold for an unchanged cleared line")
    signoffs: tuple[Specialism, ...] = ()
    approvals: int = Field(0, ge=0, le=9, description="at least so many, each by another person")
    clock: Id | None = None
    clock_faster: bool = Field(False, description="the next class up of the clock that stands, by its `faster`")
    duties: tuple[Id, ...] = ()
    automatic: bool = Field(False, description="a fitting line, moderation or an echo needs nobody further")
    sample: float = Field(0, ge=0, le=1, description="share of comments that a second person looks at as well")
    stop: bool | Literal["unless_question"] = False
