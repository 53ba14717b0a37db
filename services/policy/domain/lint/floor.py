"""The floor, tried: comments that touch what it guards, and what becomes of them.

That a policy's scales and steps stand above the floor is checked as it is composed. Here comments say so, those
included that mix what is guarded with words by which triage becomes unsure.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from services.policy.domain.composing import floors
from services.policy.domain.deciding.findings import SILENT
from services.policy.domain.lint.holes import Hole, hole
from services.policy.domain.policies import Policy, Topic
from services.policy.domain.scales import KINDS, Kind, Level
from services.policy.domain.witnesses.witnesses import Witness, Witnesses


class _Guarded(NamedTuple):
    """One entry of the floor: its path, the least level, and what a comment is that it guards."""

    path: str
    least: Level
    kinds: tuple[Kind, ...] = ()
    topics: tuple[str, ...] = ()


def holes(witnesses: Witnesses) -> Iterator[Hole]:
    """One hole for each entry of the floor that some comment gets below, or that ends in silence."""
    for path, sentence in floors.below(witnesses.policy):
        shown = _at(path, witnesses)
        yield hole("below-floor", "error" if shown else "warning", path, sentence, shown)
    for guarded in _entries(witnesses.policy):
        tried = list(_tried(guarded, witnesses))
        if found := next((each for each in tried if _is_below(each, guarded)), None):
            sentence = f"the floor asks for {guarded.least}, and this comes to {_needed(found)}"
            yield hole("below-floor", "error", guarded.path, sentence, found)
        if guarded.kinds and (found := next((each for each in tried if each.decision.disposition in SILENT), None)):
            sentence = f"the floor puts this before {guarded.least}, and it ends as {found.decision.disposition}"
            yield hole("floor-silenced", "warning", guarded.path, sentence, found)


def _entries(policy: Policy) -> Iterator[_Guarded]:
    """Every entry of the floor, those of subjects with one topic that it guards."""
    floor = policy.floor
    guarded: tuple[tuple[str, Mapping[Any, Level], Callable[[Topic], str | None]], ...] = (
        ("by_closed", floor.by_closed, lambda topic: topic.closed),
        ("by_sensitivity", floor.by_sensitivity, lambda topic: topic.sensitivity),
        ("by_damage", floor.by_damage, lambda topic: topic.worst),
    )
    for kind, least in floor.by_kind.items():
        yield _Guarded(f"floor.by_kind.{kind}", least, kinds=(kind,))
    for scale, levels, value_of in guarded:
        for value, least in levels.items():
            if topic := next((topic for topic in policy.topics if value_of(topic) == value), None):
                yield _Guarded(f"floor.{scale}.{value}", least, topics=(topic.id,))


def _at(path: str, witnesses: Witnesses) -> Witness | None:
    """A comment that comes to the rung, the sensitivity or the damage at the path."""
    policy = witnesses.policy
    made = (*(witnesses.meeting(topics=(topic.id,)) for topic in policy.topics), *map(witnesses.meeting, policy.rules))
    found = (each for each in made if each)
    return next((each for each in found if {*_weights(each)} & set(path.split("."))), None)


def _weights(witness: Witness) -> tuple[str, str, str]:
    return witness.decision.level, witness.decision.sensitivity, witness.decision.damage


def _tried(guarded: _Guarded, witnesses: Witnesses) -> Iterator[Witness]:
    """Comments with what is guarded, alone and besides each other kind."""
    besides: list[tuple[Kind, ...]] = [(), *((kind,) for kind in KINDS if kind not in guarded.kinds)]
    for kinds in besides:
        yield from witnesses.made(kinds=(*guarded.kinds, *kinds), topics=guarded.topics, in_each_language=1)


def _needed(witness: Witness) -> Level:
    """The level that is needed; for what is moderated by nobody, none."""
    if witness.decision.level == "L0" and witness.decision.line is None:
        return "L0"
    level: Level = witness.decision.explanation["level"]["needed"]
    return level


def _is_below(witness: Witness, guarded: _Guarded) -> bool:
    return set(guarded.topics) <= set(witness.decision.topics) and _needed(witness) < guarded.least
