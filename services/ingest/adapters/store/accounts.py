"""Accounts, as they lie in the table: secrets only sealed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.adapters.store import health
from services.ingest.adapters.tables import account, poll_cursor
from services.ingest.domain.health import State
from shared.clock import rfc3339
from shared.events import AccountConnected


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What is stored of an account at its registration."""

    id: str
    agency: str
    platform: str
    account: str
    name: str
    base_url: str | None
    sealed_secrets: bytes
    connected_at: datetime
    speaks_every_hours: float | None = None


async def add(connection: AsyncConnection, new: NewAccount) -> bool:
    """Store ``new``; False if this account is known already (perhaps to another agency)."""
    values = {name: getattr(new, name) for name in NewAccount.__slots__}
    rows = await connection.execute(upsert(account).values(values).on_conflict_do_nothing().returning(account.c.id))
    return rows.first() is not None


async def find(connection: AsyncConnection, account_id: str, *, lock: bool = False) -> Row[Any] | None:
    """One account's row, as far as the transaction may see it."""
    if not account_id.isprintable():
        return None  # no id has such characters, and Postgres does not bear all of them
    query = select(account).where(account.c.id == account_id)
    rows = await connection.execute(query.with_for_update() if lock else query)
    return rows.one_or_none()


async def page(
    connection: AsyncConnection, *, agency: str | None, state: State | None, after: str | None, limit: int
) -> Sequence[Row[Any]]:
    """At most ``limit`` accounts in the order of their ids."""
    query = select(account).order_by(account.c.id).limit(limit)
    if agency is not None:
        query = query.where(account.c.agency == agency)
    if state is not None:
        query = query.where(_IN_STATE[state])
    if after is not None:
        query = query.where(account.c.id > after)
    return (await connection.execute(query)).all()


async def edit(connection: AsyncConnection, account_id: str, **values: Any) -> Row[Any]:
    """Replace columns of an account's row; the row as it is then, at its next version."""
    statement = update(account).where(account.c.id == account_id).values(**values, version=account.c.version + 1)
    row: Row[Any] = (await connection.execute(statement.returning(account))).one()
    return row


async def disable(connection: AsyncConnection, account_id: str, now: datetime) -> Row[Any]:
    """Let an account take no part. Its trouble ends with that."""
    well = dict.fromkeys(("trouble", "trouble_kind", "trouble_detail", "troubled_at"))
    return await edit(connection, account_id, disabled_at=now, **well)


async def enable(connection: AsyncConnection, account_id: str, now: datetime) -> Row[Any]:
    """Let an account take part again, from now on: what was said meanwhile is treated as before its connection."""
    return await edit(connection, account_id, disabled_at=None, connected_at=now)


async def versions(connection: AsyncConnection) -> dict[str, int]:
    """The version of every account: what a registry in memory compares itself with."""
    rows = await connection.execute(select(account.c.id, account.c.version))
    return {row.id: row.version for row in rows}


async def these(connection: AsyncConnection, ids: Sequence[str]) -> Sequence[Row[Any]]:
    """The rows of these accounts."""
    return (await connection.execute(select(account).where(account.c.id.in_(ids)))).all()


async def cursor(connection: AsyncConnection, account_id: str, part: str) -> str | None:
    """Up to where a part of a polled account has been read; None for one that never was."""
    mine = poll_cursor.c.account_id == account_id, poll_cursor.c.part == part
    return (await connection.execute(select(poll_cursor.c.cursor).where(*mine))).scalar_one_or_none()


async def move_cursor(
    connection: AsyncConnection, account_id: str, part: str, agency: str, cursor: str, now: datetime
) -> None:
    """Note up to where a part of a polled account has been read, in the transaction of what was read."""
    place = {"account_id": account_id, "part": part, "agency": agency}
    statement = upsert(poll_cursor).values(**place, cursor=cursor, moved_at=now)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[poll_cursor.c.account_id, poll_cursor.c.part],
            set_={"cursor": statement.excluded.cursor, "moved_at": statement.excluded.moved_at},
        )
    )


_IN_STATE: dict[State, ColumnElement[bool]] = {
    "connected": and_(account.c.trouble.is_(None), account.c.disabled_at.is_(None)),
    "degraded": and_(account.c.trouble.is_not(None), account.c.disabled_at.is_(None)),
    "disabled": account.c.disabled_at.is_not(None),
}


def state_of(row: Row[Any]) -> State:
    """How an account is."""
    if row.disabled_at is not None:
        return "disabled"
    return "connected" if row.trouble is None else "degraded"


def connected(row: Row[Any]) -> AccountConnected:
    """What tells that an account takes part."""
    return AccountConnected(**health.named(row), name=row.name, connected_at=row.connected_at)


def view(row: Row[Any]) -> dict[str, Any]:
    """An account as the API shows it: never its secrets."""
    return {
        "id": row.id,
        "agency": row.agency,
        "platform": row.platform,
        "account": row.account,
        "name": row.name,
        "base_url": row.base_url,
        "state": state_of(row),
        "trouble": row.trouble,
        "trouble_detail": row.trouble_detail,
        "troubled_at": _moment(row.troubled_at),
        "last_heard_at": _moment(row.last_heard_at),
        "speaks_every_hours": row.speaks_every_hours,
        "connected_at": rfc3339(row.connected_at),
        "disabled_at": _moment(row.disabled_at),
        "version": row.version,
    }


def _moment(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment is not None else None
