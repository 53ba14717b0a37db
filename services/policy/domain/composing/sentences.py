"""What is wrong with a value, in words for whoever wrote it.

A policy owner is no programmer: a sentence says what stands there, what is wanted, and what may have been meant.
"""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

LONGEST_SHOWN = 60
"""Characters of a value that a sentence repeats."""


def sentence_of(errors: Sequence[Any], names: Sequence[str] = ()) -> str:
    """What pydantic's ``errors`` about one place come to; ``names`` are the keys that were possible there."""
    wanted = list(dict.fromkeys(each for error in errors if (each := _wanted(error))))
    if not wanted:
        return _of_its_own(errors[0], names)
    given = errors[0]["input"]
    return f"{_shown(given)} stands here; wanted is {' or '.join(wanted)}{_hint(errors, given)}"


def _wanted(said: Any) -> str | None:
    kind = said["type"]
    if kind == "literal_error":
        return _one_of(_quoted(said["ctx"]["expected"]))
    if kind == "string_pattern_mismatch":
        pattern = said["ctx"]["pattern"]
        listed = re.fullmatch(r"\^\(([\w|]+)\)\$", pattern)
        return _one_of(listed[1].split("|")) if listed else _FORMS.get(pattern, f"what matches {pattern}")
    stem = next((stem for stem in _TYPES if kind.startswith(stem)), None)
    return _TYPES[stem] if stem else None


_TYPES = {
    "string_type": "a text",
    "int_": "a whole number",
    "float_": "a number",
    "bool_": "true or false",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "datetime_": "a time with its zone, such as 2026-11-23T09:30:00+05:30",
    "timezone_": "a time with its zone, such as 2026-11-23T09:30:00+05:30",
    "date_": "a day, such as 2026-11-23",
}
_FORMS = {
    r"^[a-z0-9][a-z0-9._-]{0,63}$": "a name of small letters, digits, dots, hyphens and underscores, 64 at most",
    r"^[a-z]{2,3}$": "a language by its two or three small letters",
    r"^([01]\d|2[0-3]):[0-5]\d$": "an hour, such as 08:30",
    r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$": "an hour, such as 16:30",
}


def _of_its_own(said: Any, names: Sequence[str]) -> str:
    kind, about = said["type"], said.get("ctx", {})
    if kind == "missing":
        return "this is missing"
    if kind == "extra_forbidden":
        return f"unknown key{_meant(str(said['loc'][-1]), names)}"
    if kind in ("string_too_short", "too_short"):
        return "this is empty" if about["min_length"] == 1 else f"this needs at least {about['min_length']} entries"
    if kind in ("string_too_long", "too_long"):
        return f"this is longer than {about['max_length']}{' characters' if kind == 'string_too_long' else ' entries'}"
    for bound, words in _BOUNDS.items():
        if bound in about:
            return f"{_shown(said['input'])} stands here; wanted is {words} {about[bound]:g}"
    return str(about["error"]) if kind == "value_error" else str(said["msg"])


_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def _hint(errors: Sequence[Any], given: Any) -> str:
    if isinstance(given, str):
        values = [_quoted(each["ctx"]["expected"]) for each in errors if each["type"] == "literal_error"]
        return _meant(given, [value for several in values for value in several])
    if isinstance(given, (int, float)) and any(each["type"] == "string_type" for each in errors):
        return f'; write "{_shown(given)}" in quotes'
    return ""


def _meant(given: str, known: Sequence[str]) -> str:
    close = get_close_matches(given, known, 1, 0.6)
    return f"; did you mean {close[0]}?" if close else ""


def _quoted(expected: str) -> list[str]:
    return re.findall(r"'([^']*)'", expected) or [expected.lower()]


def _one_of(values: list[str]) -> str:
    return values[0] if len(values) == 1 else f"one of {', '.join(values)}"


def _shown(given: Any) -> str:
    if isinstance(given, bool):
        return str(given).lower()
    if isinstance(given, (dict, list)):
        return "a mapping" if isinstance(given, dict) else "a list"
    if given is None:
        return "nothing"
    text = str(given) if len(str(given)) <= LONGEST_SHOWN else f"{str(given)[:LONGEST_SHOWN]}…"
    return f'"{text}"' if isinstance(given, str) else text
