"""From bytes to a document: YAML or JSON, of bounded size and depth, without any of their tricks.

Both come to the same plain values. YAML is read as version 1.2 has it, as editors do: ``no`` is a text and not false,
``16:30`` a text and not a number, and a time is read by whoever wants one.
"""

import json
import re
from collections.abc import Iterable
from typing import Any, NoReturn

import yaml

from services.policy.adapters.policy_places import Place, RefusedFile, SafeLoader, events_of
from services.policy.domain.composing.composition import Document

SUFFIXES = (".yaml", ".yml", ".json")
LARGEST_FILE_BYTES = 10 << 20
DEEPEST = 32
MOST_ENTRIES = 250_000


def parsed(content: bytes, name: str) -> Document:
    """What a file says; ``name`` tells JSON by ``.json``. Raises RefusedFile with the line, where there is one."""
    is_json = name.endswith(".json")
    refuse_size(len(content), name)
    document = _json(content, name) if is_json else _yaml(content, name)
    if not isinstance(document, dict):
        raise RefusedFile([Place(name, 1, "", "a policy is a mapping of sections")])
    return document


def refuse_size(size: int, name: str) -> None:
    """Raises RefusedFile for a file that is not even read."""
    if size > LARGEST_FILE_BYTES:
        raise _refused(name, 0, f"a policy file is at most {LARGEST_FILE_BYTES >> 20} MiB")


def _refused(name: str, line: int, sentence: str) -> RefusedFile:
    return RefusedFile([Place(name, line, "", sentence)])


class _Twice(ValueError):
    """A key stands twice in one mapping."""


def _json(content: bytes, name: str) -> Any:
    try:
        text = content.decode("utf-8-sig")
        document = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise _refused(name, error.lineno, f"this is not JSON: {error.msg}") from None
    except _Twice:
        _refuse_twice(content, name)
    except UnicodeDecodeError:
        raise _refused(name, 0, "this is not UTF-8") from None
    except RecursionError:
        raise _refused(name, 0, _TOO_DEEP) from None
    except ValueError as error:
        raise _refused(name, 0, f"this is not JSON: {error}") from None
    if sentence := _too_great(document):
        raise _refused(name, 0, sentence)
    if half := _HALF.search(text):
        _refuse_halves(document, name, text.count("\n", 0, half.start()) + 1)
    return document


_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""Where half a character may stand alone, which no UTF-8 can say."""


def _refuse_halves(document: Any, name: str, line: int) -> None:
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _refused(name, line, "half a character stands alone from here on, written as \\ud…") from None


_TOO_DEEP = f"a policy is nested at most {DEEPEST} deep"
_TOO_MANY = f"a policy file has at most {MOST_ENTRIES:,} entries"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        raise _Twice
    return mapping


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _too_great(document: Any) -> str | None:
    level: list[Any] = [document]
    depth, entries = 0, 0
    while level:
        depth += 1
        entries += sum(len(each) for each in level if isinstance(each, (dict, list)))
        if depth > DEEPEST or entries > MOST_ENTRIES:
            return _TOO_DEEP if depth > DEEPEST else _TOO_MANY
        level = [child for each in level for child in _within(each) if isinstance(child, (dict, list))]
    return None


def _within(collection: Any) -> Iterable[Any]:
    if isinstance(collection, dict):
        return collection.values()
    return collection if isinstance(collection, list) else ()


def _refuse_twice(content: bytes, name: str) -> NoReturn:
    """Find the key that stands twice, now that it is known that there is one."""
    open_keys: list[set[str] | None] = []
    awaits_key = False
    for event in events_of(content, name):
        keys = open_keys[-1] if open_keys else None
        if event.kind == "scalar" and keys is not None and awaits_key:
            if event.text in keys:
                raise _refused(name, event.line, f"{event.text} stands here twice")
            keys.add(event.text)
            awaits_key = False
            continue
        if event.kind == "end":
            open_keys.pop()
        elif event.kind != "scalar":
            open_keys.append(set() if event.kind == "mapping" else None)
        awaits_key = bool(open_keys) and open_keys[-1] is not None
    raise _refused(name, 0, "a key stands twice")


def _yaml(content: bytes, name: str) -> Any:
    try:
        return _Reader(content).document()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise _refused(name, line, f"{error.problem}") from None
    except yaml.reader.ReaderError as error:
        raise _refused(name, 0, f"this is not YAML: {error.reason}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise _refused(name, 0, f"this is not YAML ({type(error).__name__})") from None


class _Reader:
    """Builds a document event by event: other threads have their turn, and tricks are met before they do anything."""

    def __init__(self, content: bytes) -> None:
        self._events = yaml.parse(content, Loader=SafeLoader)
        self._entries = 0

    def document(self) -> Any:
        """The one document of the stream; None if there is none."""
        document, seen = None, False
        for event in self._events:
            if isinstance(event, yaml.NodeEvent):
                if seen:
                    raise _marked("a policy file holds one document", event)
                document, seen = self._node(event, 1), True
        return document

    def _node(self, event: Any, depth: int) -> Any:
        self._refuse(event, depth)
        if isinstance(event, yaml.ScalarEvent):
            return _plain(event.value) if event.implicit[0] else event.value
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(depth)
        entries = []
        while not isinstance(entry := next(self._events), yaml.CollectionEndEvent):
            entries.append(self._node(entry, depth + 1))
        return entries

    def _mapping(self, depth: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        while not isinstance(key := next(self._events), yaml.CollectionEndEvent):
            self._refuse(key, depth + 1)
            if not isinstance(key, yaml.ScalarEvent):
                raise _marked("a key is a text", key)
            if key.value in mapping:
                raise _marked(f"{key.value} stands here twice", key)
            mapping[key.value] = self._node(next(self._events), depth + 1)
        return mapping

    def _refuse(self, event: Any, depth: int) -> None:
        self._entries += 1
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise _marked("aliases are not used in a policy", event)
        if event.tag is not None:
            raise _marked("tags are not used in a policy", event)
        if depth > DEEPEST and not isinstance(event, yaml.ScalarEvent):
            raise _marked(_TOO_DEEP, event)
        if self._entries > MOST_ENTRIES:
            raise _marked(_TOO_MANY, event)


def _marked(sentence: str, at: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=sentence, problem_mark=at.start_mark)


_WORDS = {
    "": None,
    "~": None,
    **{
        form: value
        for word, value in (("null", None), ("true", True), ("false", False))
        for form in (word, word.capitalize(), word.upper())
    },
}
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_LONGEST_NUMBER = 40


def _plain(text: str) -> Any:
    """What a text without quotes stands for."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "-+.0123456789" or len(text) > _LONGEST_NUMBER:
        return text
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text
