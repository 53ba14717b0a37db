"""Dead letters: what could not be handled, kept with its raw bytes, its reason and its place.

The row is the truth. The ``<topic>.dead`` topic only announces it, for those who watch topics.
"""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, DateTime, Integer, LargeBinary, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.database import agency_column
from shared.events import MessageDied
from shared.ids import new_id
from shared.outbox import stage
from shared.topics import dead_topic

NO_AGENCY = "-"
"""Stands where an unreadable message does not say whose it is."""


def dead_letter_table(metadata: MetaData) -> Table:
    """``place`` tells where it came from: topic, partition and offset, or the webhook's platform and account."""
    return Table(
        "dead_letter",
        metadata,
        Column("id", Text, primary_key=True),
        agency_column(),
        Column("source", Text, nullable=False),
        Column("partition", Integer),
        Column("record_offset", BigInteger),
        Column("key", LargeBinary),
        Column("headers", JSONB, nullable=False, server_default=text("'[]'")),
        Column("body", LargeBinary),
        Column("code", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("traceparent", Text),
        Column("buried_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    )


@dataclass(frozen=True)
class DeadLetter:
    """A message set aside. ``source`` is a topic, or ``webhook:<platform>:<account>``."""

    source: str
    body: bytes | None
    code: str
    reason: str
    agency: str = NO_AGENCY
    partition: int | None = None
    offset: int | None = None
    key: bytes | None = None
    headers: str = "[]"
    traceparent: str | None = None


async def bury(connection: AsyncConnection, letter: DeadLetter) -> str:
    """Keep a dead letter in the caller's transaction; its id."""
    row = await connection.execute(
        _BURY,
        {
            "id": new_id("dead"),
            "agency": letter.agency,
            "source": letter.source,
            "partition": letter.partition,
            "offset": letter.offset,
            "key": letter.key,
            "headers": letter.headers,
            "body": letter.body,
            "code": letter.code,
            "reason": letter.reason[:2000],
            "traceparent": letter.traceparent,
        },
    )
    return str(row.scalar_one())


async def bury_record(connection: AsyncConnection, letter: DeadLetter) -> str:
    """Keep a record of a topic as a dead letter and announce it on the topic's ``.dead`` companion.

    A record that comes again, here or on a broker that was told everything anew, is the same dead letter still.
    """
    same = {"source": letter.source, "headers": letter.headers, "body": letter.body}
    known = (await connection.execute(_KNOWN, same)).scalar_one_or_none()
    if known is not None:
        return str(known)
    letter_id = await bury(connection, letter)
    died = MessageDied(
        agency=letter.agency,
        dead_letter=letter_id,
        source=letter.source,
        partition=letter.partition,
        offset=letter.offset,
        code=letter.code,
        reason=letter.reason[:2000],
    )
    await stage(connection, [died], [letter.traceparent], topic=dead_topic(letter.source))
    return letter_id


_KNOWN = text("""
    SELECT id FROM dead_letter WHERE source = :source AND headers = CAST(:headers AS jsonb)
    AND body IS NOT DISTINCT FROM CAST(:body AS bytea) LIMIT 1
""")
_BURY = text("""
    INSERT INTO dead_letter
        (id, agency, source, partition, record_offset, key, headers, body, code, reason, traceparent)
    VALUES (:id, :agency, :source, CAST(:partition AS int), CAST(:offset AS bigint), CAST(:key AS bytea),
            CAST(:headers AS jsonb), CAST(:body AS bytea), :code, :reason, CAST(:traceparent AS text))
    RETURNING id
""")
