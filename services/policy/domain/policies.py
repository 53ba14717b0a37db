"""A policy as data: what an agency writes down, and nothing that it computes.

The models are strict and closed: an unknown key, a wrong type or a dangling name is refused with its path and a
sentence, because a policy that is silently half understood answers citizens wrongly. A policy is immutable; its
``version`` names the content by digest, so that each decision can be traced to the very words that made it.
"""

import hashlib
import json
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from services.policy.domain.parts import Id, Language, Name, Part
from services.policy.domain.roster import Calendar, Ceiling, Officer
from services.policy.domain.scales import (
    AuthorKind,
    Closed,
    Damage,
    DamageClass,
    Kind,
    Level,
    Sensitivity,
    Specialism,
)
from services.policy.domain.variants import Variants, said_on
from services.policy.domain.when import Damages, Then, When

Phrase = Annotated[str, Field(min_length=1, max_length=200)]
Phrases = dict[Language, tuple[Phrase, ...]]

STAGES = ("safety", "owner", "period", "asker", "doubt", "kind", "rest")
"""The order in which rules are read: all of a stage, then the next. Within one: centre, unit, agency, baseline."""

Layer = Literal["centre", "unit", "agency", "baseline"]
"""Who wrote a rule. Its ``stop`` ends what the same layer and those it binds would still say, never a layer above."""

Stage = Literal["safety", "owner", "period", "asker", "doubt", "kind", "rest"]

BESIDE = frozenset({"officers", "calendar"})
"""Sections that stand beside the policy: who holds which post changes without the policy changing."""


class Scales(Part):
    """Which level each sensitivity and each damage asks for at least."""

    by_sensitivity: dict[Sensitivity, Level]
    by_damage: dict[Damage, Level]
    by_damage_class: dict[DamageClass, dict[Damage, Level]] = Field({})

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if len(self.by_sensitivity) < 5 or len(self.by_damage) < 5:
            raise ValueError("a scale names a level for each of its five values")
        by_class = (level for levels in self.by_damage_class.values() for level in levels.values())
        if "L0" in (*self.by_sensitivity.values(), *self.by_damage.values(), *by_class):
            raise ValueError("L0 is for what goes out by itself; a scale begins at L1")
        return self


class StepRule(Part):
    """One consent that a level asks for: an approval by a person on ``level`` or above.

    ``posts`` names those of whom one is to give it (none named: whoever stands on the level). Steps of one ``stage``
    may be taken in any order, those of the next once all of it are. A quorum of three is the same step three times.
    """

    kind: Annotated[str, Field(pattern="^(approval|signoff)$")] = "approval"
    level: Level
    specialism: Specialism | None = None
    posts: tuple[Name, ...] = ()
    stage: int = Field(1, ge=1, le=9)

    @model_validator(mode="after")
    def _signoff_names_its_subject(self) -> Self:
        if (self.kind == "signoff") != (self.specialism is not None):
            raise ValueError("a signoff names its specialism, an approval none")
        return self


class Rung(Part):
    """A level by the agency's own name for it, with the consents that a release on it needs."""

    name: Name
    steps: tuple[StepRule, ...] = ()


class Floor(Part):
    """What no agency may go below: levels by sensitivity, damage, kind of comment and closed subject, and the steps
    that a release on a level takes at least."""

    by_sensitivity: dict[Sensitivity, Level] = Field({})
    by_damage: dict[Damage, Level] = Field({})
    by_kind: dict[Kind, Level] = Field({})
    by_closed: dict[Closed, Level] = Field({})
    steps: dict[Level, tuple[StepRule, ...]] = Field({})


class Topic(Part):
    """A subject, found by its phrases. A phrase that ends in ``*`` matches every word that begins so.

    ``agency`` names the competent authority where it is not this agency; ``unit`` who answers within it. ``admitted``:
    a fault that the agency has admitted in public. ``embargo_until``: nothing is said before.
    """

    id: Id
    phrases: Phrases
    sensitivity: Sensitivity = "S0"
    damage: Damages = "D0"
    closed: Closed | None = None
    embargo_until: AwareDatetime | None = None
    admitted: bool = False
    unit: Name | None = None
    agency: Id | None = None

    @cached_property
    def worst(self) -> Damage:
        """The highest damage of any class."""
        return self.damage if isinstance(self.damage, str) else max(self.damage.values(), default="D0")


class KindWords(Part):
    """By which words a kind of comment is known. ``alone`` counts only where nothing else says what it is."""

    kind: Kind
    phrases: Phrases = Field({})
    alone: Phrases = Field({})
    patterns: tuple[Phrase, ...] = ()


class Rule(Part):
    """If ``when`` holds, ``then`` is found. Conditions join by *and*, the values of one condition by *or*."""

    id: Id
    name: Name
    stage: Stage = "kind"
    when: When
    then: Then
    layer: Layer = Field("agency", description="set by composition, never by a file")
    unit: Id | None = Field(None, description="set by composition: the unit whose rule this is")

    @cached_property
    def findings(self) -> dict[str, Any]:
        """What the rule finds, for reading; shared, so never to be changed."""
        return self.then.model_dump(mode="json", exclude_defaults=True)


class ClearedBy(Part):
    """Who cleared a line beforehand: its standing authority."""

    officer: Id
    post: Name
    level: Level


class Preconditions(Part):
    """What must be true at the moment in which a line is used.

    ``unless`` are words of comments that ask for more than the line says; ``in_crisis`` makes the line one of the
    crisis pack: no other goes out while a crisis lasts.
    """

    from_: AwareDatetime | None = Field(None, alias="from")
    until: AwareDatetime | None = None
    public_only: bool = False
    in_crisis: bool = False
    unless: Phrases = Field({})


LinePurpose = Literal["answer", "holding", "acknowledgement", "closing"]
"""What a line is for. Only an ``answer`` answers; a ``closing`` line ends an exchange and offers another channel."""


class Wording(Part):
    """What a line says, before anybody has cleared it: one text per language, for ``kinds`` about ``topics``.

    ``variants`` stand in place of a text on one platform.
    """

    id: Id
    purpose: LinePurpose = "answer"
    text: dict[Language, Annotated[str, Field(min_length=1, max_length=5000)]]
    variants: Variants = ()
    topics: tuple[Id, ...] = ()
    kinds: tuple[Kind, ...] = ("question",)
    preconditions: Preconditions = Preconditions()
    ceiling: Ceiling

    @model_validator(mode="after")
    def _answers_about_something(self) -> Self:
        if self.purpose == "answer" and not self.topics:
            raise ValueError("a line that answers names the topics that it speaks on")
        return self

    def said_on(self, platform: str, language: str) -> str | None:
        """What it says on a platform in a language, or None where it has nothing in that."""
        return said_on(platform, language, self.text, self.variants)


class Line(Wording):
    """Cleared wording for a subject, one text per language; it answers ``kinds`` about ``topics``.

    A line that is no answer may name no topics: then it is for every subject.
    """

    cleared_by: ClearedBy
    cleared_at: AwareDatetime


Minutes = Annotated[int, Field(gt=0, le=527_040)]


class Clock(Part):
    """Times of one class in minutes; working minutes unless ``around_the_clock``. ``faster``: the next class up."""

    answer: Minutes
    acknowledge: Minutes | None = None
    holding: Minutes | None = None
    escalate: Minutes | None = None
    to_head: Minutes | None = None
    around_the_clock: bool = False
    faster: Id | None = None

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for name in ("acknowledge", "holding", "escalate", "to_head"):
            minutes = getattr(self, name)
            if minutes is not None and minutes > self.answer:
                raise ValueError(f"{name} comes at {minutes} minutes, after the answer is due at {self.answer}")
        for sooner, later in (("acknowledge", "holding"), ("escalate", "to_head")):
            first, then = getattr(self, sooner), getattr(self, later)
            if first is not None and then is not None and first > then:
                raise ValueError(f"{sooner} comes at {first} minutes, after {later} at {then}")
        return self


class KnownAuthor(Part):
    """An account whose author is not answered as a citizen is. ``account``: platform id or handle; any platform if
    none is named."""

    account: Name
    kind: AuthorKind
    platform: str | None = None


class SameIssue(Part):
    """When comments of different people are one issue: as alike as ``similarity`` (Jaccard's over their words, 0 to 1)
    within the window, or in other languages of one kind and on the same subjects; from ``surge_at`` authors on it is a
    surge."""

    window_minutes: Minutes = 120
    surge_at: int = Field(10, ge=2, le=10_000)
    similarity: float = Field(0.6, ge=0.2, le=1)
    across_languages: bool = True


class Conversation(Part):
    """How far one conversation goes. With the last of its ``turns`` an author's comment goes one level up, or a closing
    line of the policy ends the exchange where its preconditions hold."""

    turns: int = Field(3, ge=2, le=1000, description="comments of one author in a thread")


class Replies(Part):
    """How answers go out. ``split``: one that its platform does not take in one piece may be a numbered thread."""

    split: bool = Field(False, description="an answer too long for one post may go out as a numbered thread")


class Spread(Part):
    """What counts as prominent: seen by ``times`` the ``usual`` number of people, or a great following."""

    usual: int = Field(200, ge=1, description="people who see a comment to this agency, as a rule (median)")
    times: int = Field(10, ge=2)
    great_following: int = Field(50_000, ge=1)


class Period(Part):
    """A time in which other rules apply: before a vote, in a crisis, or while nothing may go out."""

    kind: Annotated[str, Field(pattern="^(pre_election|crisis|blackout)$")]
    from_: AwareDatetime = Field(alias="from")
    until: AwareDatetime | None = None
    platforms: tuple[str, ...] = ()


class Policy(Part):
    """One agency's whole policy: its own and its units' files over the baseline, above the centre's floor."""

    agency: Id
    name: Name
    revision: int = Field(ge=1, alias="version")
    languages: tuple[Language, ...] = Field(min_length=1)
    default_language: Language
    least_confidence: float = Field(0.7, ge=0, le=1, description="below it, a person says of what kind a comment is")
    step_minutes: Minutes = Field(10, description="what one step of a path takes at least; lint measures clocks by it")
    same_issue: SameIssue = SameIssue()
    conversation: Conversation = Conversation()
    reach: Spread = Spread()
    replies: Replies = Replies()
    scales: Scales
    floor: Floor = Floor()
    ladder: dict[Level, Rung]
    clocks: dict[Id, Clock]
    topics: tuple[Topic, ...] = ()
    kinds: tuple[KindWords, ...] = ()
    rules: tuple[Rule, ...]
    lines: tuple[Line, ...] = ()
    periods: tuple[Period, ...] = ()
    known_authors: tuple[KnownAuthor, ...] = ()
    officers: tuple[Officer, ...] = ()
    calendar: Calendar = Calendar()

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the content in canonical JSON, without what stands beside it."""
        content = self.model_dump(mode="json", by_alias=True, exclude=set(BESIDE))
        return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

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
        """A post that a person holds here, at whatever time, or None."""
        return self._officers.get(subject)

    def topic(self, topic_id: str) -> Topic:
        """The topic of that id, which the policy is known to have."""
        return self._topics[topic_id]
