"""The square itself: accounts, the record of replies, the page for citizens, and its memory."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.support.ports import free_port

from .support import ACCOUNTS, WATER, MovableClock, Square

CHANGED = ACCOUNTS[0] | {"token": "fresh-token"}


def test_says_that_it_is_live(square: Square) -> None:
    assert square.http.get("/live").json() == {"status": "live"}


def test_accounts_are_answered_without_their_tokens(square: Square) -> None:
    items = square.http.put("/accounts", json=ACCOUNTS).json()["items"]
    assert items[2] == {
        "agency": "passports",
        "platform": "facebook",
        "account": "110000000000001",
        "name": "Passports",
    }
    assert len(items) == 3


def test_a_new_list_replaces_a_token_and_retires_who_is_missing(square: Square) -> None:
    square.http.put("/accounts", json=[CHANGED])
    verify = "/api/v1/accounts/verify_credentials"
    assert square.http.get(verify, headers=WATER).status_code == 401
    assert square.http.get(verify, headers={"Authorization": "Bearer bank-token"}).status_code == 401
    fresh = square.http.get(verify, headers={"Authorization": "Bearer fresh-token"}).json()
    assert (fresh["id"], fresh["username"], fresh["display_name"]) == ("109", "water-board", "Water Board")


def test_replies_of_both_platforms_are_recorded_in_order(square: Square) -> None:
    first, parent = square.comment("77_88").json()["id"], square.post()
    second = square.answer(parent).json()["id"]
    recorded = square.replies()
    assert [(each["platform"], each["parent"], each["id"], each["text"]) for each in recorded] == [
        ("facebook", "77_88", first, "Open from nine."),
        ("mastodon", parent, second, "@nimal_perera We know."),
    ]
    assert recorded[0]["at"].endswith("Z")
    assert len(recorded[0]["at"]) == len("2026-01-01T00:00:00.000Z")
    assert [each["id"] for each in square.replies("mastodon")] == [second]


def test_a_reply_given_twice_is_seen_twice(square: Square) -> None:
    parent = square.post()
    square.answer(parent)
    square.answer(parent)
    assert len(square.replies("mastodon")) == 2


def test_an_agencys_own_status_is_no_reply(square: Square) -> None:
    square.http.post("/api/v1/statuses", json={"status": "Good morning"}, headers=WATER)
    assert square.replies() == []


def test_an_unknown_platform_of_replies_is_refused_by_name(square: Square) -> None:
    refused = square.http.get("/replies", params={"platform": "pigeon"})
    assert (refused.status_code, refused.json()["field"]) == (422, "platform")


def test_the_page_loads_nothing_from_elsewhere(square: Square) -> None:
    page = square.http.get("/")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe-inline" not in page.headers["content-security-policy"]
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert "style=" not in page.text
    for path in ("/page/square.css", "/page/square.js"):
        assert path in page.text
        assert square.http.get(path).status_code == 200


def test_a_citizen_sees_the_official_reply_below_the_comment(square: Square) -> None:
    parent = square.post("අද ජලය නැත")
    square.answer(parent, "@nimal_perera We know.")
    conversation = square.http.get("/citizens/feed").json()["conversations"][0]
    asked, answered = conversation["posts"]
    assert (conversation["account"], conversation["account_name"]) == ("109", "Water Board")
    assert (asked["name"], asked["text"], asked["language"], asked["official"]) == (
        "Nimal Perera",
        "අද ජලය නැත",
        "si",
        False,
    )
    assert (answered["name"], answered["text"], answered["official"]) == ("Water Board", "We know.", True)
    assert answered["in_reply_to_id"] == parent


def test_the_feed_tells_whom_one_can_write_to_and_never_a_token(square: Square) -> None:
    feed = square.http.get("/citizens/feed")
    assert [each["name"] for each in feed.json()["accounts"]] == ["Water Board", "Central Bank"]
    assert "token" not in feed.text


def test_replies_on_a_page_stand_in_a_column_of_their_own(square: Square) -> None:
    square.comment("77_88")
    (reply,) = square.http.get("/citizens/feed").json()["page_replies"]
    assert (reply["name"], reply["parent"], reply["text"]) == ("Passports", "77_88", "Open from nine.")


def test_a_citizen_edits_a_post_and_its_addressee_stays(square: Square) -> None:
    post = square.post()
    changed = square.http.put(f"/citizens/posts/{post}", json={"text": "It is back"}).json()
    assert changed["text"] == "It is back"
    assert changed["edited_at"] is not None
    status = square.http.get(f"/api/v1/statuses/{post}", headers=WATER).json()
    assert [each["acct"] for each in status["mentions"]] == ["water-board"]


def test_a_deleted_post_leaves_its_place_to_its_answers(square: Square) -> None:
    post = square.post()
    square.answer(post)
    assert square.http.delete(f"/citizens/posts/{post}").status_code == 204
    asked, answered = square.http.get("/citizens/feed").json()["conversations"][0]["posts"]
    assert (asked["deleted"], asked["text"], answered["text"]) == (True, "", "We know.")


def test_a_deleted_post_without_answers_is_gone(square: Square) -> None:
    square.http.delete(f"/citizens/posts/{square.post()}")
    assert square.http.get("/citizens/feed").json()["conversations"] == []


def test_a_citizen_cannot_touch_an_official_reply(square: Square) -> None:
    reply = square.answer(square.post()).json()["id"]
    assert square.http.delete(f"/citizens/posts/{reply}").status_code == 404
    assert square.http.put(f"/citizens/posts/{reply}", json={"text": "Ha"}).status_code == 404


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"name": " ", "account": "109", "text": "Hello"}, "name"),
        ({"name": "Nimal", "account": "999", "text": "Hello"}, "account"),
        ({"name": "Nimal", "account": "109", "text": ""}, "text"),
        ({"name": "Nimal", "account": "109", "text": "x" * 500}, "text"),
        ({"name": "Nimal", "account": "109", "text": "Hello", "in_reply_to_id": "1"}, "in_reply_to_id"),
    ],
)
def test_a_post_that_cannot_be_used_is_refused_by_field(square: Square, content: dict[str, str], field: str) -> None:
    refused = square.http.post("/citizens/posts", json=content)
    assert refused.status_code in (404, 422)
    assert refused.json()["field"] == field
    assert refused.json()["error"].startswith(f"{field}: ")


def test_citizens_with_names_in_other_scripts_get_different_usernames(square: Square) -> None:
    square.post("Hello", name="නිමල්")
    square.post("Hello", name="கமலா")
    square.post("Hello", name="Water-Board")
    conversations = square.http.get("/citizens/feed").json()["conversations"]
    usernames = [each["posts"][0]["username"] for each in conversations]
    assert usernames == ["water_board", "citizen_2", "citizen"]


def test_a_killed_square_still_knows_everything(tmp_path: Path) -> None:
    port = free_port()
    first = _process(tmp_path, port)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as http:
        http.put("/accounts", json=ACCOUNTS)
        square = Square(f"http://127.0.0.1:{port}", MovableClock())
        parent = square.post()
        reply = square.answer(parent, **{"Idempotency-Key": "once"}).json()["id"]
        square.fault("mastodon", "throttle", 2)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        second = _process(tmp_path, port)
        try:
            assert [each["id"] for each in square.replies()] == [reply]
            assert [each["status"]["id"] for each in square.notified()] == [parent]  # type: ignore[index]
            assert http.get("/faults").json()["items"] == [{"platform": "mastodon", "kind": "throttle", "count": 2}]
            http.delete("/faults")
            assert square.answer(parent, **{"Idempotency-Key": "once"}).json()["id"] == reply
            assert int(square.post()) > int(reply)
        finally:
            second.terminate()
            assert second.wait(timeout=5) in (0, -signal.SIGTERM)


def _process(home: Path, port: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "deploy.local.town_square", "--port", str(port), "--home", str(home)]
    started = subprocess.Popen(command, cwd=Path(__file__).parents[2])
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            httpx.get(f"http://127.0.0.1:{port}/live")
            return started
        except httpx.TransportError:
            time.sleep(0.05)
    started.kill()
    raise AssertionError("the square did not start")
