"""How long the steps of a path took: from when each could be taken to when it was taken.

Read off a draft as it was and as it has become, so that it does not matter which act changed it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.policy.domain.clearance.approvals import Draft, Step
from services.policy.domain.scales import Level, Specialism

TakenKind = Literal["draft", "approval", "signoff", "return", "release", "lapse"]
"""What was done. A ``draft`` is any version of one; a ``release`` takes from the first of them on: the time to clear. A
``lapse`` opened steps again, so that those taken later are measured from it."""


@dataclass(frozen=True, slots=True)
class TakenStep:
    """One thing that was done about a draft. ``level`` is that of the draft's path, ``step_level`` that of a step which
    ``officer`` took; it could be done from ``began_at`` on, or from the draft's last lapse if that was later."""

    kind: TakenKind
    draft: int
    level: Level
    began_at: datetime
    ended_at: datetime
    step_level: Level | None = None
    specialism: Specialism | None = None
    officer: str | None = None


def steps_taken(before: Draft | None, after: Draft, waits_since: datetime, now: datetime) -> list[TakenStep]:
    """What was done to a draft since ``before``, in order; ``waits_since`` is when somebody began to wait."""
    return list(_steps_taken(before, after, waits_since, now))


def _steps_taken(before: Draft | None, after: Draft, waits_since: datetime, now: datetime) -> Iterator[TakenStep]:
    level = _level_of(after)
    known = None if before is None or before.number != after.number else before
    if known is None:
        yield TakenStep("draft", after.number, level, min(waits_since, after.written_at), after.written_at)
    elif known.version != after.version:
        yield TakenStep("draft", after.number, level, known.written_at, after.written_at)
    elif after.state == "open" and _is_reopened(known, after):
        yield TakenStep("lapse", after.number, level, now, now)
    given = {step.taken for step in known.steps} if known else set()
    for step in after.steps:
        if step.taken is not None and step.taken not in given:
            about = (step.level, step.specialism, step.taken.officer)
            yield TakenStep(step.kind, after.number, level, _opened_at(step, after), step.taken.at, *about)
    if after.state in ("returned", "released") and (known is None or known.state == "open"):
        done: TakenKind = "return" if after.state == "returned" else "release"
        yield TakenStep(done, after.number, level, after.written_at, now)


def _opened_at(step: Step, draft: Draft) -> datetime:
    """When the last step was taken that comes before this one; else when the text was there."""
    earlier = [each.taken.at for each in draft.steps if each.stage < step.stage and each.taken is not None]
    return max([draft.written_at, *earlier])


def _is_reopened(before: Draft, after: Draft) -> bool:
    """Whether something else is to be consented to, or a consent is gone."""
    kept = {step.taken for step in after.steps}
    return before.digest != after.digest or any(step.taken not in kept for step in before.steps if step.taken)


def _level_of(draft: Draft) -> Level:
    return max((step.level for step in draft.steps if step.kind == "approval"), default="L1")
