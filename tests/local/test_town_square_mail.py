"""The two providers of mail in the square, as whoever sends through them meets them."""

import base64
from typing import Any

import httpx
import pytest

from .support import Square

POSTMARK = {"X-Postmark-Server-Token": "server-token"}
MAIL = {
    "From": "info@passports.example",
    "To": "nimal@mail.example",
    "Subject": "Re: Your message to us",
    "TextBody": "We open at nine.",
    "Headers": [
        {"Name": "Message-ID", "Value": "<pub_1@passports.example>"},
        {"Name": "In-Reply-To", "Value": "<root@mail.example>"},
        {"Name": "X-PM-KeepID", "Value": "true"},
    ],
    "Metadata": {"publication": "pub_1"},
}
LETTER = {
    "from": "ask@passports.example",
    "to": "nimal@mail.example",
    "subject": "Re: Your message to us",
    "text": "We open at nine.",
    "h:Message-Id": "<pub_1@passports.example>",
    "h:In-Reply-To": "<root@mail.example>",
    "v:publication": "pub_1",
}
MAILGUN = ("api", "mailgun-key")


@pytest.fixture(autouse=True)
def _accounts(square: Square) -> None:
    passports = {"agency": "passports", "name": "Passports"}
    accounts = [
        passports | {"platform": "postmark", "account": "info@passports.example", "token": "server-token"},
        passports | {"platform": "mailgun", "account": "ask@passports.example", "token": "mailgun-key"},
    ]
    square.http.put("/accounts", json=accounts).raise_for_status()


def send(square: Square, **changes: Any) -> httpx.Response:
    return square.http.post("/postmark/email", json=MAIL | changes, headers=POSTMARK)


def write(square: Square, domain: str = "passports.example", **changes: str) -> httpx.Response:
    return square.http.post(f"/mailgun/v3/{domain}/messages", data=LETTER | changes, auth=MAILGUN)


def searched(square: Square, **query: str) -> list[dict[str, Any]]:
    params = {"count": "50", "offset": "0"} | query
    found = square.http.get("/postmark/messages/outbound", params=params, headers=POSTMARK).raise_for_status().json()
    messages: list[dict[str, Any]] = found["Messages"]
    assert found["TotalCount"] == len(messages)
    return messages


def test_postmark_takes_a_mail_and_keeps_its_message_id(square: Square) -> None:
    answer = send(square).json()
    assert (answer["ErrorCode"], answer["Message"], answer["To"]) == (0, "OK", "nimal@mail.example")
    assert square.replies("postmark")[0] | {"at": ""} == {
        "platform": "postmark",
        "parent": "root@mail.example",
        "id": "pub_1@passports.example",
        "text": "We open at nine.",
        "at": "",
        "subject": "Re: Your message to us",
    }
    address = f"/postmark/messages/outbound/{answer['MessageID']}/details"
    assert "Message-ID: <pub_1@passports.example>" in square.http.get(address, headers=POSTMARK).json()["Body"]


def test_postmark_gives_a_message_id_of_its_own_unless_asked_to_keep_it(square: Square) -> None:
    send(square, Headers=[{"Name": "Message-ID", "Value": "<pub_1@passports.example>"}])
    (reply,) = square.replies("postmark")
    assert (reply["id"].endswith("@mtasv.net"), reply["parent"]) == (True, "nimal@mail.example")


def test_postmark_sends_the_same_again(square: Square) -> None:
    assert [send(square).status_code, send(square).status_code] == [200, 200]
    assert len(square.replies("postmark")) == 2


def test_postmarks_log_is_searched_by_recipient_and_metadata(square: Square) -> None:
    send(square)
    send(square, Metadata={"publication": "pub_2"}, To="kamala@mail.example")
    assert [each["Metadata"]["publication"] for each in searched(square)] == ["pub_2", "pub_1"]
    assert [each["Recipients"] for each in searched(square, metadata_publication="pub_1")] == [["nimal@mail.example"]]
    assert searched(square, metadata_publication="pub_1", recipient="kamala@mail.example") == []


def test_postmarks_log_wants_to_know_how_much(square: Square) -> None:
    refused = square.http.get("/postmark/messages/outbound", headers=POSTMARK)
    assert (refused.status_code, refused.json()["ErrorCode"]) == (422, 600)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"To": "nobody"}, 300),
        ({"Subject": "😀" * 1001}, 300),
        ({"TextBody": " "}, 300),
        ({"Metadata": {"publication": "x" * 81}}, 300),
        ({"From": "else@passports.example"}, 400),
    ],
)
def test_postmark_refuses_by_code(square: Square, changes: dict[str, Any], code: int) -> None:
    refused = send(square, **changes)
    assert (refused.status_code, refused.json()["ErrorCode"]) == (422, code)
    assert square.replies("postmark") == []


def test_postmark_knows_its_tokens(square: Square) -> None:
    assert square.http.get("/postmark/server", headers=POSTMARK).json()["Name"] == "Passports"
    refused = square.http.get("/postmark/server", headers={"X-Postmark-Server-Token": "other"})
    assert (refused.status_code, refused.json()["ErrorCode"]) == (401, 10)


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [("throttle", 429, 429), ("down", 503, 100), ("token_dead", 401, 10), ("parent_gone", 422, 406)],
)
def test_a_fault_is_worded_as_postmark_words_it(square: Square, kind: str, status: int, code: int) -> None:
    square.fault("postmark", kind)
    refused = send(square)
    assert (refused.status_code, refused.json()["ErrorCode"]) == (status, code)
    assert send(square).status_code == 200


def test_mailgun_takes_a_form_and_keeps_its_message_id(square: Square) -> None:
    assert write(square).json() == {"id": "<pub_1@passports.example>", "message": "Queued. Thank you."}
    (reply,) = square.replies("mailgun")
    assert (reply["parent"], reply["id"]) == ("root@mail.example", "pub_1@passports.example")
    assert reply["subject"] == "Re: Your message to us"


def test_mailguns_events_are_searched_by_message_id(square: Square) -> None:
    write(square)
    write(square, **{"h:Message-Id": "<pub_2@passports.example>"})
    params = {"message-id": "pub_1@passports.example"}
    address = "/mailgun/v3/passports.example/events"
    (event,) = square.http.get(address, params=params, auth=MAILGUN).json()["items"]
    assert (event["event"], event["user-variables"]) == ("accepted", {"publication": "pub_1"})
    assert event["message"]["headers"]["message-id"] == "pub_1@passports.example"
    assert len(square.http.get(address, auth=MAILGUN).json()["items"]) == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"to": "nobody"}, "to parameter is not a valid address"),
        ({"to": ""}, "to parameter is missing"),
        ({"from": ""}, "from parameter is missing"),
        ({"text": ""}, "Need at least one of"),
    ],
)
def test_mailgun_refuses_in_words(square: Square, changes: dict[str, str], words: str) -> None:
    refused = write(square, **changes)
    assert refused.status_code == 400
    assert refused.json()["message"].startswith(words)


def test_mailgun_knows_its_keys_and_their_domains(square: Square) -> None:
    address = "/mailgun/v3/passports.example/events"
    assert write(square, "other.example").status_code == 404
    for auth in (("api", "other"), ("user", "mailgun-key")):
        refused = square.http.get(address, auth=auth)
        assert (refused.status_code, refused.text) == (401, "Forbidden")
    broken = "Basic " + base64.b64encode(b"\xff\xff").decode()
    assert square.http.get(address, headers={"Authorization": broken}).status_code == 401


def test_mailguns_sending_keys_may_send_and_nothing_else(square: Square) -> None:
    account = {"agency": "passports", "name": "Passports", "platform": "mailgun", "account": "ask@passports.example"}
    square.http.put("/accounts", json=[account | {"token": "sending-key"}]).raise_for_status()
    key, domain = ("api", "sending-key"), "/mailgun/v3/passports.example"
    refused = square.http.get(f"{domain}/events", auth=key)
    assert (refused.status_code, refused.text) == (401, "Forbidden")
    empty = square.http.post(f"{domain}/messages", data={"o:testmode": "yes"}, auth=key)
    assert (empty.status_code, empty.json()["message"]) == (400, "from parameter is missing")
    assert square.http.post(f"{domain}/messages", data=LETTER, auth=key).status_code == 200


@pytest.mark.parametrize(
    ("kind", "status"), [("throttle", 429), ("down", 503), ("token_dead", 401), ("parent_gone", 400)]
)
def test_a_fault_is_worded_as_mailgun_words_it(square: Square, kind: str, status: int) -> None:
    square.fault("mailgun", kind)
    assert write(square).status_code == status
    assert square.replies("mailgun") == []
