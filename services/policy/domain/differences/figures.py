"""What differs in the figures of a policy: scales, floor, ladder, clocks, and those that stand by themselves."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.policy.domain.differences.spoken import (
    counted,
    instead,
    minutes,
    minutes_instead,
    quoted,
    several,
    spaced,
)
from services.policy.domain.differences.told import Change, Difference, Told, compared
from services.policy.domain.policies import Clock, Policy, Rung, StepRule
from services.policy.domain.scales import Level

_SINGLE = {
    "name": "The agency is called",
    "version": "The number of the version is",
    "default_language": "The language for want of another is",
    "least_confidence": "A person says of what kind a comment is below a confidence of",
    "step_minutes": "The minutes that one step of a path takes at least are",
}
_GROUPS = {"same_issue": "For one issue", "conversation": "For one conversation", "reach": "For prominence"}
_TIMES = {
    "answer": "answer in",
    "acknowledge": "acknowledge in",
    "holding": "holding reply in",
    "escalate": "escalate after",
    "to_head": "to the head after",
}


def singles(before: Policy, now: Policy) -> Iterator[Difference]:
    """Name, version, languages and the figures that stand by themselves."""
    old, new = (policy.model_dump(mode="json", by_alias=True) for policy in (before, now))
    for key, says in _SINGLE.items():
        if old[key] != new[key]:
            said = [quoted(each[key]) if key == "name" else each[key] for each in (new, old)]
            stricter = new[key] > old[key] if key == "least_confidence" else None
            yield Difference("policy", key, "changed", f"{says} {instead(*said)}.", stricter)
    yield from _languages(before, now)
    for group, says in _GROUPS.items():
        for key in old[group]:
            if old[group][key] != new[group][key]:
                sentence = f"{says}, {spaced(key)} is {instead(new[group][key], old[group][key])}."
                yield Difference(group, key, "changed", sentence)
    if before.replies != now.replies:
        may = "may" if now.replies.split else "may no longer"
        yield Difference("replies", "split", "changed", f"An answer too long for one post {may} go out as a thread.")


def _languages(before: Policy, now: Policy) -> Iterator[Difference]:
    for language in now.languages:
        if language not in before.languages:
            yield Difference("policy", "languages", "added", f"The agency now also answers in {language}.")
    for language in before.languages:
        if language not in now.languages:
            yield Difference("policy", "languages", "removed", f"The agency no longer answers in {language}.")


def scales(before: Policy, now: Policy) -> Iterator[Difference]:
    """Levels by sensitivity and damage."""
    for scale, what in (("by_sensitivity", "Sensitivity"), ("by_damage", "Damage")):
        yield from _levels("scales", getattr(before.scales, scale), getattr(now.scales, scale), f"{what} {{}} asks for")
    old, new = (
        {
            f"{value} of {name}": level
            for name, levels in policy.scales.by_damage_class.items()
            for value, level in levels.items()
        }
        for policy in (before, now)
    )
    yield from _levels("scales", old, new, "Damage {} asks for")


def floor(before: Policy, now: Policy) -> Iterator[Difference]:
    """What nobody goes below."""
    for scale in ("by_sensitivity", "by_damage", "by_kind", "by_closed"):
        yield from _levels("floor", getattr(before.floor, scale), getattr(now.floor, scale), "The floor for {} is")
    yield from compared(
        "floor",
        before.floor.steps,
        now.floor.steps,
        title=lambda level, _: f"The floor for level {level}",
        changed=_steps,
        added=lambda steps: Told(f"takes {_approvals(steps)}, where there was none.", True),
        removed=lambda _: Told("asks for no steps any more.", False),
    )


def _levels(section: str, before: Mapping[Any, Level], now: Mapping[Any, Level], says: str) -> Iterator[Difference]:
    for value in dict.fromkeys([*now, *before]):
        old, new = before.get(value), now.get(value)
        if old == new:
            continue
        change: Change = "added" if old is None else "removed" if new is None else "changed"
        sentence = f"{says.format(value)} {instead(new and f'level {new}', old and f'level {old}')}."
        yield Difference(section, value, change, sentence, (new or "") > (old or ""))


def ladder(before: Policy, now: Policy) -> Iterator[Difference]:
    """The names of levels, and the consents that a release on each takes."""
    return compared("ladder", before.ladder, now.ladder, title=lambda level, _: f"Level {level}", changed=_rung)


def _rung(before: Rung, now: Rung) -> Iterator[Told]:
    if before.name != now.name:
        yield Told(f"is called {instead(quoted(now.name), quoted(before.name))}.")
    yield from _steps(before.steps, now.steps)
    if before.at_once_if_late != now.at_once_if_late:
        may = "may" if now.at_once_if_late else "may no longer"
        yield Told(f"{may} have its steps taken at once where they would be late.", not now.at_once_if_late)


def _steps(before: Sequence[StepRule], now: Sequence[StepRule]) -> Iterator[Told]:
    old, new = ([step.level for step in steps if step.kind == "approval"] for steps in (before, now))
    if len(old) != len(new):
        yield Told(f"takes {counted(len(new), 'approval')} instead of {len(old)}.", len(new) > len(old))
    elif sorted(old) != sorted(new):
        higher = all(ours >= theirs for ours, theirs in zip(sorted(new), sorted(old), strict=True))
        yield Told(f"takes approvals on {several(new)} instead of {several(old)}.", higher or None)
    if _asked(before) != _asked(now) and len(before) == len(now):
        yield Told("asks its consents of other posts, or in another order.")
    signed, signs = ({step.specialism: step.level for step in steps if step.specialism} for steps in (before, now))
    for specialism in dict.fromkeys([*signs, *signed]):
        if specialism not in signed:
            yield Told(f"now also needs a {specialism} sign-off on {signs[specialism]}.", True)
        elif specialism not in signs:
            yield Told(f"no longer needs a {specialism} sign-off.", False)
        elif signs[specialism] != signed[specialism]:
            sentence = f"needs its {specialism} sign-off on {signs[specialism]} instead of {signed[specialism]}."
            yield Told(sentence, signs[specialism] > signed[specialism])


def _asked(steps: Sequence[StepRule]) -> list[tuple[tuple[str, ...], int]]:
    return sorted((step.posts, step.stage) for step in steps)


def _approvals(steps: Sequence[StepRule]) -> str:
    approvals = [step.level for step in steps if step.kind == "approval"]
    return f"{counted(len(approvals), 'approval')}" + (f" on {several(approvals)}" if approvals else "")


def clocks(before: Policy, now: Policy) -> Iterator[Difference]:
    """Times by class. To be sooner asks for more."""
    return compared(
        "clocks",
        before.clocks,
        now.clocks,
        title=lambda name, _: f"Clock {name}:",
        changed=_clock,
        added=lambda clock: Told(f"this is new, to answer in {minutes(clock.answer)}."),
        removed=lambda _: Told("this is gone."),
    )


def _clock(before: Clock, now: Clock) -> Iterator[Told]:
    for key, says in _TIMES.items():
        old, new = getattr(before, key), getattr(now, key)
        if old == new:
            continue
        if old is None:
            yield Told(f"{says} {minutes(new)}, where no time was set.", True)
        elif new is None:
            yield Told(f"{says} {minutes(old)} no longer holds.", False)
        else:
            yield Told(f"{says} {minutes_instead(new, old)}.", new < old)
    if before.around_the_clock != now.around_the_clock:
        sentence = "it runs day and night" if now.around_the_clock else "it runs in working hours only"
        yield Told(f"{sentence}.", now.around_the_clock)
    if before.faster != now.faster:
        yield Told(f"the next class up is {instead(now.faster, before.faster)}.")
