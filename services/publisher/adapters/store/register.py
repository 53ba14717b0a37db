"""The register of receipts: closed once a day, read by anybody.

What must stay true: a line that is written is never written again; lines are numbered without a gap; a day's head is
shown only when nothing more will be entered under that day.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.publisher.adapters.record_tables import NOT_ENTERED
from services.publisher.domain.register import BEGINNING, Entered, Receipt, enter
from shared.database import EVERY_AGENCY, Database
from shared.lease import Lease

BATCH = 2000


async def close_days(database: Database, lease: Lease, batch: int = BATCH) -> int:
    """Enter whatever changed before today (UTC); how many lines that made. Nothing while another process does it."""
    entered = 0
    while (token := await lease.take()) is not None:
        async with database.begin(EVERY_AGENCY) as connection:
            if not await lease.holds(connection, token):
                return entered
            row = (await connection.execute(_TO_CLOSE)).one_or_none()
            if row is None:
                return entered
            entered += await _enter_some(connection, row.agency, row.day, batch)
    return entered


async def _enter_some(connection: AsyncConnection, agency: str, day: date, batch: int) -> int:
    """One batch of one agency; its day is closed when nothing is left. A day without a change has a head as well."""
    changed = list(await connection.execute(_CHANGED, {"agency": agency, "most": batch + 1}))
    rows, is_last = changed[:batch], len(changed) <= batch
    last = (await connection.execute(_LAST, {"agency": agency})).one_or_none()
    number, last_hash = (last.number, last.hash) if last is not None else (0, BEGINNING)
    lines = enter([receipt_of(row) for row in rows], day, number, last_hash)
    if lines:
        number, last_hash = lines[-1].number, lines[-1].hash
        await _write(connection, agency, day, lines)
        await connection.execute(_MARK, {"cases": [row.case_id for row in rows], "ids": [row.id for row in rows]})
    head = {"agency": agency, "day": day, "number": number, "hash": last_hash, "is_last": is_last}
    await connection.execute(_MOVE_HEAD, head)
    return len(lines)


async def _write(connection: AsyncConnection, agency: str, day: date, lines: list[Entered]) -> None:
    await connection.execute(
        _ENTER,
        {
            "agency": agency,
            "day": day,
            "numbers": [line.number for line in lines],
            "receipts": [line.receipt for line in lines],
            "entries": [line.entry for line in lines],
            "hashes": [line.hash for line in lines],
        },
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """A receipt as it stands now, and where it was last entered: number and day, None while it was not."""

    receipt: Receipt
    number: int | None
    day: date | None


async def exists(connection: AsyncConnection, agency: str) -> bool:
    """Whether there is such an agency here: it has an account, or somebody asked it something."""
    return bool((await connection.execute(_EXISTS, {"agency": agency})).scalar_one())


async def find(connection: AsyncConnection, agency: str, receipt: str) -> Standing | None:
    """A receipt by its id."""
    row = (await connection.execute(_FIND, {"agency": agency, "id": receipt})).one_or_none()
    return None if row is None else Standing(receipt_of(row), row.number, row.day)


async def lines(connection: AsyncConnection, agency: str, after: int, most: int) -> list[Entered]:
    """Lines of closed days that follow line ``after``."""
    rows = await connection.execute(_LINES, {"agency": agency, "after": after, "most": most})
    return [Entered(row.number, row.receipt, row.entry, row.hash) for row in rows]


async def heads(connection: AsyncConnection, agency: str, before: date | None, most: int) -> list[Any]:
    """The heads of closed days before a day, the newest first: ``day``, ``number``, ``hash``, ``closed_at``."""
    return list(await connection.execute(_HEADS, {"agency": agency, "before": before, "most": most}))


def receipt_of(row: Any) -> Receipt:
    """The row as the domain knows it; an answer was given at its own level and by its own policy."""
    answered = row.answered_at is not None
    return Receipt(
        id=row.id,
        agency=row.agency,
        policy_version=(row.answer_policy if answered else None) or row.policy_version,
        rules=tuple(row.rules),
        level=(row.answer_level if answered else None) or row.level,
        asked_at=row.asked_at,
        asked_from=row.asked_from,
        due_at=row.due_at,
        answered_at=row.answered_at,
        approvals=row.approvals,
        signoffs=row.signoffs,
        manner=row.manner,
        closed_at=row.closed_at,
        closed_reason=row.closed_reason,
        hidden_at=row.hidden_at,
        house_rule=row.house_rule,
        corrections=row.corrections,
        is_retracted=row.retracted_at is not None,
    )


_TODAY = "(date_trunc('day', statement_timestamp() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC')"
_YESTERDAY = f"CAST({_TODAY} AT TIME ZONE 'UTC' - interval '1 day' AS date)"
# The names of agencies, each found by one step through the index instead of reading all receipts.
_TO_CLOSE = text(f"""
    WITH RECURSIVE known AS (
        (SELECT agency FROM receipt ORDER BY agency LIMIT 1)
        UNION ALL
        SELECT (SELECT r.agency FROM receipt AS r WHERE r.agency > known.agency ORDER BY r.agency LIMIT 1)
        FROM known WHERE known.agency IS NOT NULL
    )
    SELECT known.agency, {_YESTERDAY} AS day FROM known
    WHERE known.agency IS NOT NULL AND NOT EXISTS (
        SELECT FROM register_head AS h
        WHERE h.agency = known.agency AND h.day = {_YESTERDAY} AND h.closed_at IS NOT NULL)
    LIMIT 1
""")  # noqa: S608 - constants
_CHANGED = text(f"""
    SELECT * FROM receipt WHERE agency = :agency AND {NOT_ENTERED} AND changed_at < {_TODAY}
    ORDER BY id, case_id LIMIT :most FOR UPDATE
""")  # noqa: S608 - constants
_LAST = text("SELECT number, hash FROM register_entry WHERE agency = :agency ORDER BY number DESC LIMIT 1")
_ENTER = text("""
    INSERT INTO register_entry (agency, number, day, receipt, entry, hash)
    SELECT :agency, n.number, :day, n.receipt, n.entry, n.hash FROM unnest(
        CAST(:numbers AS bigint[]), CAST(:receipts AS text[]), CAST(:entries AS text[]), CAST(:hashes AS text[])
    ) AS n (number, receipt, entry, hash)
""")
_MOVE_HEAD = text("""
    INSERT INTO register_head (agency, day, number, hash, closed_at)
    VALUES (:agency, :day, :number, :hash, CASE WHEN :is_last THEN statement_timestamp() END)
    ON CONFLICT (agency, day) DO UPDATE SET
        number = excluded.number, hash = excluded.hash, closed_at = excluded.closed_at
""")
_MARK = text("""
    UPDATE receipt AS r SET entered = true
    FROM unnest(CAST(:cases AS text[]), CAST(:ids AS text[])) AS n (case_id, id)
    WHERE r.case_id = n.case_id AND r.id = n.id
""")
_EXISTS = text("""
    SELECT EXISTS (SELECT FROM account WHERE agency = :agency) OR EXISTS (SELECT FROM receipt WHERE agency = :agency)
""")
_FIND = text("""
    SELECT r.*, e.number, e.day FROM receipt AS r LEFT JOIN LATERAL (
        SELECT number, day FROM register_entry WHERE agency = r.agency AND receipt = r.id ORDER BY number DESC LIMIT 1
    ) AS e ON true
    WHERE r.agency = :agency AND r.id = :id ORDER BY r.routed_at DESC NULLS LAST LIMIT 1
""")
_LINES = text("""
    SELECT e.number, e.receipt, e.entry, e.hash FROM register_entry AS e
    WHERE e.agency = :agency AND e.number > :after AND e.number <= (
        SELECT coalesce(max(number), 0) FROM register_head WHERE agency = :agency AND closed_at IS NOT NULL)
    ORDER BY e.number LIMIT :most
""")
_HEADS = text("""
    SELECT day, number, hash, closed_at FROM register_head
    WHERE agency = :agency AND closed_at IS NOT NULL AND (CAST(:before AS date) IS NULL OR day < :before)
    ORDER BY day DESC LIMIT :most
""")
