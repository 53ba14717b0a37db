"""Orders as submissions of a case, and the released responses that they are about. Whoever acts on an order holds the
row of its case."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy.adapters.store import rows
from services.policy.adapters.store.submissions import submission_of
from services.policy.domain.clearance.orders import OnRecord
from services.policy.domain.clearance.submissions import Submission


async def of_cases(connection: AsyncConnection, cases: Iterable[str]) -> dict[str, list[Submission]]:
    """The orders of each case, the oldest first."""
    found: dict[str, list[Submission]] = defaultdict(list)
    for row in await connection.execute(_OF_CASES, {"cases": sorted(set(cases))}):
        found[row.case_id].append(submission_of(row))
    return found


async def case_of(connection: AsyncConnection, order: str) -> str | None:
    """The case of an order, or None."""
    found: str | None = (await connection.execute(_CASE_OF, {"id": order})).scalar_one_or_none()
    return found


async def still_open(connection: AsyncConnection, agencies: Sequence[str]) -> list[Submission]:
    """The orders of these agencies that wait for clearance."""
    return [submission_of(row) for row in await connection.execute(_STILL_OPEN, {"agencies": list(agencies)})]


async def response(connection: AsyncConnection, response_id: str) -> OnRecord | None:
    """A released response, or None."""
    row = (await connection.execute(_RESPONSE, {"id": response_id})).one_or_none()
    if row is None:
        return None
    comments = tuple(rows.from_json(row.comments))
    return OnRecord(row.id, row.case_id, comments, row.text, row.language, row.level, row.state, row.purpose)


_OF_CASES = text("""
    SELECT * FROM submission WHERE case_id = ANY (CAST(:cases AS text[])) ORDER BY case_id, written_at, id
""")
_CASE_OF = text("SELECT case_id FROM submission WHERE id = :id")
_STILL_OPEN = text("""
    SELECT * FROM submission
    WHERE state = 'open' AND case_id IS NOT NULL AND agency = ANY (CAST(:agencies AS text[])) ORDER BY written_at, id
""")
_RESPONSE = text("SELECT * FROM response WHERE id = :id")
