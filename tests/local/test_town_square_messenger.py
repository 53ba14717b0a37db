"""The Send API and the Conversations API of the square, as a Page and an Instagram account meet them."""

from typing import Any

import httpx
import pytest

from .support import Square

PAGE, PICTURES, PERSON = "110000000000001", "17841405793187219", "7254899741216339"
ACCOUNTS = [
    {"agency": "passports", "platform": "messenger", "account": PAGE, "name": "Passports", "token": "page-token"},
    {"agency": "passports", "platform": "instagram", "account": PICTURES, "name": "passports", "token": "ig-token"},
]
DAY = 86_400


@pytest.fixture(autouse=True)
def _accounts(square: Square) -> None:
    square.http.put("/accounts", json=ACCOUNTS).raise_for_status()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def ask(square: Square, platform: str = "messenger", account: str = PAGE, text: str = "When?") -> str:
    asked = {"platform": platform, "account": account, "person": PERSON, "text": text}
    made: str = square.http.post("/citizens/messages", json=asked).raise_for_status().json()["id"]
    return made


def answer(
    square: Square, text: str = "From nine.", speaker: str = PAGE, token: str = "page-token", **more: Any
) -> Any:
    content = {"recipient": {"id": PERSON}, "messaging_type": "RESPONSE", "message": {"text": text}, **more}
    return square.http.post(f"/graph/v25.0/{speaker}/messages", json=content, headers=bearer(token))


def conversation(square: Square, **query: str) -> httpx.Response:
    asked = {"platform": "messenger", "user_id": PERSON} | query
    return square.http.get(f"/graph/v25.0/{PAGE}/conversations", params=asked, headers=bearer("page-token"))


def messages(square: Square, fields: str = "messages.limit(20){id,message,from,created_time}") -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = conversation(square, fields=fields).json()["data"][0]["messages"]["data"]
    return listed


def code_of(refused: httpx.Response) -> tuple[int, int | None]:
    error = refused.json()["error"]
    return error["code"], error.get("error_subcode")


def test_an_answer_names_its_recipient_and_goes_into_the_record(square: Square) -> None:
    sent = answer(square).json()
    assert (sent["recipient_id"], sent["message_id"][:2]) == (PERSON, "m_")
    (reply,) = square.replies("messenger")
    assert (reply["parent"], reply["id"], reply["text"]) == (PERSON, sent["message_id"], "From nine.")


def test_a_form_carries_its_objects_as_json(square: Square) -> None:
    form = {"recipient": f'{{"id": "{PERSON}"}}', "message": '{"text": "From nine."}'}
    sent = square.http.post(f"/graph/v25.0/{PAGE}/messages", data=form, headers=bearer("page-token"))
    assert sent.json()["recipient_id"] == PERSON


def test_a_conversation_shows_both_sides_newest_first(square: Square) -> None:
    asked, sent = ask(square), answer(square).json()["message_id"]
    shown = [(each["id"], each["message"], each["from"]["id"]) for each in messages(square)]
    assert shown == [(sent, "From nine.", PAGE), (asked, "When?", PERSON)]


def test_only_the_newest_twenty_can_be_read(square: Square) -> None:
    for number in range(21):
        ask(square, text=f"{number}?")
    assert [each["message"] for each in messages(square, "messages.limit(50){message}")] == [
        f"{number}?" for number in range(20, 0, -1)
    ]


def test_a_person_who_wrote_elsewhere_has_a_conversation_that_began_before(square: Square) -> None:
    answer(square)
    newest, oldest = messages(square)
    assert (oldest["from"]["id"], oldest["message"]) == (PERSON, "")
    assert oldest["created_time"] < newest["created_time"]


def test_a_conversation_without_the_field_shows_no_messages(square: Square) -> None:
    ask(square)
    (shown,) = conversation(square).json()["data"]
    assert set(shown) == {"id", "updated_time"}
    assert code_of(conversation(square, user_id=""))[0] == 100


def test_a_message_is_read_by_its_own_account_only(square: Square) -> None:
    sent = answer(square).json()["message_id"]
    address, fields = f"/graph/v25.0/{sent}", {"fields": "message,to"}
    read = square.http.get(address, params=fields, headers=bearer("page-token")).json()
    assert read == {"message": "From nine.", "to": {"data": [{"id": PERSON}]}, "id": sent}
    assert code_of(square.http.get(address, params=fields, headers=bearer("ig-token"))) == (100, 33)


@pytest.mark.parametrize(
    ("days", "tagged", "refused"), [(0.9, False, False), (1.1, False, True), (6.9, True, False), (7.1, True, True)]
)
def test_the_window_closes_after_a_day_and_for_a_human_agent_after_seven(
    square: Square, days: float, tagged: bool, refused: bool
) -> None:
    ask(square)
    square.clock.ahead_seconds = int(days * DAY)
    tag = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"} if tagged else {}
    answered = answer(square, **tag)
    assert (answered.status_code == 400) is refused
    assert not refused or code_of(answered) == (10, 2018278)


def test_a_new_message_opens_the_window_again(square: Square) -> None:
    ask(square)
    square.clock.ahead_seconds = 2 * DAY
    assert answer(square).status_code == 400
    ask(square)
    assert answer(square).status_code == 200


@pytest.mark.parametrize(
    "content",
    [
        {"message": {"text": "Hello"}},
        {"recipient": {"id": PERSON}},
        {"recipient": {"id": PERSON}, "message": {"text": " "}},
        {"recipient": {"id": PERSON}, "message": {"text": "x" * 2001}},
        {"recipient": {"id": PERSON}, "message": "Hello"},
        {"recipient": [PERSON], "message": {"text": "Hello"}},
    ],
)
def test_a_message_that_is_not_whole_is_refused(square: Square, content: dict[str, Any]) -> None:
    refused = square.http.post(f"/graph/v25.0/{PAGE}/messages", json=content, headers=bearer("page-token"))
    assert (refused.status_code, code_of(refused)[0]) == (400, 100)
    assert square.replies() == []


def test_nobody_speaks_for_another_account(square: Square) -> None:
    assert code_of(answer(square, speaker="220000000000002")) == (100, 33)
    assert code_of(answer(square, token="nobody")) == (190, 467)


def test_instagram_speaks_as_me_and_counts_bytes(square: Square) -> None:
    ask(square, "instagram", PICTURES)
    sent = answer(square, speaker="me", token="ig-token").json()
    assert sent["message_id"].startswith("aWdf")
    assert [reply["platform"] for reply in square.replies()] == ["instagram"]
    assert answer(square, "අ" * 333, "me", "ig-token").status_code == 200
    assert code_of(answer(square, "අ" * 334, "me", "ig-token"))[0] == 100


def test_instagrams_window_has_a_subcode_of_its_own(square: Square) -> None:
    ask(square, "instagram", PICTURES)
    square.clock.ahead_seconds = 2 * DAY
    assert code_of(answer(square, speaker="me", token="ig-token")) == (10, 2534022)


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("throttle", 400, (613, None)),
        ("down", 503, (2, None)),
        ("token_dead", 400, (190, 467)),
        ("parent_gone", 400, (100, 2018001)),
    ],
)
def test_a_refusing_fault_records_nothing(square: Square, kind: str, status: int, code: tuple[int, int | None]) -> None:
    square.fault("messenger", kind)
    refused = answer(square)
    assert (refused.status_code, code_of(refused)) == (status, code)
    assert square.replies() == []
    assert answer(square).status_code == 200


def test_nobody_writes_to_an_account_that_is_not_there(square: Square) -> None:
    asked = {"platform": "messenger", "account": "1", "person": PERSON, "text": "When?"}
    assert square.http.post("/citizens/messages", json=asked).status_code == 422
    assert square.http.post("/citizens/messages", json=asked | {"platform": "mastodon"}).status_code == 422
