"""The forum of the square, as a user with an API key meets it."""

import pytest

from .support import Square

OFFICE = {"Api-Key": "forum-key", "Api-Username": "passport-office"}
TEXT = "Our office opens at 9 a.m. on every working day."


@pytest.fixture(autouse=True)
def _a_user(square: Square) -> None:
    account = {"agency": "passports", "platform": "discourse", "account": "passport-office", "name": "Passports"}
    square.http.put("/accounts", json=[account | {"token": "forum-key"}]).raise_for_status()


def is_no_staff(square: Square, *, needs_approval: bool = False) -> None:
    content = {"staff": False, "needs_approval": needs_approval}
    square.http.put("/discourse/square/users/passport-office", json=content).raise_for_status()


def post(square: Square, text: str = TEXT, topic: int = 4711, number: int = 1) -> dict[str, object]:
    content = {"raw": text, "topic_id": topic, "reply_to_post_number": number}
    answer = square.http.post("/discourse/posts.json", json=content, headers=OFFICE)
    made: dict[str, object] = answer.json() | {"status": answer.status_code}
    return made


def read(square: Square, path: str) -> dict[str, object]:
    shown: dict[str, object] = square.http.get(f"/discourse{path}", headers=OFFICE).raise_for_status().json()
    return shown


@pytest.mark.parametrize("headers", [{}, OFFICE | {"Api-Key": "other"}, OFFICE | {"Api-Username": "somebody"}])
def test_a_key_is_good_for_its_own_user_only(square: Square, headers: dict[str, str]) -> None:
    refused = square.http.get("/discourse/session/current.json", headers=headers)
    assert (refused.status_code, refused.json()["error_type"]) == (403, "invalid_access")
    assert "x-discourse-username" not in refused.headers


def test_every_answer_to_a_good_key_says_whose_it_is(square: Square) -> None:
    answer = square.http.get("/discourse/posts/abc.json", headers=OFFICE)
    assert (answer.status_code, answer.headers["x-discourse-username"]) == (404, "passport-office")


def test_the_forum_says_how_long_a_post_may_be(square: Square) -> None:
    settings = read(square, "/site/settings.json")
    assert (settings["min_post_length"], settings["max_post_length"]) == (20, 32_000)


def test_a_citizens_post_is_number_one_of_its_own_topic(square: Square) -> None:
    shown = read(square, "/posts/4711.json")
    assert (shown["id"], shown["topic_id"], shown["post_number"]) == (4711, 4711, 1)


def test_a_reply_is_recorded_under_the_post_that_it_answers(square: Square) -> None:
    first = post(square)
    second = post(square, "And on Saturdays until noon, in summer.", 4711, int(str(first["post_number"])))
    assert (first["post_number"], second["post_number"]) == (2, 3)
    assert [(each["parent"], each["id"]) for each in square.replies("discourse")] == [
        ("4711", str(first["id"])),
        (str(first["id"]), str(second["id"])),
    ]


@pytest.mark.parametrize(("text", "words"), [("Too short.", "too short"), ("x" * 32_001, "limited to 32000")])
def test_a_text_that_does_not_fit_is_refused(square: Square, text: str, words: str) -> None:
    refused = post(square, text)
    assert (refused["status"], refused["action"]) == (422, "create_post")
    assert words in str(refused["errors"])


def test_who_is_not_of_the_staff_says_nothing_twice_in_five_minutes(square: Square) -> None:
    is_no_staff(square)
    assert post(square)["status"] == 200
    again = post(square, topic=5000)
    assert (again["status"], again["errors"]) == (422, ["Body is too similar to what you recently posted"])
    square.clock.ahead_seconds = 301
    assert post(square, topic=5000)["status"] == 200


def test_staff_may_say_the_same_again(square: Square) -> None:
    assert [post(square)["status"], post(square)["status"]] == [200, 200]


def test_a_post_that_waits_is_seen_by_its_author_until_it_is_approved(square: Square) -> None:
    is_no_staff(square, needs_approval=True)
    answer = post(square)
    assert (answer["action"], "id" in answer) == ("enqueued", False)
    (waiting,) = square.http.get("/discourse/posts/passport-office/pending.json", headers=OFFICE).json()[
        "pending_posts"
    ]
    assert waiting["raw_text"] == TEXT
    assert read(square, "/posts/4711/replies.json") == []
    assert square.replies("discourse") == []
    square.http.post(f"/discourse/square/pending/{waiting['id']}").raise_for_status()
    assert read(square, "/posts/passport-office/pending.json") == {"pending_posts": []}
    assert [each["text"] for each in square.replies("discourse")] == [TEXT]


def test_replies_come_twenty_at_a_time_and_without_their_markdown(square: Square) -> None:
    for count in range(21):
        post(square, f"{TEXT} It is the {count}th reply.")
    first = square.http.get("/discourse/posts/4711/replies.json", headers=OFFICE).json()
    assert (len(first), "raw" in first[0]) == (20, False)
    after = {"after": str(first[-1]["post_number"])}
    second = square.http.get("/discourse/posts/4711/replies.json", params=after, headers=OFFICE).json()
    assert [each["post_number"] for each in second] == [22]


def test_an_own_post_is_edited_and_deleted(square: Square) -> None:
    address = f"/discourse/posts/{post(square)['id']}.json"
    content = {"post": {"raw": "Our office opens at 10 a.m. from now on.", "edit_reason": "new hours"}}
    changed = square.http.put(address, json=content, headers=OFFICE).json()["post"]
    assert (changed["raw"], changed["version"]) == ("Our office opens at 10 a.m. from now on.", 2)
    assert square.http.delete(address, headers=OFFICE).status_code == 200
    assert square.http.get(address, headers=OFFICE).status_code == 404
    assert [each["text"] for each in square.replies("discourse")] == [TEXT]


def test_staff_hide_show_and_remove_what_citizens_write(square: Square) -> None:
    flag = {"id": "4711", "post_action_type_id": 4, "take_action": "true"}
    assert square.http.post("/discourse/post_actions.json", json=flag, headers=OFFICE).json()["hidden"] is True
    assert square.http.put("/discourse/posts/4711/unhide.json", headers=OFFICE).status_code == 200
    assert read(square, "/posts/4711.json")["hidden"] is False
    assert square.http.delete("/discourse/posts/4711.json", headers=OFFICE).status_code == 200
    assert square.http.get("/discourse/posts/4711.json", headers=OFFICE).status_code == 404


def test_nobody_else_does(square: Square) -> None:
    is_no_staff(square)
    flag = {"id": "4711", "post_action_type_id": 4, "take_action": "true"}
    assert square.http.post("/discourse/post_actions.json", json=flag, headers=OFFICE).json()["hidden"] is False
    shown = square.http.put("/discourse/posts/4711/unhide.json", headers=OFFICE)
    removed = square.http.delete("/discourse/posts/4711.json", headers=OFFICE)
    edited = square.http.put("/discourse/posts/4711.json", json={"post": {"raw": TEXT}}, headers=OFFICE)
    assert {shown.status_code, removed.status_code, edited.status_code} == {403}


@pytest.mark.parametrize("content", [b"{", b"[]"])
def test_what_cannot_be_read_is_refused(square: Square, content: bytes) -> None:
    headers = OFFICE | {"Content-Type": "application/json"}
    assert square.http.post("/discourse/posts.json", content=content, headers=headers).status_code == 400


@pytest.mark.parametrize(
    ("kind", "status", "error_type"),
    [
        ("throttle", 429, "rate_limit"),
        ("down", 503, "read_only"),
        ("token_dead", 403, "invalid_access"),
        ("parent_gone", 404, "not_found"),
    ],
)
def test_a_fault_is_worded_as_a_forum_words_it(square: Square, kind: str, status: int, error_type: str) -> None:
    square.fault("discourse", kind)
    refused = post(square)
    assert (refused["status"], refused["error_type"]) == (status, error_type)
    assert square.replies("discourse") == []
