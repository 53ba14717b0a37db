"""A local OIDC issuer: it publishes its key and signs the tokens that ``parley.json`` hands out.

It stands in for an agency's identity provider, and does what Parley asks of one: a discovery document, a JWKS, and
access tokens (RFC 9068) with ``sub``, ``scope`` and ``agencies``. Nobody logs in here.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Iterator, Sequence

import uvicorn
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey

AUDIENCE = "parley"
TOKEN_SECONDS = 24 * 3600


class Issuer:
    """Signs tokens with one key."""

    def __init__(self, url: str, private_key: str) -> None:
        self.url = url
        self.jwks_url = f"{url}/jwks.json"
        self._key = ECKey.import_key(json.loads(private_key))

    def token(self, subject: str, scope: str, agencies: Sequence[str] | str, *, seconds: int = TOKEN_SECONDS) -> str:
        """An access token; ``agencies`` is a list of names, or ``"*"`` for all."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": subject,
            "scope": scope,
            "agencies": agencies if isinstance(agencies, str) else list(agencies),
            "iat": now,
            "exp": now + seconds,
        }
        return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": self._key.kid}, claims, self._key)

    def app(self) -> FastAPI:
        """The two documents that a service looks for."""
        app = FastAPI(title="Local issuer", openapi_url=None)

        @app.get("/.well-known/openid-configuration")
        async def configuration() -> dict[str, object]:
            return {
                "issuer": self.url,
                "jwks_uri": self.jwks_url,
                "id_token_signing_alg_values_supported": ["ES256"],
                "response_types_supported": ["none"],
                "subject_types_supported": ["public"],
            }

        @app.get("/jwks.json")
        async def jwks() -> dict[str, object]:
            return {"keys": [{**self._key.as_dict(private=False), "use": "sig", "alg": "ES256"}]}

        return app

    async def serve(self, host: str, port: int) -> None:
        """Answer until cancelled."""
        server = _Quiet(uvicorn.Config(self.app(), host=host, port=port, log_level="critical", lifespan="off"))
        serving = asyncio.ensure_future(server.serve())
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            server.should_exit = True
            await serving


class _Quiet(uvicorn.Server):
    """A server inside another program: signals are that program's business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
