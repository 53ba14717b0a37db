"""The square's X, as an agency's account meets it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from .support import Square, open_square

ACCOUNT = "1471190036205195265"
PARENT = "2124420049912463873"
US = {"Authorization": "Bearer x-token"}


@pytest.fixture
def square(tmp_path: Path) -> Iterator[Square]:
    with open_square(tmp_path) as running:
        us = {"agency": "passports", "platform": "x", "account": ACCOUNT, "name": "Passports", "token": "x-token"}
        other = us | {"agency": "water-board", "account": "5", "token": "other-token"}
        running.http.put("/accounts", json=[us, other]).raise_for_status()
        yield running


def post(square: Square, text: str = "We know.", parent: str | None = PARENT) -> httpx.Response:
    content: dict[str, Any] = {"text": text}
    if parent:
        content["reply"] = {"in_reply_to_tweet_id": parent}
    return square.http.post("/x/2/tweets", json=content, headers=US)


def timeline(square: Square, **query: str | int) -> dict[str, Any]:
    fields = {"tweet.fields": "created_at,entities,referenced_tweets"}
    found: dict[str, Any] = square.http.get(f"/x/2/users/{ACCOUNT}/tweets", params=fields | query, headers=US).json()
    return found


def problem(refused: httpx.Response) -> tuple[int, int, str]:
    body = refused.json()
    return refused.status_code, body["status"], body["detail"]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer nobody"}, {"Authorization": "Basic x-token"}])
def test_without_a_known_token_nothing_is_said(square: Square, headers: dict[str, str]) -> None:
    assert problem(square.http.get("/x/2/users/me", headers=headers)) == (401, 401, "Unauthorized")


def test_a_reply_is_taken_and_announces_the_limit(square: Square) -> None:
    taken = post(square)
    assert taken.status_code == 201
    assert set(taken.json()["data"]) == {"id", "text", "edit_history_tweet_ids"}
    assert int(taken.headers["x-rate-limit-remaining"]) > 0
    assert int(taken.headers["x-rate-limit-reset"]) > 1_700_000_000
    (reply,) = square.replies("x")
    assert (reply["id"], reply["parent"], reply["text"]) == (taken.json()["data"]["id"], PARENT, "We know.")


def test_the_same_words_to_the_same_post_are_refused_for_a_day(square: Square) -> None:
    post(square)
    status, _, detail = problem(post(square))
    assert (status, detail) == (403, "You are not allowed to create a Tweet with duplicate content.")
    square.clock.ahead_seconds = 24 * 3600 + 1
    assert post(square).status_code == 201


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("x" * 280, 201),
        ("x" * 281, 403),
        ("ක" * 280, 201),
        ("図" * 141, 403),
        ("👨‍👩‍👧‍👦" * 140, 201),
        ("x" * 257 + "https://example.org/" + "y" * 300, 201),
        ("x" * 258 + "https://example.org/" + "y" * 300, 403),
        ("  ", 400),
    ],
)
def test_length_counts_what_x_counts(square: Square, text: str, status: int) -> None:
    assert post(square, text).status_code == status


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"text": 7}', b'{"text": "x", "reply": {"in_reply_to_tweet_id": 7}}'])
def test_a_malformed_post_is_refused_as_x_does(square: Square, body: bytes) -> None:
    refused = square.http.post("/x/2/tweets", content=body, headers=US)
    assert refused.status_code == 400
    assert refused.json()["type"].endswith("invalid-request")


def test_what_is_read_back_is_what_x_makes_of_it(square: Square) -> None:
    post(square, "Tea & <water>: https://example.org/form.")
    ((found,), meta) = (timeline(square)["data"], timeline(square)["meta"])
    (url,) = found["entities"]["urls"]
    assert url["expanded_url"] == "https://example.org/form"
    assert found["text"] == f"@citizen463873 Tea &amp; &lt;water&gt;: {url['url']}."
    assert found["referenced_tweets"] == [{"type": "replied_to", "id": PARENT}]
    assert meta == {"result_count": 1, "newest_id": found["id"], "oldest_id": found["id"]}


def test_a_timeline_is_read_newest_first_page_by_page_from_a_time(square: Square) -> None:
    made = [post(square, f"Reply {number}").json()["data"]["id"] for number in range(7)]
    first = timeline(square, max_results=5)
    second = timeline(square, max_results=5, pagination_token=first["meta"]["next_token"])
    assert [each["id"] for each in first["data"] + second["data"]] == made[::-1]
    assert "next_token" not in second["meta"]
    assert timeline(square, start_time="2099-01-01T00:00:00Z") == {"meta": {"result_count": 0}}


@pytest.mark.parametrize("query", [{"max_results": 4}, {"max_results": 101}, {"start_time": "yesterday"}])
def test_a_timeline_that_cannot_be_asked_for_is_refused(square: Square, query: dict[str, Any]) -> None:
    assert square.http.get(f"/x/2/users/{ACCOUNT}/tweets", params=query, headers=US).status_code == 400


def test_a_deleted_post_is_not_shown_and_not_answered(square: Square) -> None:
    made = post(square).json()["data"]["id"]
    others = square.http.delete(f"/x/2/tweets/{made}", headers={"Authorization": "Bearer other-token"})
    assert others.status_code == 403
    for _ in range(2):
        assert square.http.delete(f"/x/2/tweets/{made}", headers=US).json() == {"data": {"deleted": True}}
    shown = square.http.get(f"/x/2/tweets/{made}", headers=US)
    assert shown.status_code == 200
    assert shown.json()["errors"][0]["type"].endswith("resource-not-found")
    assert "deleted or not visible" in problem(post(square, "Again", made))[2]


def test_any_reply_is_hidden_and_shown_again(square: Square) -> None:
    for hidden in (True, False):
        answer = square.http.put(f"/x/2/tweets/{PARENT}/hidden", json={"hidden": hidden}, headers=US)
        assert answer.json() == {"data": {"hidden": hidden}}
    assert square.http.put(f"/x/2/tweets/{PARENT}/hidden", json={}, headers=US).status_code == 400


def test_numbers_are_shown_where_they_are_asked_for(square: Square) -> None:
    made = post(square).json()["data"]["id"]
    post(square, "More to come.", made)
    query = {"tweet.fields": "public_metrics"}
    shown = square.http.get(f"/x/2/tweets/{made}", params=query, headers=US).json()["data"]
    assert shown["public_metrics"]["reply_count"] == 1
    assert "created_at" not in shown


def test_the_square_can_be_told_of_a_citizens_post_and_of_numbers(square: Square) -> None:
    made = post(square).json()["data"]["id"]
    told = {"author_id": "77", "text": "Water & light?", "public_metrics": {"impression_count": 40_000}}
    square.http.put(f"/x/posts/{PARENT}", json=told).raise_for_status()
    square.http.put(f"/x/posts/{made}", json={"public_metrics": {"impression_count": 27}}).raise_for_status()
    query = {"tweet.fields": "public_metrics,author_id"}
    question, answer = (
        square.http.get(f"/x/2/tweets/{each}", params=query, headers=US).json()["data"] for each in (PARENT, made)
    )
    assert (question["text"], question["author_id"]) == ("Water &amp; light?", "77")
    assert question["public_metrics"]["impression_count"] == 40_000
    assert answer["public_metrics"]["impression_count"] == 27
    refused = square.http.put(f"/x/posts/{made}", json={"public_metrics": {"like_count": -1}})
    assert refused.status_code == 422


def test_a_private_message_stands_in_its_conversation_only(square: Square) -> None:
    sent = square.http.post("/x/2/dm_conversations/with/77/messages", json={"text": "Your file…"}, headers=US)
    assert sent.status_code == 201
    made = sent.json()["data"]
    assert made["dm_conversation_id"] == f"77-{ACCOUNT}"
    events = square.http.get("/x/2/dm_conversations/with/77/dm_events", headers=US).json()["data"]
    assert [(each["id"], each["sender_id"]) for each in events] == [(made["dm_event_id"], ACCOUNT)]
    assert timeline(square) == {"meta": {"result_count": 0}}
    address = f"/x/2/dm_events/{made['dm_event_id']}"
    assert square.http.get(address, headers=US).json()["data"]["text"] == "Your file…"
    assert "errors" in square.http.get(address, headers={"Authorization": "Bearer other-token"}).json()
    assert square.http.delete(address, headers=US).json() == {"data": {"deleted": True}}
    assert square.http.delete(address, headers=US).status_code == 404


def test_a_refresh_token_is_good_once_and_access_for_two_hours(square: Square) -> None:
    def renew(token: str) -> httpx.Response:
        form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": "a-client"}
        return square.http.post("/x/2/oauth2/token", data=form)

    first = renew("x-token.refresh").json()
    assert renew("x-token.refresh").json()["error_description"] == "Value passed for the token was invalid."
    access = {"Authorization": f"Bearer {first['access_token']}"}
    assert square.http.get("/x/2/users/me", headers=access).json()["data"]["id"] == ACCOUNT
    assert renew(first["refresh_token"]).status_code == 200
    square.clock.ahead_seconds = first["expires_in"] + 1
    assert square.http.get("/x/2/users/me", headers=access).status_code == 401


@pytest.mark.parametrize("form", [{"grant_type": "refresh_token"}, {"grant_type": "password", "client_id": "c"}])
def test_a_renewal_needs_an_app_and_the_right_grant(square: Square, form: dict[str, str]) -> None:
    assert square.http.post("/x/2/oauth2/token", data=form).status_code in (400, 401)


def test_a_throttled_reply_says_when_to_come_back(square: Square) -> None:
    square.fault("x", "throttle")
    throttled = post(square)
    assert throttled.status_code == 429
    assert throttled.headers["x-rate-limit-remaining"] == "0"
    assert post(square).status_code == 201
