"""The publisher, wired: settings that hold together, and an application that comes up without a broker."""

import base64

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from services.publisher.main import addresses, create_app, limits, policy
from services.publisher.settings import DispatchSettings, PlatformSettings, ReachSettings, RetrySettings, Settings
from shared.settings import AuthSettings, DatabaseSettings, KafkaSettings, SecretsSettings
from tests.support.postgres import fresh_service_database

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def some_settings() -> Settings:
    urls = await fresh_service_database("publisher")
    return Settings(
        database=DatabaseSettings(url=urls.working),
        kafka=KafkaSettings(bootstrap="127.0.0.1:1"),
        auth=AuthSettings(issuer="http://127.0.0.1:1", jwks_url="http://127.0.0.1:1/jwks"),
        secrets=SecretsSettings(key=base64.b64encode(b"k" * 32).decode()),
        drain_seconds=1,
    )


async def test_the_publisher_is_ready_without_a_broker() -> None:
    app = create_app(await some_settings())
    with TestClient(app) as client:
        assert client.get("/ready").json()["checks"] == {"database": "ok"}
        assert client.get("/v1/publications").status_code == 401
        assert "/v1/accounts/{account_id}/credentials" in client.get("/openapi.json").json()["paths"]


async def test_the_record_is_open_to_all_and_may_be_kept_while_all_else_is_not() -> None:
    app = create_app(await some_settings())
    with TestClient(app) as client:
        assert client.get("/public/passports").status_code == 404
        style = client.get("/public/passports/style.css")
        assert (style.status_code, style.headers.get_list("cache-control")) == (200, ["public, max-age=86400"])
        assert client.get("/live").headers.get_list("cache-control") == ["no-store"]
        assert client.get("/v1/reach").headers.get_list("cache-control") == ["no-store"]


async def test_a_share_of_views_is_a_share() -> None:
    assert ReachSettings(parity_shares={"central-bank": 0.5}).parity_shares == {"central-bank": 0.5}
    with pytest.raises(ValidationError, match="parity_shares"):
        ReachSettings(parity_shares={"central-bank": 5})


async def test_an_attempt_fits_into_its_lease_and_a_drain_into_the_stop() -> None:
    usual = limits(DispatchSettings(), drain_seconds=8)
    assert usual.attempt * 2 <= usual.lease
    assert usual.drain < 8


async def test_a_lease_shorter_than_an_attempt_is_no_setting() -> None:
    with pytest.raises(ValidationError, match="lease"):
        DispatchSettings(lease_seconds=10, attempt_seconds=10)


async def test_the_settle_time_is_a_setting() -> None:
    assert policy(RetrySettings()).settle_after.total_seconds() == 600
    assert policy(RetrySettings(settle_seconds=20)).settle_after.total_seconds() == 20


async def test_a_platform_without_an_address_is_left_to_its_accounts() -> None:
    of_meta = ("facebook", "messenger", "instagram", "whatsapp")
    assert addresses(PlatformSettings()) == {
        **dict.fromkeys(of_meta, "https://graph.facebook.com"),
        "youtube": "https://www.googleapis.com",
        "x": "https://api.x.com",
        "telegram": "https://api.telegram.org",
        "viber": "https://chatapi.viber.com",
        "line": "https://api.line.me",
        "postmark": "https://api.postmarkapp.com",
        "mailgun": "https://api.mailgun.net",
    }
