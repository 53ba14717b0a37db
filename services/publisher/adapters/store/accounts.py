"""What settlements mean for their accounts: a pause, degraded, restored.

What must stay true: an account is announced as degraded once, however many publications meet its dead credentials,
and as restored once. A pause that was earned with old credentials does not bind new ones. On the hot path, where all
is well, nothing here touches the database.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.publisher.adapters.store.duties import ACTOR
from services.publisher.ports import AccountKey, Settled
from shared import outbox
from shared.audit import Entry
from shared.events import AccountDegraded, AccountRestored

CREDENTIALS_DEAD = "credentials_dead"


async def follow(connection: AsyncConnection, settled: Sequence[Settled]) -> list[Entry]:
    """Draw the consequences of ``settled`` for the accounts; what the audit trail shall say about it."""
    paused: dict[AccountKey, Settled] = {}
    healed: dict[AccountKey, Settled] = {}
    for one in settled:
        if one.settlement.pause is not None:
            longest = paused.get(one.claim.account)
            if longest is None or _severity(one) > _severity(longest):
                paused[one.claim.account] = one
        elif one.settlement.native_id is not None and (one.claim.degraded or one.claim.troubles):
            healed[one.claim.account] = one
    degraded = await _pause(connection, paused) if paused else []
    restored = await _heal(connection, [key for key in sorted(healed) if key not in paused])
    await outbox.stage(connection, [*degraded, *restored])
    return [*map(_entry, degraded), *map(_entry, restored)]


def _severity(settled: Settled) -> tuple[bool, float]:
    pause = settled.settlement.pause
    return _is_dead(settled), pause.total_seconds() if pause is not None else 0.0


def _is_dead(settled: Settled) -> bool:
    return settled.attempt is not None and settled.attempt.outcome == CREDENTIALS_DEAD


async def _pause(connection: AsyncConnection, paused: dict[AccountKey, Settled]) -> list[AccountDegraded]:
    keys = sorted(paused)
    severities = [_severity(paused[key]) for key in keys]
    rows = await connection.execute(
        _PAUSE,
        {
            **_columns(keys),
            "seconds": [seconds for _, seconds in severities],
            "dead": [dead for dead, _ in severities],
            "claimed": [paused[key].claim.claimed_at for key in keys],
        },
    )
    return [
        AccountDegraded(
            agency=row.agency,
            account_id=row.id,
            platform=row.platform,
            account=row.account,
            reason=CREDENTIALS_DEAD,
            detail=(paused[row.agency, row.platform, row.account].settlement.detail or "")[:500],
            degraded_at=row.degraded_at,
        )
        for row in rows
        if row.newly
    ]


async def _heal(connection: AsyncConnection, keys: Sequence[AccountKey]) -> list[AccountRestored]:
    if not keys:
        return []
    rows = await connection.execute(_HEAL, _columns(keys))
    return [
        AccountRestored(
            agency=row.agency,
            account_id=row.id,
            platform=row.platform,
            account=row.account,
            restored_at=row.restored_at,
        )
        for row in rows
        if row.was_degraded
    ]


def _entry(event: AccountDegraded | AccountRestored) -> Entry:
    action, details = "account.restored", {}
    if isinstance(event, AccountDegraded):
        action, details = "account.degraded", {"reason": event.reason}
    return Entry(agency=event.agency, actor=ACTOR, action=action, subject=event.account_id, details=details)


def _columns(keys: Sequence[AccountKey]) -> dict[str, list[Any]]:
    return {
        "agencies": [agency for agency, _, _ in keys],
        "platforms": [platform for _, platform, _ in keys],
        "accounts": [account for _, _, account in keys],
    }


_PAUSE = text(f"""
    WITH met AS (
        SELECT a.agency, a.platform, a.account, a.degraded_at AS before, t.seconds, t.dead
        FROM account AS a JOIN unnest(
            CAST(:agencies AS text[]), CAST(:platforms AS text[]), CAST(:accounts AS text[]),
            CAST(:seconds AS float[]), CAST(:dead AS boolean[]), CAST(:claimed AS timestamptz[])
        ) AS t (agency, platform, account, seconds, dead, claimed_at) USING (agency, platform, account)
        WHERE NOT EXISTS (
            SELECT FROM credentials AS c WHERE c.account_id = a.id AND c.updated_at > t.claimed_at)
        ORDER BY a.agency, a.platform, a.account
        FOR UPDATE OF a
    )
    UPDATE account AS a SET
        troubles = a.troubles + 1,
        paused_until = greatest(a.paused_until, clock_timestamp() + make_interval(secs => met.seconds)),
        degraded_at = CASE WHEN met.dead THEN coalesce(a.degraded_at, statement_timestamp()) ELSE a.degraded_at END,
        degraded_reason = CASE WHEN met.dead THEN '{CREDENTIALS_DEAD}' ELSE a.degraded_reason END
    FROM met
    WHERE (a.agency, a.platform, a.account) = (met.agency, met.platform, met.account)
    RETURNING a.id, a.agency, a.platform, a.account, a.degraded_at, met.dead AND met.before IS NULL AS newly
""")  # noqa: S608 - a constant of this module
_HEAL = text("""
    WITH met AS (
        SELECT a.agency, a.platform, a.account, a.degraded_at AS before
        FROM account AS a JOIN unnest(
            CAST(:agencies AS text[]), CAST(:platforms AS text[]), CAST(:accounts AS text[])
        ) AS t (agency, platform, account) USING (agency, platform, account)
        WHERE a.troubles > 0 OR a.degraded_at IS NOT NULL
        ORDER BY a.agency, a.platform, a.account
        FOR UPDATE OF a
    )
    UPDATE account AS a SET troubles = 0, paused_until = NULL, degraded_at = NULL, degraded_reason = NULL
    FROM met
    WHERE (a.agency, a.platform, a.account) = (met.agency, met.platform, met.account)
    RETURNING a.id, a.agency, a.platform, a.account, statement_timestamp() AS restored_at,
        met.before IS NOT NULL AS was_degraded
""")
