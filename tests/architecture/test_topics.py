"""Topics and events: each event has one place, each consumer reads what exists, deployments name the same."""

import importlib
import re

import pytest

from shared.events import EVENTS, MessageDied
from shared.topics import TOPIC_OF, TOPICS, Topic
from tests.architecture.applications import ROOT, SERVICES

NAMES = {"parley.comments", "parley.cases", "parley.responses", "parley.publications", "parley.accounts"}


def test_topics_are_those_of_the_contract() -> None:
    assert {topic.name for topic in TOPICS} == NAMES
    assert {topic.dead for topic in TOPICS} == {f"{name}.dead" for name in NAMES}


def test_every_event_is_in_exactly_one_topic() -> None:
    placed = [event for topic in TOPICS for event in topic.events]
    assert len(placed) == len(set(placed))
    # A dead message is announced beside the topic that it was found in.
    assert set(placed) == set(EVENTS.values()) - {MessageDied}
    assert set(placed) == set(TOPIC_OF)


def test_every_topic_has_events() -> None:
    assert [topic.name for topic in TOPICS if not topic.events] == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_consumer_reads_topics_that_exist(service: str) -> None:
    read: tuple[Topic, ...] = importlib.import_module(f"services.{service}.adapters.consumers").TOPICS
    assert read
    assert set(read) <= set(TOPICS)


def test_every_topic_is_read_by_somebody() -> None:
    modules = [importlib.import_module(f"services.{service}.adapters.consumers") for service in SERVICES]
    assert {topic for module in modules for topic in module.TOPICS} == set(TOPICS)


def test_topics_are_spelled_in_one_place_only() -> None:
    spelled = re.compile(r"[\"']parley\.(comments|cases|responses|publications|accounts)")
    sources = [*ROOT.glob("services/**/*.py"), *ROOT.glob("shared/**/*.py"), *ROOT.glob("deploy/**/*.py")]
    assert [str(path.relative_to(ROOT)) for path in sources if spelled.search(path.read_text())] == ["shared/topics.py"]


def test_deployments_name_no_topic_that_does_not_exist() -> None:
    manifests = [*ROOT.glob("deploy/**/*.yaml"), *ROOT.glob("deploy/**/*.yml")]
    assert manifests
    named = {
        name
        for manifest in manifests
        for name in re.findall(r"\bparley\.[a-z]+(?:\.dead)?\b(?!\.)", manifest.read_text())
        if not name.startswith(("parley.agencies", "parley.example", "parley.json", "parley.dev"))
    }
    assert named <= NAMES | {f"{name}.dead" for name in NAMES}
