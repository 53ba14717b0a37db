"""The outbox: events that are committed together with what they announce.

Staging writes rows through the caller's connection and does nothing else: it never commits and never talks to Kafka.
``shared.relay`` sends the rows. The column names are those of Debezium's outbox event router, so that an operator may
one day put Debezium in the relay's place.

A sent row stays for a while. A broker that lost a topic is then told again, and inboxes make that harmless.
"""

from collections.abc import Sequence

from sqlalchemy import JSON, BigInteger, Column, DateTime, Index, Integer, MetaData, Table, Text, Uuid, text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.cloudevents import LARGEST_EVENT_BYTES
from shared.database import agency_column
from shared.errors import Dead
from shared.events import Event
from shared.ids import uuid7
from shared.topics import TOPIC_OF

CHANNEL = "parley_outbox"
"""What a transaction that staged something notifies, with the service's schema as payload."""


def outbox_table(metadata: MetaData) -> Table:
    """Events in the order of ``seq``; ``sent_at`` is null until the broker has them."""
    table = Table(
        "outbox",
        metadata,
        Column("seq", BigInteger, primary_key=True, autoincrement=True),
        Column("id", Uuid, nullable=False),
        agency_column(),
        Column("aggregatetype", Text, nullable=False),
        Column("aggregateid", Text, nullable=False),
        Column("type", Text, nullable=False),
        Column("version", Integer, nullable=False),
        Column("subject", Text, nullable=False),
        Column("traceparent", Text),
        Column("payload", JSON, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
        Column("sent_at", DateTime(timezone=True)),
    )
    Index("outbox_waiting", table.c.seq, postgresql_where=table.c.sent_at.is_(None))
    Index("outbox_age", table.c.created_at, postgresql_using="brin")
    return table


async def stage(
    connection: AsyncConnection,
    events: Sequence[Event],
    traceparents: Sequence[str | None] | None = None,
    *,
    topic: str | None = None,
) -> None:
    """Put events into the outbox of the caller's transaction, in this order.

    ``traceparents`` goes beside ``events``, one for each. An event's own topic is used unless ``topic`` names
    another. Raises ``Dead`` for an event over 256 KiB.
    """
    if not events:
        return
    traces: Sequence[str | None] = traceparents or [None] * len(events)
    payloads = payloads_of(events)
    await connection.execute(
        _STAGE,
        {
            "ids": [uuid7() for _ in events],
            "agencies": [event.agency for event in events],
            "topics": [topic or TOPIC_OF[type(event)].name for event in events],
            "keys": [event.key for event in events],
            "types": [type(event).__name__ for event in events],
            "versions": [event.VERSION for event in events],
            "subjects": [event.subject for event in events],
            "traces": list(traces),
            "payloads": payloads,
        },
    )


def payloads_of(events: Sequence[Event]) -> list[str]:
    """The JSON of each event as it will be sent. Raises ``Dead`` for one over 256 KiB."""
    payloads = [event.model_dump_json() for event in events]
    if max(map(len, payloads)) > LARGEST_EVENT_BYTES // 4:  # a character is at most four bytes
        for payload in payloads:
            if len(payload.encode()) > LARGEST_EVENT_BYTES:
                raise Dead("too_large", f"an event is at most {LARGEST_EVENT_BYTES} bytes")
    return payloads


_STAGE = text(f"""
    WITH staged AS (
        INSERT INTO outbox
            (id, agency, aggregatetype, aggregateid, type, version, subject, traceparent, payload)
        SELECT * FROM unnest(
            CAST(:ids AS uuid[]), CAST(:agencies AS text[]), CAST(:topics AS text[]), CAST(:keys AS text[]),
            CAST(:types AS text[]), CAST(:versions AS int[]), CAST(:subjects AS text[]), CAST(:traces AS text[]),
            CAST(CAST(:payloads AS text[]) AS json[]))
    )
    SELECT pg_notify('{CHANNEL}', current_schema())
""")  # noqa: S608 - a constant of this module
