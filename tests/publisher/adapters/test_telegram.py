"""Telegram: answers of a bot, what its descriptions mean, and a square that misbehaves."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.publisher.adapters.http import Answer
from services.publisher.adapters.platforms import telegram_answers
from services.publisher.adapters.platforms.telegram import Telegram
from services.publisher.adapters.platforms.telegram_answers import Place
from services.publisher.domain.outcomes import (
    CannotDo,
    CannotSee,
    CredentialsDead,
    Done,
    Effect,
    Outcome,
    Probed,
    Published,
    Refused,
    Throttled,
    Unavailable,
    Unknown,
)
from services.publisher.domain.publications import Publication
from services.publisher.domain.tasks import Task
from services.publisher.ports import Credentials
from tests.publisher.builders import NOW, a_publication
from tests.publisher.examples.telegram import BOT, CHAT, EXAMPLE
from tests.support.answering_platform import answering
from tests.support.on_the_square import on_the_square

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOKEN = f"{BOT}:AAH-a-token"
PLACE = Place(-1001234567890, 512)


def a_reply(**changes: Any) -> Publication:
    message = f"{CHAT}:512"
    return a_publication(**{"platform": "telegram", "account": BOT, "thread": message, "reply_to": message, **changes})


def a_task(kind: Any, **changes: Any) -> Task:
    return Task("tsk_1", "passports", "telegram", BOT, CHAT, kind, **{"native_id": f"{CHAT}:513", **changes})


def sent(message: int = 513, chat: int = PLACE.chat, **of_chat: str) -> dict[str, Any]:
    return {"ok": True, "result": {"message_id": message, "chat": {"id": chat, **of_chat}, "date": 1790000000}}


def refused(code: int, description: str, **parameters: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"ok": False, "error_code": code, "description": description}
    return body | ({"parameters": parameters} if parameters else {})


def an_answer(code: int, description: str, **parameters: Any) -> Answer:
    return Answer(code, {}, json.dumps(refused(code, description, **parameters)).encode())


@pytest.mark.parametrize(
    ("code", "description", "kind", "reason"),
    [
        (400, "Bad Request: message to be replied not found", Refused, "not_possible"),
        (400, "Bad Request: Reply message not found", Refused, "not_possible"),
        (400, "Bad Request: chat not found", Refused, "not_possible"),
        (400, "Bad Request: message is too long", Refused, "too_long"),
        (400, "Bad Request: not enough rights to send text messages to the chat", Refused, "not_permitted"),
        (400, "Bad Request: TOPIC_CLOSED", Refused, "not_permitted"),
        (400, "Bad Request: BUSINESS_PEER_USAGE_MISSING", Refused, "window_closed"),
        (400, "Bad Request: message text is empty", Refused, "rejected"),
        (401, "Unauthorized", CredentialsDead, None),
        (404, "Not Found", CredentialsDead, None),
        (403, "Forbidden: bot was blocked by the user", Refused, "blocked"),
        (403, "Forbidden: user is deactivated", Refused, "not_possible"),
        (403, "Forbidden: bot was kicked from the supergroup chat", Refused, "not_permitted"),
        (403, "Forbidden: bot can't initiate conversation with a user", Refused, "not_permitted"),
        (409, "Conflict: terminated by other getUpdates request", Unavailable, None),
        (429, "Too Many Requests: retry after 35", Throttled, None),
        (500, "Internal Server Error", Unknown, None),
        (502, "Bad Gateway", Unknown, None),
    ],
)
async def test_an_error_is_read_by_code_and_description(
    code: int, description: str, kind: type[Outcome], reason: str | None
) -> None:
    outcome = telegram_answers.outcome_of(an_answer(code, description), PLACE)
    assert isinstance(outcome, kind)
    assert getattr(outcome, "reason", None) == reason


@pytest.mark.parametrize(
    ("status", "body"),
    [(503, b"<html>"), (200, b"<html>"), (200, b"{}"), (200, b'{"ok": true, "result": true}'), (401, b"<html>")],
)
async def test_what_is_no_answer_of_the_api_leaves_it_open(status: int, body: bytes) -> None:
    assert isinstance(telegram_answers.outcome_of(Answer(status, {}, body), PLACE), Unknown)


async def test_a_throttled_bot_waits_as_long_as_it_is_told() -> None:
    outcome = telegram_answers.outcome_of(an_answer(429, "Too Many Requests: retry after 35", retry_after=35), PLACE)
    assert outcome == Throttled(35.0, "code 429: Too Many Requests: retry after 35")


@pytest.mark.parametrize(
    ("native_id", "place"),
    [
        ("42:7", Place(42, 7)),
        (f"{CHAT}:512", PLACE),
        ("bconn:9:42:7", Place(42, 7, "bconn:9")),
        ("512", None),
        ("a:b", None),
        ("", None),
    ],
)
async def test_a_message_is_named_as_it_came_in(native_id: str, place: Place | None) -> None:
    assert Place.parse(native_id) == place
    assert place is None or place.named(place.message) == native_id


async def test_an_answer_stands_under_the_message_or_is_not_sent() -> None:
    async with answering(Telegram, TOKEN) as (platform, channel, credentials):
        platform.answer(200, sent(type="supergroup", username="passports_lk"))
        publication = a_reply(mention="nimal")
        outcome = await channel.send(publication, credentials)
        assert outcome == Published(f"{CHAT}:513", "https://t.me/passports_lk/513")
        (request,) = platform.requests
        assert (request.method, request.path) == ("POST", f"/bot{TOKEN}/sendMessage")
        assert request.json() == {
            "chat_id": PLACE.chat,
            "text": publication.text,
            "reply_parameters": {"message_id": 512, "allow_sending_without_reply": False},
        }


async def test_a_business_chat_is_written_to_through_its_connection() -> None:
    async with answering(Telegram, TOKEN) as (platform, channel, credentials):
        platform.answer(200, sent(8, 42, type="private"))
        outcome = await channel.send(a_reply(reply_to="bc1:42:7", thread="bc1:42"), credentials)
        assert outcome == Published("bc1:42:8")
        assert platform.requests[0].json()["business_connection_id"] == "bc1"


async def test_a_group_that_moved_gets_the_answer_in_its_new_place_beside_no_message_of_another() -> None:
    async with answering(Telegram, TOKEN) as (platform, channel, credentials):
        moved = "Bad Request: group chat was upgraded to a supergroup chat"
        platform.answer(400, refused(400, moved, migrate_to_chat_id=-1009))
        platform.answer(200, sent(3, -1009))
        publication = a_reply(reply_to="-77:512", mention="nimal")
        assert await channel.send(publication, credentials) == Published("-1009:3")
        first, second = platform.requests
        assert first.json()["chat_id"] == -77
        assert second.json() == {"chat_id": -1009, "text": f"@nimal {publication.text}"}


async def test_a_move_does_not_make_an_attempt_longer() -> None:
    async with answering(Telegram, TOKEN, attempt_seconds=1) as (platform, channel, credentials):
        platform.seconds = 0.6
        platform.answer(400, refused(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-1009))
        platform.answer(200, sent(3, -1009))
        assert await channel.send(a_reply(reply_to="-77:512"), credentials) == Unknown("no answer in time")


async def test_what_is_no_message_of_telegram_is_refused_unsent() -> None:
    async with answering(Telegram, TOKEN) as (platform, channel, credentials):
        assert isinstance(await channel.send(a_reply(reply_to="512"), credentials), Refused)
        assert platform.requests == []


async def test_length_counts_utf16_units() -> None:
    async with answering(Telegram, TOKEN) as (platform, channel, credentials):
        outcome = await channel.send(a_reply(text="👋" * 2048 + "x"), credentials)
        assert isinstance(outcome, Refused)
        assert (outcome.reason, platform.requests) == ("too_long", [])
        platform.answer(200, sent())
        assert isinstance(await channel.send(a_reply(text="👋" * 2048), credentials), Published)


@pytest.mark.parametrize("fault", ["drop", "hang", "accept_then_flood"])
async def test_no_outcome_holds_the_token(fault: str) -> None:
    async with answering(Telegram, TOKEN) as (platform, channel, credentials):
        platform.answer(200, sent())
        platform.misbehave(fault)
        outcome = await channel.send(a_reply(), credentials)
        assert isinstance(outcome, Unknown)
        assert "AAH" not in str(outcome)
        nowhere = Credentials(TOKEN, "http://127.0.0.1:1")
        unsent = await channel.send(a_reply(), nowhere)
        assert isinstance(unsent, Unavailable)
        assert "AAH" not in str(unsent)


@pytest.mark.parametrize(
    ("kind", "native_id", "method", "content"),
    [
        ("edit", f"{CHAT}:513", "editMessageText", {"chat_id": PLACE.chat, "message_id": 513, "text": "Better"}),
        ("delete", f"{CHAT}:513", "deleteMessage", {"chat_id": PLACE.chat, "message_id": 513}),
        ("remove", "42:7", "deleteMessage", {"chat_id": 42, "message_id": 7}),
        (
            "edit",
            "bc1:42:7",
            "editMessageText",
            {"chat_id": 42, "business_connection_id": "bc1", "message_id": 7, "text": "Better"},
        ),
        ("delete", "bc1:42:7", "deleteBusinessMessages", {"business_connection_id": "bc1", "message_ids": [7]}),
    ],
)
async def test_a_task_is_one_call(kind: Any, native_id: str, method: str, content: dict[str, Any]) -> None:
    async with answering(Telegram, TOKEN) as (platform, channel, credentials):
        platform.answer(200, {"ok": True, "result": True})
        assert await channel.change(a_task(kind, native_id=native_id, text="Better"), credentials) == Done()
        (request,) = platform.requests
        assert (request.path, request.json()) == (f"/bot{TOKEN}/{method}", content)


@pytest.mark.parametrize(
    ("code", "description", "kind"),
    [
        (400, "Bad Request: message is not modified: specified new message content is the same", Done),
        (400, "Bad Request: message to delete not found", Done),
        (400, "Bad Request: message to edit not found", CannotDo),
        (400, "Bad Request: message can't be edited", CannotDo),
        (400, "Bad Request: message can't be deleted for everyone", CannotDo),
        (400, "Bad Request: chat not found", CannotDo),
        (400, "Bad Request: group chat was upgraded to a supergroup chat", CannotDo),
        (400, "Bad Request: not enough rights to delete a message", Refused),
        (401, "Unauthorized", CredentialsDead),
        (429, "Too Many Requests: retry after 3", Throttled),
        (500, "Internal Server Error", Unknown),
    ],
)
async def test_a_change_that_is_made_already_is_done(code: int, description: str, kind: type[Effect]) -> None:
    assert isinstance(telegram_answers.effect_of(an_answer(code, description)), kind)


async def test_what_cannot_be_done_or_is_too_long_is_not_asked_for() -> None:
    async with answering(Telegram, TOKEN) as (platform, channel, credentials):
        assert isinstance(await channel.change(a_task("hide"), credentials), CannotDo)
        assert isinstance(await channel.change(a_task("delete", native_id="7"), credentials), CannotDo)
        assert isinstance(await channel.change(a_task("edit", text="x" * 4097), credentials), Refused)
        assert isinstance(await channel.view(BOT, f"{CHAT}:513", credentials), CannotSee)
        assert platform.requests == []


async def test_the_probe_tells_what_a_bot_may_by_itself() -> None:
    async with answering(Telegram, TOKEN) as (platform, channel, credentials):
        bot = {"id": int(BOT), "is_bot": True, "can_read_all_group_messages": False}
        platform.answer(200, {"ok": True, "result": bot})
        platform.answer(200, {"ok": True, "result": bot | {"can_read_all_group_messages": True}})
        platform.answer(200, {"ok": True, "result": bot | {"id": 1}})
        platform.answer(401, refused(401, "Unauthorized"))
        platform.answer(429, refused(429, "Too Many Requests"))
        private, open_eared, other, dead, busy = [await channel.probe(BOT, credentials) for _ in range(5)]
        assert isinstance(private, Probed)
        assert isinstance(open_eared, Probed)
        assert isinstance(other, Probed)
        assert private.rights == {"reply": True, "edit": True, "delete": True, "read": None, "remove": None}
        assert open_eared.rights["read"] is True
        assert not any(other.rights.values())
        assert [type(each) for each in (dead, busy)] == [CredentialsDead, Unavailable]


@pytest.mark.parametrize(
    ("fault", "stands"),
    [("accept_then_drop", 1), ("accept_then_500", 1), ("hang", 0), ("down", 0)],
)
async def test_what_nobody_answered_stays_open_for_a_person(tmp_path: Path, fault: str, stands: int) -> None:
    async with on_the_square(tmp_path, EXAMPLE, Telegram) as stage:
        publication = stage.a_reply()
        stage.fault(fault)
        assert isinstance(await stage.channel.send(publication, stage.credentials), Unknown)
        assert isinstance(await stage.channel.find(publication, NOW, (), stage.credentials), CannotSee)
        assert not stage.channel.nature.can_look
        assert len(stage.replies()) == stands


@pytest.mark.parametrize(
    ("fault", "expected"), [("throttle", Throttled), ("token_dead", CredentialsDead), ("parent_gone", Refused)]
)
async def test_a_refusal_of_the_square_is_understood_and_leaves_nothing(
    tmp_path: Path, fault: str, expected: type
) -> None:
    async with on_the_square(tmp_path, EXAMPLE, Telegram) as stage:
        stage.fault(fault)
        assert isinstance(await stage.channel.send(stage.a_reply(), stage.credentials), expected)
        assert stage.replies() == []


async def test_an_answer_on_the_square_is_edited_and_deleted(tmp_path: Path) -> None:
    async with on_the_square(tmp_path, EXAMPLE, Telegram) as stage:
        outcome = await stage.channel.send(stage.a_reply(), stage.credentials)
        (reply,) = stage.replies()
        assert outcome == Published(reply["id"])
        assert reply["parent"] == f"{CHAT}:512"
        edit = a_task("edit", native_id=reply["id"], text="Better")
        assert [type(await stage.channel.change(edit, stage.credentials)) for _ in range(2)] == [Done, Done]
        delete = a_task("delete", native_id=reply["id"])
        assert [type(await stage.channel.change(delete, stage.credentials)) for _ in range(2)] == [Done, Done]
        assert isinstance(await stage.channel.change(edit, stage.credentials), CannotDo)


async def test_a_group_of_the_square_moves(tmp_path: Path) -> None:
    async with on_the_square(tmp_path, EXAMPLE, Telegram) as stage:
        stage.square.http.post("/telegram/moves", json={"chat": -77, "moved_to": -1009}).raise_for_status()
        outcome = await stage.channel.send(a_reply(reply_to="-77:512", mention="nimal"), stage.credentials)
        assert outcome == Published("-1009:1")
        assert stage.replies()[0]["text"].startswith("@nimal ")
