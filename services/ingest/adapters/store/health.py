"""How accounts are, as their rows say it and as it is announced.

Every change of state is one conditional statement, so that of many processes that see the same thing one writes it and
announces it. The row of an account that is well is not touched here, except once a minute for when it was last heard.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.adapters import metrics
from services.ingest.domain.health import HEALS, Sign, Trouble, outranked
from shared import telemetry
from shared.events import AccountDegraded, AccountRestored
from shared.outbox import stage

MOST_DETAIL_CHARACTERS = 500


class Named(Protocol):
    """An account, or its row: what an event about it says first."""

    @property
    def id(self) -> str: ...
    @property
    def agency(self) -> str: ...
    @property
    def platform(self) -> str: ...
    @property
    def account(self) -> str: ...


def named(account: Named | Row[Any]) -> dict[str, str]:
    """The fields of every event about ``account``."""
    return {
        "agency": account.agency,
        "account_id": account.id,
        "platform": account.platform,
        "account": account.account,
    }


async def degrade(
    connection: AsyncConnection,
    account: Named | Row[Any],
    trouble: Trouble,
    now: datetime,
    *,
    unheard_since: datetime | None = None,
) -> bool:
    """Note and announce a trouble, unless the account has one as bad, or was heard after ``unheard_since``."""
    detail = trouble.detail[:MOST_DETAIL_CHARACTERS]
    values = {
        "id": account.id,
        "kind": trouble.kind,
        "reason": trouble.reason,
        "detail": detail,
        "lesser": list(outranked(trouble.kind)),
        "now": now,
        "unheard_since": unheard_since,
    }
    if (await connection.execute(_NOTE, values)).first() is None:
        return False
    event = AccountDegraded(**named(account), reason=trouble.reason, detail=detail, degraded_at=now)
    await stage(connection, [event])
    metrics.DEGRADED.labels(account.platform).inc()
    telemetry.logger().warning("account.degraded", account=account.id, kind=trouble.kind, reason=trouble.reason)
    return True


async def restore(connection: AsyncConnection, account: Named | Row[Any], sign: Sign, now: datetime) -> bool:
    """End and announce the end of a trouble that ``sign`` heals, if the account has one."""
    ended = await connection.execute(_HEAL, {"id": account.id, "kinds": list(HEALS[sign])})
    if ended.first() is None:
        return False
    await stage(connection, [AccountRestored(**named(account), restored_at=now)])
    telemetry.logger().info("account.restored", account=account.id)
    return True


async def hear(connection: AsyncConnection, heard: Mapping[str, datetime], at_least: timedelta) -> None:
    """Note when accounts were heard, those only whose row is older than ``at_least``."""
    if heard:
        ids = sorted(heard)
        at = [heard[id_] for id_ in ids]
        await connection.execute(_HEAR, {"ids": ids, "at": at, "at_least": at_least.total_seconds()})


async def silent(connection: AsyncConnection, heard: Mapping[str, datetime], now: datetime) -> Sequence[Row[Any]]:
    """Accounts that should have been heard by ``now`` (id, agency, platform, account, speaks_every_hours).

    ``heard`` is what this process knows and has not written down yet.
    """
    rows = await connection.execute(_SILENT, {"ids": list(heard), "at": list(heard.values()), "now": now})
    return rows.all()


_NOTE = text("""
    UPDATE account SET
        trouble = :reason, trouble_kind = :kind, trouble_detail = :detail,
        troubled_at = :now, version = version + 1
    WHERE id = :id AND disabled_at IS NULL
      AND (trouble IS NULL OR coalesce(trouble_kind, 'token') = ANY (CAST(:lesser AS text[])))
      AND (CAST(:unheard_since AS timestamptz) IS NULL OR last_heard_at IS NULL OR last_heard_at < :unheard_since)
    RETURNING id
""")
_HEAL = text("""
    UPDATE account SET
        trouble = NULL, trouble_kind = NULL, trouble_detail = NULL, troubled_at = NULL, version = version + 1
    WHERE id = :id AND trouble IS NOT NULL AND coalesce(trouble_kind, 'token') = ANY (CAST(:kinds AS text[]))
    RETURNING id
""")
# Rows that another process is writing are passed by: it writes the same.
_HEAR = text("""
    UPDATE account SET last_heard_at = h.at
    FROM (
        SELECT a.id, u.at FROM account a JOIN unnest(CAST(:ids AS text[]), CAST(:at AS timestamptz[])) AS u (id, at)
          ON a.id = u.id
        WHERE a.last_heard_at IS NULL OR a.last_heard_at <= u.at - make_interval(secs => :at_least)
        FOR UPDATE OF a SKIP LOCKED
    ) AS h
    WHERE account.id = h.id
""")
_SILENT = text("""
    SELECT a.id, a.agency, a.platform, a.account, a.speaks_every_hours
    FROM account a
    LEFT JOIN unnest(CAST(:ids AS text[]), CAST(:at AS timestamptz[])) AS u (id, at) ON a.id = u.id
    WHERE a.speaks_every_hours IS NOT NULL AND a.trouble IS NULL AND a.disabled_at IS NULL
      AND greatest(a.connected_at, a.last_heard_at, u.at)
          < CAST(:now AS timestamptz) - make_interval(secs => a.speaks_every_hours * 3600)
    ORDER BY a.id
""")
