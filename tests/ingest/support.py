"""Builders for the tests of ingest: accounts, signed deliveries, and the whole service on a fresh database.

Signatures are computed here from the platforms' documentation, not with the code under test.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from joserfc.jwk import ECKey
from sqlalchemy import text

from deploy.local.issuer import Issuer
from services.ingest.domain.accounts import Account, SecretSet
from services.ingest.main import create_app
from services.ingest.settings import (
    HealthSettings,
    IntakeSettings,
    LimitSettings,
    Open311Settings,
    PollingSettings,
    Settings,
)
from shared.auth import Tokens
from shared.clock import Clock, utc_now
from shared.database import EVERY_AGENCY, Database
from shared.ids import account_id, uuid7
from shared.settings import AuthSettings, DatabaseSettings, KafkaSettings, SecretsSettings
from tests.support.postgres import fresh_service_database
from tests.support.senders import SENDERS

PAYLOADS = Path(__file__).parents[1] / "payloads"
NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
PAGE = "110000000000001"
APP_SECRET = SENDERS["facebook"].secrets["app_secret"]
VERIFY_TOKEN = SENDERS["facebook"].secrets["verify_token"]
WHSEC = SENDERS["standard"].secrets["secret"]
NOBODY = "127.0.0.1:1"
"""An address where no broker answers: intake must not need one."""


def payload(platform: str, name: str) -> bytes:
    """The bytes of a recorded body, as they stand on the wire."""
    return (PAYLOADS / platform / f"{name}.json").read_bytes()


def account(
    platform: str = "facebook",
    native: str = PAGE,
    *secrets: SecretSet,
    agency: str = "passports",
    base_url: str | None = None,
) -> Account:
    """A connected account; without ``secrets``, with those that its platform has in these tests."""
    live = secrets or (SECRETS[platform],)
    return Account(account_id(platform, native), agency, platform, native, "Passports", NOW, live, base_url)


SECRETS: Mapping[str, SecretSet] = {
    "bluesky": {"app_password": "abcd-efgh-ijkl-mnop"},
    "youtube": {"api_key": "an-api-key"},
    "open311": {"api_key": "an-open311-key"},
    **{platform: sender.secrets for platform, sender in SENDERS.items()},
}


def facebook_headers(body: bytes, secret: str = APP_SECRET) -> dict[str, str]:
    """What Meta sends with ``body``."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"content-type": "application/json", "x-hub-signature-256": f"sha256={digest}"}


def standard_headers(
    body: bytes, *, secret: str = WHSEC, message: str = "msg_1", at: datetime | None = None
) -> dict[str, str]:
    """What a sender after Standard Webhooks sends with ``body``; ``at`` is now unless given."""
    sent = str(int((at or datetime.now(UTC)).timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{message}.{sent}.".encode() + body, hashlib.sha256).digest()
    return {
        "content-type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": sent,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def feed(*changes: Mapping[str, Any], page: str = PAGE, time: int = 1_795_336_200) -> bytes:
    """A Facebook delivery with these values of the field ``feed``, escaped as Meta escapes."""
    entry = {"id": page, "time": time, "changes": [{"field": "feed", "value": value} for value in changes]}
    return json.dumps({"object": "page", "entry": [entry]}, separators=(",", ":")).encode()


def comment_change(comment: str = "77_1", *, verb: str = "add", **fields: Any) -> dict[str, Any]:
    """One comment directly under post ``<page>_77``; ``fields`` replace or add, None leaves out, ``author`` is its
    ``from``."""
    value: dict[str, Any] = {
        "item": "comment",
        "verb": verb,
        "comment_id": comment,
        "post_id": f"{PAGE}_77",
        "parent_id": f"{PAGE}_77",
        "created_time": 1_795_336_200,
        "from": {"id": "900", "name": "Nimal Perera"},
        "message": "When do you open?",
    }
    if "author" in fields:
        fields["from"] = fields.pop("author")
    value.update(fields)
    return {name: content for name, content in value.items() if content is not None}


@dataclass
class Ingest:
    """The service as a test drives it: over HTTP, and into its tables."""

    app: FastAPI
    http: httpx.AsyncClient
    database: Database
    issuer: Issuer
    settings: Settings
    extra: dict[str, Any] = field(default_factory=dict)

    def bearer(
        self,
        scope: str = "comments:write comments:read accounts:write accounts:read",
        agencies: Sequence[str] | str = ("passports", "water-board"),
        subject: str = "client",
    ) -> dict[str, str]:
        """The header of a token of the local issuer."""
        return {"authorization": f"Bearer {self.issuer.token(subject, scope, agencies)}"}

    async def connect(
        self, platform: str, native: str, *, agency: str = "passports", secrets: SecretSet | None = None, **more: Any
    ) -> httpx.Response:
        """Connect an account over the API."""
        body = {
            "agency": agency,
            "platform": platform,
            "account": native,
            "name": f"{agency} on {platform}",
            "secrets": dict(secrets or SECRETS[platform]),
            **more,
        }
        headers = {**self.bearer(agencies="*", subject="admin"), "idempotency-key": uuid7().hex}
        return await self.http.post("/v1/accounts", json=body, headers=headers)

    async def edit(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Change ``/v1/accounts/<path>`` as it is now: read it first, and send its version with the change."""
        sent = {**self.bearer(), **headers}
        read = await self.http.get(f"/v1/accounts/{path.partition('/')[0]}", headers=sent)
        sent["if-match"] = read.headers.get("etag", "")
        return await self.http.request(method, f"/v1/accounts/{path}", json=body, headers=sent)

    async def rotate(self, id_: str, secrets: SecretSet, **headers: str) -> httpx.Response:
        """Give an account its next secrets."""
        return await self.edit("PUT", f"{id_}/secrets", {"secrets": dict(secrets)}, **headers)

    async def facebook(self, body: bytes, *, page: str = PAGE, secret: str = APP_SECRET) -> httpx.Response:
        """Deliver ``body`` as Meta would."""
        return await self.http.post(f"/webhooks/facebook/{page}", content=body, headers=facebook_headers(body, secret))

    async def post_comment(self, body: Mapping[str, Any], key: str | None = None, **headers: str) -> httpx.Response:
        """Post a comment as a client would."""
        sent = {**self.bearer(), "idempotency-key": key or uuid7().hex, **headers}
        return await self.http.post("/v1/comments", json=body, headers=sent)

    async def rows(self, query: str, **values: Any) -> list[Any]:
        """The rows of ``query``, across all agencies."""
        async with self.database.begin(EVERY_AGENCY) as connection:
            return list((await connection.execute(text(query), values)).all())

    async def seen_by(self, agency: str, query: str) -> list[Any]:
        """The rows of ``query`` that ``agency`` may see."""
        async with self.database.begin([agency]) as connection:
            return list((await connection.execute(text(query))).all())

    async def change(self, statement: str, **values: Any) -> None:
        """Carry out ``statement`` on the tables, across all agencies."""
        async with self.database.begin(EVERY_AGENCY) as connection:
            await connection.execute(text(statement), values)

    async def count(self, table: str) -> int:
        """How many rows ``table`` has."""
        ((number,),) = await self.rows(f"SELECT count(*) FROM {table}")
        return int(number)

    async def events(self) -> list[tuple[str, dict[str, Any]]]:
        """What was staged, in order: type and payload."""
        return [(row.type, row.payload) for row in await self.rows("SELECT type, payload FROM outbox ORDER BY seq")]


class _Keys:
    """One key pair for all tests; making one takes longer than a test."""

    @cached_property
    def private(self) -> str:
        key = ECKey.generate_key("P-256", {"kid": "tests"})
        return json.dumps(key.as_dict(private=True))


_KEYS = _Keys()


@asynccontextmanager
async def running_ingest(
    *,
    url: str | None = None,
    polling: PollingSettings | None = None,
    health: HealthSettings | None = None,
    open311: Open311Settings | None = None,
    limits: LimitSettings | None = None,
    clock: Clock = utc_now,
) -> AsyncIterator[Ingest]:
    """The whole service on a fresh database (or the one at ``url``), without a broker."""
    issuer = Issuer("http://issuer.test", _KEYS.private)
    settings = Settings(
        database=DatabaseSettings(url=url or (await fresh_service_database("ingest")).working),
        kafka=KafkaSettings(bootstrap=NOBODY),
        auth=AuthSettings(issuer=issuer.url, jwks_url=issuer.jwks_url),
        secrets=SecretsSettings(key=base64.b64encode(b"s" * 32).decode()),
        intake=IntakeSettings(accounts_refresh_seconds=0.2),
        polling=polling or PollingSettings(),
        health=health or HealthSettings(),
        open311=open311 or Open311Settings(),
        limits=limits or LimitSettings(),
        drain_seconds=2,
    )
    app = create_app(settings, clock)
    app.state.tokens = Tokens(settings.auth, fetch=_jwks_of(issuer))
    database = Database(settings.database.url.get_secret_value(), application_name="tests", pool_size=2)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://ingest.test") as http,
    ):
        yield Ingest(app, http, database, issuer, settings)
    await database.close()


def _jwks_of(issuer: Issuer) -> Any:
    async def fetch(_: str) -> dict[str, Any]:
        transport = httpx.ASGITransport(issuer.app())
        async with httpx.AsyncClient(transport=transport, base_url=issuer.url) as client:
            found: dict[str, Any] = (await client.get("/jwks.json")).json()
            return found

    return fetch
