"""What settlements mean for their accounts: a pause, degraded, restored.

What must stay true: an account is announced as degraded once, however many publications meet its dead credentials,
and as restored once. A pause that was earned with old credentials does not bind new ones. On the hot path, where all
is well, nothing here touches the database.
"""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.publisher.adapters.store.actor import ACTOR
from services.publisher.ports import AccountKey, Settled
from shared import outbox
from shared.audit import Entry
from shared.events import AccountDegraded, AccountRestored

CREDENTIALS_DEAD = "credentials_dead"


async def facts(connection: AsyncConnection, wanted: Collection[AccountKey]) -> dict[AccountKey, dict[str, int]]:
    """What the servers of these accounts told of their limits; those that told nothing are left out."""
    columns = {
        "agencies": [agency for agency, _, _ in wanted],
        "platforms": [platform for _, platform, _ in wanted],
        "accounts": [account for _, _, account in wanted],
    }
    found = await connection.execute(_FACTS, columns)
    return {(row.agency, row.platform, row.account): row.facts for row in found}


async def follow(connection: AsyncConnection, settled: Sequence[Settled]) -> list[Entry]:
    """Draw the consequences of ``settled`` for the accounts; what the audit trail shall say about it."""
    paused: dict[AccountKey, Settled] = {}
    healed: dict[AccountKey, Settled] = {}
    rests: dict[AccountKey, float] = {}
    for one in settled:
        if one.settlement.pause is not None and one.settlement.progress.posted != one.claim.progress.posted:
            # It went well; only the platform's budget is spent.
            seconds = one.settlement.pause.total_seconds()
            rests[one.claim.account] = max(seconds, rests.get(one.claim.account, 0.0))
            _note_healed(one, healed)
        elif one.settlement.pause is not None:
            longest = paused.get(one.claim.account)
            if longest is None or _severity(one) > _severity(longest):
                paused[one.claim.account] = one
        elif one.settlement.native_id is not None:
            _note_healed(one, healed)
    degraded = await _pause(connection, paused) if paused else []
    await look_after(connection, [key for key in sorted(paused) if _is_dead(paused[key])])
    restored = await _heal(connection, _HEAL, [key for key in sorted(healed) if key not in paused])
    if rests:
        await _rest(connection, rests)
    await outbox.stage(connection, [*degraded, *restored])
    return [*map(entry, degraded), *map(entry, restored)]


def _note_healed(one: Settled, healed: dict[AccountKey, Settled]) -> None:
    if one.claim.degraded or one.claim.troubles:
        healed[one.claim.account] = one


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


async def look_after(connection: AsyncConnection, keys: Sequence[AccountKey]) -> None:
    """Let the credentials of accounts that were refused be renewed, or probed, at once."""
    if keys:
        await connection.execute(_KEEP_NOW, _columns(keys))


async def restore(connection: AsyncConnection, key: AccountKey) -> list[AccountRestored]:
    """Let an account go on that was locked out, because its credentials are good by what they say of themselves; what
    is to be announced. Where something was refused with these very ones, only what goes out proves them."""
    return await _heal(connection, _RESTORE, [key])


async def _heal(
    connection: AsyncConnection, statement: TextClause, keys: Sequence[AccountKey]
) -> list[AccountRestored]:
    """Let accounts go on; what is to be announced of those that did not work."""
    if not keys:
        return []
    rows = await connection.execute(statement, _columns(keys))
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


async def degrade(connection: AsyncConnection, key: AccountKey, detail: str) -> list[AccountDegraded]:
    """Write down that an account's credentials are dead; what is to be announced, if it is news."""
    agency, platform, account = key
    row = (
        await connection.execute(_DEGRADE, {"agency": agency, "platform": platform, "account": account})
    ).one_or_none()
    if row is None:
        return []
    told = AccountDegraded(
        agency=agency,
        account_id=row.id,
        platform=platform,
        account=account,
        reason=CREDENTIALS_DEAD,
        detail=detail[:500],
        degraded_at=row.degraded_at,
    )
    return [told]


def entry(event: AccountDegraded | AccountRestored) -> Entry:
    """What the audit trail says about it."""
    action, details = "account.restored", {}
    if isinstance(event, AccountDegraded):
        action, details = "account.degraded", {"reason": event.reason}
    return Entry(agency=event.agency, actor=ACTOR, action=action, subject=event.account_id, details=details)


async def _rest(connection: AsyncConnection, rests: dict[AccountKey, float]) -> None:
    keys = sorted(rests)
    await connection.execute(_REST, {**_columns(keys), "seconds": [rests[key] for key in keys]})


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
_WELL = """
    WITH met AS (
        SELECT a.agency, a.platform, a.account, a.degraded_at AS before
        FROM account AS a JOIN unnest(
            CAST(:agencies AS text[]), CAST(:platforms AS text[]), CAST(:accounts AS text[])
        ) AS t (agency, platform, account) USING (agency, platform, account)
        WHERE {which}
        ORDER BY a.agency, a.platform, a.account
        FOR UPDATE OF a
    )
    UPDATE account AS a SET troubles = 0, paused_until = NULL, degraded_at = NULL, degraded_reason = NULL
    FROM met
    WHERE (a.agency, a.platform, a.account) = (met.agency, met.platform, met.account)
    RETURNING a.id, a.agency, a.platform, a.account, statement_timestamp() AS restored_at,
        met.before IS NOT NULL AS was_degraded
"""
_HEAL = text(_WELL.format(which="a.troubles > 0 OR a.degraded_at IS NOT NULL"))
# A pause that a platform asked for is not over because it still knows the token.
_RESTORE = text(
    _WELL.format(
        which="""a.degraded_at IS NOT NULL AND (a.troubles = 0 OR EXISTS (
            SELECT FROM credentials AS c WHERE c.account_id = a.id AND c.updated_at > a.degraded_at))"""
    )
)
_REST = text("""
    UPDATE account AS a
    SET paused_until = greatest(a.paused_until, clock_timestamp() + make_interval(secs => t.seconds))
    FROM unnest(
        CAST(:agencies AS text[]), CAST(:platforms AS text[]), CAST(:accounts AS text[]), CAST(:seconds AS float[])
    ) AS t (agency, platform, account, seconds)
    WHERE (a.agency, a.platform, a.account) = (t.agency, t.platform, t.account)
""")
# Whoever keeps credentials alive looks at once whether these can be renewed; what was renewed a moment ago and is
# refused again is left alone for a while, for it would be refused once more.
_KEEP_NOW = text(f"""
    UPDATE credentials AS c SET keep_at = least(c.keep_at, CASE WHEN c.updated_by = '{ACTOR}'
        THEN greatest(statement_timestamp(), c.updated_at + interval '10 minutes') ELSE statement_timestamp() END)
    FROM account AS a JOIN unnest(
        CAST(:agencies AS text[]), CAST(:platforms AS text[]), CAST(:accounts AS text[])
    ) AS t (agency, platform, account) USING (agency, platform, account)
    WHERE c.account_id = a.id AND c.keep_token IS NULL AND c.keep_failures = 0
""")  # noqa: S608 - a constant of this package
_DEGRADE = text(f"""
    UPDATE account SET degraded_at = statement_timestamp(), degraded_reason = '{CREDENTIALS_DEAD}'
    WHERE (agency, platform, account) = (:agency, :platform, :account) AND degraded_at IS NULL
    RETURNING id, degraded_at
""")  # noqa: S608 - a constant of this module
_FACTS = text("""
    SELECT a.agency, a.platform, a.account, c.facts FROM unnest(
        CAST(:agencies AS text[]), CAST(:platforms AS text[]), CAST(:accounts AS text[])
    ) AS wanted (agency, platform, account)
    JOIN account AS a USING (agency, platform, account)
    JOIN credentials AS c ON c.account_id = a.id WHERE c.facts IS NOT NULL
""")
