"""The rows of credentials, and of the accounts that they open."""

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


async def account(connection: AsyncConnection, account_id: str) -> Any | None:
    """An account as far as the caller may see it; ``updated_at`` is that of its credentials, or None."""
    return (await connection.execute(_ACCOUNT, {"id": account_id})).one_or_none()


async def put(
    connection: AsyncConnection, account: Any, sealed: bytes, base_url: str | None, version: str | None, by: str
) -> datetime:
    """Replace an account's credentials and end its rest, so that what waits is due at once; the time of it."""
    row = await connection.execute(
        _PUT,
        {
            "id": account.id,
            "agency": account.agency,
            "sealed": sealed,
            "base_url": base_url,
            "version": version,
            "by": by,
        },
    )
    at: datetime = row.scalar_one()
    await connection.execute(_FREE, {"id": account.id})
    return at


async def delete(connection: AsyncConnection, account_id: str) -> datetime | None:
    """Remove an account's credentials; the time of it, or None if there were none."""
    return (await connection.execute(_DELETE, {"id": account_id})).scalar_one_or_none()


_ACCOUNT = text("""
    SELECT a.id, a.agency, a.platform, a.account, c.updated_at
    FROM account AS a LEFT JOIN credentials AS c ON c.account_id = a.id WHERE a.id = :id
""")
_PUT = text("""
    INSERT INTO credentials (account_id, agency, sealed, base_url, version, updated_at, updated_by)
    VALUES (:id, :agency, :sealed, CAST(:base_url AS text), CAST(:version AS text), clock_timestamp(), :by)
    ON CONFLICT (account_id) DO UPDATE SET sealed = excluded.sealed, base_url = excluded.base_url,
        version = excluded.version, updated_at = excluded.updated_at, updated_by = excluded.updated_by
    RETURNING updated_at
""")
_FREE = text("UPDATE account SET paused_until = NULL WHERE id = :id")
_DELETE = text("DELETE FROM credentials WHERE account_id = :id RETURNING clock_timestamp()")
