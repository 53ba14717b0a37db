"""What was said to those who wait, as far as it did not fail."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy.adapters.store import rows
from services.policy.domain.clearance.cases import Case
from shared.events import Purpose


@dataclass(frozen=True, slots=True)
class Told:
    """A holding reply or an acknowledgement, to these comments."""

    case: str
    comments: tuple[str, ...]
    purpose: Purpose
    at: datetime


async def told(connection: AsyncConnection, cases: Sequence[str]) -> list[Told]:
    """Holding replies and acknowledgements in these cases, in order."""
    found = await connection.execute(_TOLD, {"cases": list(cases)})
    return [Told(row.case_id, tuple(rows.from_json(row.comments)), row.purpose, row.approved_at) for row in found]


async def recall(connection: AsyncConnection, cases: Iterable[Case]) -> None:
    """Let these cases know what was said in them."""
    known: dict[str, Case] = {case.id: case for case in cases}
    for each in await told(connection, sorted(known)):
        for comment in each.comments:
            known[each.case].told.setdefault(comment, set()).add(each.purpose)


_TOLD = text("""
    SELECT case_id, comments, purpose, approved_at FROM response
    WHERE case_id = ANY (CAST(:cases AS text[])) AND purpose IN ('holding', 'acknowledgement') AND state <> 'failed'
    ORDER BY approved_at
""")
