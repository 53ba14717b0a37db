"""The inbox: which events a service has handled, kept in the transaction that handled them.

Its rows outlive the outboxes' retention: whatever can still be sent again is still known here.
"""

from collections.abc import Sequence

from sqlalchemy import Column, DateTime, Index, MetaData, Table, Uuid, text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.cloudevents import Received
from shared.database import EVERY_AGENCY, Database, agency_column


def inbox_table(metadata: MetaData) -> Table:
    """One row for each handled event."""
    table = Table(
        "inbox",
        metadata,
        Column("event_id", Uuid, primary_key=True),
        agency_column(),
        Column("handled_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    )
    Index("inbox_age", table.c.handled_at, postgresql_using="brin")
    return table


async def take(connection: AsyncConnection, received: Sequence[Received]) -> list[Received]:
    """Enter events; those that were not known before, in their order, each once."""
    rows = await connection.execute(
        _TAKE,
        {"ids": [one.event_id for one in received], "agencies": [one.event.agency for one in received]},
    )
    unknown = set(rows.scalars())
    new = []
    for one in received:
        if one.event_id in unknown:
            unknown.discard(one.event_id)
            new.append(one)
    return new


async def tidy(database: Database, *, retention_hours: float) -> None:
    """Forget what nobody can send again."""
    async with database.begin(EVERY_AGENCY) as connection:
        await connection.execute(_TIDY, {"hours": retention_hours})


_TAKE = text("""
    INSERT INTO inbox (event_id, agency)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:agencies AS text[]))
    ON CONFLICT DO NOTHING RETURNING event_id
""")
_TIDY = text("""
    DELETE FROM inbox WHERE event_id IN (
        SELECT event_id FROM inbox
        WHERE handled_at < clock_timestamp() - make_interval(secs => :hours * 3600) LIMIT 5000)
""")
