"""The publisher, wired: settings that hold together, and an application that comes up without a broker."""

import asyncio
import base64
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError
from sqlalchemy import text

from services.publisher import calling_back
from services.publisher.callbacks import Limits
from services.publisher.domain.retrying import Schedule
from services.publisher.domain.subscriptions import Patience
from services.publisher.main import addresses, create_app, limits, policy
from services.publisher.settings import (
    CallbackSettings,
    DispatchSettings,
    PlatformSettings,
    ReachSettings,
    RetrySettings,
    Settings,
)
from shared.database import EVERY_AGENCY, Database
from shared.secrets import Seal
from shared.settings import AuthSettings, DatabaseSettings, KafkaSettings, SecretsSettings
from tests.support.postgres import fresh_service_database

pytestmark = pytest.mark.asyncio(loop_scope="session")


def in_base64(key: bytes) -> str:
    return base64.b64encode(key).decode()


async def some_settings(*older_keys: bytes) -> Settings:
    urls = await fresh_service_database("publisher")
    return Settings(
        database=DatabaseSettings(url=urls.working),
        kafka=KafkaSettings(bootstrap="127.0.0.1:1"),
        auth=AuthSettings(issuer="http://127.0.0.1:1", jwks_url="http://127.0.0.1:1/jwks"),
        secrets=SecretsSettings(key=in_base64(b"k" * 32), older_keys=[in_base64(one) for one in older_keys]),
        drain_seconds=1,
    )


async def test_the_publisher_is_ready_without_a_broker() -> None:
    app = create_app(await some_settings())
    with TestClient(app) as client:
        assert client.get("/ready").json()["checks"] == {"database": "ok"}
        assert client.get("/v1/publications").status_code == 401
        assert "/v1/accounts/{account_id}/credentials" in client.get("/openapi.json").json()["paths"]


async def test_a_publisher_with_an_older_key_seals_anew_what_that_one_sealed() -> None:
    settings = await some_settings(b"o" * 32)
    database = Database(settings.database.url.get_secret_value(), application_name="tests", pool_size=2)
    old = Seal(b"o" * 32).seal(b"page-token", "acc_1")
    async with database.begin(EVERY_AGENCY) as connection:
        await connection.execute(_CREDENTIALS, {"sealed": old})
    with TestClient(create_app(settings)):
        sealed = await the_sealed_after(old, database)
    assert Seal(b"k" * 32).open(sealed, "acc_1") == b"page-token"
    await database.close()


async def the_sealed_after(old: bytes, database: Database) -> bytes:
    """What is in the row once that is not ``old`` any more."""
    while True:
        async with database.begin(EVERY_AGENCY) as connection:
            sealed = bytes((await connection.execute(text("SELECT sealed FROM credentials"))).scalar_one())
        if sealed != old:
            return sealed
        await asyncio.sleep(0.05)


_CREDENTIALS = text("""
    INSERT INTO credentials (account_id, agency, sealed, updated_at, updated_by)
    VALUES ('acc_1', 'passports', :sealed, now(), 'tests')
""")


async def test_receipts_keep_their_key_when_the_one_that_seals_is_replaced() -> None:
    first, second = in_base64(b"k" * 32), in_base64(b"n" * 32)
    before = SecretsSettings(key=first)
    after = SecretsSettings(key=second, older_keys=[first], receipts_key=first)
    assert before.key_of_receipts == after.key_of_receipts
    assert (before.keys, after.keys) == ([first], [second, first])
    assert first not in repr(after)


async def test_older_keys_come_from_the_environment_as_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = in_base64(b"k" * 32), in_base64(b"n" * 32)
    present = await some_settings()
    monkeypatch.setenv("PARLEY_SECRETS__KEY", second)
    monkeypatch.setenv("PARLEY_SECRETS__OLDER_KEYS", f'["{first}"]')
    read = Settings(database=present.database, kafka=present.kafka, auth=present.auth)  # type: ignore[call-arg]
    assert read.secrets.keys == [second, first]
    assert read.secrets.key_of_receipts == second


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


async def test_settings_of_callbacks_are_the_schedule_and_the_patience_that_are_promised() -> None:
    settings = CallbackSettings()
    assert calling_back.schedule(settings) == Schedule()
    assert calling_back.patience(settings) == Patience()
    assert calling_back.limits(settings, drain_seconds=2.5) == Limits(drain=2.5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"lease_seconds": 15},
        {"allowed_networks": ["10.0.0.1/8"]},
        {"ports": ["99999"]},
        {"waits": []},
        {"jitter": 0.9},
    ],
)
async def test_what_cannot_hold_together_is_no_setting_of_callbacks(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CallbackSettings(**wrong)
