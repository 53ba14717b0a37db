"""Accounts that are another agency's from now on.

What must stay true: nothing that the old agency still had to say goes out for the new one, or with what the new one
gives. So the old row stays, under an id of its own, disabled and marked: what is still to go out on it is claimed and
ends as impossible. Its credentials are thrown away; the new agency begins without any. An agency's rows stay its own.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.publisher.adapters.store.actor import ACTOR
from shared import audit, outbox
from shared.audit import Entry
from shared.events import AccountConnected, AccountDisabled
from shared.ids import account_id


async def make_room(
    connection: AsyncConnection, connected: Sequence[AccountConnected], now: datetime
) -> Sequence[AccountConnected]:
    """Move aside whoever had these accounts before; those of ``connected`` that nobody has taken over since."""
    newest: dict[str, AccountConnected] = {}
    for one in connected:
        known = newest.get(one.account_id)
        if known is None or one.connected_at >= known.connected_at:
            newest[one.account_id] = one
    others = (await connection.execute(_OTHERS, _columns(list(newest.values())))).all()
    moved = []
    for row in others:
        event = newest[row.id]
        if row.connected_at is not None and row.connected_at > event.connected_at:
            # Old news: it came late, or is read a second time.
            del newest[row.id]
            continue
        await connection.execute(_DISCARD, {"id": row.id})
        aside = account_id(row.platform, row.account, row.agency)
        await connection.execute(_ASIDE, {"id": row.id, "aside": aside, "at": event.connected_at})
        moved.append(
            AccountDisabled(
                agency=row.agency,
                account_id=row.id,
                platform=row.platform,
                account=row.account,
                disabled_at=event.connected_at,
            )
        )
    await outbox.stage(connection, moved)
    await audit.append(connection, [_moved(one) for one in moved], now)
    return list(newest.values())


def _moved(event: AccountDisabled) -> Entry:
    return Entry(agency=event.agency, actor=ACTOR, action="account.moved", subject=event.account_id, details={})


def _columns(accounts: Sequence[AccountConnected]) -> dict[str, list[str]]:
    return {"ids": [one.account_id for one in accounts], "agencies": [one.agency for one in accounts]}


_OTHERS = text("""
    SELECT a.id, a.agency, a.platform, a.account, a.connected_at
    FROM account AS a JOIN unnest(CAST(:ids AS text[]), CAST(:agencies AS text[])) AS new (id, agency) USING (id)
    WHERE a.agency <> new.agency
    ORDER BY a.agency, a.platform, a.account FOR UPDATE OF a
""")
_DISCARD = text("DELETE FROM credentials WHERE account_id = :id")
_ASIDE = text("""
    UPDATE account SET
        id = :aside, moved_at = CAST(:at AS timestamptz),
        disabled_at = coalesce(disabled_at, CAST(:at AS timestamptz)),
        troubles = 0, paused_until = NULL, degraded_at = NULL, degraded_reason = NULL
    WHERE id = :id
""")
