"""JSON from outside, as far as every platform shares it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from services.ingest.domain.moments import plausible
from services.ingest.domain.refusals import Unreadable

_MOST_DIGITS = 16
_FEWEST_MILLISECONDS = 100_000_000_000


def parse_object(body: bytes) -> Mapping[str, Any]:
    """The JSON object in ``body``; raises ``Unreadable``."""
    return as_object(parse_json(body), "The body")


def parse_json(body: bytes) -> object:
    """The JSON value in ``body`` (UTF-8, integers exact); raises ``Unreadable``."""
    try:
        value: object = json.loads(body.decode())
    except RecursionError as error:
        raise Unreadable("The body is nested too deeply.") from error
    except ValueError as error:
        raise Unreadable("The body is not JSON in UTF-8.") from error
    return value


def as_object(value: object, name: str) -> Mapping[str, Any]:
    """``value`` if it is a JSON object; raises ``Unreadable`` with ``name`` otherwise."""
    if not isinstance(value, dict):
        raise Unreadable(f"{name} is not an object.")
    return value


def as_list(value: object, name: str) -> list[Any]:
    """``value`` if it is a JSON array; raises ``Unreadable`` with ``name`` otherwise."""
    if not isinstance(value, list):
        raise Unreadable(f"{name} is not a list.")
    return value


def unix_seconds(value: object) -> datetime | None:
    """The moment that a number of seconds since 1970 stands for, also as digits of a text; None for anything else."""
    value = _number(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return plausible(datetime.fromtimestamp(value, UTC))
    except (OverflowError, ValueError, OSError):
        return None


def unix_milliseconds(value: object) -> datetime | None:
    """The moment that a number of milliseconds since 1970 stands for, also as digits; None for anything else.

    So few of them that they would lie in the year 1970 are seconds: not every sender keeps to its platform's unit.
    """
    value = _number(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return unix_seconds(value / 1000 if value >= _FEWEST_MILLISECONDS else value)
    except OverflowError:
        return None


def _number(value: object) -> object:
    digits = isinstance(value, str) and len(value) <= _MOST_DIGITS and value.isascii() and value.isdecimal()
    return int(str(value)) if digits else value


def count(value: object) -> int | None:
    """A number of people or views; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 63:
        return None
    return value


def timestamp(value: object) -> datetime | None:
    """The moment of an RFC 3339 text; None for anything else, and for one without an offset."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return plausible(moment) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
