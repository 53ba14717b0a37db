"""Reviews of what one authority released, in Postgres."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy.domain.clearance.reviews import Review


async def put(connection: AsyncConnection, owed: Sequence[Review]) -> None:
    """Keep that these reviews are owed."""
    for review in owed:
        await connection.execute(_PUT, values_of(review))


async def lock(connection: AsyncConnection, review_id: str) -> Review | None:
    """One review, held until the transaction ends."""
    row = (await connection.execute(_LOCK, {"id": review_id})).one_or_none()
    return None if row is None else review_of(row)


async def overdue(connection: AsyncConnection, now: datetime, most: int) -> list[Review]:
    """Reviews that nobody made in time and that nobody was reminded of, held; those that others hold are left out."""
    return [review_of(row) for row in await connection.execute(_OVERDUE, {"now": now, "most": most})]


async def write(connection: AsyncConnection, review: Review) -> None:
    """What became of a review."""
    await connection.execute(_WRITE, values_of(review))


async def page(
    connection: AsyncConnection, agencies: Sequence[str] | None, *, owed: bool | None, after: str | None, limit: int
) -> list[Review]:
    """Reviews of these agencies (None: all) by their ids; ``owed``: only those still to be made, or only those made."""
    asked = {"agencies": None if agencies is None else list(agencies), "owed": owed, "after": after, "limit": limit}
    return [review_of(row) for row in await connection.execute(_PAGE, asked)]


def values_of(review: Review) -> dict[str, Any]:
    """A review by the names of its fields."""
    return {name: getattr(review, name) for name in Review.__slots__}


def review_of(row: Any) -> Review:
    return Review(**{name: getattr(row, "case_id" if name == "case" else name) for name in Review.__slots__})


_PUT = text("""
    INSERT INTO review (id, agency, case_id, response, draft, author, released_by, post, level, reason, released_at,
                        due_at)
    VALUES (:id, :agency, :case, :response, :draft, :author, :released_by, :post, :level, :reason, :released_at,
            :due_at)
""")
_LOCK = text("SELECT * FROM review WHERE id = :id FOR UPDATE")
_OVERDUE = text("""
    SELECT * FROM review WHERE finding IS NULL AND reminded_at IS NULL AND due_at <= :now
    ORDER BY due_at LIMIT :most FOR UPDATE SKIP LOCKED
""")
_WRITE = text("""
    UPDATE review SET finding = :finding, reviewed_by = :reviewed_by, reviewed_at = :reviewed_at, note = :note,
                      reminded_at = :reminded_at
    WHERE id = :id
""")
_PAGE = text("""
    SELECT * FROM review
    WHERE (CAST(:agencies AS text[]) IS NULL OR agency = ANY (CAST(:agencies AS text[])))
        AND (CAST(:owed AS boolean) IS NULL OR (finding IS NULL) = CAST(:owed AS boolean))
        AND (CAST(:after AS text) IS NULL OR id > :after)
    ORDER BY id LIMIT :limit
""")
