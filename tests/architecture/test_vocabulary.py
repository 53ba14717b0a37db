"""One noun for one thing, from topic to table to module; and no name that could mean anything."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

from shared.events import EVENTS
from tests.architecture.applications import ROOT, SERVICES

NOUNS_NOT_USED = {
    "msg": "message, or what it really is",
    "ticket": "case",
    "reviewer": "officer",
    "tenant": "agency",
    "organisation": "agency",
    "organization": "agency",
    "department": "agency",
    "conversation": "thread",
    "moderator": "officer",
    "template": "line",
    "snippet": "line",
    "webhook_out": "delivery",
    "mention": "comment",
    "tweet": "comment",
    "job": "publication, or what it really is",
    "posting": "publication",
    "status_update": "publication",
}
NAMES_OF_NOTHING = {
    "util",
    "utils",
    "helper",
    "helpers",
    "common",
    "misc",
    "manager",
    "managers",
    "core",
    "lib",
    "tools",
}


def modules() -> Iterator[Path]:
    for folder in ("shared", "services"):
        for path in (ROOT / folder).rglob("*.py"):
            yield path.relative_to(ROOT)


def words(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    return [word.removesuffix("s") if word.removesuffix("s") in NOUNS_NOT_USED else word for word in spaced.split("_")]


def synonyms(names: list[str]) -> list[str]:
    return [f"{name}: say {NOUNS_NOT_USED[word]}" for name in names for word in words(name) if word in NOUNS_NOT_USED]


def test_modules_are_named_after_the_nouns() -> None:
    assert synonyms([part for path in modules() for part in path.with_suffix("").parts]) == []


def test_no_module_is_called_after_nothing() -> None:
    assert [str(path) for path in modules() if NAMES_OF_NOTHING & set(path.with_suffix("").parts)] == []


def test_tables_are_named_after_the_nouns_in_the_singular() -> None:
    names = {
        table.name
        for service in SERVICES
        for table in importlib.import_module(f"services.{service}.adapters.tables").metadata.sorted_tables
    }
    assert synonyms(sorted(names)) == []
    assert [name for name in names if name != name.lower()] == []


def test_events_are_named_after_the_nouns_and_past() -> None:
    assert synonyms(list(EVENTS)) == []
    assert [name for name in EVENTS if not re.search(r"(ed|Died)$", name)] == []
