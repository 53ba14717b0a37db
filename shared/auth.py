"""Who calls, and what they may do: bearer JWTs (RFC 9068) checked against the issuer's keys.

Every route carries exactly one rule: ``requires(scope)``, ``public(why)``, ``signed_by_platform`` or
``opened_by_api_key``. A test walks all routes and fails on one without.

Claims that matter: ``sub``; ``scope``, words separated by spaces; ``agencies``, a list of names or ``"*"``.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
from fastapi import Depends, Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from shared import rate_limit
from shared.database import EVERY_AGENCY, Scope
from shared.problems import Problem
from shared.settings import AuthSettings

ALGORITHMS = ["ES256", "RS256", "PS256"]
REMEMBER_SECONDS = 60.0
MOST_REMEMBERED = 10_000
REFRESH_SECONDS = 60.0
LEEWAY_SECONDS = 30

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


@dataclass(frozen=True)
class Caller:
    """An authenticated client or officer. ``agencies`` is None for one who may see every agency."""

    subject: str
    agencies: frozenset[str] | None
    scopes: frozenset[str]

    def may_see(self, agency: str) -> bool:
        return self.agencies is None or agency in self.agencies

    def those_asked_for(self, agency: str | None) -> list[str] | None:
        """The agencies of a list that may be limited to one; None for every agency."""
        if agency is not None:
            return [agency] if self.may_see(agency) else []
        return None if self.agencies is None else sorted(self.agencies)

    @property
    def scope(self) -> Scope:
        """The rows that this caller's transactions may see."""
        return EVERY_AGENCY if self.agencies is None else sorted(self.agencies)


class Tokens:
    """Checks tokens, and remembers for a minute which ones were good.

    Keys are fetched when a token names one that is not known, at most once a minute.
    """

    def __init__(self, settings: AuthSettings, fetch: Callable[[str], Awaitable[dict[str, Any]]] | None = None) -> None:
        self._settings = settings
        self._fetch = fetch or _fetch_json
        self._keys: KeySet | None = None
        self._fetched_at = float("-inf")
        self._fetching = asyncio.Lock()
        self._known: dict[str, tuple[float, Caller]] = {}
        self._claims = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": settings.issuer},
            aud={"essential": True, "value": settings.audience},
            exp={"essential": True},
            sub={"essential": True},
        )

    async def caller(self, token: str) -> Caller:
        """Whose token it is. Raises ``Problem`` 401, or 503 while the issuer's keys cannot be had."""
        known = self._known.get(token)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        claims = await self._verified(token)
        caller = Caller(
            subject=str(claims["sub"]),
            agencies=_agencies(claims.get("agencies", [])),
            scopes=frozenset(str(claims.get("scope", "")).split()),
        )
        self._remember(token, caller, float(claims["exp"]))
        return caller

    async def _verified(self, token: str) -> dict[str, Any]:
        for fresh in (False, True):
            keys = await self._key_set(fresh)
            try:
                decoded = jwt.decode(token, keys, algorithms=ALGORITHMS)
                self._claims.validate(decoded.claims)
                return decoded.claims
            except (JoseError, ValueError) as error:
                if fresh or not _names_an_unknown_key(error):
                    break
        raise _unauthenticated("The token is not valid, not for this service, or expired.")

    async def _key_set(self, fresh: bool) -> KeySet:
        async with self._fetching:
            if self._keys is None or (fresh and time.monotonic() - self._fetched_at > REFRESH_SECONDS):
                try:
                    self._keys = KeySet.import_key_set(await self._fetch(self._settings.jwks_url))  # type: ignore[arg-type]
                    self._fetched_at = time.monotonic()
                except (httpx.HTTPError, ValueError, JoseError, OSError) as error:
                    if self._keys is None:
                        raise Problem(
                            503, detail="The issuer's keys cannot be had.", headers={"Retry-After": "2"}
                        ) from error
            return self._keys

    def _remember(self, token: str, caller: Caller, expires_at: float) -> None:
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        left = expires_at - time.time()
        self._known[token] = (time.monotonic() + min(left, REMEMBER_SECONDS), caller)


def requires(*scopes: str) -> Any:
    """The rule of a route: a bearer token with one of these scopes, and room in its client's quota where the service
    has one.

    Gives the route its ``Caller``.
    """

    async def caller_with_scope(request: Request) -> Caller:
        caller = await _caller(request)
        rate_limit.charge(request, caller.subject)
        if caller.scopes.isdisjoint(scopes):
            raise Problem(
                403,
                "insufficient-scope",
                "The token does not allow this",
                detail=f"A token with the scope {' or '.join(scopes)} is needed.",
                headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{" ".join(scopes)}"'},
            )
        return caller

    caller_with_scope.rule = f"scope {' or '.join(scopes)}"  # type: ignore[attr-defined]
    return Depends(caller_with_scope)


def public(why: str) -> Callable[[Endpoint], Endpoint]:
    """The rule of a route that anyone may call, with the reason."""

    def mark(endpoint: Endpoint) -> Endpoint:
        endpoint.rule = f"public: {why}"  # type: ignore[attr-defined]
        return endpoint

    return mark


def signed_by_platform(endpoint: Endpoint) -> Endpoint:
    """The rule of a webhook: the platform's signature over the raw body, checked by the endpoint itself."""
    endpoint.rule = "signed by platform"  # type: ignore[attr-defined]
    return endpoint


def opened_by_api_key(endpoint: Endpoint) -> Endpoint:
    """The rule of a route whose callers send an account's key within the body, checked by the endpoint itself."""
    endpoint.rule = "api_key"  # type: ignore[attr-defined]
    return endpoint


async def _caller(request: Request) -> Caller:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise _unauthenticated("Send a bearer token in the Authorization header.")
    tokens: Tokens = request.app.state.tokens
    return await tokens.caller(token.strip())


def _agencies(claim: object) -> frozenset[str] | None:
    if claim == EVERY_AGENCY:
        return None
    if not isinstance(claim, list) or any(not isinstance(name, str) or name == EVERY_AGENCY for name in claim):
        raise _unauthenticated('The claim `agencies` must be a list of names or "*".')
    return frozenset(claim)


def _unauthenticated(detail: str) -> Problem:
    return Problem(401, detail=detail, headers={"WWW-Authenticate": "Bearer"})


def _names_an_unknown_key(error: Exception) -> bool:
    return "key" in str(error).lower() or isinstance(error, ValueError)


async def _fetch_json(url: str) -> dict[str, Any]:
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        answer = await client.get(url)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found
