"""The publisher over HTTP: publications, decisions and credentials, with a real Postgres behind."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.publisher import handlers
from services.publisher.adapters import api, credentials_api
from services.publisher.adapters.bell import Bell
from services.publisher.adapters.credentials import Vault
from services.publisher.adapters.store import claiming
from services.publisher.adapters.store.duties import Duties
from shared import problems
from shared.auth import Caller
from shared.database import EVERY_AGENCY, Database
from shared.events import ResponseApproved
from shared.ids import account_id
from shared.secrets import Seal
from tests.publisher.adapters.test_store import LEASE, rows, run
from tests.publisher.builders import NOW, PAGE, a_connected_account, a_response
from tests.support.postgres import fresh_service_database

pytestmark = pytest.mark.asyncio(loop_scope="session")

VAULT = Vault(Seal(b"k" * 32), {"facebook": "https://graph.example"})
ACCOUNT = account_id("facebook", PAGE)
SCOPES = frozenset({"publications:read", "publications:write", "accounts:write"})
CALLERS = {
    "admin": Caller("admin", None, SCOPES),
    "passports": Caller("clerk", frozenset({"passports"}), SCOPES),
    "water": Caller("engineer", frozenset({"water-board"}), SCOPES),
    "guest": Caller("guest", frozenset({"passports"}), frozenset()),
}


class Tokens:
    """Knows its callers by name."""

    async def caller(self, token: str) -> Caller:
        return CALLERS[token]


@asynccontextmanager
async def a_publisher(*responses: ResponseApproved) -> AsyncIterator[tuple[httpx.AsyncClient, Database]]:
    urls = await fresh_service_database("publisher")
    database = Database(urls.working, application_name="tests", pool_size=5)
    async with database.begin(EVERY_AGENCY) as connection:
        work = Duties(connection, lambda: NOW)
        await work.connect([a_connected_account()])
        await handlers.on_response_approved([(one, None) for one in responses], work)
    app, bell = FastAPI(), Bell()
    app.state.tokens = Tokens()
    problems.install(app)
    app.include_router(api.router(database, bell))
    app.include_router(credentials_api.router(database, VAULT, bell))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://publisher") as client:
        yield client, database
    await database.close()


def as_(name: str, key: str | None = None) -> dict[str, str]:
    headers = {"authorization": f"Bearer {name}"}
    return headers if key is None else headers | {"idempotency-key": key}


async def waiting_for_a_person(database: Database) -> str:
    await run(
        database,
        "UPDATE publication SET state = 'unknown', reason = 'no_answer', needs_person = true, due_at = NULL",
    )
    ((known_as,),) = await rows(database, "SELECT id FROM publication")
    return str(known_as)


async def test_a_response_reads_with_its_publications_and_authority() -> None:
    response = a_response()
    async with a_publisher(response) as (client, _):
        answer = await client.get(f"/v1/responses/{response.response}", headers=as_("passports"))
        body = answer.json()
        assert (answer.status_code, body["level"], body["digest"]) == (200, "L1", "a" * 64)
        assert body["authorisations"][0]["officer"] == "officer-1"
        assert [one["state"] for one in body["publications"]] == ["pending"]


@pytest.mark.parametrize("path", ["/v1/responses/{response}", "/v1/publications/{publication}"])
async def test_what_belongs_to_another_agency_is_not_there(path: str) -> None:
    response = a_response()
    async with a_publisher(response) as (client, database):
        ((publication,),) = await rows(database, "SELECT id FROM publication")
        address = path.format(response=response.response, publication=publication)
        assert (await client.get(address, headers=as_("passports"))).status_code == 200
        assert (await client.get(address, headers=as_("water"))).status_code == 404
        assert (await client.get(address, headers=as_("guest"))).status_code == 403


async def test_publications_are_listed_newest_first_in_pages() -> None:
    responses = [a_response(thread=str(number)) for number in range(5)]
    async with a_publisher(*responses, a_response(agency="water-board", account="2")) as (client, _):
        found, address = [], "/v1/publications?limit=2"
        for _ in range(3):
            answer = await client.get(address, headers=as_("passports"))
            found += [one["response"] for one in answer.json()["items"]]
            address = answer.links.get("next", {}).get("url", "")
        assert found == [one.response for one in reversed(responses)]
        assert address == ""


@pytest.mark.parametrize(
    ("query", "number"),
    [("state=pending", 1), ("state=failed", 0), (f"account={PAGE}", 1), ("account=2", 0), ("agency=passports", 1)],
)
async def test_publications_are_filtered(query: str, number: int) -> None:
    async with a_publisher(a_response()) as (client, _):
        answer = await client.get(f"/v1/publications?{query}", headers=as_("admin"))
        assert len(answer.json()["items"]) == number


@pytest.mark.parametrize(
    ("query", "status"),
    [("cursor=nonsense", 400), ("cursor=cDA", 400), ("limit=0", 422), ("limit=201", 422), ("state=lost", 422)],
)
async def test_a_wrong_query_is_a_problem(query: str, status: int) -> None:
    async with a_publisher() as (client, _):
        answer = await client.get(f"/v1/publications?{query}", headers=as_("admin"))
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


@pytest.mark.parametrize("value", ["%00", "%F0%9F%98%80", "'%20OR%201=1"])
async def test_strange_names_find_nothing_and_break_nothing(value: str) -> None:
    async with a_publisher(a_response()) as (client, _):
        listed = await client.get(f"/v1/publications?agency={value}&account={value}", headers=as_("admin"))
        assert (listed.status_code, listed.json()["items"]) == (200, [])
        for address in (f"/v1/publications/{value}", f"/v1/responses/{value}", f"/v1/accounts/{value}/credentials"):
            assert (await client.get(address, headers=as_("admin"))).status_code == 404


@pytest.mark.parametrize(
    ("decision", "state", "event"),
    [
        ({"action": "published", "native_id": "900_1_7"}, "published", "ResponsePublished"),
        ({"action": "give_up"}, "failed", "PublicationFailed"),
        ({"action": "send_again"}, "pending", None),
    ],
)
async def test_a_person_settles_what_nothing_can_prove(decision: dict[str, Any], state: str, event: str | None) -> None:
    async with a_publisher(a_response()) as (client, database):
        address = f"/v1/publications/{await waiting_for_a_person(database)}/decision"
        first = await client.post(address, json=decision, headers=as_("passports", "key-1"))
        again = await client.post(address, json=decision, headers=as_("passports", '"key-1"'))
        assert (first.status_code, first.json()["state"], first.json()["needs_person"]) == (200, state, False)
        assert again.json() == first.json()
        assert [row.type for row in await rows(database, "SELECT type FROM outbox")] == ([event] if event else [])
        ((actor, details),) = await rows(
            database, "SELECT actor, details FROM audit WHERE action = 'publication.settled'"
        )
        assert actor == "clerk"
        assert decision["action"] in details
        due = await claiming.claim(database, VAULT, room=9, room_of={}, each=9, lease=LEASE)
        assert len(due) == (1 if state == "pending" else 0)


async def test_what_is_not_in_doubt_cannot_be_decided() -> None:
    async with a_publisher(a_response()) as (client, database):
        ((publication,),) = await rows(database, "SELECT id FROM publication")
        address = f"/v1/publications/{publication}/decision"
        answer = await client.post(address, json={"action": "give_up"}, headers=as_("passports", "k"))
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:parley:problem:not-decidable")


@pytest.mark.parametrize(
    ("body", "key", "status"),
    [
        ({"action": "give_up"}, None, 400),
        ({"action": "published"}, "k", 422),
        ({"action": "give_up", "native_id": "1"}, "k", 422),
        ({"action": "forget"}, "k", 422),
        ({"action": "give_up", "why": "?"}, "k", 422),
    ],
)
async def test_a_wrong_decision_changes_nothing(body: dict[str, Any], key: str | None, status: int) -> None:
    async with a_publisher(a_response()) as (client, database):
        address = f"/v1/publications/{await waiting_for_a_person(database)}/decision"
        answer = await client.post(address, json=body, headers=as_("passports", key))
        assert answer.status_code == status
        assert await rows(database, "SELECT state FROM publication") == [("unknown",)]


async def test_a_decision_of_another_agency_finds_nothing() -> None:
    async with a_publisher(a_response()) as (client, database):
        address = f"/v1/publications/{await waiting_for_a_person(database)}/decision"
        answer = await client.post(address, json={"action": "give_up"}, headers=as_("water", "k"))
        assert answer.status_code == 404


async def test_credentials_are_written_and_never_read_back() -> None:
    async with a_publisher() as (client, database):
        address = f"/v1/accounts/{ACCOUNT}/credentials"
        assert (await client.get(address, headers=as_("passports"))).status_code == 404
        put = await client.put(address, json={"token": "EAAB-secret"}, headers=as_("passports"))
        got = await client.get(address, headers=as_("passports"))
        assert put.status_code == got.status_code == 200
        assert got.json() == put.json()
        assert got.json() | {"updated_at": ""} == {
            "account": PAGE,
            "platform": "facebook",
            "updated_at": "",
            "present": True,
            "expires_at": None,
            "probed_at": None,
            "rights": None,
            "facts": None,
            "detail": None,
        }
        everything = "SELECT CAST(c AS text) FROM credentials c UNION ALL SELECT CAST(a AS text) FROM audit a"
        kept = await rows(database, everything)
        assert "EAAB" not in str(kept)
        assert "credentials.replaced" in str(kept)


async def test_credentials_can_be_taken_away_more_than_once() -> None:
    async with a_publisher() as (client, _):
        address = f"/v1/accounts/{ACCOUNT}/credentials"
        await client.put(address, json={"token": "t"}, headers=as_("passports"))
        for _ in range(2):
            assert (await client.delete(address, headers=as_("passports"))).status_code == 204
        assert (await client.get(address, headers=as_("passports"))).status_code == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_another_agencys_account_has_no_credentials_to_touch(method: str) -> None:
    async with a_publisher() as (client, _):
        address = f"/v1/accounts/{ACCOUNT}/credentials"
        body = {"json": {"token": "t"}} if method == "PUT" else {}
        assert (await client.request(method, address, headers=as_("water"), **body)).status_code == 404  # type: ignore[arg-type]
        assert (await client.request(method, address, headers=as_("guest"), **body)).status_code == 403  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"token": ""},
        {"token": 7},
        {"token": "two words"},
        {"token": "line\nbreak"},
        {"token": "ක"},
        {"token": "t", "base_url": "ftp://example.gov"},
        {"token": "t", "base_url": "https://user:password@example.gov"},
        {"token": "t", "base_url": "https://example.gov/?x=1"},
        {"token": "t", "base_url": "https://example.gov\n"},
        {"token": "t", "version": "latest"},
        {"token": "t", "secret": "s"},
    ],
)
async def test_unusable_credentials_are_refused_without_repeating_them(body: dict[str, Any]) -> None:
    async with a_publisher() as (client, database):
        answer = await client.put(f"/v1/accounts/{ACCOUNT}/credentials", json=body, headers=as_("passports"))
        assert answer.status_code == 422
        assert "password" not in answer.text
        assert await rows(database, "SELECT * FROM credentials") == []
