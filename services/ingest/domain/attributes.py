"""The questions that a service of Open311 asks, and whether an answer fits.

Source of the datatypes: GeoReport v2, "GET Service Definition" (wiki.open311.org/GeoReport_v2).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

Datatype = Literal["string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"]

LISTS: Final = frozenset({"singlevaluelist", "multivaluelist"})
"""Datatypes whose answers are keys of the attribute's ``values``."""

MOST_LINE_CHARACTERS: Final = 1_000
MOST_TEXT_CHARACTERS: Final = 4_000

NUMBER: Final = re.compile(r"[+-]?[0-9]{1,64}(\.[0-9]{1,64})?([eE][+-]?[0-9]{1,3})?")
"""A decimal number; Python's own reading would take ``nan``, ``1_000`` and digits of other scripts."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One question. ``variable`` is False for one that only tells something and takes no answer; ``values`` are the
    choices of a list, by key."""

    code: str
    description: str
    datatype: Datatype = "string"
    required: bool = False
    variable: bool = True
    datatype_description: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)


def wrong_with(attribute: Attribute, given: Sequence[str]) -> str | None:
    """What to do about an answer that is missing or does not fit; None for one that will do."""
    if not given:
        return "send an answer" if attribute.required and attribute.variable else None
    if len(given) > 1 and attribute.datatype != "multivaluelist":
        return "send one value"
    return None if all(_fits(attribute, value) for value in given) else _WANTED[attribute.datatype]


def line(attribute: Attribute | None, code: str, given: Sequence[str]) -> str:
    """Question and answer on one line; what was not asked for stands under its ``code``."""
    label = attribute.description.rstrip(": ") if attribute else code
    names = attribute.values if attribute else {}
    answer = ", ".join(names.get(value, value) for value in given)
    return f"{label} {answer}" if label.endswith("?") else f"{label}: {answer}"


def _fits(attribute: Attribute, value: str) -> bool:
    match attribute.datatype:
        case "string":
            return len(value) <= MOST_LINE_CHARACTERS and "\n" not in value
        case "text":
            return len(value) <= MOST_TEXT_CHARACTERS
        case "number":
            return NUMBER.fullmatch(value) is not None
        case "datetime":
            return _is_moment(value)
        case "singlevaluelist" | "multivaluelist":
            return value in attribute.values


def _is_moment(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


_WANTED: Final[Mapping[Datatype, str]] = {
    "string": f"send one line of at most {MOST_LINE_CHARACTERS} characters",
    "text": f"send at most {MOST_TEXT_CHARACTERS} characters",
    "number": "send a decimal number",
    "datetime": "send a date and time as ISO 8601 writes them",
    "singlevaluelist": "send one of the keys in the service definition",
    "multivaluelist": "send keys from the service definition",
}
