"""Questions of the API about issues; nothing here locks or writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

MOST_CASES_SHOWN = 200


@dataclass(frozen=True)
class Filter:
    """Which issues are asked for. ``after`` is the place of the last one seen: when it was raised last, and its id."""

    now: datetime
    agencies: Sequence[str] | None
    surging: bool | None = None
    after: tuple[datetime, str] | None = None
    limit: int = 50


async def list_issues(connection: AsyncConnection, asked: Filter) -> list[Any]:
    """Rows of the issues of more than one comment, those raised last first."""
    conditions, values = ["comments > 1"], {"now": asked.now, "limit": asked.limit}
    if asked.agencies is not None:
        conditions.append("agency = ANY (CAST(:agencies AS text[]))")
        values["agencies"] = list(asked.agencies)
    if asked.surging is not None:
        conditions.append(f"({_SURGING}) = :surging")
        values["surging"] = asked.surging
    if asked.after is not None:
        conditions.append("(last_at, id) < (:last_at, :last)")
        values["last_at"], values["last"] = asked.after
    statement = f"""
        SELECT *, {_SURGING} AS surging FROM issue WHERE {" AND ".join(conditions)}
        ORDER BY last_at DESC, id DESC LIMIT :limit
    """  # noqa: S608 - conditions are constants of this module
    return list((await connection.execute(text(statement), values)).all())


async def find_issue(connection: AsyncConnection, issue_id: str, now: datetime) -> Any:
    """The row of an issue, or None."""
    return (await connection.execute(_ISSUE, {"issue": issue_id, "now": now})).one_or_none()


async def in_other_languages(connection: AsyncConnection, row: Any) -> Sequence[str]:
    """The issues in which others say the same at the same time in another language."""
    about = {"agency": row.agency, "subject": row.subject, "language": row.language}
    found = await connection.execute(_ELSEWHERE, {**about, "opened_at": row.opened_at, "ends_at": row.ends_at})
    return found.scalars().all()


async def cases_of(connection: AsyncConnection, issue_id: str) -> list[str]:
    """The cases in which an issue was raised, the latest first."""
    found = await connection.execute(_CASES, {"issue": issue_id, "most": MOST_CASES_SHOWN})
    return list(dict.fromkeys(found.scalars()))


_SURGING = "surging_since IS NOT NULL AND ends_at >= :now"
_ISSUE = text(f"SELECT *, {_SURGING} AS surging FROM issue WHERE id = :issue")  # noqa: S608 - a constant of this module
_ELSEWHERE = text("""
    SELECT id FROM issue
    WHERE subject = :subject AND agency = :agency AND comments > 1 AND language <> :language
        AND opened_at <= :ends_at AND ends_at >= :opened_at
    ORDER BY comments DESC, id
""")
_CASES = text("SELECT case_id FROM turn WHERE issue = :issue ORDER BY received_at DESC LIMIT :most")
