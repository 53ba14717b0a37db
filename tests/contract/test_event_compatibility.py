"""What was once sent can be read for ever, and events change by addition only.

``samples/`` has an event of each type as it was sent when its version was new; ``schemas/`` has the JSON schema of that
version. A field that is added later needs no change here. When a new version of an event is begun, its sample and its
schema are added beside the old ones, which stay: ``python -m tests.contract.test_event_compatibility`` writes those
schemas that are missing and touches no other.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from shared.cloudevents import read
from shared.events import EVENTS, Event
from tests.shared.builders import headers_of

SAMPLES = Path(__file__).parent / "samples"
SCHEMAS = Path(__file__).parent / "schemas"
KEYS = Path(__file__).parent / "keys.json"


def stem(name: str) -> str:
    return f"{name}.v{EVENTS[name].VERSION}.json"


def sample(name: str) -> str:
    return (SAMPLES / stem(name)).read_text()


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_has_a_sample_and_a_schema(name: str) -> None:
    assert (SAMPLES / stem(name)).is_file()
    assert (SCHEMAS / stem(name)).is_file()


def test_no_sample_or_schema_is_of_an_event_that_vanished() -> None:
    for folder in (SAMPLES, SCHEMAS):
        names = {path.name.split(".")[0] for path in folder.glob("*.json")}
        assert names == set(EVENTS)


@pytest.mark.parametrize("name", EVENTS)
def test_a_sample_of_old_is_read_with_everything_that_it_says(name: str) -> None:
    said = json.loads(sample(name))
    event = EVENTS[name].model_validate_json(sample(name))
    assert _within(said, event.model_dump(mode="json")) == []


@pytest.mark.parametrize("name", EVENTS)
def test_a_sample_of_old_passes_the_wire(name: str) -> None:
    said = EVENTS[name].model_validate_json(sample(name))
    assert read(headers_of(said), sample(name).encode()).event == said


@pytest.mark.parametrize("name", EVENTS)
def test_the_key_and_the_subject_of_a_sample_stay(name: str) -> None:
    said: Event = EVENTS[name].model_validate_json(sample(name))
    kept = json.loads(KEYS.read_text())[name]
    assert [said.key, said.subject] == kept


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_changes_by_addition_only(name: str) -> None:
    before = json.loads((SCHEMAS / stem(name)).read_text())
    assert list(breaks(before, EVENTS[name].model_json_schema())) == []


def breaks(before: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    """Each thing that a reader or a writer of ``before`` could not bear in ``now``."""
    yield from _breaks(before, now, before, now, "")


def _breaks(before: Any, now: Any, old: Any, new: Any, path: str) -> Iterator[str]:
    """``old`` and ``new`` are parts of the documents ``before`` and ``now``."""
    old, new = _resolved(old, before), _resolved(new, now)
    if "anyOf" in old or "anyOf" in new:
        yield from _breaks_of_choices(before, now, old, new, path)
        return
    if new.get("type") not in (None, old.get("type")):
        yield f"{path}: the type was {old.get('type')} and is {new.get('type')}"
        return
    if narrowed := _narrowed(old, new):
        yield f"{path}: {narrowed} is narrower"
    fields, today = old.get("properties", {}), new.get("properties", {})
    yield from (f"{path}/{field}: removed or renamed" for field in fields if field not in today)
    yield from (
        f"{path}/{field}: newly required" for field in set(new.get("required", ())) - set(old.get("required", ()))
    )
    for field in fields.keys() & today.keys():
        yield from _breaks(before, now, fields[field], today[field], f"{path}/{field}")
    for part in ("items", "additionalProperties"):
        if isinstance(old.get(part), dict) and isinstance(new.get(part), dict):
            yield from _breaks(before, now, old[part], new[part], f"{path}/{part}")


def _breaks_of_choices(before: Any, now: Any, old: Any, new: Any, path: str) -> Iterator[str]:
    """Whatever could be said before must still be one of the choices."""
    for choice in old.get("anyOf", [old]):
        if all(list(_breaks(before, now, choice, other, path)) for other in new.get("anyOf", [new])):
            yield f"{path}: {choice.get('type', choice)} is not taken any more"


def _narrowed(old: dict[str, Any], new: dict[str, Any]) -> str | None:
    if "enum" in new and not set(new["enum"]) >= set(old.get("enum", ["(anything)"])):
        return "enum"
    for limit in ("minimum", "exclusiveMinimum", "minLength", "minItems"):
        if limit in new and (limit not in old or new[limit] > old[limit]):
            return limit
    for limit in ("maximum", "exclusiveMaximum", "maxLength", "maxItems"):
        if limit in new and (limit not in old or new[limit] < old[limit]):
            return limit
    for rule in ("pattern", "format", "const"):
        if rule in new and new[rule] != old.get(rule):
            return rule
    return None


def _resolved(part: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in part:
        return part
    found: dict[str, Any] = document["$defs"][part["$ref"].rpartition("/")[2]]
    return found


def _within(said: Any, understood: Any, path: str = "") -> list[str]:
    """Where ``understood`` lacks or changes something of ``said``."""
    if isinstance(said, dict):
        lacking = [f"{path}/{key}" for key in said if key not in understood]
        return lacking + [
            place for key in said if key in understood for place in _within(said[key], understood[key], f"{path}/{key}")
        ]
    if isinstance(said, list) and len(said) == len(understood):
        return [place for at, one in enumerate(said) for place in _within(one, understood[at], f"{path}/{at}")]
    return [] if said == understood else [path]


class TestTheCheckItself:
    """A check that finds nothing is worth something only if it can find."""

    SCHEMA: ClassVar[dict[str, Any]] = {
        "$defs": {"A": {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}},
        "type": "object",
        "properties": {
            "a": {"$ref": "#/$defs/A"},
            "n": {"type": "integer", "minimum": 1},
            "maybe": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "word": {"type": "string", "enum": ["x", "y"]},
        },
        "required": ["n"],
    }

    @staticmethod
    def changed(path: str, value: Any) -> dict[str, Any]:
        made: dict[str, Any] = json.loads(json.dumps(TestTheCheckItself.SCHEMA))
        *parents, last = path.split("/")
        place = made
        for parent in parents:
            place = place[parent]
        if value is None:
            del place[last]
        else:
            place[last] = value
        return made

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            ("properties/n", None),
            ("required", ["n", "maybe"]),
            ("properties/n/type", "string"),
            ("properties/n/minimum", 2),
            ("properties/n/maximum", 10),
            ("properties/maybe", {"type": "string"}),
            ("properties/word/enum", ["x"]),
            ("$defs/A/properties/id", None),
            ("$defs/A/properties/id/pattern", "^a"),
            ("$defs/A/required", ["id", "name"]),
        ],
    )
    def test_a_breaking_change_is_found(self, path: str, value: Any) -> None:
        assert list(breaks(self.SCHEMA, self.changed(path, value)))

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            ("properties/new", {"type": "string"}),
            ("required", []),
            ("properties/n/minimum", 0),
            ("properties/n", {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
            ("properties/word/enum", ["x", "y", "z"]),
            ("properties/word", {"type": "string"}),
            ("$defs/A/properties/name", {"type": "string"}),
            ("title", "Another title"),
        ],
    )
    def test_an_addition_passes(self, path: str, value: Any) -> None:
        assert list(breaks(self.SCHEMA, self.changed(path, value))) == []


def write_missing_schemas() -> None:
    """Write the schema of each event version that has none yet."""
    for name, event in EVENTS.items():
        path = SCHEMAS / stem(name)
        if not path.exists():
            path.write_text(json.dumps(event.model_json_schema(), indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    write_missing_schemas()
