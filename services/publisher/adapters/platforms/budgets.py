"""How long an account had better rest, by what an answer says of its budget.

Sources: Meta, "Graph API: Rate limits" (``X-App-Usage``, ``X-Business-Use-Case-Usage``: percent, and minutes until
access is regained); X, "Rate limits" (``x-rate-limit-*``, Unix seconds); Mastodon, "Rate limits"
(``X-RateLimit-*``, ISO 8601); IETF draft-polli-ratelimit-headers (``RateLimit-*``, seconds from now), which Bluesky
writes with Unix seconds.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from services.publisher.adapters.platforms import times

NEARLY_SPENT = 95
"""Percent of Meta's budget from which on an account rests."""
BREATHER_SECONDS = 60.0
"""How long: Meta's budgets roll on and say no moment at which they are free again."""

_FAMILIES = ("x-ratelimit", "x-rate-limit", "ratelimit")
_LEFT_OF = 50
"""An account rests when no more than one in so many calls is left."""
_EARLIEST_UNIX_SECONDS = 1_000_000_000
"""A smaller number is a span, not a moment."""


def rest_of_rate_limit(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds until the budget is whole again, if it is (nearly) spent by ``…-limit``, ``-remaining``, ``-reset``."""
    for family in _FAMILIES:
        remaining = _number(headers.get(f"{family}-remaining"))
        if remaining is None:
            continue
        limit = _number(headers.get(f"{family}-limit")) or 0
        return _until(headers.get(f"{family}-reset"), now) if remaining * _LEFT_OF <= limit or remaining < 1 else None
    return None


def rest_of_meta(headers: Mapping[str, str]) -> float | None:
    """Seconds to rest by Meta's two usage headers, None while there is enough left."""
    regain = regain_of_meta(headers)
    if regain is not None:
        return regain
    spent = max((_share(usage) for usage in _usages(headers)), default=0)
    return BREATHER_SECONDS if spent >= NEARLY_SPENT else None


def regain_of_meta(headers: Mapping[str, str]) -> float | None:
    """Seconds until a throttled account regains access: the longest of ``X-Business-Use-Case-Usage``."""
    told = (usage.get("estimated_time_to_regain_access") for usage in _usages(headers))
    minutes = [wait for wait in told if isinstance(wait, int | float) and wait > 0]
    return max(minutes) * 60.0 if minutes else None


def _usages(headers: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    yield _object(headers.get("x-app-usage"))
    for of_business in _object(headers.get("x-business-use-case-usage")).values():
        if isinstance(of_business, list):
            yield from (usage for usage in of_business if isinstance(usage, dict))


def _share(usage: Mapping[str, Any]) -> float:
    told = (usage.get(name) for name in ("call_count", "total_cputime", "total_time"))
    return max((share for share in told if isinstance(share, int | float)), default=0)


def _object(said: str | None) -> Mapping[str, Any]:
    try:
        value = json.loads(said or "{}")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _until(reset: str | None, now: datetime) -> float | None:
    number = _number(reset)
    if number is None:
        moment = times.iso(reset)
    elif number >= _EARLIEST_UNIX_SECONDS:
        moment = datetime.fromtimestamp(number, UTC)
    else:
        return max(number, 0.0)
    return None if moment is None else max((moment - now).total_seconds(), 0.0)


def _number(said: str | None) -> float | None:
    # The IETF form may carry the limit's windows behind it: ``100, 100;w=60``.
    digits = (said or "").partition(",")[0].partition(";")[0].strip()
    return float(digits) if digits.isascii() and digits.isdigit() and len(digits) < 12 else None
