"""The rows of credentials, and of the accounts that they open.

What must stay true: whoever changes both locks the account first and its credentials then, here as in ``accounts`` and
``keeping``: so nobody waits for somebody who waits for them.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


async def account(connection: AsyncConnection, account_id: str) -> Any | None:
    """An account as far as the caller may see it; ``updated_at`` is that of its credentials, or None."""
    return (await connection.execute(_ACCOUNT, {"id": account_id})).one_or_none()


async def put(
    connection: AsyncConnection,
    account: Any,
    sealed: bytes,
    base_url: str | None,
    version: str | None,
    by: str,
    expires_at: datetime | None = None,
) -> datetime | None:
    """Replace an account's credentials and end its rest, so that what waits is due at once; the time of it, or None if
    the account is not the caller's any more.

    They are probed next. A renewal or a probe of the old ones that is under way will not be written down.
    """
    if (await connection.execute(_FREE, {"id": account.id, "agency": account.agency})).first() is None:
        return None
    row = await connection.execute(
        _PUT,
        {
            "id": account.id,
            "agency": account.agency,
            "sealed": sealed,
            "base_url": base_url,
            "version": version,
            "by": by,
            "expires_at": expires_at,
        },
    )
    at: datetime = row.scalar_one()
    return at


async def delete(connection: AsyncConnection, account_id: str) -> datetime | None:
    """Remove an account's credentials; the time of it, or None if there were none."""
    return (await connection.execute(_DELETE, {"id": account_id})).scalar_one_or_none()


async def probe(connection: AsyncConnection, account_id: str) -> bool:
    """Let an account's credentials be looked at now; False if it has none."""
    return (await connection.execute(_PROBE, {"id": account_id})).scalar_one_or_none() is not None


_ACCOUNT = text("""
    SELECT a.id, a.agency, a.platform, a.account, c.updated_at, c.expires_at, c.probed_at, c.rights, c.facts,
        c.probe_detail
    FROM account AS a LEFT JOIN credentials AS c ON c.account_id = a.id WHERE a.id = :id
""")
_PUT = text("""
    INSERT INTO credentials
        (account_id, agency, sealed, base_url, version, updated_at, updated_by, expires_at, keep_at)
    VALUES (:id, :agency, :sealed, CAST(:base_url AS text), CAST(:version AS text), clock_timestamp(), :by,
            CAST(:expires_at AS timestamptz), clock_timestamp())
    ON CONFLICT (account_id) DO UPDATE SET sealed = excluded.sealed, base_url = excluded.base_url,
        version = excluded.version, updated_at = excluded.updated_at, updated_by = excluded.updated_by,
        expires_at = excluded.expires_at, keep_at = excluded.keep_at, keep_token = NULL, keep_until = NULL,
        keep_failures = 0, renewing_since = NULL, rights = NULL, facts = NULL, probed_at = NULL, probe_detail = NULL
    RETURNING updated_at
""")
_FREE = text("UPDATE account SET paused_until = NULL WHERE id = :id AND agency = :agency RETURNING id")
_PROBE = text("""
    UPDATE credentials SET keep_at = clock_timestamp(), keep_failures = 0 WHERE account_id = :id RETURNING account_id
""")
_DELETE = text("DELETE FROM credentials WHERE account_id = :id RETURNING clock_timestamp()")
