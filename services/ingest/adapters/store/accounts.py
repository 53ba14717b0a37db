"""Accounts, as they lie in the table: secrets only sealed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.adapters.tables import account, poll_cursor
from shared.clock import rfc3339


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


async def page(connection: AsyncConnection, *, agency: str | None, after: str | None, limit: int) -> Sequence[Row[Any]]:
    """At most ``limit`` accounts in the order of their ids."""
    query = select(account).order_by(account.c.id).limit(limit)
    if agency is not None:
        query = query.where(account.c.agency == agency)
    if after is not None:
        query = query.where(account.c.id > after)
    return (await connection.execute(query)).all()


async def reseal(connection: AsyncConnection, account_id: str, sealed_secrets: bytes, base_url: str | None) -> None:
    """Replace an account's secrets, and the address of its server."""
    await connection.execute(
        update(account)
        .where(account.c.id == account_id)
        .values(sealed_secrets=sealed_secrets, base_url=base_url, version=account.c.version + 1)
    )


async def versions(connection: AsyncConnection) -> dict[str, int]:
    """The version of every account: what a registry in memory compares itself with."""
    rows = await connection.execute(select(account.c.id, account.c.version))
    return {row.id: row.version for row in rows}


async def these(connection: AsyncConnection, ids: Sequence[str]) -> Sequence[Row[Any]]:
    """The rows of these accounts."""
    return (await connection.execute(select(account).where(account.c.id.in_(ids)))).all()


async def note_trouble(connection: AsyncConnection, account_id: str, trouble: str | None) -> bool:
    """Note that an account is in trouble, or none any more; whether that is news."""
    otherwise = account.c.trouble.is_(None) if trouble is not None else account.c.trouble.is_not(None)
    rows = await connection.execute(
        update(account)
        .where(account.c.id == account_id, otherwise)
        .values(trouble=trouble, version=account.c.version + 1)
        .returning(account.c.id)
    )
    return rows.first() is not None


async def cursor(connection: AsyncConnection, account_id: str) -> str | None:
    """Up to where a polled account has been read; None for one that never was."""
    rows = await connection.execute(select(poll_cursor.c.cursor).where(poll_cursor.c.account_id == account_id))
    return rows.scalar_one_or_none()


async def move_cursor(connection: AsyncConnection, account_id: str, agency: str, cursor: str, now: datetime) -> None:
    """Note up to where a polled account has been read, in the transaction of what was read."""
    statement = upsert(poll_cursor).values(account_id=account_id, agency=agency, cursor=cursor, moved_at=now)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[poll_cursor.c.account_id],
            set_={"cursor": statement.excluded.cursor, "moved_at": statement.excluded.moved_at},
        )
    )


def view(row: Row[Any]) -> dict[str, Any]:
    """An account as the API shows it: never its secrets."""
    return {
        "id": row.id,
        "agency": row.agency,
        "platform": row.platform,
        "account": row.account,
        "name": row.name,
        "base_url": row.base_url,
        "state": "connected" if row.trouble is None else "degraded",
        "trouble": row.trouble,
        "connected_at": rfc3339(row.connected_at),
    }
