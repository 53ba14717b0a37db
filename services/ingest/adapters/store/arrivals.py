"""A batch of arrivals, written together: echoes, comments, their changes, bodies, dead letters, lost rights, events.

Of what has not arrived nothing is kept here: whether it was ours, and whether it was told before, the publisher knows.

One statement for each kind of row, whatever the size of the batch. An arrival that brings nothing new leaves no trace.
"""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.adapters.store import births, changes, echoes, health, threads
from services.ingest.adapters.store.items import Item, items_of
from services.ingest.domain.accounts import Account
from services.ingest.domain.entries import Echo, Undelivered
from services.ingest.domain.health import Trouble
from services.ingest.ports import Arrival, Filed
from shared.dead_letters import DeadLetter, bury
from shared.events import ReplyUndelivered
from shared.outbox import stage

UNREADABLE = "unreadable"
"""The code of a dead letter whose bytes are authentic but not as documented."""


async def write(connection: AsyncConnection, arrivals: Sequence[Arrival]) -> list[Filed]:
    """Write ``arrivals`` in the caller's transaction; what became of each, in order."""
    items = await _items(connection, arrivals)
    await echoes.see(connection, [item for item in items if isinstance(item.entry, Echo)])
    news = await births.insert(connection, items)
    news += await changes.apply(
        connection, [item for item in items if item.filed is None and not isinstance(item.entry, Echo)]
    )
    news += [(_undelivered(*one), arrival.traceparent) for arrival in arrivals for one in arrival.undelivered]
    await stage(connection, [event for event, _ in news], [trace for _, trace in news])
    await _keep_bodies(connection, items)
    await _bury_unreadable(connection, arrivals)
    await _note_lost_rights(connection, arrivals)
    return _filed(arrivals, items)


async def _items(connection: AsyncConnection, arrivals: Sequence[Arrival]) -> list[Item]:
    inherited = await threads.of_parents(connection, [kept for arrival in arrivals for kept in arrival.kept])
    return [item for arrival in arrivals for item in items_of(arrival, inherited)]


def _filed(arrivals: Sequence[Arrival], items: Sequence[Item]) -> list[Filed]:
    remaining = iter(items)
    filed = []
    for arrival in arrivals:
        own = [next(remaining) for _ in arrival.kept]
        filed.append(Filed(tuple(item.filed for item in own), sum(item.changed for item in own)))
    return filed


async def _keep_bodies(connection: AsyncConnection, items: Sequence[Item]) -> None:
    """The untouched bytes of every arrival that changed something, once."""
    kept = {item.arrival.id: item.arrival for item in items if item.changed}
    if not kept:
        return
    await connection.execute(
        _KEEP_BODIES,
        {
            "ids": list(kept),
            "agencies": [arrival.account.agency for arrival in kept.values()],
            "accounts": [arrival.account.id for arrival in kept.values()],
            "received": [arrival.received_at for arrival in kept.values()],
            "bodies": [arrival.body for arrival in kept.values()],
        },
    )


async def _bury_unreadable(connection: AsyncConnection, arrivals: Sequence[Arrival]) -> None:
    for arrival in arrivals:
        if arrival.unreadable is not None:
            account = arrival.account
            await bury(
                connection,
                DeadLetter(
                    source=f"webhook:{account.platform}:{account.account}",
                    body=arrival.body,
                    code=UNREADABLE,
                    reason=arrival.unreadable,
                    agency=account.agency,
                    traceparent=arrival.traceparent,
                ),
            )


def _undelivered(account: Account, told: Undelivered) -> ReplyUndelivered:
    return ReplyUndelivered(
        agency=account.agency,
        platform=account.platform,
        account=account.account,
        native_id=told.native_id,
        publication=told.publication,
        reason=told.reason,
        detail=told.detail,
        failed_at=told.at,
    )


async def _note_lost_rights(connection: AsyncConnection, arrivals: Sequence[Arrival]) -> None:
    lost = {account.id: (account, one, arrival) for arrival in arrivals for account, one in arrival.revoked}
    for _, (account, revoked, arrival) in sorted(lost.items()):
        trouble = Trouble("permission", revoked.reason, revoked.detail)
        await health.degrade(connection, account, trouble, arrival.received_at)


_KEEP_BODIES = text("""
    INSERT INTO raw_body (id, agency, account_id, received_at, body)
    SELECT * FROM unnest(
        CAST(:ids AS uuid[]), CAST(:agencies AS text[]), CAST(:accounts AS text[]),
        CAST(:received AS timestamptz[]), CAST(:bodies AS bytea[]))
    ON CONFLICT (id) DO NOTHING
""")
