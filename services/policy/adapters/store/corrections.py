"""Corrections in Postgres: what an officer said about a turn, and what a model may learn from all of them.

Who corrects holds the case's row, so that two officers come one after the other, and both know what is corrected.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy.adapters.store import issues
from services.policy.domain.learning.corrections import Correction, Judged
from services.policy.domain.learning.examples import Example

REMEMBERED = timedelta(days=90)
"""How long a text is known for what a person judged it to be."""

MOST_SHOWN = 200


async def hold_case(connection: AsyncConnection, case_id: str) -> str | None:
    """Keep others from changing a case until the transaction ends; whose case it is, or None if there is none."""
    return (await connection.execute(_HOLD_CASE, {"case": case_id})).scalar_one_or_none()


async def find_judged(connection: AsyncConnection, case_id: str, comment: str | None) -> Judged | None:
    """The newest turn of a case, or of one comment in it, and of what kind it is held to be."""
    row = (await connection.execute(_JUDGED, {"case": case_id, "comment": comment})).one_or_none()
    return None if row is None else Judged(row.agency, case_id, row.number, row.comment, row.issue, row.kind)


async def last_of(connection: AsyncConnection, judged: Judged) -> Any | None:
    """What an officer said of that turn last, or None."""
    return (await connection.execute(_LAST_OF, {"case": judged.case, "turn": judged.turn})).one_or_none()


async def put(connection: AsyncConnection, correction: Correction, judged: Judged) -> None:
    """Keep a correction; what is like the comment counts as judged by a person."""
    values = {name: getattr(correction, name) for name in Correction.__slots__}
    await connection.execute(_PUT, values)
    if judged.issue is not None:
        await issues.judge(connection, judged.issue, correction.kind, correction.at + REMEMBERED)


async def list_of(connection: AsyncConnection, case_id: str) -> Sequence[Any]:
    """The corrections of a case, oldest first."""
    return (await connection.execute(_OF_CASE, {"case": case_id, "most": MOST_SHOWN})).all()


async def examples(connection: AsyncConnection, agency: str, since: datetime | None = None) -> list[Example]:
    """What officers of an agency corrected or confirmed, and about as much of what they answered without correcting it.

    Comments that their authors have deleted teach nothing.
    """
    asked = {"agency": agency, "since": since}
    corrected = [Example(row.text, row.kind) for row in await connection.execute(_CORRECTED, asked)]
    answered = await connection.execute(_ANSWERED, {**asked, "most": len(corrected)})
    return [*(Example(row.text, row.kind, "answered") for row in answered), *corrected]


_HOLD_CASE = text('SELECT agency FROM "case" WHERE id = :case FOR UPDATE')
_JUDGED = text("""
    SELECT t.agency, t.number, t.comment, t.issue, coalesce(last.kind, t.decision ->> 'kind') AS kind
    FROM turn AS t
    LEFT JOIN LATERAL (
        SELECT kind FROM correction WHERE case_id = t.case_id AND turn = t.number ORDER BY at DESC, id DESC LIMIT 1
    ) AS last ON true
    WHERE t.case_id = :case AND (CAST(:comment AS text) IS NULL OR t.comment = :comment)
    ORDER BY t.number DESC LIMIT 1
""")
_LAST_OF = text("""
    SELECT * FROM correction WHERE case_id = :case AND turn = :turn ORDER BY at DESC, id DESC LIMIT 1
""")
_PUT = text("""
    INSERT INTO correction (id, agency, case_id, turn, comment, kind_was, kind, officer, at)
    VALUES (:id, :agency, :case, :turn, :comment, :kind_was, :kind, :officer, :at)
""")
_OF_CASE = text("""
    SELECT * FROM (SELECT * FROM correction WHERE case_id = :case ORDER BY at DESC, id DESC LIMIT :most) AS newest
    ORDER BY at, id
""")
_CORRECTED = text("""
    SELECT t.text, last.kind FROM (
        SELECT DISTINCT ON (case_id, turn) case_id, turn, kind, at, id FROM correction
        WHERE agency = :agency AND (CAST(:since AS timestamptz) IS NULL OR at >= :since)
        ORDER BY case_id, turn, at DESC, id DESC) AS last
    JOIN turn AS t ON t.case_id = last.case_id AND t.number = last.turn
    WHERE t.state <> 'deleted' ORDER BY last.at, last.id
""")
_ANSWERED = text("""
    SELECT t.text, t.decision ->> 'kind' AS kind FROM turn AS t
    WHERE t.agency = :agency AND t.state = 'answered' AND t.decision ->> 'line' IS NULL
        AND (CAST(:since AS timestamptz) IS NULL OR t.received_at >= :since)
        AND NOT EXISTS (SELECT 1 FROM correction AS c WHERE c.case_id = t.case_id AND c.turn = t.number)
    ORDER BY t.received_at DESC, t.case_id, t.number LIMIT :most
""")
