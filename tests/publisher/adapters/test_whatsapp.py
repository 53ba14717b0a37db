"""WhatsApp: the message as documented, and that nothing can be looked up."""

import pytest

from services.publisher.adapters.platforms.whatsapp import WhatsApp
from services.publisher.domain.outcomes import (
    CannotDo,
    CannotSee,
    Probed,
    Published,
    Refused,
    Unavailable,
    Unknown,
    Unmeasured,
)
from services.publisher.domain.publications import Publication
from services.publisher.ports import Credentials
from tests.publisher.builders import NOW, a_publication, a_task
from tests.support.platform_stand_in import TOKEN
from tests.support.scripted_graph import a_graph

pytestmark = pytest.mark.asyncio(loop_scope="session")

NUMBER = "106540352242923"
PHONE = "94771234567"
USER = "LK.13491208655302741919"
ACCEPTED = {"messaging_product": "whatsapp", "contacts": [], "messages": [{"id": "wamid.HBgL"}]}


def a_message(thread: str = PHONE, **changes: object) -> Publication:
    own = {"platform": "whatsapp", "account": NUMBER, "thread": thread, "reply_to": "wamid.ASKED", "mention": PHONE}
    return a_publication(**own, public=False, **changes)


async def test_an_answer_is_sent_as_documented() -> None:
    async with a_graph() as (graph, http, credentials):
        graph.answers(200, ACCEPTED)
        publication = a_message()
        assert await WhatsApp(http, default_version="v25.0").send(publication, credentials) == Published("wamid.HBgL")
        (request,) = graph.requests
        assert (request.path, request.query) == (f"/v25.0/{NUMBER}/messages", {})
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        assert request.json() == {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": PHONE,
            "context": {"message_id": "wamid.ASKED"},
            "type": "text",
            "text": {"body": "Our office opens at 9 a.m.", "preview_url": False},
            "biz_opaque_callback_data": publication.publication,
        }


@pytest.mark.parametrize(
    ("person", "field"),
    [
        (USER, "recipient"),
        ("LK.ENT.11815799212886844830", "recipient"),
        (f"LK.{'a' * 128}", "recipient"),
        (PHONE, "to"),
        (f"LK.{'a' * 129}", "to"),
        ("lk.134", "to"),
    ],
)
async def test_a_person_is_named_by_the_id_for_this_business_or_by_number(person: str, field: str) -> None:
    async with a_graph() as (graph, http, credentials):
        graph.answers(200, ACCEPTED)
        await WhatsApp(http, default_version="v25.0").send(a_message(person), credentials)
        sent = graph.last.json()
        assert {name: sent.get(name) for name in ("to", "recipient")} == {"to": None, "recipient": None} | {
            field: person
        }


async def test_a_text_that_is_too_long_is_refused_unsent() -> None:
    async with a_graph() as (graph, http, credentials):
        outcome = await WhatsApp(http, default_version="v25.0").send(a_message(text="x" * 4097), credentials)
        assert isinstance(outcome, Refused)
        assert (outcome.reason, graph.requests) == ("too_long", [])


async def test_after_the_window_nothing_is_sent() -> None:
    async with a_graph() as (graph, http, credentials):
        graph.refuses(131047)
        outcome = await WhatsApp(http, default_version="v25.0").send(a_message(), credentials)
        assert isinstance(outcome, Refused)
        assert outcome.reason == "window_closed"


@pytest.mark.parametrize("fault", ["drop", "hang"])
async def test_an_answer_without_an_answer_is_unknown_and_cannot_be_looked_up(fault: str) -> None:
    async with a_graph() as (graph, http, credentials):
        channel, publication = WhatsApp(http, default_version="v25.0"), a_message()
        graph.misbehave(fault)
        assert isinstance(await channel.send(publication, credentials), Unknown)
        assert isinstance(await channel.find(publication, NOW, (), credentials), CannotSee)
        assert not channel.nature.can_look
        assert len(graph.requests) == 1


async def test_a_platform_that_is_not_there_got_nothing() -> None:
    async with a_graph() as (_, http, _credentials):
        nowhere = Credentials(TOKEN, "http://127.0.0.1:1")
        assert isinstance(await WhatsApp(http, default_version="v25.0").send(a_message(), nowhere), Unavailable)


async def test_a_message_can_be_neither_changed_nor_read_nor_counted() -> None:
    async with a_graph() as (graph, http, credentials):
        channel = WhatsApp(http, default_version="v25.0")
        assert isinstance(await channel.change(a_task(platform="whatsapp"), credentials), CannotDo)
        assert isinstance(await channel.view(NUMBER, "wamid.HBgL", credentials), CannotSee)
        assert await channel.measure(NUMBER, "wamid.HBgL", credentials) == Unmeasured("not_offered")
        assert (channel.nature.tasks, channel.nature.measures, graph.requests) == (frozenset(), False, [])


async def test_the_right_to_answer_is_one_permission_whatever_business_it_names() -> None:
    async with a_graph() as (graph, http, credentials):
        granular = [{"scope": "whatsapp_business_messaging", "target_ids": ["102290129340399"]}]
        scopes = ["whatsapp_business_messaging"]
        graph.answers(200, {"data": {"is_valid": True, "scopes": scopes, "granular_scopes": granular}})
        assert await WhatsApp(http, default_version="v25.0").probe(NUMBER, credentials) == Probed({"reply": True})
