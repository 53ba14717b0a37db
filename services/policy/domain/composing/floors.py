"""The floor under every policy: what no agency, unit or baseline goes below.

Of several floors each value takes the more demanding one, each level's steps the stronger of each; no floor can be
lowered by writing another. A policy that lies below is told where.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.policy.domain.policies import Floor, Policy, StepRule
from services.policy.domain.scales import DAMAGES, LEVELS, SENSITIVITIES, Level


def highest(*floors: Mapping[str, Any]) -> dict[str, Any]:
    """Several floors, as written in their files, as one."""
    joined: dict[str, Any] = {}
    for floor in floors:
        for scale, values in floor.items():
            known = joined.setdefault(scale, {})
            for value, asked in values.items():
                known[value] = _more(known[value], asked) if value in known else asked
    return joined


def below(policy: Policy) -> Iterator[tuple[str, str]]:
    """Pairs of a path and a sentence for each place where ``policy`` lies below its floor."""
    scales, floor = policy.scales, policy.floor
    for sensitivity in SENSITIVITIES:
        least = floor.by_sensitivity.get(sensitivity)
        yield from _level_below(f"by_sensitivity.{sensitivity}", scales.by_sensitivity[sensitivity], least)
    for damage in DAMAGES:
        yield from _level_below(f"by_damage.{damage}", scales.by_damage[damage], floor.by_damage.get(damage))
    for level in LEVELS:
        if level not in policy.ladder:
            yield f"ladder.{level}", "the ladder has no such rung"
        elif not _as_strong(policy.ladder[level].steps, floor, level):
            yield f"ladder.{level}.steps", "fewer or lower approvals than the floor asks for"


def _level_below(scale: str, level: Level, least: Level | None) -> Iterator[tuple[str, str]]:
    if least is not None and level < least:
        yield f"scales.{scale}", f"{level} is below the floor {least}"


def _as_strong(steps: tuple[StepRule, ...], floor: Floor, level: Level) -> bool:
    least = floor.steps.get(level, ())
    ours, theirs = _approvals(steps), _approvals(least)
    enough = len(ours) >= len(theirs) and all(a >= b for a, b in zip(ours, theirs, strict=False))
    vouched = _signoffs(steps)
    return enough and all(vouched.get(each, "") >= asked for each, asked in _signoffs(least).items())


def _approvals(steps: tuple[StepRule, ...]) -> list[Level]:
    return sorted((step.level for step in steps if step.kind == "approval"), reverse=True)


def _signoffs(steps: tuple[StepRule, ...]) -> dict[str, Level]:
    vouched: dict[str, Level] = {}
    for step in steps:
        if step.specialism is not None:
            vouched[step.specialism] = max(step.level, vouched.get(step.specialism, step.level))
    return vouched


def _more(known: Any, asked: Any) -> Any:
    return _stronger(known, asked) if isinstance(asked, list) else max(known, asked)


def _stronger(known: Sequence[Mapping[str, Any]], asked: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Two lists of steps as the weakest that is as strong as both."""
    ranked = [
        sorted((step["level"] for step in steps if not step.get("specialism")), reverse=True)
        for steps in (known, asked)
    ]
    longest = max(map(len, ranked))
    padded = [[*levels, *[LEVELS[0]] * (longest - len(levels))] for levels in ranked]
    vouched: dict[Any, Any] = {}
    for step in (*known, *asked):
        if specialism := step.get("specialism"):
            vouched[specialism] = max(step["level"], vouched.get(specialism, LEVELS[0]))
    signoffs = [{"kind": "signoff", "level": level, "specialism": each} for each, level in vouched.items()]
    return [*({"level": max(pair)} for pair in reversed(list(zip(*padded, strict=True)))), *signoffs]
