"""The Graph stand-in of the square, as a Page meets it."""

import re

import pytest

from .support import PAGE, Square

READ_BACK = {
    "filter": "stream",
    "order": "reverse_chronological",
    "fields": "id,message,from,created_time",
}


def test_the_token_says_which_page_speaks(square: Square) -> None:
    assert square.http.get("/graph/v25.0/me", headers=PAGE).json() == {
        "id": "110000000000001",
        "name": "Passports",
    }


@pytest.mark.parametrize("way", ["params", "data", "json"])
def test_the_token_may_come_in_the_query_the_form_or_the_json(square: Square, way: str) -> None:
    url, token = "/graph/v25.0/77_88/comments", {"access_token": "page-token"}
    if way == "params":
        taken = square.http.post(url, params=token, data={"message": "Hello"})
    elif way == "data":
        taken = square.http.post(url, data=token | {"message": "Hello"})
    else:
        taken = square.http.post(url, json=token | {"message": "Hello"})
    assert re.fullmatch(r"77_\d+", taken.json()["id"])


def test_an_unknown_token_is_dead(square: Square) -> None:
    refused = square.http.get("/graph/v25.0/me", params={"access_token": "nobody"})
    error = refused.json()["error"]
    assert (refused.status_code, error["code"], error["error_subcode"]) == (400, 190, 467)
    assert set(error) == {"message", "type", "code", "error_subcode", "fbtrace_id"}


def test_the_pages_own_replies_are_read_back_newest_first(square: Square) -> None:
    first, second = (square.comment("77_88", text).json()["id"] for text in ("One", "Two"))
    listed = square.http.get("/graph/v25.0/77_88/comments", params=READ_BACK, headers=PAGE).json()
    assert [each["id"] for each in listed["data"]] == [second, first]
    newest = listed["data"][0]
    assert (newest["message"], newest["from"]) == ("Two", {"id": "110000000000001", "name": "Passports"})
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000", newest["created_time"])
    assert set(listed["paging"]["cursors"]) == {"before", "after"}


def test_reading_goes_on_after_a_cursor(square: Square) -> None:
    first, second = (square.comment("77_88", text).json()["id"] for text in ("One", "Two"))
    address = "/graph/v25.0/77_88/comments"
    listed = square.http.get(address, params={"limit": "1"}, headers=PAGE).json()
    after = {"limit": "1", "after": listed["paging"]["cursors"]["after"]}
    assert [each["id"] for each in listed["data"]] == [first]
    assert [each["id"] for each in square.http.get(address, params=after, headers=PAGE).json()["data"]] == [second]


def test_a_comment_without_replies_lists_none(square: Square) -> None:
    assert square.http.get("/graph/v25.0/1_2/comments", headers=PAGE).json() == {"data": []}


def test_the_same_again_within_a_minute_is_refused(square: Square) -> None:
    square.comment()
    refused = square.comment()
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, 506)
    assert square.comment("77_99").status_code == 200
    square.clock.ahead_seconds = 61
    assert square.comment().status_code == 200
    assert len(square.replies("facebook")) == 3


def test_a_reply_is_edited_read_and_deleted(square: Square) -> None:
    reply = square.comment().json()["id"]
    address = f"/graph/v25.0/{reply}"
    assert square.http.post(address, data={"message": "Open from ten."}, headers=PAGE).json() == {"success": True}
    read = square.http.get(address, params={"fields": "message,parent,is_hidden"}, headers=PAGE).json()
    assert read == {"id": reply, "message": "Open from ten.", "parent": {"id": "77_88"}, "is_hidden": False}
    assert square.http.delete(address, headers=PAGE).json() == {"success": True}
    gone = square.http.get(address, headers=PAGE)
    assert gone.status_code == 400
    assert (gone.json()["error"]["code"], gone.json()["error"]["error_subcode"]) == (100, 33)


def test_the_record_keeps_what_was_first_said(square: Square) -> None:
    reply = square.comment().json()["id"]
    square.http.post(f"/graph/v25.0/{reply}", data={"message": "Changed"}, headers=PAGE)
    square.http.delete(f"/graph/v25.0/{reply}", headers=PAGE)
    assert [each["text"] for each in square.replies()] == ["Open from nine."]


def test_anybodys_comment_can_be_hidden(square: Square) -> None:
    address = "/graph/v25.0/77_88"
    assert square.http.post(address, data={"is_hidden": "true"}, headers=PAGE).json() == {"success": True}
    assert square.http.get(address, headers=PAGE).json() == {"id": "77_88"}
    assert square.http.get(address, params={"fields": "is_hidden"}, headers=PAGE).json()["is_hidden"] is True


def test_of_anybodys_comment_is_known_that_it_stands(square: Square) -> None:
    fields = {"fields": "message,from,is_hidden"}
    assert square.http.get("/graph/v25.0/1_2", params=fields, headers=PAGE).json() == {"id": "1_2", "is_hidden": False}


def test_an_unknown_comment_cannot_be_edited(square: Square) -> None:
    edit = square.http.post("/graph/v25.0/1_2", data={"message": "Mine"}, headers=PAGE)
    assert edit.json()["error"]["code"] == 100


def test_anybodys_comment_is_deleted_once_and_can_no_longer_be_answered(square: Square) -> None:
    address = "/graph/v25.0/1_2"
    assert square.http.delete(address, headers=PAGE).json() == {"success": True}
    again = square.http.delete(address, headers=PAGE)
    hidden = square.http.post(address, data={"is_hidden": "true"}, headers=PAGE)
    answered = square.comment("1_2")
    assert [each.json()["error"]["error_subcode"] for each in (again, hidden, answered)] == [33, 33, 33]


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"message": ""}', b"{}"])
def test_a_reply_without_words_is_refused(square: Square, content: bytes) -> None:
    headers = PAGE | {"Content-Type": "application/json"}
    refused = square.http.post("/graph/v25.0/77_88/comments", content=content, headers=headers)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, 100)


def test_an_unknown_field_is_refused(square: Square) -> None:
    reply = square.comment().json()["id"]
    refused = square.http.get(f"/graph/v25.0/{reply}", params={"fields": "id,shoe_size"}, headers=PAGE)
    assert "shoe_size" in refused.json()["error"]["message"]


def test_an_app_asks_what_a_token_allows(square: Square) -> None:
    asked = {"input_token": "page-token"}
    app = {"Authorization": "Bearer 12|hush"}
    told = square.http.get("/graph/v25.0/debug_token", params=asked, headers=app).json()["data"]
    assert (told["is_valid"], "pages_manage_engagement" in told["scopes"]) == (True, True)
    assert {"scope": "pages_manage_engagement", "target_ids": ["110000000000001"]} in told["granular_scopes"]
    dead = square.http.get("/graph/v25.0/debug_token", params={"input_token": "nobody"}, headers=app).json()["data"]
    assert (dead["is_valid"], dead["scopes"], dead["error"]["code"]) == (False, [], 190)


def test_a_token_asks_for_itself_and_for_no_other(square: Square) -> None:
    address = "/graph/v25.0/debug_token"
    itself = square.http.get(address, params={"input_token": "page-token"}, headers=PAGE)
    other = square.http.get(address, params={"input_token": "somebody-elses"}, headers=PAGE)
    nobody = square.http.get(address, params={"input_token": "nobody"}, headers={"Authorization": "Bearer nobody"})
    assert itself.json()["data"]["is_valid"] is True
    assert [each.json()["error"]["code"] for each in (other, nobody)] == [100, 190]
