"""Tasks over HTTP: what is being put right or moderated, with the evidence of how it ended."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from sqlalchemy import text
from starlette.responses import Response

from services.publisher.adapters.cursors import cursor_of, link_to, position_of
from services.publisher.adapters.store.reading import askable
from shared.auth import Caller, requires
from shared.clock import rfc3339
from shared.database import Database
from shared.problems import not_found
from shared.strict_json import StrictRoute

MOST = 200


def router(database: Database) -> APIRouter:
    """The routes of tasks."""
    routes = APIRouter(prefix="/v1/tasks", tags=["tasks"], route_class=StrictRoute)

    @routes.get("")
    async def list_tasks(
        agency: Annotated[str | None, Query(max_length=100)] = None,
        state: Literal["pending", "done", "not_possible", "failed"] | None = None,
        publication: Annotated[str | None, Query(max_length=100)] = None,
        order: Annotated[str | None, Query(max_length=100)] = None,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
        cursor: Annotated[str | None, Query(max_length=100)] = None,
        caller: Caller = requires("publications:read"),
    ) -> Response:
        """Tasks, the newest first: ``{items, next}``; ``order`` is the correction, retraction or moderation."""
        asked = {"agency": agency, "state": state, "publication": publication, "order": order}
        wanted = {name: value and askable(value) for name, value in asked.items()}
        async with database.begin(caller.scope) as connection:
            rows = (
                await connection.execute(_PAGE, {**wanted, "before": position_of(cursor), "limit": limit + 1})
            ).all()
        following = cursor_of(rows[limit - 1].position) if len(rows) > limit else None
        body = {"items": [_body(row) for row in rows[:limit]], "next": following}
        headers = link_to("/v1/tasks", {**asked, "limit": limit, "cursor": following}) if following else None
        return JSONResponse(body, headers=headers)

    @routes.get("/{task}")
    async def read_task(task: str, caller: Caller = requires("publications:read")) -> Response:
        """One task with its evidence: what stood on the platform before each try (the first five). 404 if not yours."""
        async with database.begin(caller.scope) as connection:
            row = (await connection.execute(_BY_ID, {"id": askable(task)})).one_or_none()
        if row is None:
            raise not_found("task")
        return JSONResponse({**_body(row), "evidence": row.evidence, "release": row.release})

    return routes


def _body(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "agency": row.agency,
        "platform": row.platform,
        "account": row.account,
        "thread": row.thread,
        "kind": row.kind,
        "native_id": row.native_id,
        "text": row.text,
        "reason": row.reason,
        "order": row.ordered_by,
        "case": row.case_id,
        "publication": row.publication,
        "comment": row.comment,
        "state": row.state,
        "detail": row.detail,
        "attempts": row.attempts,
        "recorded_at": rfc3339(row.recorded_at),
        "settled_at": None if row.settled_at is None else rfc3339(row.settled_at),
    }


_BY_ID = text("SELECT * FROM task WHERE id = :id")
_PAGE = text("""
    SELECT * FROM task
    WHERE (CAST(:agency AS text) IS NULL OR agency = :agency)
      AND (CAST(:state AS text) IS NULL OR state = :state)
      AND (CAST(:publication AS text) IS NULL OR publication = :publication)
      AND (CAST(:order AS text) IS NULL OR ordered_by = :order)
      AND (CAST(:before AS bigint) IS NULL OR position < :before)
    ORDER BY position DESC LIMIT :limit
""")
