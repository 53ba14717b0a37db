"""Asking a platform's API, and what its answers mean for whoever reads an account there.

Nothing above this file knows HTTP statuses. What must stay true:

- An answer is a value. Only ``Found`` lets reading go on; nothing that fails raises anything.
- A token or a right that is not accepted is ``Refused``, whatever the status that says so: a 4xx that nobody has
  foreseen is a refusal, never "nothing new".
- Platforms tell in different ways when to come back: ``Retry-After`` in seconds or as a date (RFC 9110); a reset as
  ISO 8601 (Mastodon, "Rate limits"), in seconds since 1970 (X, "Rate limits"; Bluesky, "Rate Limits") or from now.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Literal

import httpx

from services.ingest.adapters import http as way_out
from services.ingest.domain.refusals import Unreadable
from services.ingest.platforms.json_body import parse_json, timestamp, unix_seconds
from shared.clock import Clock

LEAST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 3600.0
PAUSE_SECONDS = 60.0
"""The pause where a throttled answer does not say how long."""


@dataclass(frozen=True, slots=True)
class Found:
    """An answer: its JSON value, and its bytes as they came."""

    value: object
    body: bytes


@dataclass(frozen=True, slots=True)
class Gone:
    """There is no such thing, or it may not be seen any more."""


@dataclass(frozen=True, slots=True)
class Throttled:
    """Too many requests: ask again after ``seconds``."""

    seconds: float


Reason = Literal[
    "token_invalid", "token_expired", "forbidden", "payment_required", "account_gone", "request_refused", "unreachable"
]
"""Why an account cannot be read, for machines."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The token or a right is not accepted. ``reason`` becomes the account's trouble."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Unavailable:
    """No answer that means anything. ``reason`` is for machines."""

    reason: str


Answer = Found | Gone | Throttled | Refused | Unavailable

Meaning = Callable[[httpx.Response, datetime], Answer]
"""What a whole response means at a given moment."""

_REFUSALS: Final[Mapping[int, Reason]] = {
    401: "token_invalid",
    402: "payment_required",
    403: "forbidden",
    410: "account_gone",
}
_PASSING = frozenset({408, 425})
_RESETS = ("x-ratelimit-reset", "x-rate-limit-reset", "ratelimit-reset")
_YEAR_2001 = 1_000_000_000
"""A reset below this is a number of seconds from now, not a moment."""


def meaning(response: httpx.Response, now: datetime) -> Answer:
    """What a response means where a platform adds nothing of its own."""
    status = response.status_code
    if status == 200:
        return read_json(response)
    if status == 404:
        return Gone()
    if status == 429:
        return Throttled(pause(response.headers, now))
    if 400 <= status < 500 and status not in _PASSING:
        return Refused(_REFUSALS.get(status, "request_refused"))
    return Unavailable(f"status_{status}")


def read_json(response: httpx.Response) -> Answer:
    """The JSON of a response whose status is good; a page for people is no answer."""
    try:
        return Found(parse_json(response.content), response.content)
    except Unreadable:
        return Unavailable("unreadable")


def pause(headers: httpx.Headers, now: datetime) -> float:
    """Seconds until the next request is welcome, as far as the header fields of a throttled answer tell."""
    told = _retry_after(headers.get("retry-after", "").strip(), now)
    for name in _RESETS:
        if told is None:
            told = _reset(headers.get(name, "").strip(), now)
    return min(max(PAUSE_SECONDS if told is None else told, LEAST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)


def _retry_after(value: str, now: datetime) -> float | None:
    if value.isascii() and value.isdecimal():
        return float(value[:12])
    try:
        moment = parsedate_to_datetime(value)
        # RFC 9110 dates are GMT; "-0000" is read without a zone.
        return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds()
    except (ValueError, OverflowError):
        return None


def _reset(value: str, now: datetime) -> float | None:
    if value.isascii() and value.isdecimal():
        number = int(value[:18])
        moment = unix_seconds(number) if number > _YEAR_2001 else None
        return (moment - now).total_seconds() if moment else float(number)
    moment = timestamp(value)
    return (moment - now).total_seconds() if moment else None


class Asker:
    """Sends GET requests and says what came back."""

    def __init__(self, http: httpx.AsyncClient, clock: Clock, understand: Meaning = meaning) -> None:
        self._http = http
        self._clock = clock
        self._understand = understand

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str | list[str]] | None = None,
    ) -> Answer:
        """The answer to ``GET url``; ``headers`` carry the proof of who asks."""
        try:
            response = await way_out.get(self._http, url, headers=headers or {}, params=params)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return Unavailable(type(error).__name__)
        return self._understand(response, self._clock())


def bearer(token: str) -> dict[str, str]:
    """The header field of a bearer token (RFC 6750)."""
    return {"Authorization": f"Bearer {token}"}
