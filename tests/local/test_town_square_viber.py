"""The square's Viber, as an agency's bot meets it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from .support import Square, open_square

VIBER = {"X-Viber-Auth-Token": "viber-token"}


@pytest.fixture
def square(tmp_path: Path) -> Iterator[Square]:
    with open_square(tmp_path) as running:
        bot = {"agency": "passports", "platform": "viber", "account": "pa:1", "name": "P", "token": "viber-token"}
        running.http.put("/accounts", json=[bot]).raise_for_status()
        yield running


def send(square: Square, **more: Any) -> httpx.Response:
    content = {"receiver": "01234567890A4fKz+Q/b==", "type": "text", "text": "We know.", "sender": {"name": "P"}}
    return square.http.post("/viber/pa/send_message", json=content | more, headers=VIBER)


def test_viber_says_200_and_a_status_to_everything(square: Square) -> None:
    unknown = square.http.post("/viber/pa/get_account_info", json={}, headers={"X-Viber-Auth-Token": "nobody"})
    assert (unknown.status_code, unknown.json()["status"]) == (200, 2)
    in_the_body = square.http.post("/viber/pa/get_account_info", json={"auth_token": "viber-token"}).json()
    assert (in_the_body["status"], in_the_body["id"]) == (0, "pa:1")


def test_a_message_on_viber_has_a_token_and_is_recorded_for_its_receiver(square: Square) -> None:
    taken = send(square).json()
    assert (taken["status"], taken["status_message"]) == (0, "ok")
    (reply,) = square.replies("viber")
    assert (reply["id"], reply["parent"]) == (str(taken["message_token"]), "01234567890A4fKz+Q/b==")


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"receiver": ""}, 4),
        ({"text": None}, 4),
        ({"sender": {}}, 4),
        ({"sender": {"name": "x" * 29}}, 3),
        ({"text": "x" * 7001}, 3),
        ({"type": "picture"}, 3),
        ({"tracking_data": "x" * 30_000}, 3),
    ],
)
def test_viber_refuses_what_is_not_in_order(square: Square, more: dict[str, Any], status: int) -> None:
    refused = send(square, **more)
    assert (refused.status_code, refused.json()["status"]) == (200, status)
    assert square.replies("viber") == []


@pytest.mark.parametrize(("fault", "status"), [("throttle", 12), ("token_dead", 2), ("parent_gone", 5)])
def test_viber_words_its_faults_by_status(square: Square, fault: str, status: int) -> None:
    square.fault("viber", fault)
    refused = send(square)
    assert (refused.status_code, refused.json()["status"]) == (200, status)
    assert send(square).json()["status"] == 0
