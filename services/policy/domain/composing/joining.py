"""Joining what several files say into one document, before it is composed with those above it.

Nothing that joins makes a topic lighter or a floor lower than one of the files would have it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from services.policy.domain.composing import floors
from services.policy.domain.composing.composition import Document, joined

OF_A_PART = ("topics", "kinds", "lines", "rules", "clocks", "known_authors", "periods")
"""Sections that a file may take from another one beside it."""

_NAMED_BY = {"topics": "id", "kinds": "kind"}


def with_parts(document: Document, parts: Sequence[Document]) -> dict[str, Any]:
    """A document with the sections of ``parts`` beneath its own: its lists come first, its clocks stand."""
    whole = {key: value for key, value in document.items() if key != "include"}
    for section in OF_A_PART:
        below = [part[section] for part in parts if part.get(section)]
        if below:
            whole[section] = _beneath(section, whole.get(section), below)
    return whole


def one_centre(documents: Sequence[Document]) -> dict[str, Any]:
    """Several documents of the centre as one: the highest floor, and everybody's topics, kinds and rules."""
    one: dict[str, Any] = {"floor": floors.highest(*(each.get("floor") or {} for each in documents))}
    for section, name in _NAMED_BY.items():
        one[section] = _one_list([each.get(section) or [] for each in documents], name)
    one["rules"] = [rule for each in documents for rule in each.get("rules") or []]
    return one


def _beneath(section: str, own: Any, below: Sequence[Any]) -> Any:
    if section == "clocks":
        return {name: clock for clocks in (*reversed(below), own or {}) for name, clock in clocks.items()}
    if section in _NAMED_BY:
        return _one_list([*reversed(below), own or []], _NAMED_BY[section])
    return [entry for entries in (own or [], *below) for entry in entries]


def _one_list(lists: Iterable[Iterable[Any]], name: str) -> list[Any]:
    one: list[Any] = []
    for entries in lists:
        one = joined(one, entries, name)
    return one
