"""Where in a file a fault lies: worked out only when there is one, because it costs a second reading.

A location is a path by keys and numbers. The file is walked once for all locations at a time, without building
anything; where a location leads to what is not there, the line of the last thing that is there is given.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import yaml

from services.policy.domain.composing.composition import Document, InvalidPolicy
from services.policy.domain.composing.faults import MOST_FAULTS, Fault, Location, name_of, path_of

SafeLoader: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


class Place(NamedTuple):
    """One fault of a file: its line from 1 (0 for the file as a whole), path and sentence."""

    file: str
    line: int
    path: str
    sentence: str

    @property
    def where(self) -> str:
        """``water-board.yaml:41: rules.water.unsafe.then.level``."""
        return ": ".join(part for part in (f"{self.file}:{self.line}" if self.line else self.file, self.path) if part)


class RefusedFile(InvalidPolicy):
    """A policy file that cannot be taken. ``places`` say where; ``faults`` say the same as pairs."""

    def __init__(self, places: Sequence[Place]) -> None:
        self.places = tuple(
            place._replace(path=_sayable(place.path), sentence=_sayable(place.sentence)) for place in places
        )
        super().__init__([(place.where, place.sentence) for place in self.places])


class File(NamedTuple):
    """A policy file as it was written, and what it says."""

    name: str
    content: bytes
    document: Document


def _sayable(text: str) -> str:
    """A text that may repeat half a character of the file, without that."""
    return text.encode(errors="replace").decode()


def refusal(file: File, location: Location, sentence: str) -> RefusedFile:
    """One fault of a file."""
    return RefusedFile(placed(file, [Fault(location, sentence)]))


def placed(file: File, faults: Sequence[Fault]) -> list[Place]:
    """Faults of a file with their lines."""
    lines = lines_of(file.content, file.name, [fault.location for fault in faults])
    return [
        Place(file.name, line, path_of(location, file.document), sentence)
        for line, (location, sentence) in zip(lines, faults, strict=True)
    ]


def traced(faults: Sequence[tuple[str, str]], files: Sequence[File], otherwise: File | None = None) -> list[Place]:
    """Faults of the document that ``files`` made together, each where it was written; what none of them says is laid
    to ``otherwise``."""
    found = [(path, sentence, *_origin(path, files, otherwise)) for path, sentence in faults[:MOST_FAULTS]]
    lines = {
        file.name: iter(lines_of(file.content, file.name, [at for *_, origin, at in found if origin is file]))
        for _, _, file, _ in found
    }
    places = [Place(file.name, next(lines[file.name]), path, sentence) for path, sentence, file, _ in found]
    more = len(faults) - len(places)
    return [*places, Place(files[0].name, 0, "", f"and {more:,} more")] if more else places


def _origin(path: str, files: Sequence[File], otherwise: File | None) -> tuple[File, Location]:
    rests = [(*location_of(path, file.document), file) for file in files]
    location, rest, file = min(rests, key=lambda each: len(each[1]))
    return (otherwise if rest == path and otherwise is not None else file), location


def location_of(path: str, document: Any) -> tuple[Location, str]:
    """The location to which a path by names leads in ``document``, as far as it does; and the rest of the path."""
    best: tuple[Location, str] = (), path
    for part, name, child in _children(document):
        if path != name and not path.startswith(f"{name}."):
            continue
        below, rest = location_of(path[len(name) + 1 :], child)
        if len(rest) < len(best[1]):
            best = (part, *below), rest
    return best


def _children(document: Any) -> Iterator[tuple[int | str, str, Any]]:
    if isinstance(document, dict):
        yield from ((key, key, child) for key, child in document.items())
    elif isinstance(document, list):
        for number, child in enumerate(document):
            yield number, name_of(child) or str(number), child


def lines_of(content: bytes, name: str, locations: Iterable[Location]) -> list[int]:
    """The line of each location in a file that can be parsed."""
    root = _Sought()
    leaves = [root.below(location) for location in locations]
    events = events_of(content, name)
    _walk(next(events), events, root)
    return [leaf.found() for leaf in leaves]


class Event(NamedTuple):
    """The beginning or end of a mapping or list, or a scalar with its text."""

    kind: Literal["mapping", "list", "end", "scalar"]
    line: int
    text: str = ""


def events_of(content: bytes, name: str) -> Iterator[Event]:
    """What a file is made of, from the outermost mapping or list on."""
    return _of_json(content.decode("utf-8-sig")) if name.endswith(".json") else _of_yaml(content)


class _Sought:
    """A place on the way to one or several locations."""

    def __init__(self, above: "_Sought | None" = None) -> None:
        self.line: int | None = None
        self.children: dict[int | str, _Sought] = {}
        self._above = above

    def below(self, location: Location) -> "_Sought":
        at = self
        for part in location:
            at = at.children.setdefault(part, _Sought(at))
        return at

    def found(self) -> int:
        if self.line is None:
            return self._above.found() if self._above else 1
        return self.line


def _walk(event: Event, events: Iterator[Event], sought: _Sought | None) -> None:
    if sought is not None and sought.line is None:
        sought.line = event.line
    children = sought.children if sought is not None else {}
    if event.kind == "mapping":
        _walk_mapping(events, children)
    elif event.kind == "list":
        for number, entry in enumerate(iter(lambda: next(events), None)):
            if entry is None or entry.kind == "end":
                break
            _walk(entry, events, children.get(number))


def _walk_mapping(events: Iterator[Event], children: dict[int | str, _Sought]) -> None:
    while (key := next(events)).kind != "end":
        child = children.get(key.text) if key.kind == "scalar" else None
        if key.kind != "scalar":
            _walk(key, events, None)
        elif child is not None:
            child.line = key.line
        _walk(next(events), events, child)


def _of_yaml(content: bytes) -> Iterator[Event]:
    for event in yaml.parse(content, Loader=SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.ScalarEvent):
            yield Event("scalar", line, event.value)
        elif isinstance(event, yaml.MappingStartEvent):
            yield Event("mapping", line)
        elif isinstance(event, yaml.SequenceStartEvent):
            yield Event("list", line)
        elif isinstance(event, yaml.CollectionEndEvent):
            yield Event("end", line)


_TOKEN = re.compile(r'[{}\[\]]|"(?:[^"\\]|\\.)*"|[^\s,:{}\[\]"]+')
_BRACKETS: dict[str, Literal["mapping", "list", "end"]] = {"{": "mapping", "[": "list", "}": "end", "]": "end"}


def _of_json(text: str) -> Iterator[Event]:
    line, counted = 1, 0
    for token in _TOKEN.finditer(text):
        line += text.count("\n", counted, token.start())
        counted = token.start()
        bracket = _BRACKETS.get(token[0])
        if bracket is not None:
            yield Event(bracket, line)
        else:
            yield Event("scalar", line, json.loads(token[0], strict=False) if token[0][0] == '"' else token[0])
