"""Asking Meta's Graph API.

Source: Meta, "Graph API: Error handling" and "Graph API: Rate limits". Errors are told by ``code`` and
``error_subcode`` in the body, whatever the status; a limit says in minutes when calls are welcome again, and calling
on meanwhile makes that longer.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from services.ingest.adapters.polling import answers
from services.ingest.adapters.polling.answers import Answer, Asker, Gone, Refused, Throttled, Unavailable, bearer
from services.ingest.adapters.polling.feed import Outside, Span
from services.ingest.adapters.polling.walk import Walk
from services.ingest.domain.accounts import Account
from services.ingest.domain.refusals import Unreadable
from services.ingest.platforms.json_body import parse_json

VERSION: Final = "v25.0"

_THROTTLED: Final = frozenset({4, 17, 32, 341, 613, *range(80001, 80015)})
_DEAD: Final = frozenset({102, 190})
_EXPIRED: Final = (190, 463)
_NOT_PERMITTED: Final = frozenset({3, 10, *range(200, 300)})
_PASSING: Final = frozenset({1, 2})
_GONE: Final = (100, 33)
_PAUSE_SECONDS: Final = 300.0
OVERLAP_SECONDS: Final = 300
"""What is written shows a little late."""


class Graph:
    """Asks for one account at a time."""

    def __init__(self, outside: Outside, host: str) -> None:
        self._asker = Asker(outside.http, outside.clock, meaning)
        self._host = host

    async def get(self, account: Account, path: str, token: str, **params: str) -> Answer:
        """The answer to ``GET /<path>`` with those of ``params`` that say something."""
        url = f"{account.base_url or self._host}/{VERSION}/{path}"
        said = {name: value for name, value in params.items() if value}
        # In a header, never in the address, which ends up in logs.
        return await self._asker.get(url, headers=bearer(token), params=said)


def floor_of(walk: Walk, span: Span) -> datetime:
    """From when on a walk whose marks are seconds reads: a little before its mark."""
    begin = walk.mark if walk.mark is not None else int(span.since.timestamp())
    return datetime.fromtimestamp(begin - OVERLAP_SECONDS, UTC)


def meaning(response: httpx.Response, now: datetime) -> Answer:
    """What a response of the Graph API means."""
    error = _error(response)
    code, subcode = (_number(error.get(name)) for name in ("code", "error_subcode"))
    if code in _THROTTLED:
        return Throttled(_pause(response.headers))
    if code in _DEAD:
        return Refused("token_expired" if (code, subcode) == _EXPIRED else "token_invalid")
    if code in _NOT_PERMITTED:
        return Refused("forbidden")
    if (code, subcode) == _GONE:
        return Gone()
    if code in _PASSING or error.get("is_transient") is True:
        return Unavailable(f"code_{code}")
    return answers.meaning(response, now)


def _error(response: httpx.Response) -> Mapping[str, Any]:
    if response.status_code == 200:
        return {}
    try:
        body = parse_json(response.content)
    except Unreadable:
        return {}
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _pause(headers: httpx.Headers) -> float:
    """Seconds until calls are welcome again: the longest of what ``X-Business-Use-Case-Usage`` tells."""
    try:
        usage = parse_json(headers.get("x-business-use-case-usage", "{}").encode())
    except Unreadable:
        usage = {}
    told = max(_minutes(usage), default=0) * 60.0
    return min(max(told, _PAUSE_SECONDS), answers.LONGEST_PAUSE_SECONDS)


def _minutes(usage: object) -> Iterator[float]:
    businesses = usage.values() if isinstance(usage, dict) else ()
    for uses in businesses:
        for use in uses if isinstance(uses, list) else ():
            minutes = use.get("estimated_time_to_regain_access") if isinstance(use, dict) else None
            if isinstance(minutes, int | float):
                yield minutes
