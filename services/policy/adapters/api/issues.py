"""``/v1/issues``: what several people raise at once, how many they are, and whether it surges."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import JSONResponse, Response

from services.policy.adapters.api import paging
from services.policy.adapters.store import issue_merges, issue_queries, rows
from shared.auth import Caller, requires
from shared.clock import Clock, rfc3339
from shared.database import Database
from shared.problems import not_found

Agency = Annotated[str, Query(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
IssuePath = Annotated[str, Path(max_length=64, description="`issue_…`")]


def issues_api(database: Database, clock: Clock) -> APIRouter:
    """The routes, ready to be taken into an application."""
    router = APIRouter(prefix="/v1/issues", tags=["issues"])

    @router.get("")
    async def list_issues(
        request: Request,
        agency: Agency | None = None,
        surging: Annotated[bool | None, Query(description="only those that surge now, or only the others")] = None,
        limit: paging.Limit = paging.DEFAULT,
        cursor: paging.Cursor = None,
        caller: Caller = requires("cases:read"),
    ) -> Response:
        """What more than one comment raised in the caller's agencies, what was raised last first.

        `authors` are counted within the policy's window up to the last comment.
        """
        asked = issue_queries.Filter(
            now=clock(),
            agencies=caller.those_asked_for(agency),
            surging=surging,
            after=None if cursor is None else _place(cursor),
            limit=limit + 1,
        )
        async with database.begin(caller.scope) as connection:
            listed = await issue_queries.list_issues(connection, asked)
        return paging.page(request, listed, limit, _body, lambda row: f"{row.last_at.isoformat()}|{row.id}")

    @router.get("/{issue_id}")
    async def get_issue(issue_id: IssuePath, caller: Caller = requires("cases:read")) -> Response:
        """One issue with its latest cases, the issues that are the same in other languages, and those that persons
        found to be the same. 404 if not yours."""
        async with database.begin(caller.scope) as connection:
            row = await found(connection, caller, issue_id, clock())
            elsewhere = await issue_queries.in_other_languages(connection, row)
            merged = await issue_merges.joined(connection, issue_id) - {issue_id}
            cases = await issue_queries.cases_of(connection, issue_id)
        others = {"in_other_languages": list(elsewhere), "merged_with": sorted(merged)}
        return JSONResponse({**_body(row), **others, "cases": cases})

    return router


async def found(connection: AsyncConnection, caller: Caller, issue_id: str, now: datetime) -> Any:
    """The row of an issue that the caller may see. Raises ``Problem`` 404."""
    if not (issue_id.startswith("issue_") and issue_id.isascii() and issue_id[6:].isalnum()):
        raise not_found("issue")
    row = await issue_queries.find_issue(connection, issue_id, now)
    if row is None or not caller.may_see(row.agency):
        raise not_found("issue")
    return row


def _body(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "agency": row.agency,
        "kind": row.kind,
        "topics": rows.from_json(row.topics),
        "language": row.language,
        "comments": row.comments,
        "authors": row.authors,
        "opened_at": rfc3339(row.opened_at),
        "last_at": rfc3339(row.last_at),
        "ends_at": rfc3339(row.ends_at),
        "surging": row.surging,
        "surging_since": rfc3339(row.surging_since) if row.surging_since else None,
        "judged": row.judged,
    }


def _place(cursor: str) -> tuple[datetime, str]:
    last_at, _, last = paging.place_of(cursor).partition("|")
    try:
        place = datetime.fromisoformat(last_at)
    except ValueError as error:
        raise paging.not_ours() from error
    if place.tzinfo is None or not last:
        raise paging.not_ours()
    return place, last
