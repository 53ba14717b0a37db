"""The square's LINE, as an agency's account meets it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from .support import Square, open_square

LINE = {"Authorization": "Bearer line-token"}
CITIZEN = "U4af4980629d1b1f8e4a6f1a2b3c4d5e6"


@pytest.fixture
def square(tmp_path: Path) -> Iterator[Square]:
    with open_square(tmp_path) as running:
        us = {"agency": "passports", "platform": "line", "account": "U8189", "name": "P", "token": "line-token"}
        running.http.put("/accounts", json=[us]).raise_for_status()
        yield running


def push(square: Square, text: str = "We know.", to: str = CITIZEN, **headers: str) -> httpx.Response:
    content = {"to": to, "messages": [{"type": "text", "text": text}]}
    return square.http.post("/line/v2/bot/message/push", json=content, headers=LINE | headers)


def test_line_needs_a_token_and_names_each_request(square: Square) -> None:
    refused = square.http.get("/line/v2/bot/info", headers={"Authorization": "Bearer nobody"})
    assert refused.status_code == 401
    assert refused.json()["message"].startswith("Authentication failed")
    ids = {square.http.get("/line/v2/bot/info", headers=LINE).headers["x-line-request-id"] for _ in range(2)}
    assert len(ids) == 2


def test_a_retry_key_brings_back_the_first_push_for_a_day(square: Square) -> None:
    key = {"X-Line-Retry-Key": str(uuid4())}
    first, again = push(square, **key), push(square, **key)
    assert (first.status_code, again.status_code) == (200, 409)
    assert again.json()["message"] == "The retry key is already accepted"
    assert again.json()["sentMessages"] == first.json()["sentMessages"]
    assert again.headers["x-line-accepted-request-id"]
    assert len(square.replies("line")) == 1
    square.clock.ahead_seconds = 24 * 3600 + 1
    assert push(square, **key).status_code == 200


def test_a_push_without_a_key_is_another_one_each_time(square: Square) -> None:
    push(square)
    push(square)
    assert [reply["parent"] for reply in square.replies("line")] == [CITIZEN, CITIZEN]
    assert square.http.get("/line/v2/bot/message/quota/consumption", headers=LINE).json() == {"totalUsage": 2}
    assert square.http.get("/line/v2/bot/message/quota", headers=LINE).json()["type"] == "limited"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"to": "nobody", "messages": [{"type": "text", "text": "x"}]}, "'to'"),
        ({"to": CITIZEN, "messages": []}, "1 error(s)"),
        ({"to": CITIZEN, "messages": [{"type": "text", "text": ""}]}, "1 error(s)"),
        ({"to": CITIZEN, "messages": [{"type": "text", "text": "👋" * 2500 + "x"}]}, "1 error(s)"),
        ([], "1 error(s)"),
    ],
)
def test_line_refuses_what_is_not_in_order(square: Square, content: Any, said: str) -> None:
    refused = square.http.post("/line/v2/bot/message/push", json=content, headers=LINE)
    assert refused.status_code == 400
    assert said in refused.json()["message"]


def test_a_retry_key_is_a_uuid(square: Square) -> None:
    assert push(square, **{"X-Line-Retry-Key": "my-key"}).status_code == 400


def test_a_push_of_the_longest_text_is_taken(square: Square) -> None:
    assert push(square, "👋" * 2500).status_code == 200


@pytest.mark.parametrize(
    ("fault", "status"), [("throttle", 429), ("down", 503), ("token_dead", 401), ("parent_gone", 400)]
)
def test_line_words_its_faults_by_status(square: Square, fault: str, status: int) -> None:
    square.fault("line", fault)
    refused = push(square)
    assert refused.status_code == status
    assert refused.json()["message"]
    assert push(square).status_code == 200
