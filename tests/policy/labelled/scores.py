"""How far decisions agree with their labels, in figures."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from services.policy.domain.scales import LEVELS
from tests.policy.labelled.sample import Outcome

OURS = ("en", "si", "ta")


class Score(NamedTuple):
    """Of one value: how many decided so should be (precision), how many that should be were (recall), all from 0 to 1;
    ``support`` is how many should be. Without any of either, the share is 0."""

    precision: float
    recall: float
    f1: float
    support: int


def scored(outcomes: Iterable[Outcome], field: str) -> dict[str, Score]:
    """The score of every disposition, level or kind that was expected or decided."""
    pairs = Counter((outcome.expected(field), outcome.decided(field)) for outcome in outcomes)
    values = sorted({value for pair in pairs for value in pair})
    return {value: _score(pairs, value) for value in values}


def _score(pairs: Counter[tuple[str, str]], value: str) -> Score:
    right = pairs[value, value]
    should = sum(count for (expected, _), count in pairs.items() if expected == value)
    did = sum(count for (_, decided), count in pairs.items() if decided == value)
    precision, recall = share(right, did), share(right, should)
    return Score(precision, recall, share(2 * precision * recall, precision + recall), should)


def share(some: float, every: float) -> float:
    """``some`` of ``every``; 0 of nothing."""
    return some / every if every else 0.0


def confusion(outcomes: Iterable[Outcome]) -> dict[str, dict[str, int]]:
    """How often each level (outer) was decided as which (inner)."""
    pairs = Counter((outcome.expected("level"), outcome.decided("level")) for outcome in outcomes)
    return {expected: {decided: pairs[expected, decided] for decided in LEVELS} for expected in LEVELS}


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The headline of these outcomes: counts, and shares from 0 to 1. ``right`` is disposition and level at once."""
    count = len(outcomes)
    misleading = [outcome for outcome in outcomes if outcome.label.looks_like]
    return {
        "comments": count,
        "right": share(sum(outcome.is_right for outcome in outcomes), count),
        "disposition_right": _agreeing(outcomes, "disposition"),
        "level_right": _agreeing(outcomes, "level"),
        "kind_right": _agreeing(outcomes, "kind"),
        "rule_hit": share(sum(outcome.hit for outcome in outcomes), count),
        "too_low": sum(outcome.too_low for outcome in outcomes),
        "too_high": sum(outcome.too_high for outcome in outcomes),
        "misleading": len(misleading),
        "misleading_right": share(sum(outcome.is_right for outcome in misleading), len(misleading)),
    }


def _agreeing(outcomes: Sequence[Outcome], field: str) -> float:
    return share(sum(each.expected(field) == each.decided(field) for each in outcomes), len(outcomes))


def by(outcomes: Iterable[Outcome], name: Callable[[Outcome], str]) -> dict[str, list[Outcome]]:
    """The outcomes in groups, in the order in which their names first come."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(name(outcome), []).append(outcome)
    return groups


def language(outcome: Outcome) -> str:
    """The language of a comment, ``other`` if it is none of the agencies'."""
    given = outcome.label.language or "other"
    return given if given in OURS else "other"
