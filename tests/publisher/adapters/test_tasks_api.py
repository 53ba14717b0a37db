"""Tasks and probes over HTTP, with a real Postgres behind."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.publisher.adapters import credentials_api, tasks_api
from services.publisher.adapters.bell import Bell
from services.publisher.adapters.consumers import handler
from shared import problems
from shared.database import EVERY_AGENCY, Database
from shared.events import Event
from tests.publisher.adapters.test_api import ACCOUNT, VAULT, Tokens, as_
from tests.publisher.adapters.test_store import rows
from tests.publisher.builders import a_connected_account, received
from tests.publisher.test_putting_right import moderation
from tests.support.postgres import fresh_service_database

pytestmark = pytest.mark.asyncio(loop_scope="session")


@asynccontextmanager
async def a_publisher(*events: Event) -> AsyncIterator[tuple[httpx.AsyncClient, Database]]:
    urls = await fresh_service_database("publisher")
    database = Database(urls.working, application_name="tests", pool_size=5)
    async with database.begin(EVERY_AGENCY) as connection:
        await handler({})(connection, [received(one) for one in (a_connected_account(), *events)])
    app = FastAPI()
    app.state.tokens = Tokens()
    problems.install(app)
    app.include_router(tasks_api.router(database))
    app.include_router(credentials_api.router(database, VAULT, Bell()))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://publisher") as client:
        yield client, database
    await database.close()


def moderations(count: int) -> list[Event]:
    return [moderation("hide", f"c{n}").model_copy(update={"order": f"ord_{n}"}) for n in range(count)]


async def test_a_task_reads_with_its_authority_and_its_evidence() -> None:
    async with a_publisher(*moderations(1)) as (client, _):
        listed = (await client.get("/v1/tasks?order=ord_0", headers=as_("passports"))).json()
        (item,) = listed["items"]
        assert (item["kind"], item["state"], item["comment"], item["order"]) == ("hide", "pending", "cmt_9", "ord_0")
        task = (await client.get(f"/v1/tasks/{item['id']}", headers=as_("passports"))).json()
        assert task["evidence"] == []
        assert task["release"]["captured"]["text"] == "Call me: 077 123 4567"


async def test_tasks_are_listed_the_newest_first_each_once_over_all_pages() -> None:
    async with a_publisher(*moderations(5)) as (client, _):
        seen: list[str] = []
        address: str | None = "/v1/tasks?limit=2&state=pending"
        while address is not None:
            answer = await client.get(address, headers=as_("passports"))
            seen += [item["order"] for item in answer.json()["items"]]
            address = answer.links.get("next", {}).get("url")
        assert seen == [f"ord_{n}" for n in (4, 3, 2, 1, 0)]


async def test_another_agencys_tasks_are_not_there() -> None:
    async with a_publisher(*moderations(1)) as (client, database):
        ((task,),) = await rows(database, "SELECT id FROM task")
        assert (await client.get("/v1/tasks", headers=as_("water"))).json()["items"] == []
        assert (await client.get(f"/v1/tasks/{task}", headers=as_("water"))).status_code == 404
        assert (await client.get("/v1/tasks", headers=as_("guest"))).status_code == 403


async def test_a_cursor_that_is_none_of_ours_is_refused() -> None:
    async with a_publisher() as (client, _):
        assert (await client.get("/v1/tasks?cursor=x", headers=as_("passports"))).status_code == 400


async def test_credentials_can_be_probed_when_somebody_asks_and_only_if_there_are_any() -> None:
    async with a_publisher() as (client, database):
        address = f"/v1/accounts/{ACCOUNT}/credentials"
        none = await client.post(f"{address}/probes", headers=as_("passports", "k1"))
        assert none.status_code == 404
        await client.put(address, json={"token": "t"}, headers=as_("passports"))
        async with database.begin(EVERY_AGENCY) as connection:
            await connection.exec_driver_sql("UPDATE credentials SET keep_at = clock_timestamp() + interval '1 day'")
        asked = await client.post(f"{address}/probes", headers=as_("passports", "k2"))
        assert (asked.status_code, asked.headers["location"]) == (202, address)
        assert await rows(database, "SELECT keep_at <= clock_timestamp() FROM credentials") == [(True,)]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"token": "t", "secrets": {"token": "u"}}, "secrets"),
        ({"token": "t", "secrets": {"Client-Id": "u"}}, "secrets"),
        ({"token": "t", "secrets": {"client_id": "has\nlines"}}, "secrets"),
        ({"token": "t", "secrets": {f"name_{chr(97 + n)}": "u" for n in range(11)}}, "secrets"),
        ({"token": "t", "expires_at": "tomorrow"}, "expires_at"),
    ],
)
async def test_secrets_that_cannot_be_used_are_refused_by_name_and_not_repeated(
    body: dict[str, Any], field: str
) -> None:
    async with a_publisher() as (client, _):
        answer = await client.put(f"/v1/accounts/{ACCOUNT}/credentials", json=body, headers=as_("passports"))
        assert answer.status_code == 422
        assert field in answer.text
        assert "lines" not in answer.text.replace("one line", "")


async def test_what_goes_with_a_token_is_sealed_and_never_read_back() -> None:
    async with a_publisher() as (client, database):
        body = {"token": "t", "secrets": {"client_secret": "very-secret"}, "expires_at": "2027-01-01T00:00:00Z"}
        put = await client.put(f"/v1/accounts/{ACCOUNT}/credentials", json=body, headers=as_("passports"))
        assert put.json()["expires_at"].startswith("2027-01-01T00:00:00")
        assert "very-secret" not in put.text
        everything = "SELECT CAST(c AS text) FROM credentials c UNION ALL SELECT CAST(a AS text) FROM audit a"
        assert "very-secret" not in str(await rows(database, everything))
