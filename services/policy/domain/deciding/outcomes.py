"""What a decision comes to in practice: whose it is, how many consents it waits for, and until when.

The same view of a decision that was made long ago, as it is stored, and of one that a replay makes now; so the two can
be laid side by side.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from services.policy.domain.calendars import WorkingTime
from services.policy.domain.deciding.decisions import Decision
from services.policy.domain.policies import Policy
from services.policy.domain.scales import Disposition, Level, Specialism
from shared.clock import rfc3339

_NAMES = ("rules", "disposition", "level", "approvals", "signoffs", "clock", "answer_within", "line", "owner")
_stored: Callable[[Any], tuple[Any, ...]] = itemgetter(*_NAMES)
_made: Callable[[Any], tuple[Any, ...]] = attrgetter(*_NAMES)


class Outcome(NamedTuple):
    """One side of a comparison. ``due_at``: in the agency's working time, None where it has none; ``steps_take``:
    minutes that its consents take one after the other; ``breach``: they do not fit ``answer_within``."""

    rules: tuple[str, ...]
    disposition: Disposition
    level: Level
    approvals: int
    signoffs: tuple[Specialism, ...]
    clock: str
    answer_within: int
    line: str | None
    owner: str
    due_at: datetime | None
    steps_take: int
    breach: bool

    def body(self) -> dict[str, Any]:
        """The same, fit for JSON."""
        return {**self._asdict(), "due_at": self.due_at and rfc3339(self.due_at)}


class Terms(NamedTuple):
    """What a policy version says beside its decisions: the clocks that run day and night, the sign-offs that each rung
    asks for in any case, the minutes that a step takes."""

    around_the_clock: frozenset[str]
    signoffs: Mapping[Level, frozenset[Specialism]]
    step_minutes: int

    @classmethod
    def of(cls, policy: Policy) -> "Terms":
        """The terms of a policy."""
        return cls.of_content(policy.model_dump(mode="json", include={"clocks", "ladder", "step_minutes"}))

    @classmethod
    def of_content(cls, content: Mapping[str, Any]) -> "Terms":
        """The terms of a policy as JSON, of however old a version."""
        return cls(
            frozenset(name for name, clock in content["clocks"].items() if clock.get("around_the_clock")),
            {level: _specialisms(rung["steps"]) for level, rung in content["ladder"].items()},
            content.get("step_minutes") or Policy.model_fields["step_minutes"].default,
        )

    def outcome_of(self, decision: Mapping[str, Any], received_at: datetime, working: WorkingTime) -> Outcome:
        """What a stored decision came to."""
        return self._outcome(_stored(decision), received_at, working)

    def outcome(self, decision: Decision, received_at: datetime, working: WorkingTime) -> Outcome:
        """What a decision comes to."""
        return self._outcome(_made(decision), received_at, working)

    def _outcome(self, found: tuple[Any, ...], received_at: datetime, working: WorkingTime) -> Outcome:
        rules, disposition, level, approvals, signoffs, clock, within, line, owner = found
        of_rung = self.signoffs.get(level)
        asked = len(of_rung.union(signoffs) if of_rung else signoffs)
        steps_take = (approvals + asked) * self.step_minutes
        if clock in self.around_the_clock:
            due_at: datetime | None = received_at + timedelta(minutes=within)
        else:
            due_at = working.after(received_at, within)
        return Outcome(
            tuple(rules),
            disposition,
            level,
            approvals,
            tuple(signoffs),
            clock,
            within,
            line,
            owner,
            due_at,
            steps_take,
            steps_take > within,
        )


def _specialisms(steps: Iterable[Mapping[str, Any]]) -> frozenset[Specialism]:
    return frozenset(step["specialism"] for step in steps if step.get("specialism"))
