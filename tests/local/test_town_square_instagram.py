"""Instagram's comments in the square's Graph API."""

from typing import Any

import httpx
import pytest

from .support import Square

ACCOUNT, COMMENT = "17841405793187219", "17921234567890123"
ACCOUNTS = [
    {"agency": "passports", "platform": "instagram", "account": ACCOUNT, "name": "passports", "token": "ig-token"},
    {"agency": "water", "platform": "instagram", "account": "1784", "name": "water", "token": "water-ig-token"},
]
OURS = {"Authorization": "Bearer ig-token"}
THEIRS = {"Authorization": "Bearer water-ig-token"}


@pytest.fixture(autouse=True)
def _accounts(square: Square) -> None:
    square.http.put("/accounts", json=ACCOUNTS).raise_for_status()


def reply(square: Square, comment: str = COMMENT, text: str = "From nine.") -> httpx.Response:
    return square.http.post(f"/graph/v25.0/{comment}/replies", json={"message": text}, headers=OURS)


def listed(square: Square, comment: str = COMMENT, **query: str) -> dict[str, Any]:
    found: dict[str, Any] = square.http.get(f"/graph/v25.0/{comment}/replies", params=query, headers=OURS).json()
    return found


def change(square: Square, comment: str = COMMENT, **content: object) -> httpx.Response:
    return square.http.post(f"/graph/v25.0/{comment}", json=content, headers=OURS)


def subcode(refused: httpx.Response) -> int | None:
    found: int | None = refused.json()["error"].get("error_subcode")
    return found


def test_a_reply_has_an_id_of_digits_and_goes_into_the_record(square: Square) -> None:
    made = reply(square).json()["id"]
    assert made.isdigit()
    assert [(each["parent"], each["id"]) for each in square.replies("instagram")] == [(COMMENT, made)]


def test_a_reply_to_a_reply_stands_under_the_comment_at_the_top(square: Square) -> None:
    first = reply(square).json()["id"]
    second = reply(square, first, "And till four.").json()["id"]
    assert [each["id"] for each in listed(square)["data"]] == [first, second]
    assert listed(square, first) == {"data": []}


def test_own_replies_are_read_back_with_their_author(square: Square) -> None:
    reply(square)
    (shown,) = listed(square, fields="text,from,user,timestamp")["data"]
    assert (shown["text"], shown["from"]["id"], shown["user"]) == ("From nine.", ACCOUNT, {"id": ACCOUNT})


def test_a_page_with_more_behind_it_says_so(square: Square) -> None:
    made = [reply(square, text=str(number)).json()["id"] for number in range(3)]
    first = listed(square, limit="2")
    assert [each["id"] for each in first["data"]] == made[:2]
    assert "next" in first["paging"]
    last = listed(square, limit="2", after=first["paging"]["cursors"]["after"])
    assert [each["id"] for each in last["data"]] == made[2:]
    assert "next" not in last["paging"]


def test_a_hidden_comment_cannot_be_answered_until_it_is_shown(square: Square) -> None:
    assert change(square, hide=True).json() == {"success": True}
    assert subcode(reply(square)) == 33
    change(square, hide=False)
    assert reply(square).status_code == 200


def test_of_anybodys_comment_is_known_that_it_stands(square: Square) -> None:
    change(square, hide=True)
    read = square.http.get(f"/graph/v25.0/{COMMENT}", params={"fields": "text,hidden"}, headers=OURS)
    assert read.json() == {"id": COMMENT, "hidden": True}


def test_anybodys_comment_is_deleted_once(square: Square) -> None:
    address = f"/graph/v25.0/{COMMENT}"
    assert square.http.delete(address, headers=OURS).json() == {"success": True}
    again = square.http.delete(address, headers=OURS)
    looked = square.http.get(f"{address}/replies", headers=OURS)
    assert [subcode(each) for each in (again, reply(square), change(square, hide=True), looked)] == [33] * 4


def test_another_accounts_reply_is_out_of_reach(square: Square) -> None:
    made = reply(square).json()["id"]
    address = f"/graph/v25.0/{made}"
    refused = [
        square.http.get(address, headers=THEIRS),
        square.http.delete(address, headers=THEIRS),
        square.http.post(address, json={"hide": True}, headers=THEIRS),
    ]
    assert [subcode(each) for each in refused] == [33] * 3
    assert square.http.get(address, headers=OURS).json()["text"] == "From nine."


def test_a_comment_cannot_be_edited(square: Square) -> None:
    made = reply(square).json()["id"]
    assert change(square, made, message="From ten.").json()["error"]["code"] == 100


@pytest.mark.parametrize("text", ["", " ", "x" * 2201])
def test_a_reply_without_words_or_with_too_many_is_refused(square: Square, text: str) -> None:
    refused = reply(square, text=text)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, 100)
    assert square.replies() == []


def test_what_is_no_comment_cannot_be_answered(square: Square) -> None:
    assert subcode(reply(square, "900_1")) == 33


@pytest.mark.parametrize(
    ("kind", "code"), [("throttle", 80002), ("down", 2), ("token_dead", 190), ("parent_gone", 100)]
)
def test_a_refusing_fault_records_nothing(square: Square, kind: str, code: int) -> None:
    square.fault("instagram", kind)
    assert reply(square).json()["error"]["code"] == code
    assert square.replies() == []
