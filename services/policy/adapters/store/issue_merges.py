"""Issues that persons found to be one matter. Nothing of an issue itself is changed by that, so that those who hear of
it at the same time need not know; each goes into one other at most, and a group is whatever is joined so."""

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy.adapters.store import issue_queries


async def joined(connection: AsyncConnection, issue: str) -> set[str]:
    """The issues that are one matter with ``issue``, itself included."""
    return set((await connection.execute(_JOINED, {"issue": issue})).scalars())


async def group_of(connection: AsyncConnection, row: Any) -> list[str]:
    """The issues of one matter, by the row of one of them: those joined with it, and the same in other languages."""
    elsewhere = await issue_queries.in_other_languages(connection, row)
    return sorted({*await joined(connection, row.id), *elsewhere})


async def merge(connection: AsyncConnection, agency: str, issue: str, into: str, by: str, at: datetime) -> bool:
    """Keep that two issues are one matter; False where that is known."""
    await connection.execute(_ONE_AT_A_TIME, {"name": f"issue merges {agency}"})
    mine = await joined(connection, issue)
    if into in mine:
        return False
    values = {"mine": sorted(mine), "agency": agency, "into": into, "by": by, "at": at}
    await connection.execute(_MERGE, values)
    return True


_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_JOINED = text("""
    WITH RECURSIVE joined AS (
        SELECT CAST(:issue AS text) AS issue
        UNION SELECT CASE WHEN m.issue = joined.issue THEN m.into_issue ELSE m.issue END
        FROM joined JOIN issue_merge AS m ON joined.issue IN (m.issue, m.into_issue))
    SELECT issue FROM joined
""")
# Of a group, one issue has gone into no other yet.
_MERGE = text("""
    INSERT INTO issue_merge (issue, agency, into_issue, merged_by, at)
    SELECT issue, :agency, :into, :by, CAST(:at AS timestamptz)
    FROM unnest(CAST(:mine AS text[])) AS mine (issue)
    WHERE NOT EXISTS (SELECT 1 FROM issue_merge AS m WHERE m.issue = mine.issue)
""")
