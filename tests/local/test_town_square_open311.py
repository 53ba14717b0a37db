"""The city's back end in the square, as whoever updates its requests meets it."""

from typing import Any

import httpx
import pytest

from .support import Square

ADDRESS = "/open311/servicerequestupdates.json"
UPDATE = {
    "api_key": "city-key",
    "jurisdiction_id": "city.example",
    "service_request_id": "638344",
    "update_id": "pub_1",
    "status": "OPEN",
    "updated_datetime": "2026-11-22T08:30:00+00:00",
    "description": "The lamp is repaired tomorrow.",
}


@pytest.fixture(autouse=True)
def _a_city(square: Square) -> None:
    account = {"agency": "works", "platform": "open311", "account": "city.example", "name": "City"}
    square.http.put("/accounts", json=[account | {"token": "city-key"}]).raise_for_status()


def update(square: Square, **changes: str) -> httpx.Response:
    return square.http.post(ADDRESS, data=UPDATE | changes)


def listed(square: Square, **query: str) -> list[dict[str, Any]]:
    found = square.http.get(ADDRESS, params={"api_key": "city-key"} | query).raise_for_status().json()
    updates: list[dict[str, Any]] = found
    return updates


def test_an_update_is_taken_once_however_often_it_comes(square: Square) -> None:
    assert update(square).json() == [{"update_id": "pub_1"}]
    assert update(square).json() == [{"update_id": "pub_1"}]
    (reply,) = square.replies("open311")
    assert (reply["parent"], reply["id"], reply["text"]) == ("638344", "pub_1", UPDATE["description"])


def test_updates_are_listed_between_two_moments(square: Square) -> None:
    update(square)
    (shown,) = listed(square)
    assert shown == {
        "update_id": "pub_1",
        "service_request_id": "638344",
        "status": "OPEN",
        "description": UPDATE["description"],
        "updated_datetime": "2026-11-22T08:30:00.000Z",
        "media_url": "",
    }
    assert listed(square, end_date="2020-01-01T00:00:00Z") == []


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "open"},
        {"update_id": ""},
        {"description": ""},
        {"description": "x" * 4001},
        {"updated_datetime": "yesterday"},
        {"updated_datetime": "2026-11-22T08:30:00"},
    ],
)
def test_input_that_does_not_fit_is_refused(square: Square, changes: dict[str, str]) -> None:
    refused = update(square, **changes)
    assert (refused.status_code, refused.json()[0]["code"]) == (400, 400)
    assert refused.json()[0]["description"].startswith("Error in input")
    assert square.replies("open311") == []


def test_a_key_that_is_not_known_is_refused(square: Square) -> None:
    assert update(square, api_key="other").status_code == 403
    assert square.http.get(ADDRESS, params={"api_key": "other"}).json()[0]["code"] == 403


@pytest.mark.parametrize(
    ("kind", "status"), [("throttle", 429), ("down", 503), ("token_dead", 403), ("parent_gone", 404)]
)
def test_a_fault_is_worded_as_open311_words_it(square: Square, kind: str, status: int) -> None:
    square.fault("open311", kind)
    assert update(square).status_code == status
    assert square.replies("open311") == []
