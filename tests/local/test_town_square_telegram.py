"""The square's Telegram, as an agency's bot meets it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from .support import Square, open_square

BOT = "7012345678"
TOKEN = f"{BOT}:AAH-token"
CHAT = -1001234567890


@pytest.fixture
def square(tmp_path: Path) -> Iterator[Square]:
    with open_square(tmp_path) as running:
        bot = {"agency": "passports", "platform": "telegram", "account": BOT, "name": "Passports", "token": TOKEN}
        running.http.put("/accounts", json=[bot]).raise_for_status()
        yield running


def call(square: Square, method: str, **content: Any) -> httpx.Response:
    return square.http.post(f"/telegram/bot{TOKEN}/{method}", json=content)


def send(square: Square, answered: int = 512, **more: Any) -> httpx.Response:
    content = {"chat_id": CHAT, "text": "We know.", "reply_parameters": {"message_id": answered}}
    return call(square, "sendMessage", **content | more)


def description(refused: httpx.Response) -> str:
    body = refused.json()
    assert (body["ok"], body["error_code"]) == (False, refused.status_code)
    return str(body["description"])


def test_without_a_known_token_nothing_is_said(square: Square) -> None:
    assert description(square.http.post("/telegram/bot1:nobody/getMe")) == "Unauthorized"
    assert description(call(square, "getEverything")) == "Not Found"


def test_a_bot_is_told_who_it_is_whatever_the_case(square: Square) -> None:
    bot = square.http.get(f"/telegram/bot{TOKEN}/getme").json()["result"]
    assert (bot["id"], bot["is_bot"]) == (int(BOT), True)


def test_an_answer_is_numbered_after_what_it_answers(square: Square) -> None:
    first, second = send(square).json()["result"], send(square, 3).json()["result"]
    assert (first["message_id"], second["message_id"]) == (513, 514)
    assert (first["chat"]["id"], first["text"]) == (CHAT, "We know.")
    assert [(each["parent"], each["id"]) for each in square.replies("telegram")] == [
        (f"{CHAT}:512", f"{CHAT}:513"),
        (f"{CHAT}:3", f"{CHAT}:514"),
    ]


def test_a_business_chat_is_another_one_than_the_bots_own(square: Square) -> None:
    own, of_business = send(square, 7, chat_id=42), send(square, 9, chat_id=42, business_connection_id="bc1")
    assert own.json()["result"]["message_id"] == 8
    assert of_business.json()["result"]["business_connection_id"] == "bc1"
    assert square.replies("telegram")[1]["id"] == "bc1:42:10"
    deleted = call(square, "deleteBusinessMessages", business_connection_id="bc1", message_ids=[10])
    assert deleted.json() == {"ok": True, "result": True}
    assert call(square, "editMessageText", chat_id=42, message_id=8, text="Better").status_code == 200


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"text": " "}, "message text is empty"),
        ({"text": "👋" * 2048 + "x"}, "message is too long"),
        ({"chat_id": "@nobody"}, "chat not found"),
        ({"chat_id": None}, "chat_id is empty"),
        ({"reply_parameters": {"chat": 1}}, "can't parse reply parameters JSON object"),
    ],
)
def test_a_message_that_is_not_in_order_is_refused(square: Square, more: dict[str, Any], said: str) -> None:
    assert description(send(square, **more)) == f"Bad Request: {said}"


def test_an_answer_to_what_is_gone_is_refused_unless_it_is_wanted_all_the_same(square: Square) -> None:
    assert call(square, "deleteMessage", chat_id=CHAT, message_id=512).json()["result"] is True
    assert description(send(square)) == "Bad Request: message to be replied not found"
    anyway = {"message_id": 512, "allow_sending_without_reply": True}
    assert send(square, reply_parameters=anyway).status_code == 200
    assert square.replies("telegram")[0]["parent"] == str(CHAT)


def test_a_message_is_edited_but_not_to_the_same(square: Square) -> None:
    message = send(square).json()["result"]["message_id"]
    edited = call(square, "editMessageText", chat_id=CHAT, message_id=message, text="Better").json()["result"]
    assert (edited["text"], "edit_date" in edited) == ("Better", True)
    again = call(square, "editMessageText", chat_id=CHAT, message_id=message, text="Better")
    assert "message is not modified" in description(again)
    nobodys = call(square, "editMessageText", chat_id=CHAT, message_id=1, text="Better")
    assert description(nobodys) == "Bad Request: message to edit not found"


def test_a_message_can_be_deleted_for_two_days_and_once(square: Square) -> None:
    young, old = (send(square).json()["result"]["message_id"] for _ in range(2))
    assert call(square, "deleteMessage", chat_id=CHAT, message_id=young).status_code == 200
    again = call(square, "deleteMessage", chat_id=CHAT, message_id=young)
    assert description(again) == "Bad Request: message to delete not found"
    square.clock.ahead_seconds = 48 * 3600
    late = call(square, "deleteMessage", chat_id=CHAT, message_id=old)
    assert description(late) == "Bad Request: message can't be deleted for everyone"


def test_whoever_writes_to_a_group_that_moved_is_told_where(square: Square) -> None:
    square.http.post("/telegram/moves", json={"chat": -77, "moved_to": -1009}).raise_for_status()
    refused = send(square, chat_id=-77)
    assert refused.status_code == 400
    assert refused.json()["parameters"] == {"migrate_to_chat_id": -1009}


def test_a_throttled_bot_is_told_how_long(square: Square) -> None:
    square.fault("telegram", "throttle")
    refused = send(square)
    assert (refused.status_code, refused.json()["parameters"]) == (429, {"retry_after": 1})
    assert send(square).status_code == 200
