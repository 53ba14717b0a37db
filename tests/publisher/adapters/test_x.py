"""X: replies and private messages, what its answers mean, and what they say of numbers, rights and new tokens."""

import json
from typing import Any

import pytest

from services.publisher.adapters.http import Answer
from services.publisher.adapters.platforms import x_answers
from services.publisher.adapters.platforms.x import X
from services.publisher.domain.outcomes import (
    CannotDo,
    CannotSee,
    Captured,
    CredentialsDead,
    Done,
    Effect,
    Gone,
    Measured,
    Outcome,
    Probed,
    Published,
    Refreshed,
    Refused,
    Throttled,
    Unavailable,
    Unknown,
    Unmeasured,
)
from services.publisher.domain.publications import Publication
from services.publisher.domain.tasks import Task
from services.publisher.ports import Credentials
from tests.publisher.builders import a_publication
from tests.publisher.examples.x import ACCOUNT, CITIZENS_POST
from tests.support.answering_platform import answering

pytestmark = pytest.mark.asyncio(loop_scope="session")

TAKEN = {"data": {"id": "2124420049912463999", "text": "…", "edit_history_tweet_ids": ["2124420049912463999"]}}
CITIZEN = "1460323737035677699"
GONE = {
    "errors": [
        {
            "value": "21",
            "detail": "Could not find tweet with id: [21].",
            "title": "Not Found Error",
            "type": "https://api.twitter.com/2/problems/resource-not-found",
        }
    ]
}


def a_reply(**changes: Any) -> Publication:
    place = {"thread": CITIZENS_POST, "reply_to": CITIZENS_POST, "mention": "nimal_p"}
    return a_publication(**{"platform": "x", "account": ACCOUNT, **place, **changes})


def a_message(**changes: Any) -> Publication:
    return a_reply(**{"thread": CITIZEN, "reply_to": "2124420049912463873", "public": False, **changes})


def a_task(kind: Any, **changes: Any) -> Task:
    return Task("tsk_1", "passports", "x", ACCOUNT, CITIZENS_POST, kind, **{"native_id": "21", **changes})


def a_problem(status: int, detail: str, kind: str = "about:blank", **headers: str) -> Answer:
    body = {"title": "Forbidden", "detail": detail, "type": kind, "status": status}
    return Answer(status, {name.replace("_", "-"): said for name, said in headers.items()}, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("status", "detail", "kind", "reason"),
    [
        (400, "One or more parameters to your request was invalid.", Refused, "rejected"),
        (401, "Unauthorized", CredentialsDead, None),
        (402, "Your enrolled account does not have any credits to fulfill this request.", Throttled, None),
        (403, "You are not allowed to create a Tweet with duplicate content.", Unknown, None),
        (403, "You attempted to reply to a Tweet that is deleted or not visible to you.", Refused, "not_possible"),
        (
            403,
            "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by"
            " the author of the post you are replying to.",
            Refused,
            "not_permitted",
        ),
        (403, "You have been blocked from the author of this tweet.", Refused, "blocked"),
        (403, "Your Tweet text is too long.", Refused, "too_long"),
        (403, "Your account is suspended and is not permitted to access this feature.", CredentialsDead, None),
        (403, "User has been suspended.", Refused, "not_permitted"),
        (403, "There was an error sending your message: Whoops! You already said that.", Unknown, None),
        (403, "You are not permitted to perform this action.", Refused, "not_permitted"),
        (404, "Not Found", Refused, "not_possible"),
        (429, "Too Many Requests", Throttled, None),
        (500, "Internal Server Error", Unknown, None),
        (503, "Service Unavailable", Unknown, None),
        (302, "", Unknown, None),
    ],
)
async def test_a_refusal_is_read_by_status_and_sentence(
    status: int, detail: str, kind: type[Outcome], reason: str | None
) -> None:
    outcome = x_answers.outcome_of(a_problem(status, detail))
    assert isinstance(outcome, kind)
    assert getattr(outcome, "reason", None) == reason


@pytest.mark.parametrize("kind", x_answers.MUTE_TYPES)
async def test_an_app_that_may_not_speak_is_no_matter_of_the_reply(kind: str) -> None:
    outcome = x_answers.outcome_of(a_problem(403, "…", f"https://api.twitter.com/2/problems/{kind}"))
    assert isinstance(outcome, CredentialsDead)


@pytest.mark.parametrize("body", [b"{}", b"<html>", b'{"data": {"id": 7}}', b'{"data": []}'])
async def test_a_success_without_an_id_leaves_it_open(body: bytes) -> None:
    assert isinstance(x_answers.outcome_of(Answer(201, {}, body)), Unknown)


@pytest.mark.parametrize(
    ("headers", "rest"),
    [
        ({"x-rate-limit-remaining": "7", "x-rate-limit-reset": "1763800290"}, None),
        ({"x-rate-limit-remaining": "0", "x-rate-limit-reset": "1763800290"}, 90.0),
        ({"x-rate-limit-remaining": "0", "x-rate-limit-reset": "1763800100"}, 0.0),
        ({"x-rate-limit-remaining": "0"}, None),
        (
            {
                "x-rate-limit-remaining": "0",
                "x-rate-limit-reset": "1763800290",
                "x-user-limit-24hour-remaining": "0",
                "x-user-limit-24hour-reset": "1763803800",
            },
            3600.0,
        ),
        ({"x-rate-limit-remaining": "soon", "x-rate-limit-reset": "never"}, None),
    ],
)
async def test_a_spent_limit_rests_until_it_begins_anew_on_the_clock_of_x(
    headers: dict[str, str], rest: float | None
) -> None:
    headers = {"date": "Sat, 22 Nov 2025 08:30:00 GMT", **headers}
    outcome = x_answers.outcome_of(Answer(201, headers, json.dumps(TAKEN).encode()))
    assert isinstance(outcome, Published)
    assert outcome.rest == rest
    throttled = x_answers.outcome_of(Answer(429, headers, b"{}"))
    assert isinstance(throttled, Throttled)
    assert throttled.retry_after == (rest or None)


async def test_a_reply_names_what_it_answers_and_nobody_else() -> None:
    async with answering(X, "a-token") as (platform, channel, credentials):
        platform.answer(201, TAKEN)
        publication = a_reply()
        outcome = await channel.send(publication, credentials)
        assert outcome == Published("2124420049912463999", "https://x.com/i/web/status/2124420049912463999")
        (request,) = platform.requests
        assert (request.method, request.path) == ("POST", "/2/tweets")
        assert request.headers["authorization"] == "Bearer a-token"
        assert request.json() == {"text": publication.text, "reply": {"in_reply_to_tweet_id": CITIZENS_POST}}


async def test_a_private_message_goes_to_the_citizen_who_is_the_thread() -> None:
    async with answering(X, "a-token") as (platform, channel, credentials):
        made = {"dm_conversation_id": f"{CITIZEN}-{ACCOUNT}", "dm_event_id": "2124420049912464001"}
        platform.answer(201, {"data": made})
        publication = a_message(text="x" * 281)
        assert await channel.send(publication, credentials) == Published("2124420049912464001")
        (request,) = platform.requests
        assert request.path == f"/2/dm_conversations/with/{CITIZEN}/messages"
        assert request.json() == {"text": publication.text}


@pytest.mark.parametrize("publication", [a_reply(text="දා" * 140 + "x"), a_message(text="x" * 10_001)])
async def test_what_is_too_long_is_refused_unsent(publication: Publication) -> None:
    async with answering(X, "a-token") as (platform, channel, credentials):
        outcome = await channel.send(publication, credentials)
        assert isinstance(outcome, Refused)
        assert (outcome.reason, platform.requests) == ("too_long", [])


async def test_a_server_that_is_not_there_got_nothing() -> None:
    async with answering(X, "a-token") as (_, channel, _credentials):
        nowhere = Credentials("a-token", "http://127.0.0.1:1")
        assert isinstance(await channel.send(a_reply(), nowhere), Unavailable)
        assert isinstance(await channel.view(ACCOUNT, "21", nowhere), CannotSee)
        assert isinstance(await channel.measure(ACCOUNT, "21", nowhere), Unmeasured)


@pytest.mark.parametrize(
    ("kind", "hidden", "body"), [("hide", True, b'{"hidden": true}'), ("show", False, b'{"hidden": false}')]
)
async def test_a_reply_is_hidden_and_shown_by_one_call(kind: Any, hidden: bool, body: bytes) -> None:
    async with answering(X, "a-token") as (platform, channel, credentials):
        platform.answer(200, {"data": {"hidden": hidden}})
        assert await channel.change(a_task(kind), credentials) == Done()
        (request,) = platform.requests
        assert (request.method, request.path, request.body) == ("PUT", "/2/tweets/21/hidden", body)
        assert request.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("status", "seen", "path"),
    [(200, {"data": {"id": "21", "text": "…"}}, "/2/tweets/21"), (200, GONE, "/2/dm_events/21")],
)
async def test_what_is_to_be_deleted_is_looked_at_first_since_an_id_does_not_tell(
    status: int, seen: Any, path: str
) -> None:
    async with answering(X, "a-token") as (platform, channel, credentials):
        platform.answer(status, seen)
        platform.answer(200, {"data": {"deleted": True}})
        assert await channel.change(a_task("delete"), credentials) == Done()
        look, deletion = platform.requests
        assert (look.method, look.path) == ("GET", "/2/tweets/21")
        assert (deletion.method, deletion.path, deletion.body) == ("DELETE", path, b"")


async def test_nothing_is_deleted_that_could_not_be_seen() -> None:
    async with answering(X, "a-token") as (platform, channel, credentials):
        platform.answer(503, {})
        assert isinstance(await channel.change(a_task("delete"), credentials), Unknown)
        assert [each.method for each in platform.requests] == ["GET"]


@pytest.mark.parametrize("task", [a_task("edit", text="Better"), a_task("remove")])
async def test_what_x_cannot_do_is_not_asked_of_it(task: Task) -> None:
    async with answering(X, "a-token") as (platform, channel, credentials):
        assert isinstance(await channel.change(task, credentials), CannotDo)
        assert platform.requests == []


@pytest.mark.parametrize(
    ("kind", "status", "body", "expected"),
    [
        ("delete", 404, {}, Done),
        ("delete", 403, {"detail": "You are not authorized to delete this Tweet."}, CannotDo),
        ("hide", 403, {"detail": "You can only hide replies to conversations you started."}, CannotDo),
        ("hide", 404, {}, CannotDo),
        ("hide", 200, {"data": {"hidden": False}}, Unknown),
        ("show", 200, {"data": {"hidden": True}}, Unknown),
        ("delete", 200, {}, Unknown),
        ("delete", 401, {}, CredentialsDead),
        ("delete", 429, {}, Throttled),
        ("delete", 500, {}, Unknown),
    ],
)
async def test_only_what_x_says_to_be_so_is_done(kind: Any, status: int, body: Any, expected: type[Effect]) -> None:
    effect = x_answers.effect_of(Answer(status, {}, json.dumps(body).encode()), kind)
    assert isinstance(effect, expected)


async def test_a_view_keeps_what_x_answered_and_reads_it_plainly() -> None:
    async with answering(X, "a-token") as (platform, channel, credentials):
        body = {"data": {"id": "21", "text": "Long…", "note_tweet": {"text": "Water &amp; light &lt;now&gt;"}}}
        platform.answer(200, body)
        assert await channel.view(ACCOUNT, "21", credentials) == Captured("Water & light <now>", body)
        (request,) = platform.requests
        assert (request.method, request.path) == ("GET", "/2/tweets/21")
        assert {"created_at", "note_tweet", "edit_history_tweet_ids"} <= set(request.query["tweet.fields"].split(","))


async def test_what_is_no_post_may_still_be_a_private_message() -> None:
    async with answering(X, "a-token") as (platform, channel, credentials):
        body = {"data": {"id": "21", "event_type": "MessageCreate", "text": "Your file…"}}
        platform.answer(200, GONE)
        platform.answer(200, body)
        assert await channel.view(ACCOUNT, "21", credentials) == Captured("Your file…", body)
        assert [each.path for each in platform.requests] == ["/2/tweets/21", "/2/dm_events/21"]
        platform.answer(200, GONE)
        platform.answer(403, {"detail": "Your app may not read messages."})
        assert isinstance(await channel.view(ACCOUNT, "21", credentials), Gone)


@pytest.mark.parametrize(("status", "body"), [(200, GONE), (404, {"detail": "Not Found"})])
async def test_a_post_that_is_not_shown_is_gone(status: int, body: Any) -> None:
    answer = Answer(status, {}, json.dumps(body).encode())
    assert isinstance(x_answers.view_of(answer), Gone)
    measured = x_answers.measure_of(answer)
    assert isinstance(measured, Unmeasured)
    assert measured.reason == "gone"


@pytest.mark.parametrize(("status", "body"), [(401, b"{}"), (429, b"{}"), (200, b"<html>"), (500, b"")])
async def test_an_answer_that_shows_nothing_proves_nothing(status: int, body: bytes) -> None:
    assert isinstance(x_answers.view_of(Answer(status, {}, body)), CannotSee)
    measured = x_answers.measure_of(Answer(status, {}, body))
    assert isinstance(measured, Unmeasured)
    assert measured.reason == "no_answer"


async def test_numbers_bear_our_names_and_the_series_theirs_and_what_is_not_told_is_no_zero() -> None:
    async with answering(X, "a-token") as (platform, channel, credentials):
        metrics = {"impression_count": 27, "like_count": 0, "retweet_count": 2, "bookmark_count": "many"}
        platform.answer(200, {"data": {"id": "21", "text": "…", "public_metrics": metrics}})
        assert await channel.measure(ACCOUNT, "21", credentials) == Measured(
            {"views": 27, "likes": 0, "shares": 2},
            {"views": "x/2 impression_count", "likes": "x/2 like_count", "shares": "x/2 retweet_count"},
        )
        assert platform.requests[0].query == {"tweet.fields": "public_metrics"}


@pytest.mark.parametrize(
    ("level", "writes"), [("read", False), ("read-write", True), ("read-write-directmessages", True), ("", None)]
)
async def test_rights_are_what_the_header_says_and_unknown_without_it(level: str, writes: bool | None) -> None:
    async with answering(X, "a-token") as (platform, channel, credentials):
        platform.answer(200, {"data": {"id": ACCOUNT}}, **({"x_access_level": level} if level else {}))
        probed = await channel.probe(ACCOUNT, credentials)
        assert isinstance(probed, Probed)
        expected = {"reply": writes, "delete": writes, "hide": writes, "read": True, "reach": True}
        assert probed.rights == expected
        assert platform.requests[0].path == "/2/users/me"


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {"data": {"id": "1"}}, Probed),
        (401, {}, CredentialsDead),
        (403, {"type": "https://api.twitter.com/2/problems/unsupported-authentication"}, CredentialsDead),
        (429, {}, Unavailable),
        (503, {}, Unknown),
    ],
)
async def test_a_token_of_somebody_else_gives_no_right(status: int, body: Any, expected: type) -> None:
    async with answering(X, "a-token") as (platform, channel, credentials):
        platform.answer(status, body)
        probed = await channel.probe(ACCOUNT, credentials)
        assert isinstance(probed, expected)
        assert not any(getattr(probed, "rights", {}).values())


@pytest.mark.parametrize(
    ("secrets", "authorization", "form"),
    [
        (
            {"client_id": "id", "client_secret": "s:ecret", "refresh_token": "old+/="},
            "Basic aWQ6cyUzQWVjcmV0",
            b"grant_type=refresh_token&refresh_token=old%2B%2F%3D",
        ),
        (
            {"client_id": "id", "refresh_token": "old"},
            None,
            b"grant_type=refresh_token&refresh_token=old&client_id=id",
        ),
    ],
)
async def test_a_renewal_asks_as_the_app_it_is_and_keeps_both_new_tokens(
    secrets: dict[str, str], authorization: str | None, form: bytes
) -> None:
    async with answering(X, "a-token", **secrets) as (platform, channel, credentials):
        platform.answer(200, {"access_token": "new", "refresh_token": "newer", "expires_in": 7200})
        refreshed = await channel.refresh(ACCOUNT, credentials)
        assert refreshed == Refreshed({"token": "new", "refresh_token": "newer"}, 7200.0)
        assert "new" not in repr(refreshed)
        (request,) = platform.requests
        assert (request.method, request.path, request.body) == ("POST", "/2/oauth2/token", form)
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        assert request.headers.get("authorization") == authorization


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (
            400,
            {"error": "invalid_request", "error_description": "Value passed for the token was invalid."},
            CredentialsDead,
        ),
        (401, {"error": "unauthorized_client"}, CredentialsDead),
        (429, {}, Unavailable),
        (503, {}, Unknown),
        (200, {"token_type": "bearer"}, Unknown),
    ],
)
async def test_a_renewal_that_fails_says_whether_a_person_is_needed(status: int, body: Any, expected: type) -> None:
    async with answering(X, "a-token", client_id="id", refresh_token="old") as (platform, channel, credentials):
        platform.answer(status, body)
        assert isinstance(await channel.refresh(ACCOUNT, credentials), expected)


async def test_an_access_token_that_comes_without_a_refresh_token_is_kept_beside_the_old_one() -> None:
    async with answering(X, "a-token", client_id="id", refresh_token="old") as (platform, channel, credentials):
        platform.answer(200, {"access_token": "new", "expires_in": 7200})
        assert await channel.refresh(ACCOUNT, credentials) == Refreshed({"token": "new"}, 7200.0)


async def test_without_a_refresh_token_a_person_is_needed() -> None:
    async with answering(X, "a-token", client_id="id") as (platform, channel, credentials):
        assert isinstance(await channel.refresh(ACCOUNT, credentials), CredentialsDead)
        assert platform.requests == []
