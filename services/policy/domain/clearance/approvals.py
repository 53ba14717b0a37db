"""Drafts, the steps that release them, and who may take which.

An approval binds what was seen. Its digest covers everything that an officer had before their eyes; when any of it
changes, consents given before no longer count. Of a draft's consents each comes from another person, and none from
its author, by whatever mandate they act.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, Self, cast

from services.policy.domain.authority.mandates import Mandate, OnBehalfOf, Weight
from services.policy.domain.policies import StepRule
from services.policy.domain.scales import Level, Specialism

_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))

DraftState = Literal["open", "released", "superseded", "returned", "lapsed"]


class Refusal(Exception):
    """An officer asked for something that cannot be. The docstring of each kind is its message.

    Refusal
    ├── OwnDraft
    ├── NotYourAuthority
    │   ├── CeilingExceeded
    │   └── DayIsSpent
    ├── StaleDigest
    ├── DraftNotOpen
    └── NothingToAnswer
    """

    def __init__(self, reason: str | None = None) -> None:
        super().__init__(reason or type(self).__doc__)


class OwnDraft(Refusal):
    """The author of a draft cannot release it."""


class NotYourAuthority(Refusal):
    """None of the open steps is yours to take."""


class CeilingExceeded(NotYourAuthority):
    """The case lies above the ceiling of your authority."""

    def __init__(self, mandate: Mandate, weight: Weight) -> None:
        self.mandate = mandate
        self.exceeded = mandate.exceeded_by(weight)
        whose = f"instrument {mandate.instrument}" if mandate.instrument else f"post {mandate.post}"
        told = [f"{getattr(weight, name)} lies above {getattr(mandate.ceiling, name)}" for name in self.exceeded]
        super().__init__(f"{' and '.join(told)}, the ceiling of your {whose}.")


class DayIsSpent(NotYourAuthority):
    """The number of consents a day is used up."""

    def __init__(self, instrument: str, number: int) -> None:
        super().__init__(f"The instrument {instrument} is good for {number} a day, and today's are used up.")
        self.instrument, self.number = instrument, number


class StaleDigest(Refusal):
    """What you saw has changed since; look again."""

    def __init__(self, current: str) -> None:
        super().__init__()
        self.current = current


class DraftNotOpen(Refusal):
    """The draft is no longer open."""

    def __init__(self, state: DraftState) -> None:
        super().__init__(f"The draft is {state}.")
        self.state = state


class NothingToAnswer(Refusal):
    """No comment of this case waits for an answer."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What an approval is given for. Media, statements and window have their places and are empty so far."""

    text: str
    language: str | None
    head: tuple[str, int]
    platform: str
    account: str
    reply_to: str
    policy_version: str

    def digest(self) -> str:
        """SHA-256 (64 lower-case hex) over canonical JSON."""
        content: dict[str, object] = {
            "text": self.text,
            "language": self.language,
            "thread_head": {"comment": self.head[0], "revision": self.head[1]},
            "account": {"platform": self.platform, "account": self.account},
            "reply_to": self.reply_to,
            "policy_version": self.policy_version,
            "media": [],
            "statements": [],
            "window": None,
        }
        return hashlib.sha256(_CANONICAL.encode(content).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Consent:
    """One officer's taking of a step, in whose post and at what level, for exactly this digest.

    ``instrument`` is the appointment or delegation it was given under, ``on_behalf_of`` the delegator.
    """

    officer: str
    post: str
    level: Level
    at: datetime
    digest: str
    instrument: str | None = None
    on_behalf_of: OnBehalfOf | None = None

    @classmethod
    def by(cls, mandate: Mandate, at: datetime, digest: str) -> "Consent":
        """The consent that a mandate gives."""
        return cls(mandate.subject, mandate.post, mandate.level, at, digest, mandate.instrument, mandate.on_behalf_of)


@dataclass(frozen=True, slots=True)
class Counting:
    """Which consents still count: ``standing`` are the delegations that give something now, ``recused`` who stepped
    aside from the case."""

    standing: frozenset[str] = frozenset()
    recused: frozenset[str] = frozenset()

    def counts(self, consent: Consent) -> bool:
        """Whether a consent that was not released yet is still good."""
        if consent.officer in self.recused:
            return False
        return consent.on_behalf_of is None or consent.instrument in self.standing


@dataclass(frozen=True, slots=True)
class Step:
    """One consent that a draft needs; ``taken`` once it has it."""

    kind: Literal["approval", "signoff"]
    level: Level
    specialism: Specialism | None = None
    taken: Consent | None = None


class Stepped:
    """What goes out once every step is taken, each by another person and none by its author: a base of dataclasses
    that have these fields."""

    __slots__ = ()

    author: str
    digest: str
    steps: tuple[Step, ...]
    state: str

    @property
    def is_cleared(self) -> bool:
        """Whether every step has been taken."""
        return all(step.taken is not None for step in self.steps)

    def consent_of(self, officer: str) -> Step | None:
        """The step that an officer has taken on it."""
        return next((step for step in self.steps if step.taken and step.taken.officer == officer), None)

    def taken(self, index: int, consent: Consent) -> Self:
        """The same with one more step taken."""
        return self._with((*self.steps[:index], replace(self.steps[index], taken=consent), *self.steps[index + 1 :]))

    def recounted(self, counting: Counting) -> Self:
        """The same with those steps open again whose consents no longer count; what is over stays as it was."""
        if self.state != "open" or all(step.taken is None or counting.counts(step.taken) for step in self.steps):
            return self
        void = [step.taken is not None and not counting.counts(step.taken) for step in self.steps]
        steps = [replace(step, taken=None) if gone else step for step, gone in zip(self.steps, void, strict=True)]
        return self._with(tuple(steps))

    def _with(self, steps: tuple[Step, ...]) -> Self:
        changed: Self = replace(cast(Any, self), steps=steps)
        return changed


@dataclass(frozen=True, slots=True)
class Draft(Stepped):
    """One text for a case. ``number`` counts the case's drafts from 1."""

    number: int
    version: int
    author: str
    text: str
    language: str | None
    digest: str
    policy_version: str
    steps: tuple[Step, ...]
    state: DraftState
    written_at: datetime


def steps_of(rules: tuple[StepRule, ...]) -> tuple[Step, ...]:
    """Open steps, as a ladder's rung and its sign-offs ask for them."""
    return tuple(
        Step("signoff" if rule.kind == "signoff" else "approval", rule.level, rule.specialism) for rule in rules
    )
