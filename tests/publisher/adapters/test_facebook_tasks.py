"""Facebook beside sending: changing and moderating comments, reading them, their numbers, a token's rights."""

import hashlib
import hmac

import pytest

from services.publisher.adapters.platforms.facebook import Facebook
from services.publisher.domain.outcomes import (
    CannotDo,
    CannotSee,
    Captured,
    CredentialsDead,
    Done,
    Effect,
    Gone,
    Measured,
    Probed,
    Published,
    Refused,
    Throttled,
    Unavailable,
    Unknown,
    Unmeasured,
)
from services.publisher.domain.tasks import Kind
from services.publisher.ports import Credentials
from tests.publisher.builders import PAGE, a_publication, a_task
from tests.support.platform_stand_in import TOKEN
from tests.support.scripted_graph import a_graph

pytestmark = pytest.mark.asyncio(loop_scope="session")

EVERYTHING = ["pages_manage_engagement", "pages_read_engagement", "pages_read_user_content"]


@pytest.mark.parametrize(
    ("kind", "method", "content"),
    [
        ("edit", "POST", {"message": "Our office opens at 10 a.m."}),
        ("hide", "POST", {"is_hidden": True}),
        ("show", "POST", {"is_hidden": False}),
        ("delete", "DELETE", None),
        ("remove", "DELETE", None),
    ],
)
async def test_a_task_is_one_documented_request(kind: Kind, method: str, content: dict[str, object] | None) -> None:
    async with a_graph() as (graph, http, credentials):
        graph.answers(200, {"success": True})
        task = a_task(kind=kind, native_id="900_7", text="Our office opens at 10 a.m.")
        assert await Facebook(http, default_version="v25.0").change(task, credentials) == Done()
        (request,) = graph.requests
        assert (request.method, request.path, request.query) == (method, "/v25.0/900_7", {})
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        assert (request.json() if request.body else None) == content


@pytest.mark.parametrize("kind", ["edit", "hide", "show"])
async def test_what_is_gone_cannot_be_changed(kind: Kind) -> None:
    async with a_graph() as (graph, http, credentials):
        graph.refuses(100, 33)
        effect = await Facebook(http, default_version="v25.0").change(a_task(kind=kind), credentials)
        assert isinstance(effect, CannotDo)


@pytest.mark.parametrize("kind", ["delete", "remove"])
async def test_what_is_gone_is_deleted(kind: Kind) -> None:
    async with a_graph() as (graph, http, credentials):
        graph.refuses(100, 33)
        graph.refuses(100, 33)
        effect = await Facebook(http, default_version="v25.0").change(a_task(kind=kind), credentials)
        assert isinstance(effect, Done)


async def test_what_stands_while_it_is_called_gone_only_lacks_the_right() -> None:
    async with a_graph() as (graph, http, credentials):
        graph.refuses(100, 33)
        graph.answers(200, {"id": "900_7"})
        effect = await Facebook(http, default_version="v25.0").change(a_task(kind="remove"), credentials)
        assert isinstance(effect, Refused)
        assert effect.reason == "not_permitted"


async def test_what_is_called_gone_and_cannot_be_read_is_tried_again() -> None:
    async with a_graph() as (graph, http, credentials):
        graph.refuses(100, 33)
        graph.refuses(2, status=500)
        effect = await Facebook(http, default_version="v25.0").change(a_task(kind="remove"), credentials)
        assert isinstance(effect, Unknown)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [(200, 403, Refused), (190, 401, CredentialsDead), (32, 400, Throttled), (1, 500, Unknown)],
)
async def test_a_task_is_refused_as_a_reply_is(code: int, status: int, kind: type[Effect]) -> None:
    async with a_graph() as (graph, http, credentials):
        graph.refuses(code, status=status)
        effect = await Facebook(http, default_version="v25.0").change(a_task(kind="hide"), credentials)
        assert isinstance(effect, kind)


@pytest.mark.parametrize("content", [{"success": False}, {}, "<html>"])
async def test_a_success_that_does_not_say_so_is_tried_again(content: object) -> None:
    async with a_graph() as (graph, http, credentials):
        graph.answers(200, content)
        effect = await Facebook(http, default_version="v25.0").change(a_task(kind="edit"), credentials)
        assert isinstance(effect, Unknown)


async def test_a_task_without_an_answer_or_a_connection_is_tried_again() -> None:
    async with a_graph() as (graph, http, credentials):
        channel = Facebook(http, default_version="v25.0")
        graph.misbehave("drop")
        assert isinstance(await channel.change(a_task(kind="hide"), credentials), Unknown)
        nowhere = Credentials(TOKEN, "http://127.0.0.1:1")
        assert isinstance(await channel.change(a_task(kind="delete"), nowhere), Unavailable)


async def test_an_edit_that_is_too_long_is_refused_unsent() -> None:
    async with a_graph() as (graph, http, credentials):
        task = a_task(kind="edit", text="x" * 8001)
        effect = await Facebook(http, default_version="v25.0").change(task, credentials)
        assert isinstance(effect, Refused)
        assert (effect.reason, graph.requests) == ("too_long", [])


async def test_a_comment_is_captured_in_facebooks_own_words() -> None:
    async with a_graph() as (graph, http, credentials):
        body = {"id": "900_7", "message": "Who reads this?", "is_hidden": False}
        graph.answers(200, body)
        seen = await Facebook(http, default_version="v25.0").view(PAGE, "900_7", credentials)
        assert seen == Captured("Who reads this?", body)
        assert graph.last.path == "/v25.0/900_7"
        fields = set(graph.last.query["fields"].split(","))
        assert {"message", "from", "created_time", "attachment", "is_hidden"} <= fields


async def test_what_cannot_be_seen_is_gone_only_where_facebook_says_so() -> None:
    async with a_graph() as (graph, http, credentials):
        channel = Facebook(http, default_version="v25.0")
        graph.refuses(100, 33)
        graph.refuses(190, status=401)
        graph.answers(200, {"unexpected": True})
        assert isinstance(await channel.view(PAGE, "900_7", credentials), Gone)
        assert isinstance(await channel.view(PAGE, "900_7", credentials), CannotSee)
        assert isinstance(await channel.view(PAGE, "900_7", credentials), CannotSee)
        nowhere = Credentials(TOKEN, "http://127.0.0.1:1")
        assert isinstance(await channel.view(PAGE, "900_7", nowhere), CannotSee)


async def test_likes_and_replies_are_numbers_of_their_version() -> None:
    async with a_graph() as (graph, http, credentials):
        graph.answers(200, {"id": "900_7", "like_count": 3, "comment_count": 0})
        measured = await Facebook(http, default_version="v25.0").measure(PAGE, "900_7", credentials)
        assert measured == Measured(
            {"likes": 3, "replies": 0},
            {"likes": "facebook/v25.0 like_count", "replies": "facebook/v25.0 comment_count"},
        )
        assert graph.last.query == {"fields": "id,like_count,comment_count"}


async def test_a_number_that_is_not_told_is_left_out() -> None:
    async with a_graph() as (graph, http, credentials):
        channel = Facebook(http, default_version="v25.0")
        graph.answers(200, {"id": "900_7", "like_count": 3})
        graph.refuses(100, 33)
        graph.refuses(4)
        measured = await channel.measure(PAGE, "900_7", credentials)
        assert measured == Measured({"likes": 3}, {"likes": "facebook/v25.0 like_count"})
        gone = await channel.measure(PAGE, "900_7", credentials)
        unanswered = await channel.measure(PAGE, "900_7", credentials)
        assert [each.reason for each in (gone, unanswered) if isinstance(each, Unmeasured)] == ["gone", "no_answer"]


async def test_a_reply_that_nearly_spent_the_budget_asks_for_rest() -> None:
    async with a_graph() as (graph, http, credentials):
        graph.answers(200, {"id": "900_8"}, x_app_usage='{"call_count": 97, "total_time": 2, "total_cputime": 1}')
        outcome = await Facebook(http, default_version="v25.0").send(a_publication(), credentials)
        assert outcome == Published("900_8", rest=60.0)


async def test_a_token_tells_its_rights_and_how_long_it_lives() -> None:
    async with a_graph() as (graph, http, credentials):
        token = {"is_valid": True, "scopes": EVERYTHING, "expires_at": 0, "data_access_expires_at": 1800000000}
        graph.answers(200, {"data": token})
        probed = await Facebook(http, default_version="v25.0").probe(PAGE, credentials)
        assert isinstance(probed, Probed)
        assert probed.rights == dict.fromkeys(("reply", "edit", "delete", "hide", "read", "reach"), True)
        assert probed.facts == {"data_access_expires_at": 1800000000}
        assert (graph.last.path, graph.last.query) == ("/v25.0/debug_token", {"input_token": TOKEN})


async def test_a_right_that_is_granted_for_another_page_is_none() -> None:
    async with a_graph() as (graph, http, credentials):
        granular = [
            {"scope": "pages_manage_engagement", "target_ids": ["220000000000002"]},
            {"scope": "pages_read_engagement", "target_ids": [PAGE]},
            {"scope": "pages_read_user_content"},
            "nonsense",
        ]
        graph.answers(200, {"data": {"is_valid": True, "scopes": EVERYTHING, "granular_scopes": granular}})
        probed = await Facebook(http, default_version="v25.0").probe(PAGE, credentials)
        assert isinstance(probed, Probed)
        assert [right for right, held in probed.rights.items() if held] == ["read", "reach"]


async def test_the_app_asks_for_the_token_where_its_secret_is_known() -> None:
    async with a_graph(app_id="12", app_secret="hush") as (graph, http, credentials):
        graph.answers(200, {"data": {"is_valid": False, "error": {"code": 190, "subcode": 463}, "scopes": []}})
        probed = await Facebook(http, default_version="v25.0").probe(PAGE, credentials)
        assert probed == CredentialsDead("the token is not valid, code 190")
        assert graph.last.headers["authorization"] == "Bearer 12|hush"


async def test_the_apps_secret_proves_that_the_app_itself_calls() -> None:
    expected = hmac.new(b"hush", TOKEN.encode(), hashlib.sha256).hexdigest()
    async with a_graph(app_secret="hush") as (graph, http, credentials):
        channel = Facebook(http, default_version="v25.0")
        graph.answers(200, {"success": True})
        graph.answers(200, {"success": True})
        graph.answers(200, {"id": "900_7"})
        await channel.change(a_task(kind="hide"), credentials)
        await channel.change(a_task(kind="delete"), credentials)
        await channel.view(PAGE, "900_7", credentials)
        assert [request.query["appsecret_proof"] for request in graph.requests] == [expected] * 3
        assert [request.path for request in graph.requests] == ["/v25.0/900_7"] * 3


async def test_a_token_that_may_not_ask_for_itself_is_at_least_known_to_live() -> None:
    async with a_graph() as (graph, http, credentials):
        graph.refuses(100)
        graph.answers(200, {"id": PAGE})
        probed = await Facebook(http, default_version="v25.0").probe(PAGE, credentials)
        assert isinstance(probed, Probed)
        assert set(probed.rights.values()) == {None}
        assert [request.path for request in graph.requests] == ["/v25.0/debug_token", "/v25.0/me"]


@pytest.mark.parametrize(
    ("errors", "kind"),
    [([(190, 401)], CredentialsDead), ([(100, 400), (190, 401)], CredentialsDead), ([(2, 500), (2, 500)], Unknown)],
)
async def test_a_probe_that_is_refused(errors: list[tuple[int, int]], kind: type) -> None:
    async with a_graph() as (graph, http, credentials):
        for code, status in errors:
            graph.refuses(code, status=status)
        assert isinstance(await Facebook(http, default_version="v25.0").probe(PAGE, credentials), kind)


async def test_a_wrong_app_secret_does_not_make_the_token_dead() -> None:
    async with a_graph(app_id="12", app_secret="wrong") as (graph, http, credentials):
        graph.refuses(190, status=401)
        graph.answers(200, {"id": PAGE})
        probed = await Facebook(http, default_version="v25.0").probe(PAGE, credentials)
        assert isinstance(probed, Probed)
        assert graph.last.headers["authorization"] == f"Bearer {TOKEN}"


async def test_a_probe_of_nothing_there_is_unavailable() -> None:
    async with a_graph() as (graph, http, _):
        channel = Facebook(http, default_version="v25.0")
        assert isinstance(await channel.probe(PAGE, Credentials(TOKEN, "http://127.0.0.1:1")), Unavailable)
        assert graph.requests == []
