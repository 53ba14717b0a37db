"""Signing keys: made, rotated and read. Written in the transaction of whoever asks."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.publisher.adapters.callback_secrets import CallbackVault
from services.publisher.domain.signing import MOST_OLD, OVERLAP, Algorithm, Key
from shared.ids import new_id


async def add(
    connection: AsyncConnection, vault: CallbackVault, agency: str, subscription: str, algorithms: Sequence[Algorithm]
) -> list[Key]:
    """Give a subscription a new key of each algorithm; those it had go on signing for a day."""
    made = [Key.new(algorithm) for algorithm in algorithms]
    await connection.execute(
        _RETIRE,
        {"subscription": subscription, "overlap": OVERLAP.total_seconds(), "most": MOST_OLD},
    )
    for key in made:
        names = {
            "id": new_id("key"),
            "agency": agency,
            "subscription": subscription,
            "algorithm": key.algorithm,
            "sealed": vault.seal_key(subscription, key),
            "public": key.public,
        }
        await connection.execute(_ADD, names)
    return made


async def of(connection: AsyncConnection, subscription: str) -> list[Any]:
    """The keys that sign for a subscription, the newest first, without what is sealed."""
    return list(await connection.execute(_OF, {"subscription": subscription}))


async def forget(connection: AsyncConnection, subscription: str) -> None:
    """Nothing signs for this subscription any more."""
    await connection.execute(_FORGET, {"subscription": subscription})


LIVE = "(expires_at IS NULL OR expires_at > statement_timestamp())"
# Those that were the newest until now end in a day, and of all that were there the newest five of each kind are kept.
_RETIRE = text("""
    WITH ranked AS (
        SELECT id, row_number() OVER (PARTITION BY algorithm ORDER BY id DESC) AS age
        FROM signing_key WHERE subscription = :subscription
    )
    UPDATE signing_key AS k SET expires_at = least(
        coalesce(k.expires_at, statement_timestamp() + make_interval(secs => :overlap)),
        CASE WHEN ranked.age > :most THEN statement_timestamp() END)
    FROM ranked WHERE ranked.id = k.id
""")
_ADD = text("""
    INSERT INTO signing_key (id, agency, subscription, algorithm, sealed, public)
    VALUES (:id, :agency, :subscription, :algorithm, :sealed, CAST(:public AS text))
""")
_OF = text(f"""
    SELECT id, algorithm, public, created_at, expires_at FROM signing_key
    WHERE subscription = :subscription AND {LIVE} ORDER BY id DESC
""")  # noqa: S608 - a constant of this module
_FORGET = text("DELETE FROM signing_key WHERE subscription = :subscription")
