"""How well a classifier sorts comments whose kind a person gave: what it got right, and what it was wrongly sure of."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from services.policy.domain.scales import KINDS, Kind
from services.policy.domain.triage.classification import Verdict


class Sorting(NamedTuple):
    """One comment: the kind that it is, and what a classifier said."""

    kind: Kind
    said: Verdict


class Scores(NamedTuple):
    """Shares are of all comments, 0 to 1. ``sure`` comments need nobody to sort them; ``surely_wrong`` should have
    had somebody. ``kinds``: by kind how many there are, precision and recall (None where there was nothing)."""

    comments: int
    accuracy: float
    sure: float
    surely_wrong: float
    kinds: dict[Kind, dict[str, Any]]


def scores_of(sortings: Iterable[Sorting], least_confidence: float) -> Scores:
    """The scores of what a classifier said. ``least_confidence``: below it, a person sorts the comment."""
    all_of_them = list(sortings)
    sure = [each for each in all_of_them if _is_sure(each.said, least_confidence)]
    right = Counter(each.kind for each in all_of_them if each.said.kind == each.kind)
    there = Counter(each.kind for each in all_of_them)
    said = Counter(each.said.kind for each in all_of_them)
    count = len(all_of_them)
    return Scores(
        comments=count,
        accuracy=_share(right.total(), count) or 0.0,
        sure=_share(len(sure), count) or 0.0,
        surely_wrong=_share(sum(each.said.kind != each.kind for each in sure), count) or 0.0,
        kinds={
            kind: {
                "comments": there[kind],
                "precision": _share(right[kind], said[kind]),
                "recall": _share(right[kind], there[kind]),
            }
            for kind in KINDS
            if there[kind] or said[kind]
        },
    )


def _is_sure(said: Verdict, least_confidence: float) -> bool:
    # What is of no kind goes to a person as well.
    return not said.two_voices and said.confidence >= least_confidence and said.kind != "other"


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
