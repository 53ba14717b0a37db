"""Persons' leave in Postgres."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy.domain.authority.presence import Leave


@dataclass(frozen=True)
class Filter:
    """Which leave is asked for; ``after`` is the id of the last one seen."""

    agencies: Sequence[str]
    subject: str | None = None
    standing_at: datetime | None = None
    after: str | None = None
    limit: int = 50


async def put(connection: AsyncConnection, leave: Leave) -> None:
    """Keep a leave, or its end."""
    await connection.execute(_PUT, {name: getattr(leave, name) for name in Leave.__slots__})


async def find(connection: AsyncConnection, id_: str) -> Leave | None:
    """A leave, held until the transaction ends."""
    row = (await connection.execute(_FIND, {"id": id_})).one_or_none()
    return None if row is None else _leave_of(row)


async def list_of(connection: AsyncConnection, asked: Filter) -> list[Leave]:
    """Leave, the newest first."""
    found = await connection.execute(_LIST, {**vars(asked), "agencies": list(asked.agencies)})
    return [_leave_of(row) for row in found]


async def between(
    connection: AsyncConnection, agencies: Sequence[str], start: datetime, end: datetime | None = None
) -> Mapping[str, list[Leave]]:
    """By agency the leave of which something lies between two moments, or after the first where there is no second."""
    found: dict[str, list[Leave]] = defaultdict(list)
    for row in await connection.execute(_BETWEEN, {"agencies": list(agencies), "start": start, "end": end}):
        found[row.agency].append(_leave_of(row))
    return found


def _leave_of(row: Any) -> Leave:
    return Leave(
        id=row.id,
        agency=row.agency,
        subject=row.subject,
        from_=row.begins_at,
        until=row.ends_at,
        entered_by=row.entered_by,
        entered_at=row.entered_at,
        note=row.note,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
    )


_PUT = text("""
    INSERT INTO leave (id, agency, subject, begins_at, ends_at, note, entered_by, entered_at, ended_at, ended_by)
    VALUES (:id, :agency, :subject, :from_, :until, :note, :entered_by, :entered_at, :ended_at, :ended_by)
    ON CONFLICT (id) DO UPDATE SET ended_at = excluded.ended_at, ended_by = excluded.ended_by
""")
_FIND = text("SELECT * FROM leave WHERE id = :id FOR UPDATE")
_LIST = text("""
    SELECT * FROM leave
    WHERE agency = ANY (CAST(:agencies AS text[]))
        AND (CAST(:subject AS text) IS NULL OR subject = :subject)
        AND (CAST(:standing_at AS timestamptz) IS NULL OR (
            begins_at <= :standing_at AND least(ended_at, ends_at) > :standing_at))
        AND (CAST(:after AS text) IS NULL OR id < :after)
    ORDER BY id DESC LIMIT :limit
""")
_BETWEEN = text("""
    SELECT * FROM leave
    WHERE agency = ANY (CAST(:agencies AS text[])) AND ends_at > :start
        AND (ended_at IS NULL OR (ended_at > :start AND ended_at > begins_at))
        AND (CAST(:end AS timestamptz) IS NULL OR begins_at < :end)
    ORDER BY id
""")
