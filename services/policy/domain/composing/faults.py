"""Where a document is not what it may be: by keys, and by the names of list entries.

Pydantic marks in a place which of several alternatives it tried; whoever wrote the document knows nothing of these,
so that here they are taken out again and the alternatives told in one sentence.
"""

from collections import defaultdict
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from services.policy.domain.composing.sentences import LONGEST_SHOWN, sentence_of

Location = tuple[int | str, ...]

NAMING = ("id", "subject", "kind", "account")
"""Under which key an entry of a list bears its name; their numbers change when files are joined."""

MOST_FAULTS = 100
"""Faults that are spelled out; whoever has more begins with these."""

_MOST_READ = 1_000


class Fault(NamedTuple):
    """A place in a document, by keys and numbers, and a sentence."""

    location: Location
    sentence: str


class _Error(NamedTuple):
    location: Location
    union: int | None
    """How deep the alternatives begin of which this error is about one, if it is."""
    names: tuple[str, ...]
    """The keys that the mapping around this place knows."""
    said: Any

    @property
    def of_a_whole_alternative(self) -> bool:
        return self.union == len(self.location)


def faults_of(invalid: ValidationError, model: type[BaseModel]) -> list[Fault]:
    """The faults that ``model`` found, one for each place, in the order of the document."""
    found: dict[Location, list[_Error]] = defaultdict(list)
    for said in invalid.errors(include_url=False)[:_MOST_READ]:
        error = _error(said, model)
        found[error.location].append(error)
    alternatives = {location[:depth] for location, errors in found.items() for depth in _unions(errors)}
    above = {location[:depth] for location in found for depth in range(len(location))}
    kept = [
        (location, errors)
        for location, errors in found.items()
        if not (location in alternatives & above and all(error.of_a_whole_alternative for error in errors))
    ]
    faults = [
        Fault(location, sentence_of([error.said for error in errors], errors[0].names))
        for location, errors in kept[:MOST_FAULTS]
    ]
    more = len(kept) - len(faults) + max(0, invalid.error_count() - _MOST_READ)
    return [*faults, Fault((), f"and {more:,} more")] if more else faults


def _unions(errors: list[_Error]) -> set[int]:
    return {error.union for error in errors if error.union is not None}


def path_of(location: Location, document: Any) -> str:
    """``rules.water.unsafe.then.level``: a place by keys, and by the names of list entries where they have one."""
    return ".".join(_named(location, document))


def name_of(entry: Any) -> str | None:
    """The name that an entry of a list bears, or that it is."""
    if isinstance(entry, dict):
        return next((entry[key] for key in NAMING if isinstance(entry.get(key), str)), None)
    return entry if isinstance(entry, str) and 0 < len(entry) <= LONGEST_SHOWN else None


def _named(location: Location, at: Any) -> Iterator[str]:
    for part in location:
        try:
            at = at[part]
        except (KeyError, IndexError, TypeError):
            at = None
        name = name_of(at) if isinstance(part, int) else None
        yield str(part) if name is None else name


def _error(said: Any, model: type[BaseModel]) -> _Error:
    """``said`` without the marks that pydantic puts in a place for alternatives and keys."""
    location: list[int | str] = []
    around, at, union = None, _bare(model), None
    for part in said["loc"]:
        if part == "[key]":
            break
        if isinstance(at, list):
            at, union = _chosen(at, str(part)), len(location)
        else:
            location.append(part)
            around, at = at, _bare(_below(at, part))
    names = tuple(_keys(around)) if isinstance(around, type) and issubclass(around, BaseModel) else ()
    return _Error(tuple(location), union, names, said)


def _bare(annotation: Any) -> Any:
    """A type without its constraints, and without None; a list where there are alternatives."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) not in (Union, UnionType):
        return annotation
    several = [each for each in get_args(annotation) if each is not type(None)]
    return _bare(several[0]) if len(several) == 1 else several


def _chosen(alternatives: list[Any], mark: str) -> Any:
    container = {"dict[": dict, "tuple[": tuple}.get(mark[: mark.find("[") + 1])
    return next((_bare(each) for each in alternatives if get_origin(_bare(each)) is container), None)


def _below(at: Any, part: int | str) -> Any:
    if isinstance(at, type) and issubclass(at, BaseModel):
        return next((field.annotation for name, field in at.model_fields.items() if part in (name, field.alias)), None)
    if get_origin(at) in (dict, tuple):
        return get_args(at)[1 if get_origin(at) is dict else 0]
    return None


def _keys(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield field.alias or name
