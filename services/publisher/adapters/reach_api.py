"""Reach over HTTP: how far answers came beside how long they took, as JSON or as a table, and the alarms."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime
from starlette.responses import Response

from services.publisher.adapters import reach_body
from services.publisher.adapters.record.places import cursor_at, place_of
from services.publisher.adapters.store import reach_reading
from services.publisher.adapters.store.reach_reading import Span
from services.publisher.adapters.store.reading import askable
from shared.auth import Caller, requires
from shared.clock import Clock, rfc3339, utc_now
from shared.database import Database
from shared.problems import Problem
from shared.strict_json import StrictRoute

MOST = 500
USUAL_SPAN = timedelta(days=7)
LONGEST_SPAN = timedelta(days=92)

Agency = Annotated[str | None, Query(max_length=100)]
Cursor = Annotated[str | None, Query(max_length=300)]
Limit = Annotated[int, Query(ge=1, le=MOST)]
Begins = Annotated[AwareDatetime | None, Query(alias="from", description="published at or after; a week before `to`")]
Ends = Annotated[AwareDatetime | None, Query(alias="to", description="published before; now, if not given")]


def router(database: Database, clock: Clock = utc_now) -> APIRouter:
    """The routes of reach."""
    routes = APIRouter(prefix="/v1/reach", tags=["reach"], route_class=StrictRoute)

    @routes.get("", response_class=Response)
    async def read_reach(
        request: Request,
        agency: Agency = None,
        begins: Begins = None,
        ends: Ends = None,
        format: Annotated[Literal["json", "csv"] | None, Query(description="else by `Accept`")] = None,
        limit: Limit = 100,
        cursor: Cursor = None,
        caller: Caller = requires("publications:read"),
    ) -> Response:
        """Public answers with their reach at each hour, the newest first; medians by agency over the whole span.

        Time to answer runs from the receipt of the oldest comment that an answer is for; where that was not told,
        from its routing (``asked_from``). At most 92 days. As CSV there are the answers of a page, without medians.
        """
        span = _span(agency, begins, ends, clock())
        before = place_of(cursor)
        async with database.begin(caller.scope) as connection:
            rows = await reach_reading.answers(connection, span, before, limit + 1)
            measured = await reach_reading.measurements(connection, [row.id for row in rows[:limit]])
            times = await reach_reading.times(connection, span)
            medians = await reach_reading.medians(connection, span)
        shown = rows[:limit]
        following = cursor_at(shown[-1].published_at, shown[-1].id) if len(rows) > limit else None
        asked = {"agency": agency, "from": rfc3339(span.begins), "to": rfc3339(span.ends), "format": format}
        headers = {**_link("/v1/reach", {**asked, "limit": limit, "cursor": following}), "Vary": "Accept"}
        if _wants_table(request, format):
            return Response(reach_body.table(shown, measured), headers=headers, media_type="text/csv")
        items = [reach_body.answer_body(row, measured.get(row.id, ())) for row in shown]
        about = {"from": asked["from"], "to": asked["to"], "agencies": reach_body.agencies_body(times, medians)}
        return JSONResponse({**about, "items": items, "next": following}, headers=headers)

    @routes.get("/alarms")
    async def list_alarms(
        agency: Agency = None,
        limit: Limit = 50,
        cursor: Cursor = None,
        caller: Caller = requires("publications:read"),
    ) -> Response:
        """Answers that hardly anybody sees, the newest first, each once, with what may be done about it."""
        before = None if cursor is None else askable(cursor)
        async with database.begin(caller.scope) as connection:
            rows = await reach_reading.alarms(connection, agency and askable(agency), before, limit + 1)
        following = rows[limit - 1].id if len(rows) > limit else None
        body = {"items": [reach_body.alarm_body(row) for row in rows[:limit]], "next": following}
        return JSONResponse(
            body, headers=_link("/v1/reach/alarms", {"agency": agency, "limit": limit, "cursor": following})
        )

    return routes


def _span(agency: str | None, begins: datetime | None, ends: datetime | None, now: datetime) -> Span:
    """The span asked for. Raises ``Problem`` 422."""
    ends = ends or now
    try:
        begins = begins or ends - USUAL_SPAN
        length = ends - begins
    except OverflowError as error:
        raise _no_span() from error
    if not timedelta(0) <= length <= LONGEST_SPAN:
        raise _no_span()
    return Span(agency and askable(agency), begins, ends)


def _no_span() -> Problem:
    errors = [{"pointer": "?from", "detail": f"a span is at most {LONGEST_SPAN.days} days and ends after it begins"}]
    return Problem(422, "invalid-input", "Some of the input is not valid", errors=errors)


def _wants_table(request: Request, wished: str | None) -> bool:
    if wished is not None:
        return wished == "csv"
    accepted = request.headers.get("accept", "")
    return "text/csv" in accepted and "application/json" not in accepted


def _link(path: str, query: dict[str, Any]) -> dict[str, str]:
    if query["cursor"] is None:
        return {}
    asked = urlencode({name: value for name, value in query.items() if value is not None})
    return {"Link": f'<{path}?{asked}>; rel="next"'}
