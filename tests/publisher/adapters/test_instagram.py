"""Instagram: replies to comments and private messages, looking for them, moderation, numbers, rights."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from services.publisher.adapters.http import Answer
from services.publisher.adapters.platforms import instagram
from services.publisher.adapters.platforms.instagram import Instagram
from services.publisher.domain.outcomes import (
    Absent,
    CannotDo,
    CannotSee,
    Captured,
    Done,
    Found,
    Gone,
    Measured,
    Probed,
    Published,
    Refused,
    Sighting,
    Throttled,
    Unavailable,
    Unmeasured,
)
from services.publisher.domain.publications import Publication
from services.publisher.domain.tasks import Kind
from services.publisher.ports import Credentials
from tests.publisher.builders import a_publication, a_task
from tests.support.platform_stand_in import TOKEN
from tests.support.scripted_graph import a_graph

pytestmark = pytest.mark.asyncio(loop_scope="session")

ACCOUNT = "17841405793187219"
COMMENT = "17921234567890123"
ANSWER = "17921234567890125"
PERSON = "1254459154682919"
MESSAGE = "aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3"
SENT_AT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


def a_reply(**changes: Any) -> Publication:
    own = {"platform": "instagram", "account": ACCOUNT, "thread": COMMENT, "reply_to": COMMENT, "mention": "kamala"}
    return a_publication(**own | changes)


def a_message(**changes: Any) -> Publication:
    return a_reply(thread=PERSON, reply_to=MESSAGE, public=False, mention=None, **changes)


def ours(**changes: Any) -> dict[str, Any]:
    said = {
        "id": "17930000000000001",
        "text": "Our office opens at 9 a.m.",
        "user": {"id": "9"},
        "username": "passports",
    }
    return said | {"timestamp": "2026-11-22T08:30:01+0000", "from": {"id": "9"}} | changes


def sighting(*replies: Any, **more: Any) -> Sighting | str:
    answer = Answer(200, {}, json.dumps({"data": list(replies), **more}).encode())
    return instagram.sighting_of(answer, a_reply(), SENT_AT, {"taken"})


async def test_a_reply_is_posted_under_the_comment_and_not_in_the_address() -> None:
    async with a_graph() as (graph, http, credentials):
        graph.answers(200, {"id": "17930000000000001"})
        outcome = await Instagram(http, default_version="v25.0").send(a_reply(), credentials)
        assert outcome == Published("17930000000000001")
        (request,) = graph.requests
        assert (request.path, request.query) == (f"/v25.0/{COMMENT}/replies", {})
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        assert request.json() == {"message": "Our office opens at 9 a.m."}


async def test_whoever_answered_below_the_comment_is_named_or_would_not_be_notified() -> None:
    async with a_graph() as (graph, http, credentials):
        graph.answers(200, {"id": "17930000000000001"})
        await Instagram(http, default_version="v25.0").send(a_reply(reply_to=ANSWER), credentials)
        assert graph.last.path == f"/v25.0/{ANSWER}/replies"
        assert graph.last.json() == {"message": "@kamala Our office opens at 9 a.m."}


async def test_a_private_message_is_answered_in_private() -> None:
    async with a_graph() as (graph, http, credentials):
        graph.answers(200, {"recipient_id": PERSON, "message_id": "aWdfSent"})
        publication = a_message()
        outcome = await Instagram(http, default_version="v25.0").send(publication, credentials)
        assert outcome == Published("aWdfSent")
        assert graph.last.path == "/v25.0/me/messages"
        assert graph.last.json() == {
            "recipient": {"id": PERSON},
            "messaging_type": "RESPONSE",
            "message": {"text": "Our office opens at 9 a.m.", "metadata": publication.publication},
        }


@pytest.mark.parametrize(
    "publication", [a_reply(text="x" * 2201), a_reply(reply_to=ANSWER, text="x" * 2195), a_message(text="අ" * 334)]
)
async def test_a_text_that_is_too_long_is_refused_unsent(publication: Publication) -> None:
    async with a_graph() as (graph, http, credentials):
        outcome = await Instagram(http, default_version="v25.0").send(publication, credentials)
        assert isinstance(outcome, Refused)
        assert (outcome.reason, graph.requests) == ("too_long", [])


@pytest.mark.parametrize("publication", [a_reply(text="x" * 2200), a_message(text="අ" * 333)])
async def test_a_text_that_just_fits_is_sent(publication: Publication) -> None:
    async with a_graph() as (graph, http, credentials):
        graph.answers(200, {"id": "17930000000000001", "message_id": "17930000000000001"})
        outcome = await Instagram(http, default_version="v25.0").send(publication, credentials)
        assert outcome == Published("17930000000000001")


async def test_the_window_of_a_private_message_closes() -> None:
    async with a_graph() as (graph, http, credentials):
        graph.refuses(10, 2534022)
        outcome = await Instagram(http, default_version="v25.0").send(a_message(), credentials)
        assert isinstance(outcome, Refused)
        assert outcome.reason == "window_closed"


async def test_a_comment_that_is_gone_can_no_longer_be_answered() -> None:
    async with a_graph() as (graph, http, credentials):
        graph.refuses(100, 33)
        outcome = await Instagram(http, default_version="v25.0").send(a_reply(), credentials)
        assert isinstance(outcome, Refused)
        assert outcome.reason == "not_possible"


async def test_a_throttle_of_the_account_waits_as_long_as_it_says() -> None:
    async with a_graph() as (graph, http, credentials):
        usage = json.dumps({ACCOUNT: [{"type": "instagram", "estimated_time_to_regain_access": 2}]})
        graph.refuses(80002, x_business_use_case_usage=usage)
        outcome = await Instagram(http, default_version="v25.0").send(a_reply(), credentials)
        assert isinstance(outcome, Throttled)
        assert outcome.retry_after == 120.0


async def test_a_look_reads_the_replies_of_the_comment_at_the_top() -> None:
    async with a_graph() as (graph, http, credentials):
        graph.answers(200, {"data": [ours(text="@kamala Our office opens at 9 a.m.")]})
        channel, publication = Instagram(http, default_version="v25.0"), a_reply(reply_to=ANSWER)
        assert await channel.find(publication, SENT_AT, (), credentials) == Found("17930000000000001")
        assert graph.last.path == f"/v25.0/{COMMENT}/replies"
        assert graph.last.query == {"fields": "id,text,timestamp,from,user,username", "limit": "50"}


async def test_a_look_goes_on_to_the_next_pages_but_not_for_ever() -> None:
    async with a_graph() as (graph, http, credentials):
        channel = Instagram(http, default_version="v25.0")
        more = {"data": [], "paging": {"cursors": {"after": "next-one"}, "next": "https://graph.example/next"}}
        graph.answers(200, more)
        graph.answers(200, {"data": [ours()], "paging": {"cursors": {"after": "last"}}})
        assert isinstance(await channel.find(a_reply(), SENT_AT, (), credentials), Found)
        assert graph.last.query["after"] == "next-one"
        for _ in range(instagram.PAGES):
            graph.answers(200, more)
        assert isinstance(await channel.find(a_reply(), SENT_AT, (), credentials), CannotSee)
        assert len(graph.requests) == 2 + instagram.PAGES


@pytest.mark.parametrize(
    "other",
    [
        {"user": None},
        {"text": "Our office opens at 10 a.m."},
        {"timestamp": "2026-11-22T08:00:00+0000"},
        {"timestamp": "yesterday"},
        {"id": "taken"},
        {"id": 5},
    ],
)
async def test_only_our_own_same_new_reply_is_ours(other: dict[str, Any]) -> None:
    assert sighting(ours(**other)) == Absent()


async def test_our_own_reply_is_known_by_either_name_of_its_author() -> None:
    assert sighting(ours()) == Found("17930000000000001")
    assert sighting(ours(user=None, **{"from": {"id": ACCOUNT}})) == Found("17930000000000001")


async def test_a_look_under_a_comment_that_is_gone_finds_nothing() -> None:
    async with a_graph() as (graph, http, credentials):
        channel = Instagram(http, default_version="v25.0")
        graph.refuses(100, 33)
        graph.refuses(4)
        assert isinstance(await channel.find(a_reply(), SENT_AT, (), credentials), Absent)
        assert isinstance(await channel.find(a_reply(), SENT_AT, (), credentials), CannotSee)


async def test_a_look_for_a_private_message_reads_the_conversation() -> None:
    async with a_graph() as (graph, http, credentials):
        sent = {"id": "aWdfSent", "message": "Our office opens at 9 a.m.", "from": {"id": ACCOUNT}}
        messages = {"data": [sent | {"created_time": "2026-11-22T08:30:01+0000"}]}
        graph.answers(200, {"data": [{"id": "t_1", "messages": messages}]})
        channel = Instagram(http, default_version="v25.0")
        assert await channel.find(a_message(), SENT_AT, (), credentials) == Found("aWdfSent")
        assert graph.last.path == "/v25.0/me/conversations"
        assert (graph.last.query["platform"], graph.last.query["user_id"]) == ("instagram", PERSON)


async def test_a_platform_that_is_not_there_got_nothing() -> None:
    async with a_graph() as (_, http, _credentials):
        nowhere, channel = Credentials(TOKEN, "http://127.0.0.1:1"), Instagram(http, default_version="v25.0")
        assert isinstance(await channel.send(a_reply(), nowhere), Unavailable)
        assert isinstance(await channel.find(a_reply(), SENT_AT, (), nowhere), CannotSee)


@pytest.mark.parametrize(
    ("kind", "method", "content"),
    [
        ("hide", "POST", {"hide": True}),
        ("show", "POST", {"hide": False}),
        ("delete", "DELETE", None),
        ("remove", "DELETE", None),
    ],
)
async def test_a_task_is_one_documented_request(kind: Kind, method: str, content: dict[str, object] | None) -> None:
    async with a_graph() as (graph, http, credentials):
        graph.answers(200, {"success": True})
        task = a_task(platform="instagram", kind=kind, native_id=COMMENT)
        assert await Instagram(http, default_version="v25.0").change(task, credentials) == Done()
        (request,) = graph.requests
        assert (request.method, request.path) == (method, f"/v25.0/{COMMENT}")
        assert (request.json() if request.body else None) == content


@pytest.mark.parametrize(("kind", "native_id"), [("edit", COMMENT), ("delete", MESSAGE), ("hide", MESSAGE)])
async def test_there_is_no_edit_and_no_way_to_take_a_message_back(kind: Kind, native_id: str) -> None:
    async with a_graph() as (graph, http, credentials):
        channel = Instagram(http, default_version="v25.0")
        task = a_task(platform="instagram", kind=kind, native_id=native_id)
        assert isinstance(await channel.change(task, credentials), CannotDo)
        assert ("edit" in channel.nature.tasks, graph.requests) == (False, [])


async def test_a_comment_and_a_message_can_be_captured() -> None:
    async with a_graph() as (graph, http, credentials):
        channel = Instagram(http, default_version="v25.0")
        comment, message = {"id": COMMENT, "text": "When?"}, {"id": MESSAGE, "message": "Where?"}
        graph.answers(200, comment)
        graph.answers(200, message)
        graph.refuses(100, 33)
        graph.refuses(100, 33)
        assert await channel.view(ACCOUNT, COMMENT, credentials) == Captured("When?", comment)
        assert await channel.view(ACCOUNT, MESSAGE, credentials) == Captured("Where?", message)
        assert isinstance(await channel.view(ACCOUNT, COMMENT, credentials), Gone)
        assert isinstance(await channel.view(ACCOUNT, MESSAGE, credentials), CannotSee)


async def test_likes_are_the_only_number_of_a_comment_and_a_message_has_none() -> None:
    async with a_graph() as (graph, http, credentials):
        channel = Instagram(http, default_version="v25.0")
        graph.answers(200, {"id": COMMENT, "like_count": 4})
        measured = await channel.measure(ACCOUNT, COMMENT, credentials)
        assert measured == Measured({"likes": 4}, {"likes": "instagram/v25.0 like_count"})
        assert await channel.measure(ACCOUNT, MESSAGE, credentials) == Unmeasured("not_offered")


@pytest.mark.parametrize(
    "scopes",
    [
        ["instagram_basic", "instagram_manage_comments"],
        ["instagram_business_basic", "instagram_business_manage_comments"],
    ],
)
async def test_the_permissions_of_either_login_give_the_rights(scopes: list[str]) -> None:
    async with a_graph() as (graph, http, credentials):
        channel = Instagram(http, default_version="v25.0")
        graph.answers(200, {"data": {"is_valid": True, "scopes": scopes, "expires_at": 1800000000}})
        graph.answers(200, {"data": {"is_valid": True, "scopes": scopes[1:]}})
        rights = dict.fromkeys(("reply", "delete", "hide", "read", "reach"), True)
        assert await channel.probe(ACCOUNT, credentials) == Probed(rights, facts={"expires_at": 1800000000})
        assert await channel.probe(ACCOUNT, credentials) == Probed(rights | {"read": False, "reach": False})
