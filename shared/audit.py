"""The audit trail: who did what in whose name, in the transaction that did it.

Each agency's rows form a chain: every row's hash covers the row and the hash before it (SHA-256 over canonical JSON).
A row that is altered, removed or slipped in breaks the chain at that place, and ``verify`` names it.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, MetaData, PrimaryKeyConstraint, Table, Text, text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.clock import rfc3339
from shared.database import agency_column

_canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode

BEGINNING = "0" * 64
"""The hash before the first row."""


@dataclass(frozen=True)
class Entry:
    """One act. ``actor`` is a subject or ``parley:<service>``; ``subject`` the id of what was acted on."""

    agency: str
    actor: str
    action: str
    subject: str
    on_behalf_of: str | None = None
    details: dict[str, Any] = field(default_factory=dict)


def audit_tables(metadata: MetaData) -> tuple[Table, Table]:
    """The trail, and for each agency the head of its chain."""
    trail = Table(
        "audit",
        metadata,
        agency_column(),
        Column("number", BigInteger, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
        Column("actor", Text, nullable=False),
        Column("on_behalf_of", Text),
        Column("action", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("details", Text, nullable=False),
        Column("hash", Text, nullable=False),
        PrimaryKeyConstraint("agency", "number"),
    )
    head = Table(
        "audit_head",
        metadata,
        Column("agency", Text, primary_key=True),
        Column("number", BigInteger, nullable=False),
        Column("hash", Text, nullable=False),
    )
    return trail, head


async def append(connection: AsyncConnection, entries: Sequence[Entry], now: datetime) -> None:
    """Write entries at the end of their agencies' chains, in this order."""
    if not entries:
        return
    agencies = sorted({entry.agency for entry in entries})
    heads = await _lock_heads(connection, agencies)
    rows = []
    for entry in entries:
        number, previous = heads[entry.agency]
        details = _canonical(entry.details)
        row = (
            entry.agency,
            number + 1,
            now,
            entry.actor,
            entry.on_behalf_of,
            entry.action,
            entry.subject,
            details,
        )
        heads[entry.agency] = (number + 1, digest(previous, row))
        rows.append((*row, heads[entry.agency][1]))
    columns = list(zip(*rows, strict=True))
    await connection.execute(_APPEND, {name: list(column) for name, column in zip(_COLUMNS, columns, strict=True)})
    await connection.execute(
        _MOVE_HEADS,
        {
            "agencies": agencies,
            "numbers": [heads[agency][0] for agency in agencies],
            "hashes": [heads[agency][1] for agency in agencies],
        },
    )


async def _lock_heads(connection: AsyncConnection, agencies: list[str]) -> dict[str, tuple[int, str]]:
    # Always in the order of their names, so that two transactions cannot wait for each other.
    found = (await connection.execute(_LOCK_HEADS, {"agencies": agencies})).all()
    if len(found) < len(agencies):
        await connection.execute(_BEGIN_CHAINS, {"agencies": agencies})
        found = (await connection.execute(_LOCK_HEADS, {"agencies": agencies})).all()
    return {row.agency: (row.number, row.hash) for row in found}


def digest(previous: str, row: Sequence[Any]) -> str:
    """The hash of a row (agency, number, at, actor, on_behalf_of, action, subject, details) after ``previous``."""
    agency, number, at, *rest = row
    canonical = _canonical([previous, agency, number, rfc3339(at), *rest])
    return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True)
class Broken:
    """The first place where an agency's chain does not hold."""

    agency: str
    number: int
    reason: str


def verify(rows: Iterable[Sequence[Any]], heads: dict[str, tuple[int, str]]) -> list[Broken]:
    """Check chains: ``rows`` ordered by agency and number, each with its hash last; ``heads`` by agency."""
    reached: dict[str, tuple[int, str]] = {}
    broken: dict[str, Broken] = {}
    for row in rows:
        agency, number = row[0], row[1]
        if agency in broken:
            continue
        last, previous = reached.get(agency, (0, BEGINNING))
        if number != last + 1:
            broken[agency] = Broken(agency, last + 1, "the row is missing")
        elif digest(previous, row[:-1]) != row[-1]:
            broken[agency] = Broken(agency, number, "the row was altered")
        reached[agency] = (number, row[-1])
    for agency, head in heads.items():
        if agency not in broken and reached.get(agency, (0, BEGINNING)) != head:
            broken[agency] = Broken(agency, head[0], "rows are missing at the end")
    return list(broken.values())


_COLUMNS = ("agencies", "numbers", "ats", "actors", "on_behalf", "actions", "subjects", "details", "hashes")
_LOCK_HEADS = text("""
    SELECT agency, number, hash FROM audit_head WHERE agency = ANY (CAST(:agencies AS text[]))
    ORDER BY agency FOR UPDATE
""")
_BEGIN_CHAINS = text("""
    INSERT INTO audit_head (agency, number, hash)
    SELECT agency, 0, repeat('0', 64) FROM unnest(CAST(:agencies AS text[])) AS new (agency)
    ON CONFLICT DO NOTHING
""")
_APPEND = text("""
    INSERT INTO audit (agency, number, at, actor, on_behalf_of, action, subject, details, hash)
    SELECT * FROM unnest(
        CAST(:agencies AS text[]), CAST(:numbers AS bigint[]), CAST(:ats AS timestamptz[]), CAST(:actors AS text[]),
        CAST(:on_behalf AS text[]), CAST(:actions AS text[]), CAST(:subjects AS text[]), CAST(:details AS text[]),
        CAST(:hashes AS text[]))
""")
_MOVE_HEADS = text("""
    UPDATE audit_head SET number = moved.number, hash = moved.hash
    FROM unnest(CAST(:agencies AS text[]), CAST(:numbers AS bigint[]), CAST(:hashes AS text[]))
         AS moved (agency, number, hash)
    WHERE audit_head.agency = moved.agency
""")
