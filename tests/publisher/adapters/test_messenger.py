"""Messenger: the message as documented, the window and the human agent, and looking in the conversation."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from services.publisher.adapters.http import Answer, Http
from services.publisher.adapters.platforms import meta_messages
from services.publisher.adapters.platforms.messenger import Messenger
from services.publisher.domain.outcomes import (
    Absent,
    CannotDo,
    CannotSee,
    Captured,
    Found,
    Probed,
    Published,
    Refused,
    Sighting,
    Unavailable,
    Unknown,
    Unmeasured,
)
from services.publisher.domain.publications import Publication
from services.publisher.ports import Credentials
from tests.publisher.builders import PAGE, a_publication, a_task
from tests.support.platform_stand_in import TOKEN
from tests.support.scripted_graph import a_graph

pytestmark = pytest.mark.asyncio(loop_scope="session")

PERSON = "7254899741216339"
SENT_AT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
SENT = {"recipient_id": PERSON, "message_id": "m_2"}


def a_message(**changes: Any) -> Publication:
    return a_publication(platform="messenger", thread=PERSON, reply_to="m_1", public=False, **changes)


def listed(*messages: Any) -> dict[str, Any]:
    return {"data": [{"id": "t_1", "messages": {"data": list(messages)}}]}


def ours(publication: Publication, **changes: Any) -> dict[str, Any]:
    said = {"id": "m_2", "message": publication.text, "from": {"id": PAGE}, "created_time": "2026-11-22T08:30:01+0000"}
    return said | changes


ASKED = {"id": "m_1", "message": "When?", "from": {"id": PERSON}, "created_time": "2026-11-22T07:00:00+0000"}


async def test_an_answer_is_sent_as_documented() -> None:
    async with a_graph() as (graph, http, credentials):
        graph.answers(200, SENT)
        publication = a_message()
        outcome = await Messenger(http, default_version="v25.0").send(publication, credentials)
        assert outcome == Published("m_2")
        (request,) = graph.requests
        assert (request.path, request.query) == (f"/v25.0/{PAGE}/messages", {})
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        assert request.json() == {
            "recipient": {"id": PERSON},
            "messaging_type": "RESPONSE",
            "message": {"text": "Our office opens at 9 a.m.", "metadata": publication.publication},
        }


async def test_a_part_is_told_from_the_whole_by_its_key() -> None:
    async with a_graph() as (graph, http, credentials):
        graph.answers(200, SENT)
        publication = a_message(part=2)
        await Messenger(http, default_version="v25.0").send(publication, credentials)
        assert graph.last.json()["message"]["metadata"] == f"{publication.publication}.2"


async def test_after_the_window_nothing_is_sent_without_a_human_agent() -> None:
    async with a_graph() as (graph, http, credentials):
        graph.refuses(10, 2018278)
        outcome = await Messenger(http, default_version="v25.0").send(a_message(), credentials)
        assert isinstance(outcome, Refused)
        assert (outcome.reason, len(graph.requests)) == ("window_closed", 1)


async def test_after_the_window_a_human_agent_may_answer() -> None:
    async with a_graph(human_agent="true") as (graph, http, credentials):
        graph.refuses(10, 2018278)
        graph.answers(200, SENT)
        outcome = await Messenger(http, default_version="v25.0").send(a_message(), credentials)
        assert outcome == Published("m_2")
        first, second = (request.json() for request in graph.requests)
        assert second == first | {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}


async def test_within_the_window_no_tag_is_used() -> None:
    async with a_graph(human_agent="true") as (graph, http, credentials):
        graph.answers(200, SENT)
        await Messenger(http, default_version="v25.0").send(a_message(), credentials)
        assert [request.json()["messaging_type"] for request in graph.requests] == ["RESPONSE"]


@pytest.mark.parametrize(("errors", "reason"), [([(10, 2018278)] * 2, "window_closed"), ([(551, None)], "blocked")])
async def test_a_human_agent_may_be_refused_too(errors: list[tuple[int, int | None]], reason: str) -> None:
    async with a_graph(human_agent="true") as (graph, http, credentials):
        for code, subcode in errors:
            graph.refuses(code, subcode)
        outcome = await Messenger(http, default_version="v25.0").send(a_message(), credentials)
        assert isinstance(outcome, Refused)
        assert outcome.reason == reason


async def test_a_human_agents_message_that_hangs_is_unknown_within_one_attempt() -> None:
    async with a_graph(human_agent="true") as (graph, _, credentials):
        graph.refuses(10, 2018278)
        graph.hang_seconds = 60
        http = Http(total_seconds=0.5)
        channel = Messenger(http, default_version="v25.0")
        graph.misbehave("drop")
        assert isinstance(await channel.send(a_message(), credentials), Unknown)
        graph.misbehave("hang")
        assert isinstance(await channel.send(a_message(), credentials), Unknown)
        await http.close()


async def test_a_text_that_is_too_long_is_refused_unsent() -> None:
    async with a_graph() as (graph, http, credentials):
        outcome = await Messenger(http, default_version="v25.0").send(a_message(text="x" * 2001), credentials)
        assert isinstance(outcome, Refused)
        assert (outcome.reason, graph.requests) == ("too_long", [])


async def test_a_platform_that_is_not_there_got_nothing() -> None:
    async with a_graph() as (_, http, _credentials):
        nowhere, channel = Credentials(TOKEN, "http://127.0.0.1:1"), Messenger(http, default_version="v25.0")
        assert isinstance(await channel.send(a_message(), nowhere), Unavailable)
        assert isinstance(await channel.find(a_message(), SENT_AT, (), nowhere), CannotSee)


async def test_a_look_reads_the_conversation_with_the_person() -> None:
    async with a_graph() as (graph, http, credentials):
        publication = a_message()
        graph.answers(200, listed(ours(publication), ASKED))
        found = await Messenger(http, default_version="v25.0").find(publication, SENT_AT, (), credentials)
        assert found == Found("m_2")
        assert graph.last.path == f"/v25.0/{PAGE}/conversations"
        assert graph.last.query == {
            "platform": "messenger",
            "user_id": PERSON,
            "fields": "messages.limit(20){id,message,from,created_time}",
        }


@pytest.mark.parametrize(
    "other",
    [
        {"from": {"id": PERSON}},
        {"from": {}},
        {"from": None},
        {"message": "Our office opens at 10 a.m."},
        {"message": None},
        {"created_time": "2026-11-22T08:00:00+0000"},
        {"created_time": None},
        {"id": "m_taken"},
        {"id": 5},
    ],
)
async def test_only_our_own_same_new_message_is_ours(other: dict[str, Any]) -> None:
    assert sighting(ours(a_message(), **other), ASKED) == Absent()


@pytest.mark.parametrize("body", [listed(), listed(5), {"data": []}, {"data": [{"id": "t_1"}]}, {"data": {}}, {}])
async def test_a_conversation_without_what_was_answered_proves_nothing(body: dict[str, Any]) -> None:
    assert isinstance(sighting_in(body), CannotSee)


async def test_a_conversation_that_shows_what_was_just_answered_is_proof() -> None:
    assert sighting(ASKED | {"created_time": "2026-11-22T08:30:00+0000"}) == Absent()


async def test_a_conversation_full_of_newer_messages_proves_nothing() -> None:
    newer = ASKED | {"id": "m_9", "created_time": "2026-11-22T09:00:00+0000"}
    assert isinstance(sighting(*[newer] * 20), CannotSee)


def sighting(*messages: Any) -> Sighting:
    return sighting_in(listed(*messages))


def sighting_in(body: dict[str, Any]) -> Sighting:
    answer = Answer(200, {}, json.dumps(body).encode())
    return meta_messages.sighting_of(answer, a_message(), SENT_AT, {"m_taken"})


async def test_a_refused_look_proves_nothing() -> None:
    async with a_graph() as (graph, http, credentials):
        graph.refuses(100, 33)
        found = await Messenger(http, default_version="v25.0").find(a_message(), SENT_AT, (), credentials)
        assert isinstance(found, CannotSee)


async def test_a_message_can_be_captured_but_a_missing_one_may_only_be_old() -> None:
    async with a_graph() as (graph, http, credentials):
        channel = Messenger(http, default_version="v25.0")
        body = {"id": "m_2", "message": "Our office opens at 9 a.m."}
        graph.answers(200, body)
        graph.refuses(100, 33)
        assert await channel.view(PAGE, "m_2", credentials) == Captured("Our office opens at 9 a.m.", body)
        assert isinstance(await channel.view(PAGE, "m_2", credentials), CannotSee)
        assert graph.last.query == {"fields": "id,created_time,from,to,message"}


async def test_a_message_can_be_neither_changed_nor_counted() -> None:
    async with a_graph() as (graph, http, credentials):
        channel = Messenger(http, default_version="v25.0")
        assert isinstance(await channel.change(a_task(platform="messenger"), credentials), CannotDo)
        assert await channel.measure(PAGE, "m_2", credentials) == Unmeasured("not_offered")
        assert (channel.nature.tasks, channel.nature.measures, graph.requests) == (frozenset(), False, [])


async def test_the_right_to_answer_is_that_of_the_page() -> None:
    async with a_graph() as (graph, http, credentials):
        granular = [{"scope": "pages_messaging", "target_ids": [PAGE]}]
        graph.answers(200, {"data": {"is_valid": True, "scopes": ["pages_messaging"], "granular_scopes": granular}})
        probed = await Messenger(http, default_version="v25.0").probe(PAGE, credentials)
        assert probed == Probed({"reply": True, "read": False})
