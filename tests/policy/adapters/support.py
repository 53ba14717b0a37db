"""Policy as a client meets it: the real application on a real database, with tokens of an issuer of our own."""

import itertools
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import text

from services.policy.adapters.consumers import handler
from services.policy.adapters.policy_files import Deployment
from services.policy.adapters.store.policies import PolicyShelf
from services.policy.main import create_app
from services.policy.settings import Settings
from shared.auth import Tokens
from shared.clock import Clock
from shared.cloudevents import Received
from shared.database import EVERY_AGENCY, Database
from shared.events import Event
from shared.ids import uuid7
from tests.policy.builders import NOW, SAMPLES
from tests.policy.builders import deployment as sample_deployment
from tests.support.postgres import fresh_service_database

ISSUER = "https://issuer.test"
OFFICER_SCOPES = "cases:read cases:write"
_KEY = ECKey.generate_key("P-256", {"kid": "test"})
_keys = itertools.count(1)


def token(subject: str, *agencies: str, scopes: str = OFFICER_SCOPES) -> str:
    """A bearer token; without agencies, for every agency."""
    claims = {
        "iss": ISSUER,
        "aud": "parley",
        "sub": subject,
        "exp": int(time.time()) + 600,
        "scope": scopes,
        "agencies": list(agencies) or "*",
    }
    return jwt.encode({"alg": "ES256", "kid": "test"}, claims, _KEY)


async def _jwks(_: str) -> dict[str, Any]:
    return {"keys": [_KEY.as_dict(private=False)]}


class Policy:
    """The service: events go in by ``receive``, officers act over HTTP."""

    def __init__(self, app: FastAPI, database: Database, client: httpx.AsyncClient, policies: PolicyShelf) -> None:
        self.app, self.database, self.client, self.policies = app, database, client, policies

    async def receive(self, *events: Event, moment: Any = NOW) -> None:
        """Handle events as one batch, in one transaction, as the consumer does."""
        handle = handler(self.policies, lambda: moment)
        async with self.database.begin(EVERY_AGENCY) as connection:
            await handle(connection, [Received(event, uuid7(), None) for event in events])

    async def get(self, path: str, who: str = "passports-desk", *agencies: str, **more: Any) -> httpx.Response:
        return await self.client.get(path, headers=_headers(who, agencies), **more)

    async def post(
        self, path: str, body: Any, who: str, *agencies: str, key: str | None = None, **more: Any
    ) -> httpx.Response:
        """POST with a fresh ``Idempotency-Key`` unless one is given."""
        headers = {**_headers(who, agencies), "Idempotency-Key": key or f"key-{next(_keys)}"}
        return await self.client.post(path, json=body, headers=headers, **more)

    async def put(self, path: str, body: Any, who: str, if_match: str | None = None) -> httpx.Response:
        """PUT, with that precondition if one is given."""
        precondition = {} if if_match is None else {"If-Match": if_match}
        return await self.client.put(path, json=body, headers={**_headers(who, ()), **precondition})

    async def rows(self, statement: str) -> Sequence[Any]:
        """What a superintendent would see in the database."""
        async with self.database.begin(EVERY_AGENCY) as connection:
            return (await connection.execute(text(statement))).all()


def _headers(who: str, agencies: tuple[str, ...]) -> dict[str, str]:
    agency = {"governor": "central-bank", "bank": "central-bank", "water": "water-board"}.get(who.split("-")[0])
    return {"Authorization": f"Bearer {token(who, *(agencies or (agency or 'passports',)))}"}


@asynccontextmanager
async def running_policy(
    clock: Clock = lambda: NOW, deployment: Deployment | None = None, drain_seconds: float = 1
) -> AsyncIterator[Policy]:
    """A fresh database, and the service on it with the sample agencies or those of ``deployment``; no broker answers,
    and nothing here needs one. What ends with the service has ``drain_seconds`` to do so."""
    deployment = deployment or sample_deployment()
    urls = await fresh_service_database("policy")
    settings = Settings.model_validate(
        {
            "database": {"url": urls.working},
            "kafka": {"bootstrap": "127.0.0.1:1"},
            "auth": {"issuer": ISSUER, "jwks_url": f"{ISSUER}/jwks"},
            "policies": {"path": SAMPLES},
            "drain_seconds": drain_seconds,
            # Tests that are about time look for themselves; the database's clock is not theirs.
            "timekeeping": {"look_seconds": 3600},
        }
    )
    app = create_app(settings, clock, deployment)
    app.state.tokens = Tokens(settings.auth, _jwks)
    database = Database(urls.working, application_name="test", pool_size=4)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://policy.test") as client,
    ):
        yield Policy(app, database, client, deployment.shelf())
    await database.close()
