"""Appointments of stand-ins in Postgres."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy.domain.authority.instruments import ActingAppointment


@dataclass(frozen=True)
class Filter:
    """Which appointments are asked for; ``after`` is the id of the last one seen."""

    agencies: Sequence[str]
    subject: str | None = None
    standing_at: datetime | None = None
    after: str | None = None
    limit: int = 50


async def put(connection: AsyncConnection, appointment: ActingAppointment) -> None:
    """Keep an appointment, or its end."""
    values = {name: getattr(appointment, name) for name in ActingAppointment.__slots__}
    await connection.execute(_PUT, values)


async def find(connection: AsyncConnection, id_: str) -> ActingAppointment | None:
    """An appointment, held until the transaction ends."""
    row = (await connection.execute(_FIND, {"id": id_})).one_or_none()
    return None if row is None else appointment_of(row)


async def list_of(connection: AsyncConnection, asked: Filter) -> list[ActingAppointment]:
    """Appointments, the newest first."""
    found = await connection.execute(_LIST, {**vars(asked), "agencies": list(asked.agencies)})
    return [appointment_of(row) for row in found]


def appointment_of(row: Any) -> ActingAppointment:
    return ActingAppointment(
        id=row.id,
        agency=row.agency,
        subject=row.subject,
        post=row.post,
        from_=row.begins_at,
        until=row.ends_at,
        appointed_by=row.appointed_by,
        appointed_at=row.appointed_at,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
    )


_PUT = text("""
    INSERT INTO acting_appointment (id, agency, subject, post, begins_at, ends_at, appointed_by, appointed_at,
                                    ended_at, ended_by)
    VALUES (:id, :agency, :subject, :post, :from_, :until, :appointed_by, :appointed_at, :ended_at, :ended_by)
    ON CONFLICT (id) DO UPDATE SET ended_at = excluded.ended_at, ended_by = excluded.ended_by
""")
_FIND = text("SELECT * FROM acting_appointment WHERE id = :id FOR UPDATE")
_LIST = text("""
    SELECT * FROM acting_appointment
    WHERE agency = ANY (CAST(:agencies AS text[]))
        AND (CAST(:subject AS text) IS NULL OR subject = :subject)
        AND (CAST(:standing_at AS timestamptz) IS NULL OR (
            greatest(begins_at, appointed_at) <= :standing_at
            AND least(ended_at, ends_at) > :standing_at))
        AND (CAST(:after AS text) IS NULL OR id < :after)
    ORDER BY id DESC LIMIT :limit
""")
