"""The part of Mastodon's client API that reading mentions needs, and what its answers mean.

Source: Mastodon documentation, "notifications", "statuses" and "rate limits". Nothing above this file knows HTTP.
"""

from dataclasses import dataclass
from datetime import datetime

import httpx

from services.ingest.adapters import http as way_out
from services.ingest.domain.accounts import Account
from services.ingest.domain.refusals import Unreadable
from services.ingest.platforms.json_body import parse_json, timestamp
from services.ingest.platforms.mastodon import PAGE_LIMIT
from shared.clock import Clock

LEAST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 900.0
PAUSE_SECONDS = 60.0
"""The pause where a throttled answer does not say how long."""


@dataclass(frozen=True, slots=True)
class Found:
    """An answer: its JSON value, and its bytes as they came."""

    value: object
    body: bytes


@dataclass(frozen=True, slots=True)
class Gone:
    """There is no such status, or it may not be seen any more."""


@dataclass(frozen=True, slots=True)
class Throttled:
    """Too many requests: ask again after ``seconds``."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Refused:
    """The token is not accepted. ``reason`` is for machines."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unavailable:
    """No answer that means anything."""

    reason: str


Answer = Found | Gone | Throttled | Refused | Unavailable

_REFUSALS = {401: "token_invalid", 403: "forbidden", 410: "account_gone"}


class MastodonClient:
    """Asks the servers that accounts live on."""

    def __init__(self, http: httpx.AsyncClient, clock: Clock) -> None:
        self._http = http
        self._clock = clock

    async def notifications(self, account: Account, after: str | None) -> Answer:
        """The next page of mentions and edits after a notification id, or from the beginning."""
        params: dict[str, str | list[str]] = {
            "types[]": ["mention", "update"],
            "limit": str(PAGE_LIMIT),
            # min_id pages forward without gaps; since_id would give the newest and skip.
            "min_id": after or "0",
        }
        return await self._get(account, "/api/v1/notifications", params)

    async def status(self, account: Account, status: str) -> Answer:
        """One status as it reads now."""
        return await self._get(account, f"/api/v1/statuses/{status}")

    async def context(self, account: Account, status: str) -> Answer:
        """The ancestors and descendants of a status."""
        return await self._get(account, f"/api/v1/statuses/{status}/context")

    async def _get(self, account: Account, path: str, params: dict[str, str | list[str]] | None = None) -> Answer:
        token = account.every("token")[0]
        try:
            answer = await way_out.get(self._http, f"{account.base_url}{path}", token=token, params=params)
        except (httpx.HTTPError, OSError) as error:
            return Unavailable(type(error).__name__)
        return self._meaning(answer)

    def _meaning(self, answer: httpx.Response) -> Answer:
        if answer.status_code == 200:
            try:
                return Found(parse_json(answer.content), answer.content)
            except Unreadable:
                return Unavailable("unreadable")
        if answer.status_code == 404:
            return Gone()
        if answer.status_code == 429:
            return Throttled(_pause(answer.headers, self._clock()))
        if answer.status_code in _REFUSALS:
            return Refused(_REFUSALS[answer.status_code])
        return Unavailable(f"status_{answer.status_code}")


def _pause(headers: httpx.Headers, now: datetime) -> float:
    """Seconds until the next request is welcome: ``Retry-After``, or ``X-RateLimit-Reset`` (ISO 8601)."""
    seconds = PAUSE_SECONDS
    after, reset = headers.get("retry-after", ""), timestamp(headers.get("x-ratelimit-reset"))
    if after.isascii() and after.isdecimal():
        seconds = float(after)
    elif reset is not None:
        seconds = (reset - now).total_seconds()
    return min(max(seconds, LEAST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)
