"""How much one client may ask of this process: a bucket that drains as it asks and fills again with time.

A bucket is one number, the moment at which it will be full again (the generic cell rate algorithm), so that nothing has
to be counted while nobody asks. Buckets that are full are forgotten, so memory is bounded by those who ask just now.

The rule stands behind authentication (``shared.auth``): a client is whoever a token names, nobody can spend another's
budget, and what needs no token (probes, webhooks, public reads) is never throttled. Every process counts by itself.

What a client is told, on every answer (draft-ietf-httpapi-ratelimit-headers-10, with the three fields of its earlier
revisions for older clients): ``RateLimit-Policy: "client";q=300;w=3`` and ``RateLimit: "client";r=299;t=1``, where
``t`` is when more can be had, and ``RateLimit-Reset`` when all of it.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from starlette.types import Scope

from shared.problems import Problem

POLICY = "client"
MOST_BUCKETS = 10_000
_SCOPE_KEY = "parley.rate_limit"
_EPSILON = 1e-9


@dataclass(frozen=True, slots=True)
class Quota:
    """``burst`` requests at once, and ``per_second`` of them again with every second."""

    per_second: float
    burst: int

    def spend(self, full_at: float, cost: float, now: float) -> "Standing":
        """A bucket after ``cost`` was asked of it; it stays as it was where it has not so much."""
        room = self.burst / self.per_second
        after = max(full_at, now) + cost / self.per_second
        missing = after - now - room
        if missing > _EPSILON:
            return Standing(self, max(full_at, now), now, missing)
        return Standing(self, after, now)


@dataclass(frozen=True, slots=True)
class Standing:
    """A bucket at ``now``: when it will be full, and how long to wait for what was asked (0 where it was had)."""

    quota: Quota
    full_at: float
    now: float
    wait_seconds: float = 0.0

    @property
    def full_in_seconds(self) -> float:
        return max(self.full_at - self.now, 0.0)

    @property
    def remaining(self) -> float:
        """How many requests may follow at once."""
        return max(self.quota.burst - self.full_in_seconds * self.quota.per_second, 0.0)

    @property
    def more_in_seconds(self) -> float:
        """When there is one more whole request than now; 0 where there is no more to be had."""
        if self.wait_seconds:
            return self.wait_seconds
        lacking = math.floor(self.remaining + _EPSILON) + 1 - self.remaining
        return min(lacking / self.quota.per_second, self.full_in_seconds)

    def fields(self) -> list[tuple[bytes, bytes]]:
        """The header fields that tell of it."""
        quota, remaining = self.quota, math.floor(self.remaining + _EPSILON)
        window = max(math.ceil(quota.burst / quota.per_second), 1)
        said = {
            "ratelimit-policy": f'"{POLICY}";q={quota.burst};w={window}',
            "ratelimit": f'"{POLICY}";r={remaining};t={math.ceil(self.more_in_seconds)}',
            "ratelimit-limit": str(quota.burst),
            "ratelimit-remaining": str(remaining),
            "ratelimit-reset": str(math.ceil(self.full_in_seconds)),
        }
        return [(name.encode(), value.encode()) for name, value in said.items()]


class RateLimits:
    """The buckets of every client that asks just now, at most ``most`` of them."""

    def __init__(
        self, quota: Quota, *, most: int = MOST_BUCKETS, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._quota = quota
        self._most = most
        self._monotonic = monotonic
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at)

    def spend(self, client: str, cost: float) -> Standing:
        """Take ``cost`` from a client's bucket, if it has so much."""
        now = self._monotonic()
        standing = self._quota.spend(self._full_at.get(client, now), cost, now)
        self._full_at[client] = standing.full_at
        self._full_at.move_to_end(client)
        self._forget(now)
        return standing

    def _forget(self, now: float) -> None:
        """Let go of buckets that are full, and of who asked longest ago where there are too many: one that is not
        full yet then is, in favour of its client."""
        while self._full_at:
            client, full_at = next(iter(self._full_at.items()))
            if full_at > now and len(self._full_at) <= self._most:
                return
            del self._full_at[client]


def charge(request: Request, client: str, cost: float = 1.0) -> None:
    """Take ``cost`` requests from a client's bucket, where this service limits. Raises ``Problem`` 429."""
    limits: RateLimits | None = getattr(request.app.state, "limits", None)
    if limits is None or cost <= 0:
        return
    standing = limits.spend(client, cost)
    request.scope[_SCOPE_KEY] = standing
    if standing.wait_seconds:
        violated: dict[str, Any] = {"violated-policies": [POLICY]}
        raise Problem(
            429,
            detail="This client asks more than its quota allows. The RateLimit fields tell how much is left.",
            headers={"Retry-After": str(math.ceil(standing.wait_seconds))},
            **violated,
        )


def fields_for(scope: Scope) -> list[tuple[bytes, bytes]]:
    """What the answer to a request tells of its client's bucket; nothing where none was charged."""
    standing: Standing | None = scope.get(_SCOPE_KEY)
    return standing.fields() if standing is not None else []
