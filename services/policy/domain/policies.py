"""A policy as data: what an agency writes down, and nothing that it computes.

The models are strict and closed: an unknown key, a wrong type or a dangling name is refused with its path and a
sentence, because a policy that is silently half understood answers citizens wrongly. A policy is immutable; its
``version`` names the content by digest, so that each decision can be traced to the very words that made it.
"""

import hashlib
import json
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from services.policy.domain.scales import Closed, Damage, Kind, Level, Sensitivity, Specialism
from services.policy.domain.when import Then, When

Name = Annotated[str, Field(min_length=1, max_length=200)]
Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
Phrase = Annotated[str, Field(min_length=1, max_length=200)]
Phrases = dict[Language, tuple[Phrase, ...]]

STAGES = ("safety", "owner", "period", "asker", "kind", "rest")
"""The order in which rules are read: all of a stage, the agency's before the baseline's, then the next stage."""


class Part(BaseModel):
    """A closed, frozen piece of a policy."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", populate_by_name=True)


class Scales(Part):
    """Which level each sensitivity and each damage asks for at least."""

    by_sensitivity: dict[Sensitivity, Level]
    by_damage: dict[Damage, Level]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if len(self.by_sensitivity) < 5 or len(self.by_damage) < 5:
            raise ValueError("a scale names a level for each of its five values")
        return self


class Floor(Part):
    """What no agency may go below: levels by sensitivity, damage, kind of comment and closed subject."""

    by_sensitivity: dict[Sensitivity, Level] = {}
    by_damage: dict[Damage, Level] = {}
    by_kind: dict[Kind, Level] = {}
    by_closed: dict[Closed, Level] = {}


class StepRule(Part):
    """One consent that a level asks for: an approval by a person on ``level`` or above."""

    kind: Annotated[str, Field(pattern="^(approval|signoff)$")] = "approval"
    level: Level
    specialism: Specialism | None = None

    @model_validator(mode="after")
    def _signoff_names_its_subject(self) -> Self:
        if (self.kind == "signoff") != (self.specialism is not None):
            raise ValueError("a signoff names its specialism, an approval none")
        return self


class Rung(Part):
    """A level by the agency's own name for it, with the consents that a release on it needs."""

    name: Name
    steps: tuple[StepRule, ...] = ()


class Topic(Part):
    """A subject, found by its phrases. A phrase that ends in ``*`` matches every word that begins so.

    ``agency`` names the competent authority where it is not this agency; ``unit`` who answers within it.
    """

    id: Id
    phrases: Phrases
    sensitivity: Sensitivity = "S0"
    damage: Damage = "D0"
    closed: Closed | None = None
    unit: Name | None = None
    agency: Id | None = None


class KindWords(Part):
    """By which words a kind of comment is known. ``alone`` counts only where nothing else says what it is."""

    kind: Kind
    phrases: Phrases = {}
    alone: Phrases = {}
    patterns: tuple[Phrase, ...] = ()


class Rule(Part):
    """If ``when`` holds, ``then`` is found. Conditions join by *and*, the values of one condition by *or*."""

    id: Id
    name: Name
    stage: Annotated[str, Field(pattern="^(" + "|".join(STAGES) + ")$")] = "kind"
    when: When
    then: Then

    @cached_property
    def findings(self) -> dict[str, Any]:
        """What the rule finds, for reading; shared, so never to be changed."""
        return self.then.model_dump(mode="json", exclude_defaults=True)


class Ceiling(Part):
    """The most that something may be used for: up to this sensitivity and this damage."""

    sensitivity: Sensitivity
    damage: Damage


class ClearedBy(Part):
    """Who cleared a line beforehand: its standing authority."""

    officer: Id
    post: Name
    level: Level


class Preconditions(Part):
    """What must be true at the moment in which a line is used."""

    from_: AwareDatetime | None = Field(None, alias="from")
    until: AwareDatetime | None = None
    public_only: bool = False


class Line(Part):
    """Cleared wording for a subject, one text per language; it answers ``kinds`` about ``topics``."""

    id: Id
    text: dict[Language, Annotated[str, Field(min_length=1, max_length=5000)]]
    topics: tuple[Id, ...] = Field(min_length=1)
    kinds: tuple[Kind, ...] = ("question",)
    preconditions: Preconditions = Preconditions()
    ceiling: Ceiling
    cleared_by: ClearedBy
    cleared_at: AwareDatetime


class Officer(Part):
    """A post and the subject (OIDC ``sub``) that holds it. ``ceiling`` limits what the holder may consent to."""

    subject: Id
    post: Name
    level: Level
    specialisms: tuple[Specialism, ...] = ()
    ceiling: Ceiling | None = None


class Clock(Part):
    """Times of one class in minutes; working minutes unless ``around_the_clock``."""

    answer: int = Field(gt=0)
    acknowledge: int | None = None
    holding: int | None = None
    escalate: int | None = None
    to_head: int | None = None
    around_the_clock: bool = False


class Period(Part):
    """A time in which other rules apply: before a vote, in a crisis, or while nothing may go out."""

    kind: Annotated[str, Field(pattern="^(pre_election|crisis|blackout)$")]
    from_: AwareDatetime = Field(alias="from")
    until: AwareDatetime | None = None
    platforms: tuple[str, ...] = ()


class Policy(Part):
    """One agency's whole policy, composed over the baseline."""

    agency: Id
    name: Name
    revision: int = Field(ge=1, alias="version")
    languages: tuple[Language, ...] = Field(min_length=1)
    default_language: Language
    scales: Scales
    floor: Floor = Floor()
    ladder: dict[Level, Rung]
    clocks: dict[Id, Clock]
    topics: tuple[Topic, ...] = ()
    kinds: tuple[KindWords, ...] = ()
    rules: tuple[Rule, ...]
    lines: tuple[Line, ...] = ()
    periods: tuple[Period, ...] = ()
    officers: tuple[Officer, ...] = ()

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the content in canonical JSON."""
        content = json.dumps(self.model_dump(mode="json", by_alias=True), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()

    @cached_property
    def version(self) -> str:
        """``passports/3@1f0c9a…``: agency, revision and the first twelve digits of the digest."""
        return f"{self.agency}/{self.revision}@{self.digest[:12]}"

    @cached_property
    def _officers(self) -> dict[str, Officer]:
        return {officer.subject: officer for officer in self.officers}

    @cached_property
    def _topics(self) -> dict[str, Topic]:
        return {topic.id: topic for topic in self.topics}

    def officer(self, subject: str) -> Officer | None:
        """The post that a person holds here, or None."""
        return self._officers.get(subject)

    def topic(self, topic_id: str) -> Topic:
        """The topic of that id, which the policy is known to have."""
        return self._topics[topic_id]
