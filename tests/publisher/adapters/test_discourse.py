"""Discourse: what its answers mean, what is asked of it, and what may be done there by whom."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.publisher.adapters.http import Answer, Http
from services.publisher.adapters.platforms import discourse_answers as answers
from services.publisher.adapters.platforms.discourse import Discourse
from services.publisher.domain.outcomes import (
    Absent,
    CannotDo,
    CannotSee,
    Captured,
    CredentialsDead,
    Done,
    Found,
    Gone,
    Measured,
    Outcome,
    Probed,
    Published,
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
from tests.support.platform_stand_in import TOKEN, Request
from tests.support.scripted_platform import ScriptedPlatform

pytestmark = pytest.mark.asyncio(loop_scope="session")

SINCE = datetime(2026, 11, 22, 8, tzinfo=UTC)
TEXT = "Our office opens at 9 a.m. on every working day."
ASKED = {"id": 4711, "topic_id": 310, "post_number": 5, "username": "nimal", "raw": "When do you open?"}
OURS = {
    "id": 4712,
    "username": "Passport-Office",
    "created_at": "2026-11-22T08:00:01.000Z",
    "post_number": 6,
    "topic_id": 310,
    "topic_slug": "opening-hours",
}
WHOLE = OURS | {"raw": TEXT}
FORBIDDEN = {"errors": ["Not allowed."], "error_type": "invalid_access"}
PENDING = "/posts/passport-office/pending.json"
REPLIES = "/posts/4711/replies.json"


def a_reply(**changes: Any) -> Publication:
    post = {"account": "passport-office", "thread": "t310", "reply_to": "4711", "text": TEXT}
    return a_publication(**{"platform": "discourse", **post, **changes})


def a_task(kind: str, **changes: Any) -> Task:
    where = {"agency": "passports", "platform": "discourse", "account": "passport-office", "thread": "t310"}
    return Task(**{"task": "task_1", **where, "kind": kind, "native_id": "4712", "text": TEXT, **changes})


@asynccontextmanager
async def a_forum() -> AsyncIterator[tuple[ScriptedPlatform, Discourse, Credentials]]:
    http = Http()
    async with ScriptedPlatform("discourse") as platform:
        platform.answers("GET", "/posts/4711.json", ASKED)
        platform.answers("GET", PENDING, {"pending_posts": []})
        try:
            yield platform, Discourse(http), Credentials(TOKEN, platform.url)
        finally:
            await http.close()


def answered(status: int, content: object, **headers: str) -> Answer:
    return Answer(status, headers, json.dumps(content).encode())


async def test_a_reply_names_the_post_by_its_number_where_it_stands_now() -> None:
    async with a_forum() as (platform, channel, credentials):
        platform.answers("GET", "/posts/4711.json", ASKED | {"topic_id": 999, "post_number": 2})
        platform.answers("POST", "/posts.json", WHOLE)
        outcome = await channel.send(a_reply(), credentials)
        assert outcome == Published("4712", f"{platform.url}/t/opening-hours/310/6")
        (request,) = platform.sends
        assert request.json() == {"raw": TEXT, "topic_id": 999, "reply_to_post_number": 2}
        assert (request.headers["api-key"], request.headers["api-username"]) == (TOKEN, "passport-office")
        assert TOKEN not in request.path


async def test_the_secrets_may_spell_the_user_otherwise() -> None:
    async with a_forum() as (platform, channel, _):
        platform.answers("POST", "/posts.json", WHOLE)
        await channel.send(a_reply(), Credentials(TOKEN, platform.url, secrets={"username": "Office"}))
        assert {request.headers["api-username"] for request in platform.requests} == {"Office"}


@pytest.mark.parametrize(
    ("text", "public", "reason"),
    [
        ("  We know.  ", True, "rejected"),
        ("x" * 19, True, "rejected"),
        ("x" * 9, False, "rejected"),
        ("x" * 32_001, True, "too_long"),
    ],
)
async def test_a_text_that_the_forum_would_not_take_is_refused_unsent(text: str, public: bool, reason: str) -> None:
    async with a_forum() as (platform, channel, credentials):
        outcome = await channel.send(a_reply(text=text, public=public), credentials)
        assert isinstance(outcome, Refused)
        assert (outcome.reason, platform.requests) == (reason, [])
        assert str(len(text.strip())) in outcome.detail


async def test_a_message_may_be_shorter_than_a_post() -> None:
    async with a_forum() as (platform, channel, credentials):
        platform.answers("POST", "/posts.json", WHOLE)
        assert isinstance(await channel.send(a_reply(text="x" * 10, public=False), credentials), Published)


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (answered(200, {"action": "enqueued", "success": True}), Unknown, None),
        (answered(200, {"id": "4712"}), Unknown, None),
        (Answer(200, {}, b"<html>"), Unknown, None),
        (answered(400, {"errors": ["no"]}), Refused, "rejected"),
        (Answer(401, {}, b""), CredentialsDead, None),
        (answered(404, {"errors": ["no"], "error_type": "not_found"}), Refused, "not_possible"),
        (answered(410, {"errors": ["no"]}), Refused, "not_possible"),
        (answered(413, {}), Refused, "too_long"),
        (answered(422, {"errors": ["Body seems unclear"]}), Refused, "rejected"),
        (answered(422, {"errors": ["Body is too similar to what you recently posted"]}), Unknown, None),
        (answered(429, {"errors": ["no"]}), Throttled, None),
        (answered(503, {"errors": ["no"], "error_type": "read_only"}), Unavailable, None),
        (Answer(503, {}, b"<html>"), Unknown, None),
        (Answer(500, {}, b""), Unknown, None),
        (Answer(302, {}, b""), Unknown, None),
    ],
)
async def test_an_answer_is_read_by_status_and_type(answer: Answer, kind: type[Outcome], reason: str | None) -> None:
    outcome = answers.outcome_of(answer, "https://forum.example")
    assert isinstance(outcome, kind)
    assert getattr(outcome, "reason", None) == reason


async def test_a_post_that_waits_for_approval_is_said_to() -> None:
    outcome = answers.outcome_of(answered(200, {"action": "enqueued", "success": True}), "")
    assert outcome == Unknown("the reply waits for approval by the forum's staff")


async def test_a_limit_says_how_long_in_its_header_or_in_its_body() -> None:
    extras = {"errors": ["slow down"], "extras": {"wait_seconds": 7}}
    assert answers.outcome_of(answered(429, extras), "") == Throttled(7.0, "status 429: slow down")
    told = answers.outcome_of(answered(429, extras, **{"retry-after": "3"}), "")
    assert told == Throttled(3.0, "status 429: slow down")


@pytest.mark.parametrize(
    ("content", "headers", "session", "kind"),
    [
        (FORBIDDEN, {"X_Discourse_Username": "passport-office"}, 403, Refused),
        ({"errors": ["… The API username or key is invalid."]}, {}, 200, CredentialsDead),
        (FORBIDDEN, {}, 403, CredentialsDead),
        (FORBIDDEN, {}, 200, Refused),
    ],
)
async def test_forbidden_is_said_of_the_topic_or_of_the_key(
    content: object, headers: dict[str, str], session: int, kind: type[Outcome]
) -> None:
    async with a_forum() as (platform, channel, credentials):
        platform.answers("POST", "/posts.json", content, 403, **headers)
        platform.answers("GET", "/session/current.json", {}, session)
        outcome = await channel.send(a_reply(), credentials)
        assert isinstance(outcome, kind)
        assert getattr(outcome, "reason", "not_permitted") == "not_permitted"


@pytest.mark.parametrize(
    ("content", "status", "kind"),
    [
        ({}, 404, Refused),
        (ASKED | {"deleted_at": "2026-11-22T07:00:00.000Z"}, 200, Refused),
        (ASKED | {"user_deleted": True}, 200, Refused),
        ({}, 401, CredentialsDead),
        ({}, 429, Throttled),
        ({}, 500, Unavailable),
        ([], 200, Unavailable),
        ({"errors": ["… The API username or key is invalid."]}, 403, CredentialsDead),
    ],
)
async def test_nothing_is_sent_where_the_post_is_not_found(content: object, status: int, kind: type[Outcome]) -> None:
    async with a_forum() as (platform, channel, credentials):
        platform.answers("GET", "/posts/4711.json", content, status)
        outcome = await channel.send(a_reply(), credentials)
        assert isinstance(outcome, kind)
        assert getattr(outcome, "reason", "not_possible") == "not_possible"
        assert platform.sends == []


async def test_a_forum_that_is_not_there_got_nothing() -> None:
    async with a_forum() as (_, channel, _credentials):
        nowhere = Credentials(TOKEN, "http://127.0.0.1:1")
        assert isinstance(await channel.send(a_reply(), nowhere), Unavailable)
        assert isinstance(await channel.find(a_reply(), SINCE, (), nowhere), CannotSee)


async def test_an_id_cannot_lead_to_another_path() -> None:
    async with a_forum() as (platform, channel, credentials):
        platform.answers("GET", "/posts/..%2Fadmin%3Fx=1.json", {}, 404)
        await channel.send(a_reply(reply_to="../admin?x=1"), credentials)
        assert [request.path for request in platform.requests] == ["/posts/..%2Fadmin%3Fx=1.json"]


async def test_a_reply_that_stands_is_found_among_those_to_the_post() -> None:
    async with a_forum() as (platform, channel, credentials):
        platform.answers("GET", REPLIES, [OURS])
        platform.answers("GET", "/posts/4712.json", WHOLE)
        found = await channel.find(a_reply(), SINCE, (), credentials)
        assert found == Found("4712", f"{platform.url}/t/opening-hours/310/6")
        assert isinstance(await channel.find(a_reply(), SINCE, {"4712"}, credentials), Absent)
        asked = [request.path for request in platform.requests]
        assert asked[:2] == [PENDING, REPLIES]


@pytest.mark.parametrize(
    "other",
    [
        {"username": "somebody"},
        {"created_at": "2026-11-22T07:00:00.000Z"},
        {"created_at": "yesterday"},
        {"raw": "Our office opens at 10 a.m. on every working day."},
        {"id": "4712"},
    ],
)
async def test_only_our_own_same_new_post_is_ours(other: dict[str, Any]) -> None:
    async with a_forum() as (platform, channel, credentials):
        platform.answers("GET", REPLIES, [OURS | other])
        platform.answers("GET", "/posts/4712.json", WHOLE | other)
        assert isinstance(await channel.find(a_reply(), SINCE, (), credentials), Absent)


async def test_a_reply_that_waits_for_approval_is_not_absent() -> None:
    async with a_forum() as (platform, channel, credentials):
        platform.answers("GET", PENDING, {"pending_posts": [{"raw_text": TEXT, "topic_id": 310}]})
        platform.answers("GET", REPLIES, [])
        seen = await channel.find(a_reply(), SINCE, (), credentials)
        assert seen == CannotSee("the reply waits for approval by the forum's staff")


async def test_what_waits_and_cannot_be_seen_keeps_absence_from_being_proved() -> None:
    async with a_forum() as (platform, channel, credentials):
        platform.answers("GET", PENDING, FORBIDDEN, 403)
        platform.answers("GET", REPLIES, [])
        assert isinstance(await channel.find(a_reply(), SINCE, (), credentials), CannotSee)


@pytest.mark.parametrize(("content", "status"), [({}, 200), ([], 404), ([], 500), ("<html>", 200)])
async def test_a_look_that_does_not_come_about_proves_nothing(content: object, status: int) -> None:
    async with a_forum() as (platform, channel, credentials):
        platform.answers("GET", REPLIES, content, status)
        assert isinstance(await channel.find(a_reply(), SINCE, (), credentials), CannotSee)


async def test_replies_that_never_end_prove_nothing() -> None:
    async with a_forum() as (platform, channel, credentials):

        def a_full_page(request: Request) -> Any:
            after = int(request.query["after"])
            theirs = [OURS | {"username": "nimal", "post_number": after + one} for one in range(1, 21)]
            return (200, theirs, {})

        platform.script["GET", REPLIES] = a_full_page
        assert isinstance(await channel.find(a_reply(), SINCE, (), credentials), CannotSee)
        afters = [request.query["after"] for request in platform.requests if request.path == REPLIES]
        assert afters == ["1", "21", "41", "61", "81"]


@pytest.mark.parametrize(
    ("kind", "method", "path", "body"),
    [
        ("edit", "PUT", "/posts/4712.json", {"post": {"raw": TEXT, "edit_reason": "wrong hours"}}),
        ("delete", "DELETE", "/posts/4712.json", None),
        ("remove", "DELETE", "/posts/4712.json", None),
        ("show", "PUT", "/posts/4712/unhide.json", None),
        ("hide", "POST", "/post_actions.json", {"id": "4712", "post_action_type_id": 4, "take_action": "true"}),
    ],
)
async def test_a_change_is_asked_for_as_the_forum_wants_it(
    kind: str, method: str, path: str, body: dict[str, Any] | None
) -> None:
    async with a_forum() as (platform, channel, credentials):
        platform.answers("GET", "/session/current.json", {"current_user": {"moderator": True}})
        platform.answers(method, path, WHOLE | {"hidden": True})
        assert await channel.change(a_task(kind, reason="wrong hours"), credentials) == Done()
        asked = platform.requests[-1]
        assert (asked.method, asked.path) == (method, path)
        assert (json.loads(asked.body) if asked.body else None) == body


async def test_only_staff_hide_and_nobody_else_flags() -> None:
    async with a_forum() as (platform, channel, credentials):
        platform.answers("GET", "/session/current.json", {"current_user": {"moderator": False, "admin": False}})
        effect = await channel.change(a_task("hide"), credentials)
        assert isinstance(effect, Refused)
        assert (effect.reason, platform.sends) == ("not_permitted", [])


@pytest.mark.parametrize(
    ("kind", "status", "post", "post_status", "expected"),
    [
        ("delete", 404, {}, 404, Done),
        ("edit", 404, {}, 404, CannotDo),
        ("hide", 404, {}, 404, CannotDo),
        ("remove", 403, WHOLE | {"deleted_at": "2026-11-22T09:00:00.000Z"}, 200, Done),
        ("delete", 403, WHOLE | {"user_deleted": True}, 200, Done),
        ("remove", 403, WHOLE, 200, Refused),
        ("edit", 403, WHOLE | {"can_edit": False}, 200, CannotDo),
        ("edit", 422, WHOLE | {"can_edit": False}, 200, CannotDo),
        ("edit", 422, WHOLE | {"can_edit": True}, 200, Refused),
        ("edit", 403, {}, 404, CannotDo),
        ("hide", 403, WHOLE | {"hidden": True}, 200, Done),
        ("hide", 422, WHOLE | {"hidden": True}, 200, Done),
        ("hide", 422, WHOLE | {"hidden": False}, 200, Refused),
        ("show", 403, WHOLE | {"hidden": False}, 200, Done),
        ("show", 403, WHOLE | {"hidden": True}, 200, Refused),
        ("delete", 401, {}, 200, CredentialsDead),
        ("delete", 429, {}, 200, Throttled),
        ("delete", 500, {}, 200, Unknown),
    ],
)
async def test_what_is_so_already_is_done_and_what_can_be_no_more_is_said(
    kind: str, status: int, post: object, post_status: int, expected: type
) -> None:
    async with a_forum() as (platform, channel, credentials):
        platform.answers("GET", "/session/current.json", {"current_user": {"moderator": True}})
        for method, path in (
            ("PUT", "/posts/4712.json"),
            ("DELETE", "/posts/4712.json"),
            ("PUT", "/posts/4712/unhide.json"),
            ("POST", "/post_actions.json"),
        ):
            platform.answers(method, path, FORBIDDEN, status, X_Discourse_Username="passport-office")
        platform.answers("GET", "/posts/4712.json", post, post_status)
        assert isinstance(await channel.change(a_task(kind), credentials), expected)


async def test_an_edit_that_is_too_short_is_not_asked_for() -> None:
    async with a_forum() as (platform, channel, credentials):
        assert isinstance(await channel.change(a_task("edit", text="Ten."), credentials), Refused)
        assert platform.requests == []


async def test_a_post_is_evidence_with_its_words_or_by_its_absence() -> None:
    async with a_forum() as (platform, channel, credentials):
        assert await channel.view("passport-office", "4711", credentials) == Captured("When do you open?", ASKED)
        platform.answers("GET", "/posts/4711.json", ASKED | {"deleted_at": "2026-11-22T09:00:00.000Z"})
        assert isinstance(await channel.view("passport-office", "4711", credentials), Gone)
        platform.answers("GET", "/posts/4711.json", {}, 404)
        assert isinstance(await channel.view("passport-office", "4711", credentials), Gone)
        platform.answers("GET", "/posts/4711.json", {}, 500)
        assert isinstance(await channel.view("passport-office", "4711", credentials), CannotSee)


async def test_numbers_are_those_that_the_forum_tells() -> None:
    told = ASKED | {"reads": 12, "reply_count": 2, "actions_summary": [{"id": 2, "count": 4}, {"id": 4}]}
    measured = answers.measure_of(answered(200, told))
    assert measured == Measured(
        {"views": 12, "replies": 2, "likes": 4},
        {"views": "discourse reads", "replies": "discourse reply_count", "likes": "discourse actions_summary like"},
    )


async def test_no_like_is_no_like_and_no_summary_says_nothing() -> None:
    liked_by_nobody = answers.measure_of(answered(200, ASKED | {"actions_summary": [{"id": 2, "can_act": True}]}))
    assert isinstance(liked_by_nobody, Measured)
    assert liked_by_nobody.numbers == {"likes": 0}
    silent = answers.measure_of(answered(200, ASKED))
    assert isinstance(silent, Measured)
    assert silent.numbers == {}


@pytest.mark.parametrize(("status", "reason"), [(404, "gone"), (500, "no_answer"), (403, "no_answer")])
async def test_a_post_that_is_not_read_has_no_numbers(status: int, reason: str) -> None:
    measured = answers.measure_of(answered(status, {}))
    assert isinstance(measured, Unmeasured)
    assert measured.reason == reason


@pytest.mark.parametrize(("moderator", "may_hide"), [(True, True), (False, False)])
async def test_a_probe_says_what_the_key_allows(moderator: bool, may_hide: bool) -> None:
    async with a_forum() as (platform, channel, credentials):
        platform.answers("GET", "/session/current.json", {"current_user": {"moderator": moderator}})
        platform.answers("GET", "/site/settings.json", FORBIDDEN, 403)
        probed = await channel.probe("passport-office", credentials)
        assert isinstance(probed, Probed)
        assert (probed.rights["reply"], probed.rights["hide"], probed.facts) == (True, may_hide, {})


async def test_a_probe_says_how_long_a_post_may_be() -> None:
    settings = {"title": "Forum", "min_post_length": 5, "max_post_length": 99, "min_personal_message_post_length": "2"}
    async with a_forum() as (platform, channel, credentials):
        platform.answers("GET", "/session/current.json", {"current_user": {"moderator": True}})
        platform.answers("GET", "/site/settings.json", settings)
        probed = await channel.probe("passport-office", credentials)
        assert isinstance(probed, Probed)
        assert probed.facts == {"least_characters": 5, "most_characters": 99}


async def test_settings_that_a_forum_cannot_tell_now_are_asked_for_again() -> None:
    async with a_forum() as (platform, channel, credentials):
        platform.answers("GET", "/session/current.json", {"current_user": {"moderator": True}})
        platform.answers("GET", "/site/settings.json", {"errors": ["no"]}, 503)
        assert isinstance(await channel.probe("passport-office", credentials), Unknown)


async def test_a_forums_own_limits_hold() -> None:
    async with a_forum() as (platform, channel, credentials):
        platform.answers("POST", "/posts.json", WHOLE)
        own = replace(credentials, facts={"least_characters": 5, "most_characters": 99})
        assert isinstance(await channel.send(a_reply(text="Noon."), own), Published)
        asked = len(platform.requests)
        for text in ("Noon", "x" * 100):
            assert isinstance(await channel.send(a_reply(text=text), own), Refused)
        assert len(platform.requests) == asked


async def test_a_probe_with_a_dead_key_says_so() -> None:
    async with a_forum() as (platform, channel, credentials):
        platform.answers("GET", "/session/current.json", FORBIDDEN, 403)
        assert isinstance(await channel.probe("passport-office", credentials), CredentialsDead)


async def test_a_look_allows_for_clocks_that_differ() -> None:
    async with a_forum() as (platform, channel, credentials):
        platform.answers("GET", REPLIES, [OURS])
        platform.answers("GET", "/posts/4712.json", WHOLE)
        ahead = SINCE + timedelta(minutes=1)
        assert isinstance(await channel.find(a_reply(), ahead, (), credentials), Found)
