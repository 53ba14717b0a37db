"""The Mastodon client API of the square, as an agency's account meets it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from .support import BANK, WATER, Square


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer nobody"}, {"Authorization": "Basic water-token"}])
def test_without_a_known_token_nothing_is_said(square: Square, headers: dict[str, str]) -> None:
    refused = square.http.get("/api/v1/notifications", headers=headers)
    assert (refused.status_code, refused.json()) == (401, {"error": "The access token is invalid"})


def test_the_server_tells_its_limits_to_anybody(square: Square) -> None:
    limits = square.http.get("/api/v2/instance").json()["configuration"]["statuses"]
    assert (limits["max_characters"], limits["characters_reserved_per_url"]) == (500, 23)


def test_a_token_tells_its_application_and_the_scopes_of_that(square: Square) -> None:
    application = square.http.get("/api/v1/apps/verify_credentials", headers=WATER).json()
    assert application["scopes"] == ["read", "write"]
    assert square.http.get("/api/v1/apps/verify_credentials").status_code == 401


def test_the_rate_limit_is_announced_with_a_moment(square: Square) -> None:
    headers = square.http.get("/api/v1/accounts/verify_credentials", headers=WATER).headers
    assert int(headers["x-ratelimit-remaining"]) < int(headers["x-ratelimit-limit"])
    assert headers["x-ratelimit-reset"].endswith(".000Z")


def test_a_mention_notifies_only_the_account_it_means(square: Square) -> None:
    post = square.post("No water <today> & tomorrow")
    (notification,) = square.notified(**{"types[]": "mention"})
    status = notification["status"]
    assert notification["type"] == "mention"
    assert status["id"] == post  # type: ignore[index]
    assert status["content"] == (  # type: ignore[index]
        f'<p><span class="h-card" translate="no"><a href="{square.url}/@water-board" class="u-url mention">'
        "@<span>water-board</span></a></span> No water &lt;today&gt; &amp; tomorrow</p>"
    )
    assert status["account"]["acct"] == "nimal_perera"  # type: ignore[index]
    assert square.http.get("/api/v1/notifications", headers=BANK).json() == []


def test_min_id_pages_forwards_without_a_gap(square: Square) -> None:
    posts = [square.post(f"Comment {number}") for number in range(5)]
    read: list[str] = []
    min_id = "0"
    while found := square.notified(limit=2, min_id=min_id):
        read += [each["status"]["id"] for each in reversed(found)]  # type: ignore[index]
        min_id = str(found[0]["id"])
    assert read == posts


def test_since_id_gives_the_newest_and_skips(square: Square) -> None:
    posts = [square.post(f"Comment {number}") for number in range(3)]
    first = str(square.notified()[-1]["id"])
    found = square.notified(limit=1, since_id=first)
    assert [each["status"]["id"] for each in found] == [posts[2]]  # type: ignore[index]


def test_the_link_header_leads_to_the_newer_ones(square: Square) -> None:
    square.post("One")
    listed = square.http.get("/api/v1/notifications?types[]=mention&limit=1", headers=WATER)
    later = square.post("Two")
    newer = square.http.get(listed.links["prev"]["url"], headers=WATER).json()
    assert [each["status"]["id"] for each in newer] == [later]
    assert "types" in listed.links["next"]["url"]


def test_only_an_edit_of_an_answered_post_is_news(square: Square) -> None:
    answered, unanswered = square.post("One"), square.post("Two")
    square.answer(answered)
    for post in (answered, unanswered):
        square.http.put(f"/citizens/posts/{post}", json={"text": "Changed"})
    (update,) = square.notified(**{"types[]": "update"})
    assert update["status"]["id"] == answered  # type: ignore[index]
    assert update["status"]["edited_at"] is not None  # type: ignore[index]


def test_a_second_edit_is_news_again(square: Square) -> None:
    post = square.post()
    square.answer(post)
    square.http.put(f"/citizens/posts/{post}", json={"text": "Changed"})
    (first,) = square.notified(**{"types[]": "update"})
    square.http.put(f"/citizens/posts/{post}", json={"text": "Changed again"})
    (second,) = square.notified(**{"types[]": "update", "min_id": str(first["id"])})
    assert int(str(second["id"])) > int(str(first["id"]))


def test_a_deleted_post_is_no_longer_notified(square: Square) -> None:
    post = square.post()
    square.http.delete(f"/citizens/posts/{post}")
    assert square.notified() == []
    assert square.http.get(f"/api/v1/statuses/{post}", headers=WATER).json() == {"error": "Record not found"}


def test_a_status_is_posted_as_form_or_as_json(square: Square) -> None:
    parent = square.post()
    content = {
        "status": "@nimal_perera Thanks",
        "in_reply_to_id": parent,
        "visibility": "unlisted",
        "language": "ta",
    }
    as_form = square.http.post("/api/v1/statuses", data=content, headers=WATER).json()
    as_json = square.http.post("/api/v1/statuses", json=content, headers=WATER).json()
    for status in (as_form, as_json):
        assert (status["visibility"], status["language"]) == ("unlisted", "ta")
        assert status["in_reply_to_id"] == parent
        assert status["in_reply_to_account_id"] == status["mentions"][0]["id"]
        assert status["account"]["id"] == "109"
        assert status["edited_at"] is None


def test_the_same_key_gives_the_first_status_again(square: Square) -> None:
    parent = square.post()
    first = square.answer(parent, **{"Idempotency-Key": "k"}).json()
    again = square.answer(parent, "Something else", **{"Idempotency-Key": "k"}).json()
    assert again["id"] == first["id"]
    assert len(square.replies()) == 1


def test_a_key_is_forgotten_after_an_hour(square: Square) -> None:
    parent = square.post()
    square.answer(parent, **{"Idempotency-Key": "k"})
    square.clock.ahead_seconds = 3601
    square.answer(parent, **{"Idempotency-Key": "k"})
    assert len(square.replies()) == 2


def test_a_key_belongs_to_one_account(square: Square) -> None:
    parent = square.post()
    square.answer(parent, **{"Idempotency-Key": "k"})
    square.answer(parent, **BANK, **{"Idempotency-Key": "k"})
    assert len(square.replies()) == 2


def test_the_same_key_twice_at_once_posts_twice(square: Square) -> None:
    parent = square.post()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: square.answer(parent, **{"Idempotency-Key": "k"}), range(2)))
    assert len(square.replies()) == 2


@pytest.mark.parametrize("text", ["", "   ", "x" * 501])
def test_an_empty_or_too_long_status_is_refused(square: Square, text: str) -> None:
    refused = square.answer(square.post(), text)
    assert refused.status_code == 422
    assert refused.json()["error"].startswith("Validation failed: Text")


@pytest.mark.parametrize(
    "text",
    [
        "x" * 476 + " https://example.org/" + "y" * 200,
        "ක්" * 500,
        "@nimal_perera@127.0.0.1 " + "x" * 486,
        "👨‍👩‍👧‍👦" * 500,
    ],
)
def test_length_counts_what_a_reader_would_count(square: Square, text: str) -> None:
    assert square.answer(square.post(), text).status_code == 200


@pytest.mark.parametrize("parent", ["1", "no-id", "99999999999999999999999"])
def test_a_reply_to_what_is_not_there_is_refused(square: Square, parent: str) -> None:
    refused = square.answer(parent)
    assert (refused.status_code, refused.json()) == (404, {"error": "Record not found"})


def test_a_reply_to_a_deleted_post_is_refused(square: Square) -> None:
    post = square.post()
    square.http.delete(f"/citizens/posts/{post}")
    assert square.answer(post).status_code == 404


def test_the_context_is_the_conversation_around_a_status(square: Square) -> None:
    root = square.post("Root")
    reply = square.answer(root).json()["id"]
    below = square.post("Thanks", in_reply_to_id=reply)
    beside = square.post("Me too", in_reply_to_id=root)
    context = square.http.get(f"/api/v1/statuses/{reply}/context", headers=WATER).json()
    assert [each["id"] for each in context["ancestors"]] == [root]
    assert [each["id"] for each in context["descendants"]] == [below]
    whole = square.http.get(f"/api/v1/statuses/{root}/context", headers=WATER).json()
    assert [each["id"] for each in whole["descendants"]] == [reply, below, beside]


def test_an_edit_keeps_the_history(square: Square) -> None:
    reply = square.answer(square.post(), "@nimal_perera First").json()["id"]
    content = {"status": "@nimal_perera Second\n\nline"}
    edited = square.http.put(f"/api/v1/statuses/{reply}", data=content, headers=WATER).json()
    assert edited["edited_at"] is not None
    assert edited["content"].endswith("Second</p><p>line</p>")
    history = square.http.get(f"/api/v1/statuses/{reply}/history", headers=WATER).json()
    assert ["First" in history[0]["content"], "Second" in history[1]["content"]] == [True, True]
    assert history[1]["created_at"] == edited["edited_at"]


def test_only_ones_own_status_is_changed_or_deleted(square: Square) -> None:
    reply = square.answer(square.post()).json()["id"]
    address = f"/api/v1/statuses/{reply}"
    assert square.http.put(address, data={"status": "Mine"}, headers=BANK).status_code == 404
    assert square.http.delete(address, headers=BANK).status_code == 404
    assert square.http.delete(address, headers=WATER).json()["text"] == "@nimal_perera We know."
    assert square.http.get(address, headers=WATER).status_code == 404


def test_own_statuses_can_be_read_back(square: Square) -> None:
    parents = [square.post(f"Comment {number}") for number in range(3)]
    replies = [square.answer(parent).json()["id"] for parent in parents]
    address = "/api/v1/accounts/109/statuses"
    listed = square.http.get(address, params={"exclude_reblogs": "1", "limit": 2}, headers=WATER).json()
    assert [(each["id"], each["in_reply_to_id"]) for each in listed] == [
        (replies[2], parents[2]),
        (replies[1], parents[1]),
    ]
    forwards = square.http.get(address, params={"min_id": replies[0], "limit": 1}, headers=WATER).json()
    assert [each["id"] for each in forwards] == [replies[1]]


def test_nobodys_statuses_are_not_found(square: Square) -> None:
    assert square.http.get("/api/v1/accounts/1/statuses", headers=WATER).status_code == 404
