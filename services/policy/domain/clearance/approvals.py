"""Drafts, the steps that release them, and who may take which.

An approval binds what was seen. Its digest covers everything that an officer had before their eyes; when any of it
changes, consents given before no longer count. Of a draft's consents each comes from another person, and none from
its author.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from services.policy.domain.policies import StepRule
from services.policy.domain.roster import Ceiling, Officer
from services.policy.domain.scales import Damage, Level, Sensitivity, Specialism

_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))

DraftState = Literal["open", "released", "superseded", "returned", "lapsed"]


class Refusal(Exception):
    """An officer asked for something that cannot be. The docstring of each kind is its message.

    Refusal
    ├── OwnDraft
    ├── NotYourAuthority
    │   └── CeilingExceeded
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
class Weight:
    """What a case asks of whoever decides on it."""

    sensitivity: Sensitivity
    damage: Damage
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Consent:
    """One officer's taking of a step, in whose post and at what level, for exactly this digest."""

    officer: str
    post: str
    level: Level
    at: datetime
    digest: str


@dataclass(frozen=True, slots=True)
class Step:
    """One consent that a draft needs; ``taken`` once it has it."""

    kind: Literal["approval", "signoff"]
    level: Level
    specialism: Specialism | None = None
    taken: Consent | None = None


@dataclass(frozen=True, slots=True)
class Draft:
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

    @property
    def is_cleared(self) -> bool:
        """Whether every step has been taken."""
        return all(step.taken is not None for step in self.steps)

    def consent_of(self, officer: str) -> Step | None:
        """The step that an officer has taken on this draft."""
        return next((step for step in self.steps if step.taken and step.taken.officer == officer), None)

    def taken(self, index: int, consent: Consent) -> "Draft":
        """The draft with one more step taken."""
        steps = (*self.steps[:index], replace(self.steps[index], taken=consent), *self.steps[index + 1 :])
        return replace(self, steps=steps)


def steps_of(rules: tuple[StepRule, ...]) -> tuple[Step, ...]:
    """Open steps, as a ladder's rung and its sign-offs ask for them."""
    return tuple(
        Step("signoff" if rule.kind == "signoff" else "approval", rule.level, rule.specialism) for rule in rules
    )


def approval_step(draft: Draft, officer: Officer, weight: Weight) -> int:
    """The highest open approval that ``officer`` qualifies for. Raises Refusal."""
    _refuse_the_wrong_person(draft, officer, weight)
    qualifying = [
        (step.level, -index)
        for index, step in enumerate(draft.steps)
        if step.kind == "approval" and step.taken is None and officer.level >= step.level
    ]
    if not qualifying:
        raise NotYourAuthority
    return -max(qualifying)[1]


def signoff_step(draft: Draft, officer: Officer, kind: Specialism, weight: Weight) -> int:
    """The open sign-off of that kind, for an officer of that specialism. Raises Refusal."""
    _refuse_the_wrong_person(draft, officer, weight)
    for index, step in enumerate(draft.steps):
        if step.specialism == kind and step.taken is None:
            if kind in officer.specialisms and officer.level >= step.level:
                return index
            raise NotYourAuthority(f"Only a specialist for {kind} may sign it off.")
    raise NotYourAuthority(f"No sign-off for {kind} is open.")


def may_decide(draft: Draft, officer: Officer, weight: Weight) -> bool:
    """Whether ``officer`` could take some step of the draft now."""
    for step in draft.steps:
        try:
            if step.specialism is None:
                approval_step(draft, officer, weight)
            else:
                signoff_step(draft, officer, step.specialism, weight)
        except Refusal:
            continue
        return True
    return False


def _refuse_the_wrong_person(draft: Draft, officer: Officer, weight: Weight) -> None:
    if officer.subject == draft.author:
        raise OwnDraft
    if draft.consent_of(officer.subject) is not None:
        raise NotYourAuthority("You have taken a step of this draft already; each needs another person.")
    if not officer.stands_for(weight.topics):
        raise NotYourAuthority("Your post does not stand for the subject of this case.")
    if _above(officer.ceiling, weight.sensitivity, weight.damage):
        raise CeilingExceeded


def _above(ceiling: Ceiling | None, sensitivity: Sensitivity, damage: Damage) -> bool:
    return ceiling is not None and (sensitivity > ceiling.sensitivity or damage > ceiling.damage)
