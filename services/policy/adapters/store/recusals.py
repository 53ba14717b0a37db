"""Who stepped aside from which case, in Postgres."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy.domain.authority.instruments import Recusal


async def put(connection: AsyncConnection, recusal: Recusal) -> None:
    """Keep that somebody steps aside."""
    values = {name: getattr(recusal, name) for name in Recusal.__slots__}
    await connection.execute(_PUT, values)


async def find(connection: AsyncConnection, case: str, subject: str) -> Recusal | None:
    """That a person stepped aside from a case, if they did."""
    row = (await connection.execute(_FIND, {"case": case, "subject": subject})).one_or_none()
    return None if row is None else Recusal(row.case_id, row.agency, row.officer, row.reason, row.at)


async def recused_from(connection: AsyncConnection, cases: Sequence[str]) -> Mapping[str, frozenset[str]]:
    """Who stepped aside from which of these cases."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in await connection.execute(_RECUSED, {"cases": list(cases)}):
        found[row.case_id].add(row.officer)
    return {case: frozenset(found[case]) for case in cases}


_PUT = text("""
    INSERT INTO recusal (case_id, officer, agency, reason, at) VALUES (:case, :subject, :agency, :reason, :at)
""")
_FIND = text("SELECT * FROM recusal WHERE case_id = :case AND officer = :subject")
_RECUSED = text("SELECT case_id, officer FROM recusal WHERE case_id = ANY (CAST(:cases AS text[]))")
