"""What every service answers alike, whatever its routes do."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from fastapi import APIRouter
from pydantic import SecretStr

from shared.service import Service
from shared.settings import AuthSettings, DatabaseSettings, KafkaSettings, ServiceSettings

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    routes = APIRouter()

    @routes.get("/said")
    async def said() -> str:
        return "said"

    @routes.post("/done")
    async def done() -> str:
        return "done"

    settings = ServiceSettings(
        database=DatabaseSettings(url=SecretStr("postgresql://nobody@127.0.0.1:1/nothing")),
        kafka=KafkaSettings(bootstrap="127.0.0.1:1"),
        auth=AuthSettings(issuer="http://127.0.0.1:1", jwks_url="http://127.0.0.1:1"),
    )
    service = Service("test", settings, "Says what it is asked.")
    service.routers.append(routes)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(service.app()), base_url="http://test") as made:
        yield made


async def test_head_is_answered_as_get_without_its_body(client: httpx.AsyncClient) -> None:
    got, head = await client.get("/said"), await client.head("/said")
    assert (got.status_code, got.content) == (200, b'"said"')
    assert (head.status_code, head.content, head.headers) == (200, b"", got.headers)


async def test_head_does_nothing_that_get_would_not_do(client: httpx.AsyncClient) -> None:
    assert (await client.head("/done")).status_code == 405
    assert (await client.head("/nowhere")).status_code == 404
