"""Reports over Open311: a row beside the comment that each one is.

A report that is exactly like one of the last minutes is the same report. Its fingerprint is unique in the table, and is
taken off a row whose time has passed as soon as somebody else has the same: so two processes that get a client's
repeat at once still keep it once.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.adapters.store import arrivals
from services.ingest.adapters.tables import comment, report
from services.ingest.domain.accounts import Account
from services.ingest.domain.reports import REPEATED_WITHIN, Report
from services.ingest.domain.statuses import Status
from services.ingest.ports import Arrival


@dataclass(frozen=True, slots=True)
class Filing:
    """A report on its way into the tables: the comment that it becomes, and what tells it from others."""

    comment: str
    account: Account
    report: Report
    service_code: str
    fingerprint: str
    arrival: Arrival


@dataclass(frozen=True, slots=True)
class Filter:
    """Which reports to list: of ``jurisdictions``, within ``start`` and ``end`` (exclusive), and, where they are said,
    with one of ``codes`` and ``statuses``."""

    jurisdictions: Sequence[str]
    start: datetime
    end: datetime
    codes: Sequence[str] = ()
    statuses: Sequence[Status] = ()


async def write(connection: AsyncConnection, group: Sequence[Filing]) -> list[str]:
    """Write a group in the caller's transaction; the comment of each, which is an earlier one for a repeat."""
    first: dict[str, Filing] = {}
    for filing in group:
        first.setdefault(filing.fingerprint, filing)
    # The same order in every transaction, so that two of them cannot wait for each other.
    ordered = [first[fingerprint] for fingerprint in sorted(first)]
    since = min(filing.arrival.received_at for filing in ordered) - REPEATED_WITHIN
    await connection.execute(_LET_GO, {"fingerprints": sorted(first), "since": since})
    columns = zip(*map(_row, ordered), strict=True)
    fresh = set(await connection.scalars(_INSERT, dict(zip(_NAMES, map(list, columns), strict=True))))
    await arrivals.write(connection, [filing.arrival for filing in ordered if filing.comment in fresh])
    known = await connection.execute(_KNOWN, {"fingerprints": sorted(first)})
    comments = {row.fingerprint: row.comment for row in known}
    return [comments[filing.fingerprint] for filing in group]


async def these(connection: AsyncConnection, ids: Sequence[str], jurisdictions: Sequence[str]) -> Sequence[Row[Any]]:
    """The reports with these ids, newest first."""
    # No id has other characters, and Postgres does not bear all of them.
    wanted = [id_ for id_ in ids if id_.isascii() and id_.isprintable()]
    query = _seen().where(report.c.comment.in_(wanted), report.c.jurisdiction.in_(jurisdictions))
    rows: Sequence[Row[Any]] = (await connection.execute(query)).all()
    return rows


async def page(connection: AsyncConnection, wanted: Filter, limit: int) -> Sequence[Row[Any]]:
    """At most ``limit`` reports, newest first."""
    query = _seen().where(report.c.requested_at >= wanted.start, report.c.requested_at < wanted.end).limit(limit)
    query = query.where(report.c.jurisdiction.in_(wanted.jurisdictions))
    if wanted.codes:
        query = query.where(report.c.service_code.in_(wanted.codes))
    if wanted.statuses:
        query = query.where(comment.c.status.in_(wanted.statuses))
    rows: Sequence[Row[Any]] = (await connection.execute(query)).all()
    return rows


def _seen() -> Select[Any]:
    read = (
        report.c.comment, report.c.agency, report.c.jurisdiction, report.c.service_code, report.c.service_name,
        report.c.description, report.c.address, report.c.address_id, report.c.lat, report.c.long,
        report.c.requested_at, comment.c.media, comment.c.status, comment.c.hidden, comment.c.reply_text,
        comment.c.progressed_at,
    )  # fmt: skip
    newest_first = (report.c.requested_at.desc(), report.c.comment.desc())
    return select(*read).join(comment, comment.c.id == report.c.comment).order_by(*newest_first)


_NAMES = (
    "comment", "agency", "jurisdiction", "service_code", "service_name", "description", "address", "address_id",
    "lat", "long", "contact", "fingerprint", "requested_at",
)  # fmt: skip
_TYPES: Mapping[str, str] = {"lat": "float8", "long": "float8", "requested_at": "timestamptz"}


def _row(filing: Filing) -> tuple[Any, ...]:
    told, place = filing.report, filing.report.place
    contact = {name: said for name, said in asdict(told.contact).items() if said is not None}
    return (
        filing.comment, filing.account.agency, filing.account.account, filing.service_code, told.service.name,
        told.description, place.address, place.address_id, place.lat, place.long,
        json.dumps(contact) if contact else None, filing.fingerprint, filing.arrival.received_at,
    )  # fmt: skip


_COLUMNS = ", ".join(_NAMES)
_ARRAYS = ", ".join(f"CAST(:{name} AS {_TYPES.get(name, 'text')}[])" for name in _NAMES)
_LET_GO = text("""
    UPDATE report SET fingerprint = NULL WHERE comment IN (
        SELECT comment FROM report
        WHERE fingerprint = ANY (CAST(:fingerprints AS text[])) AND requested_at <= :since
        ORDER BY fingerprint FOR UPDATE)
""")
_INSERT = text(f"""
    INSERT INTO report ({_COLUMNS}) SELECT {_COLUMNS} FROM unnest({_ARRAYS}) AS filed ({_COLUMNS})
    ON CONFLICT (fingerprint) DO NOTHING RETURNING comment
""")  # noqa: S608 - constants of this module
_KNOWN = text("SELECT comment, fingerprint FROM report WHERE fingerprint = ANY (CAST(:fingerprints AS text[]))")
