"""Subscriptions as their owners write and read them, in the caller's transaction."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.publisher.adapters.callback_tables import TO_DO

Row = Any
MOST_OF_AGENCY = 200


@dataclass(frozen=True, slots=True)
class Written:
    """What an owner wrote. ``shown`` is what may be said of ``sealed``."""

    url: str
    types: Sequence[str]
    subjects: Sequence[str]
    ordered: bool
    verification: str
    sealed: bytes | None
    shown: dict[str, Any]


async def add(connection: AsyncConnection, id: str, agency: str, client: str, signature: str, written: Written) -> Row:
    """A new subscription."""
    names = {"id": id, "agency": agency, "client": client, "signature": signature, **_columns(written)}
    return (await connection.execute(_ADD, names)).one()


async def count(connection: AsyncConnection, agency: str) -> int:
    """How many subscriptions an agency has. Whoever asks holds the agency's turn until its transaction ends."""
    await connection.execute(_TURN, {"agency": agency})
    number: int = (await connection.execute(_COUNT, {"agency": agency})).scalar_one()
    return number


async def by_id(connection: AsyncConnection, subscription: str, *, lock: bool = False) -> Row | None:
    """A subscription as far as the caller may see it."""
    return (await connection.execute(_LOCKED if lock else _BY_ID, {"id": subscription})).one_or_none()


async def page(connection: AsyncConnection, agency: str | None, after: str | None, limit: int) -> list[Row]:
    """The oldest first; one more than ``limit`` where there is another page."""
    return list(await connection.execute(_PAGE, {"agency": agency, "after": after, "limit": limit + 1}))


async def change(connection: AsyncConnection, subscription: str, written: Written, status: str) -> Row:
    """Write a subscription anew; its version is one more."""
    names = {"id": subscription, "status": status, **_columns(written)}
    row = (await connection.execute(_CHANGE, names)).one()
    if status == "unverified":
        await connection.execute(_HOLD_BACK, {"id": subscription})
    return row


async def sign_with(connection: AsyncConnection, subscription: str, signature: str) -> Row:
    """Note which kinds of keys a subscription has."""
    return (await connection.execute(_SIGN_WITH, {"id": subscription, "signature": signature})).one()


async def enable(connection: AsyncConnection, subscription: str, status: str) -> Row:
    """Open an endpoint again; how it did before is forgotten."""
    return (await connection.execute(_ENABLE, {"id": subscription, "status": status})).one()


async def delete(connection: AsyncConnection, subscription: str) -> None:
    """Take a subscription away; what waited for it is cancelled."""
    await connection.execute(_DELETE, {"id": subscription})
    await connection.execute(_CANCEL, {"id": subscription})


def _columns(written: Written) -> dict[str, Any]:
    return {
        "url": written.url,
        "types": sorted(set(written.types)),
        "subjects": sorted(set(written.subjects)),
        "ordered": written.ordered,
        "verification": written.verification,
        "unverified": written.verification != "none",
        "sealed": written.sealed,
        "shown": json.dumps(written.shown),
    }


_THERE = "deleted_at IS NULL"
_ADD = text("""
    INSERT INTO subscription
        (id, agency, client, url, types, subjects, ordered, signature, verification, status, sealed, shown)
    VALUES (:id, :agency, :client, :url, CAST(:types AS text[]), CAST(:subjects AS text[]), :ordered, :signature,
        :verification, CASE WHEN :unverified THEN 'unverified' ELSE 'enabled' END, CAST(:sealed AS bytea),
        CAST(:shown AS jsonb))
    RETURNING *
""")
_TURN = text("SELECT pg_advisory_xact_lock(hashtextextended(:agency, 7234))")
_COUNT = text("SELECT count(*) FROM subscription WHERE agency = :agency AND deleted_at IS NULL")
_BY_ID = text(f"SELECT * FROM subscription WHERE id = :id AND {_THERE}")  # noqa: S608 - a constant of this module
_LOCKED = text(f"SELECT * FROM subscription WHERE id = :id AND {_THERE} FOR UPDATE")  # noqa: S608 - as above
_PAGE = text(f"""
    SELECT * FROM subscription
    WHERE {_THERE} AND (CAST(:agency AS text) IS NULL OR agency = :agency)
      AND (CAST(:after AS text) IS NULL OR id > :after)
    ORDER BY id LIMIT :limit
""")  # noqa: S608 - a constant of this module
_CHANGE = text("""
    UPDATE subscription SET
        url = :url, types = CAST(:types AS text[]), subjects = CAST(:subjects AS text[]), ordered = :ordered,
        verification = :verification, sealed = CAST(:sealed AS bytea), shown = CAST(:shown AS jsonb),
        status = :status, disabled_reason = CASE WHEN :status = 'disabled' THEN disabled_reason END,
        version = version + 1, troubles = 0, resting_until = NULL,
        failures = CASE WHEN url = :url THEN failures ELSE 0 END,
        failing_since = CASE WHEN url = :url THEN failing_since END,
        last_failed_at = CASE WHEN url = :url THEN last_failed_at END,
        warned = CASE WHEN url = :url THEN warned ELSE 0 END
    WHERE id = :id RETURNING *
""")
_HOLD_BACK = text(f"""
    UPDATE delivery SET due_at = NULL WHERE subscription = :id AND {TO_DO} AND kind = 'event' AND state = 'waiting'
""")  # noqa: S608 - a constant of this package
_SIGN_WITH = text("UPDATE subscription SET signature = :signature WHERE id = :id RETURNING *")
_ENABLE = text("""
    UPDATE subscription SET
        status = :status, disabled_reason = NULL, troubles = 0, resting_until = NULL, failures = 0,
        failing_since = NULL, last_failed_at = NULL, warned = 0
    WHERE id = :id RETURNING *
""")
_DELETE = text("UPDATE subscription SET deleted_at = statement_timestamp(), sealed = NULL WHERE id = :id")
_CANCEL = text(f"""
    UPDATE delivery SET state = 'cancelled', due_at = NULL, lease_token = NULL, settled_at = statement_timestamp()
    WHERE subscription = :id AND {TO_DO}
""")  # noqa: S608 - a constant of this package
