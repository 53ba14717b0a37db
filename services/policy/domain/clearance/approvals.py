"""Drafts, the steps that release them, and who may take which.

An approval binds what was seen (``seen.py``): when a part of it changes, the consents that vouched for that part no
longer count. Of a draft's consents each comes from another person, and none from
its author, by whatever mandate they act.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, Self, cast

from services.policy.domain.authority.mandates import Mandate, OnBehalfOf, Weight
from services.policy.domain.policies import StepRule
from services.policy.domain.scales import Level, Specialism
from shared.clock import rfc3339

DraftState = Literal["open", "released", "superseded", "returned", "lapsed"]


class Refusal(Exception):
    """An officer asked for something that cannot be. The docstring of each kind is its message.

    Refusal
    ├── OwnDraft
    ├── NotYourAuthority
    │   ├── CeilingExceeded
    │   └── DayIsSpent
    ├── StaleDigest
    ├── NotYetYourTurn
    ├── WindowClosed
    │   └── ReplyWindowClosed
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


class NotYetYourTurn(Refusal):
    """Steps that come before yours are still open."""


class WindowClosed(Refusal):
    """The time in which this answer may go out is over."""

    def __init__(self, valid_until: datetime) -> None:
        super().__init__(f"The answer was to go out by {rfc3339(valid_until)}; write a version with a later window.")
        self.valid_until = valid_until


class ReplyWindowClosed(WindowClosed):
    """The platform takes no answer to this any more."""

    def __init__(self, ended_at: datetime) -> None:
        said = (
            f"The platform took an answer until {rfc3339(ended_at)}; it will again once the citizen has written again."
        )
        Refusal.__init__(self, said)
        self.valid_until = ended_at


class DraftNotOpen(Refusal):
    """The draft is no longer open."""

    def __init__(self, state: DraftState) -> None:
        super().__init__(f"The draft is {state}.")
        self.state = state


class NothingToAnswer(Refusal):
    """No comment of this case waits for an answer."""


@dataclass(frozen=True, slots=True)
class Consent:
    """One officer's taking of a step, in whose post and at what level, for exactly this digest.

    ``vouches`` is the digest of those parts that the consent answers for; ``nil_return``: the specialist had nothing to
    say, which counts. ``instrument`` is the appointment or delegation it was given under, ``on_behalf_of`` the
    delegator.
    """

    officer: str
    post: str
    level: Level
    at: datetime
    digest: str
    instrument: str | None = None
    on_behalf_of: OnBehalfOf | None = None
    vouches: str | None = None
    nil_return: bool = False

    @classmethod
    def by(cls, mandate: Mandate, at: datetime, digest: str, vouches: str | None = None) -> "Consent":
        """The consent that a mandate gives."""
        return cls(
            mandate.subject,
            mandate.post,
            mandate.level,
            at,
            digest,
            mandate.instrument,
            mandate.on_behalf_of,
            vouches,
        )


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
    """One consent that a draft needs; ``taken`` once it has it. ``posts`` of whom one gives it (none: any on the
    level); it opens once every step of a lower ``stage`` is taken."""

    kind: Literal["approval", "signoff"]
    level: Level
    specialism: Specialism | None = None
    taken: Consent | None = None
    posts: tuple[str, ...] = ()
    stage: int = 1

    def asks_the_same_as(self, other: "Step") -> bool:
        """Whether a consent to one of them is one to the other."""
        return (self.kind, self.level, self.specialism, self.posts) == (
            other.kind,
            other.level,
            other.specialism,
            other.posts,
        )


LIGHT = Weight("S0", "D0")

RemarkKind = Literal["comment", "condition", "return", "refusal"]


@dataclass(frozen=True, slots=True)
class Remark:
    """What an officer said to a version of a draft.

    A ``comment`` is advice; a ``condition`` keeps this version from going out until it is lifted, by who set it or from
    a higher level; a ``return`` and a ``refusal`` send it back.
    """

    kind: RemarkKind
    officer: str
    post: str
    level: Level
    text: str
    version: int
    at: datetime
    lifted: bool = False


class Stepped:
    """What goes out once every step is taken, each by another person and none by its author: a base of dataclasses
    that have these fields."""

    __slots__ = ()

    author: str
    digest: str
    steps: tuple[Step, ...]
    state: str

    @property
    def weight(self) -> Weight:
        """What it asks of whoever decides on it."""
        raise NotImplementedError

    @property
    def is_cleared(self) -> bool:
        """Whether every step has been taken."""
        return all(step.taken is not None for step in self.steps)

    def is_barred(self, officer: str) -> bool:
        """Whether somebody may take no step because it is theirs."""
        return officer == self.author

    def is_open_to_take(self, step: Step) -> bool:
        """Whether a step can be taken now: it is open, and nothing comes before it."""
        return step.taken is None and all(each.taken for each in self.steps if each.stage < step.stage)

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
    """One text for a case, at one version. ``number`` counts the case's drafts from 1, ``author`` wrote this version.

    ``answers`` are the comments that it answers, ``head`` the newest comment (and its revision) that bears on it;
    ``weight`` is what they ask of who decides; ``statements`` are the approved facts that it cites, with the versions
    that were in force. After ``valid_until`` it must not go out any more.
    """

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
    answers: tuple[str, ...] = ()
    head: tuple[str, int] = ("", 0)
    weight: Weight = LIGHT
    statements: tuple[tuple[str, str | None], ...] = ()
    valid_until: datetime | None = None
    remarks: tuple[Remark, ...] = ()

    @property
    def is_cleared(self) -> bool:
        """Whether every step has been taken, and no condition stands."""
        return all(step.taken is not None for step in self.steps) and not self.conditions

    @property
    def conditions(self) -> tuple[Remark, ...]:
        """The conditions that keep this version back."""
        return tuple(each for each in self.remarks if self._holds(each))

    @property
    def waits_for_conditions(self) -> bool:
        """Whether every step is taken, and only conditions keep it back."""
        return bool(self.conditions) and all(step.taken is not None for step in self.steps)

    def _holds(self, remark: Remark) -> bool:
        return remark.kind == "condition" and remark.version == self.version and not remark.lifted

    @property
    def statements_in_force(self) -> dict[str, str]:
        """The versions of the cited statements that were in force when it was bound last."""
        return {name: version for name, version in self.statements if version is not None}

    def remarked(self, remark: Remark) -> "Draft":
        """The draft with one more remark."""
        return replace(self, remarks=(*self.remarks, remark))

    def lifted(self, by: Mandate) -> "Draft":
        """The draft without the conditions that an officer set to this version, or that were set below their level."""
        remarks = [
            replace(each, lifted=True)
            if self._holds(each) and (each.officer == by.subject or each.level < by.level)
            else each
            for each in self.remarks
        ]
        return replace(self, remarks=tuple(remarks))

    def recounted(self, counting: Counting) -> "Draft":
        """The same also without the conditions of those who stepped aside."""
        draft = Stepped.recounted(self, counting)
        if draft.state != "open" or not any(each.officer in counting.recused for each in draft.conditions):
            return draft
        remarks = [replace(each, lifted=each.lifted or each.officer in counting.recused) for each in draft.remarks]
        return replace(draft, remarks=tuple(remarks))


def steps_of(rules: tuple[StepRule, ...]) -> tuple[Step, ...]:
    """Open steps, as a ladder's rung and its sign-offs ask for them."""
    return tuple(
        Step(
            "signoff" if rule.kind == "signoff" else "approval",
            rule.level,
            rule.specialism,
            posts=rule.posts,
            stage=rule.stage,
        )
        for rule in rules
    )
