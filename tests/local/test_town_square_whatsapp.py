"""The WhatsApp Cloud API of the square."""

from typing import Any

import httpx
import pytest

from .support import Square

NUMBER, PHONE, USER = "106540352242923", "94771234567", "LK.13491208655302741919"
ACCOUNTS = [
    {"agency": "passports", "platform": "whatsapp", "account": NUMBER, "name": "Passports", "token": "wa-token"}
]
OURS = {"Authorization": "Bearer wa-token"}


@pytest.fixture(autouse=True)
def _accounts(square: Square) -> None:
    square.http.put("/accounts", json=ACCOUNTS).raise_for_status()


def send(square: Square, number: str = NUMBER, **changes: Any) -> httpx.Response:
    content = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": PHONE,
        "type": "text",
        "text": {"body": "From nine."},
        "context": {"message_id": "wamid.ASKED"},
    } | changes
    content = {name: value for name, value in content.items() if value is not None}
    return square.http.post(f"/graph/v25.0/{number}/messages", json=content, headers=OURS)


def code_of(refused: httpx.Response) -> int:
    code: int = refused.json()["error"]["code"]
    return code


def test_a_message_is_accepted_and_quotes_what_it_answers(square: Square) -> None:
    accepted = send(square).json()
    assert accepted["contacts"] == [{"input": PHONE, "wa_id": PHONE}]
    (message,) = accepted["messages"]
    assert message["id"].startswith("wamid.")
    assert [(each["parent"], each["id"]) for each in square.replies("whatsapp")] == [("wamid.ASKED", message["id"])]


def test_a_person_may_be_named_by_the_id_for_this_business(square: Square) -> None:
    accepted = send(square, to=None, recipient=USER).json()
    assert accepted["contacts"] == [{"input": USER, "user_id": USER}]


def test_the_window_closes_after_a_day(square: Square) -> None:
    asked = {"platform": "whatsapp", "account": NUMBER, "person": PHONE, "text": "When?"}
    square.http.post("/citizens/messages", json=asked).raise_for_status()
    assert send(square).status_code == 200
    square.clock.ahead_seconds = 86_401
    assert code_of(send(square)) == 131047


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"to": "somebody"}, 100),
        ({"to": None}, 100),
        ({"to": None, "recipient": "lk.1"}, 100),
        ({"text": {"body": " "}}, 100),
        ({"text": {"body": "x" * 4097}}, 100),
        ({"text": None}, 100),
        ({"type": "sticker"}, 131051),
        ({"biz_opaque_callback_data": "x" * 513}, 100),
    ],
)
def test_a_message_that_is_not_whole_is_refused(square: Square, changes: dict[str, Any], code: int) -> None:
    assert code_of(send(square, **changes)) == code
    assert square.replies() == []


def test_another_number_is_out_of_reach(square: Square) -> None:
    assert code_of(send(square, "106540000000009")) == 100
    assert square.http.get(f"/graph/v25.0/{NUMBER}", headers=OURS).json()["verified_name"] == "Passports"


def test_what_was_sent_cannot_be_read_back(square: Square) -> None:
    sent = send(square).json()["messages"][0]["id"]
    read = square.http.get(f"/graph/v25.0/{sent}", headers=OURS)
    listed = square.http.get(f"/graph/v25.0/{NUMBER}/conversations", params={"user_id": PHONE}, headers=OURS)
    assert [code_of(each) for each in (read, listed)] == [100, 100]


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [("throttle", 400, 130429), ("down", 503, 131016), ("token_dead", 400, 190), ("parent_gone", 400, 131026)],
)
def test_a_refusing_fault_records_nothing(square: Square, kind: str, status: int, code: int) -> None:
    square.fault("whatsapp", kind)
    refused = send(square)
    assert (refused.status_code, code_of(refused)) == (status, code)
    assert square.replies() == []
    assert send(square).status_code == 200
