"""A client session over Open311 GeoReport v2 against the running system, as a city's app would do it."""

import time
import xml.etree.ElementTree as XML
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.parley import OPENING_HOURS, Parley

pytestmark = pytest.mark.system

SECONDS = 30.0


@pytest.fixture(scope="module")
def client(parley: Parley) -> Iterator[httpx.Client]:
    account = parley.account("open311")
    with httpx.Client(base_url=account["base_url"], timeout=60, trust_env=False) as client:
        yield client


def _request(client: httpx.Client, number: str) -> dict[str, Any]:
    (found,) = client.get(f"/requests/{number}.json").raise_for_status().json()
    assert isinstance(found, dict)
    return found


def test_a_report_is_filed_followed_and_closed_by_its_answer(parley: Parley, client: httpx.Client) -> None:
    endpoints = client.get("/discovery.json").raise_for_status().json()["endpoints"]
    assert any(endpoint["url"].rstrip("/") == str(client.base_url).rstrip("/") for endpoint in endpoints)

    services = client.get("/services.json", params={"jurisdiction_id": "passports"}).raise_for_status().json()
    assert services[0]["metadata"] is False
    filed = client.post(
        "/requests.json",
        data={
            "api_key": parley.found["tokens"]["open311"],
            "jurisdiction_id": "passports",
            "service_code": services[0]["service_code"],
            "description": OPENING_HOURS,
            "first_name": "Kamala",
            "email": "kamala@citizens.example",
        },
    )
    (receipt,) = filed.raise_for_status().json()
    number = receipt["service_request_id"]

    deadline = time.monotonic() + SECONDS
    while (report := _request(client, number))["status"] != "closed":
        assert report["status"] == "open"
        assert time.monotonic() < deadline, "the cleared line never answered"
        time.sleep(0.1)
    assert report["status_notes"]
    assert "kamala" not in str(report).lower(), "who reported is nobody's business"

    found = XML.fromstring(client.get(f"/requests/{number}.xml").raise_for_status().text)  # our own answer
    assert found.findtext("request/status") == "closed"
    listed = client.get("/requests.json", params={"jurisdiction_id": "passports", "status": "closed"})
    assert number in [one["service_request_id"] for one in listed.raise_for_status().json()]


def test_without_the_key_nothing_is_filed(client: httpx.Client) -> None:
    refused = client.post("/requests.json", data={"service_code": "enquiry", "description": "Hello"})
    assert refused.status_code == 403
    assert refused.json()[0]["code"] == 403
