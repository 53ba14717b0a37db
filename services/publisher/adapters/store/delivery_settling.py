"""Settling deliveries: what came of attempts, written together in one transaction with the log of them.

What must stay true: every change of a delivery filters on its lease, so that a process which slept through its lease
changes nothing; its attempt is logged all the same, once. How an endpoint does is kept with its subscription, which is
not written to while all goes well, and otherwise locked before its deliveries: whoever deletes or changes one does so
in the same order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.publisher.adapters import metrics
from services.publisher.adapters.store import endpoint_care
from services.publisher.callback_ports import Settled
from services.publisher.domain.subscriptions import Breaker, Outcome
from shared.database import EVERY_AGENCY, Database

MOST_EXCERPT_BYTES = 8 * 1024


async def settle(database: Database, batch: Sequence[Settled], breaker: Breaker) -> Sequence[bool]:
    """Write a batch down; for each whether the lease was still ours."""
    tried = [(one, one.outcome) for one in batch if one.outcome is not None]
    async with database.begin(EVERY_AGENCY) as connection:
        await connection.execute(_LOCK, _subscriptions(tried))
        kept = set((await connection.execute(_SETTLE, _columns(batch))).scalars())
        if tried:
            await connection.execute(_LOG, _attempts(tried))
            await _follow(connection, tried, breaker)
        await _change_subscriptions(connection, batch, kept)
    for _, outcome in tried:
        metrics.CALLBACK_ATTEMPTS.labels(outcome.name).inc()
    return [one.claim.delivery in kept for one in batch]


async def _change_subscriptions(connection: AsyncConnection, batch: Sequence[Settled], kept: set[str]) -> None:
    """Two outcomes change more than their delivery: an echo opens a subscription, 410 closes it."""
    for one in batch:
        if one.outcome is None or one.claim.delivery not in kept:
            continue
        endpoint = one.claim.endpoint
        if one.claim.kind == "verification" and one.outcome.is_success:
            await endpoint_care.verified(connection, endpoint.subscription, endpoint.version)
        elif one.settlement.state == "disabled":
            await endpoint_care.gone(connection, endpoint.subscription, endpoint.version, one.claim.delivery)


@dataclass(slots=True)
class _Health:
    """What a batch says of one endpoint: whether it ever succeeded, and the failures since."""

    succeeded: bool = False
    failures: int = 0
    first: datetime | None = None
    last: datetime | None = None

    def hear(self, outcome: Outcome, at: datetime) -> None:
        if outcome.is_success:
            self.succeeded, self.failures, self.first, self.last = True, 0, None, None
        else:
            self.failures, self.first, self.last = self.failures + 1, self.first or at, at


async def _follow(connection: AsyncConnection, tried: Sequence[tuple[Settled, Outcome]], breaker: Breaker) -> None:
    health: dict[str, _Health] = {}
    for one, outcome in sorted(tried, key=lambda each: each[0].ended_at):
        if one.claim.kind == "event":
            health.setdefault(one.claim.endpoint.subscription, _Health()).hear(outcome, one.ended_at)
    # The same order in every transaction, so that two of them cannot wait for each other.
    known = sorted(health.items())
    await connection.execute(
        _FOLLOW,
        {
            "ids": [subscription for subscription, _ in known],
            "succeeded": [one.succeeded for _, one in known],
            "failures": [one.failures for _, one in known],
            "firsts": [one.first for _, one in known],
            "lasts": [one.last for _, one in known],
            "from_troubles": breaker.from_troubles,
            "first_rest": breaker.first_seconds,
            "most_rest": breaker.most_seconds,
        },
    )


def excerpt(body: bytes) -> str | None:
    """The beginning of an answer as it may be kept: at most 8 KiB of UTF-8, without what Postgres cannot hold."""
    if not body:
        return None
    said = body[:MOST_EXCERPT_BYTES].decode("utf-8", "replace").replace("\x00", "\ufffd")
    return said.encode()[:MOST_EXCERPT_BYTES].decode("utf-8", "ignore")


def _subscriptions(tried: Sequence[tuple[Settled, Outcome]]) -> dict[str, list[str]]:
    """Those that were tried, and which of them are changed by it however they did before."""
    changed = {
        one.claim.endpoint.subscription
        for one, outcome in tried
        if not outcome.is_success or one.claim.kind == "verification"
    }
    return {"tried": sorted({one.claim.endpoint.subscription for one, _ in tried}), "changed": sorted(changed)}


def _columns(batch: Sequence[Settled]) -> dict[str, list[Any]]:
    return {
        "ids": [one.claim.delivery for one in batch],
        "tokens": [one.claim.lease for one in batch],
        "states": [one.settlement.state for one in batch],
        "failures": [one.settlement.failures for one in batch],
        "due_in": [None if one.settlement.due_in is None else one.settlement.due_in.total_seconds() for one in batch],
    }


def _attempts(tried: Sequence[tuple[Settled, Outcome]]) -> dict[str, list[Any]]:
    return {
        "ids": [one.claim.delivery for one, _ in tried],
        "tokens": [one.claim.lease for one, _ in tried],
        "agencies": [one.claim.agency for one, _ in tried],
        "started": [one.started_at for one, _ in tried],
        "ended": [one.ended_at for one, _ in tried],
        "outcomes": [outcome.name for _, outcome in tried],
        "statuses": [outcome.status for _, outcome in tried],
        "excerpts": [excerpt(outcome.excerpt) for _, outcome in tried],
    }


_LOCK = text("""
    SELECT id FROM subscription
    WHERE id = ANY (CAST(:tried AS text[])) AND (failing_since IS NOT NULL OR id = ANY (CAST(:changed AS text[])))
    ORDER BY id FOR NO KEY UPDATE
""")
_SETTLE = text("""
    UPDATE delivery AS d SET
        state = s.state,
        failures = s.failures,
        lease_token = NULL,
        due_at = statement_timestamp() + make_interval(secs => s.due_in),
        settled_at = statement_timestamp()
    FROM unnest(
        CAST(:ids AS text[]), CAST(:tokens AS uuid[]), CAST(:states AS text[]), CAST(:failures AS int[]),
        CAST(:due_in AS float[])) AS s (id, token, state, failures, due_in)
    WHERE d.id = s.id AND d.lease_token = s.token
    RETURNING d.id
""")
_LOG = text("""
    INSERT INTO delivery_attempt (delivery, lease, agency, started_at, ended_at, outcome, status, excerpt)
    SELECT * FROM unnest(
        CAST(:ids AS text[]), CAST(:tokens AS uuid[]), CAST(:agencies AS text[]), CAST(:started AS timestamptz[]),
        CAST(:ended AS timestamptz[]), CAST(:outcomes AS text[]), CAST(:statuses AS int[]), CAST(:excerpts AS text[]))
    ON CONFLICT (delivery, lease) DO UPDATE SET
        ended_at = excluded.ended_at, outcome = excluded.outcome, status = excluded.status, excerpt = excluded.excerpt
""")
_FOLLOW = text("""
    UPDATE subscription AS s SET
        troubles = now.troubles,
        failures = now.failures,
        failing_since = CASE WHEN h.succeeded THEN h.first ELSE coalesce(s.failing_since, h.first) END,
        last_failed_at = h.last,
        warned = CASE WHEN h.succeeded THEN 0 ELSE s.warned END,
        resting_until = CASE WHEN now.troubles >= :from_troubles THEN statement_timestamp() + make_interval(
            secs => least(:first_rest * power(2, least(now.troubles - :from_troubles, 30)), :most_rest)) END
    FROM unnest(
        CAST(:ids AS text[]), CAST(:succeeded AS boolean[]), CAST(:failures AS int[]), CAST(:firsts AS timestamptz[]),
        CAST(:lasts AS timestamptz[])) AS h (id, succeeded, failures, first, last)
    JOIN subscription AS before ON before.id = h.id
    CROSS JOIN LATERAL (SELECT
        CASE WHEN h.succeeded THEN 0 ELSE before.troubles END + h.failures AS troubles,
        CASE WHEN h.succeeded THEN 0 ELSE before.failures END + h.failures AS failures
    ) AS now
    WHERE s.id = h.id AND (h.failures > 0 OR before.failing_since IS NOT NULL)
""")
