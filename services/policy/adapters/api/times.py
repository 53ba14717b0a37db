"""``/v1/clearance/times``: where things wait, and how long each step takes."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime
from starlette.responses import JSONResponse, Response

from services.policy.adapters.api.cases import Agency
from services.policy.adapters.api.moments import EARLIEST, LATEST
from services.policy.adapters.store import time_queries
from services.policy.adapters.store.policies import PolicyShelf
from services.policy.adapters.store.time_queries import Span
from shared.auth import Caller, requires
from shared.clock import Clock, rfc3339
from shared.database import Database
from shared.problems import Problem

USUAL = timedelta(days=28)
LONGEST = timedelta(days=92)

_COLUMNS = (
    "agency",
    "measure",
    "level",
    "clock",
    "kind",
    "specialism",
    "step_level",
    "count",
    "median_working_minutes",
    "p90_working_minutes",
    "median_minutes",
    "p90_minutes",
    "within_target",
    "share_within_target",
)

From = Annotated[AwareDatetime | None, Query(alias="from", description="28 days before `until` unless said")]
Until = Annotated[AwareDatetime | None, Query(description="now unless said")]


def times_api(database: Database, policies: PolicyShelf, clock: Clock) -> APIRouter:
    """The routes, ready to be taken into an application."""
    router = APIRouter(prefix="/v1/clearance", tags=["clearance"])

    @router.get("/times", responses=_CSV)
    async def clearance_times(
        request: Request,
        agency: Agency | None = None,
        from_: From = None,
        until: Until = None,
        caller: Caller = requires("cases:read"),
    ) -> Response:
        """How long what ended between `from` and `until` took, and what waits where now, for the caller's agencies.

        Every time is a `median` and a `p90`, in the agency's working minutes and in minutes on the wall. `steps`: from
        when a step could be taken (the draft stood there, or its consents had lapsed) to when it was; a `draft` from
        when somebody waited for it, or the last one came back. `clear`: from the writing of the released draft to its
        release. `answers`: from the receipt of a comment to its publication, by level and clock; `first_response` is
        that of the first answer in a thread. Acknowledgements and holding replies are no answers, and count in
        `acknowledge` only; what a cleared line answers by itself counts nowhere, for nobody waited. `timed` are the
        answers that had a target, and `share_within_target` is of those. Dates at most 92 days apart; 422
        `no-such-period`. As CSV with `Accept: text/csv`.
        """
        now = clock()
        since, end = _period(from_, until, now)
        seen = [
            policy for policy in policies.all() if caller.may_see(policy.agency) and agency in (None, policy.agency)
        ]
        found = []
        async with database.begin(caller.scope) as connection:
            for policy in seen:
                time = policies.of(policy.agency).time
                span = Span(policy.agency, time.working, since, end)
                steps = await time_queries.steps(connection, span)
                found.append(
                    {
                        "agency": policy.agency,
                        "time_zone": time.zone,
                        "steps": [_step(row) for row in steps if row.kind != "release"],
                        "clear": [{"level": row.level, **_times(row)} for row in steps if row.kind == "release"],
                        "answers": [_answer(row) for row in await time_queries.answers(connection, span)],
                        "waiting": [
                            _waiting(r, now) for r in await time_queries.waiting(connection, policy.agency, now)
                        ],
                    }
                )
        if "text/csv" in request.headers.get("accept", ""):
            return Response(_as_csv(found), media_type="text/csv")
        return JSONResponse({"from": rfc3339(since), "until": rfc3339(end), "agencies": found})

    return router


_CSV: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/csv": {}},
        "description": "The times; a row for each figure where they are asked for as CSV.",
    },
    422: {"description": "`no-such-period`: `from` lies before `until`, at most 92 days; or input that is not valid"},
}


def _period(since: datetime | None, until: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    end = min(until or now, LATEST)
    begin = max(since or end - USUAL, EARLIEST)
    if begin >= end or end - begin > LONGEST:
        sentence = f"It must begin before its end, {LONGEST.days} days at most."
        errors = [{"pointer": "/from", "detail": sentence}]
        raise Problem(422, "no-such-period", "There is no such time to look at", detail=sentence, errors=errors)
    return begin, end


def _step(row: Any) -> dict[str, Any]:
    return {"level": row.level, "step": _which(row), **_times(row)}


def _which(row: Any) -> dict[str, Any]:
    return {"kind": row.kind, "specialism": row.specialism, "level": row.step_level}


def _times(row: Any) -> dict[str, Any]:
    return {"count": row.taken, **_figures(row.worked, row.passed)}


def _figures(worked: list[float] | None, passed: list[Any] | None) -> dict[str, Any]:
    return {"working_minutes": _pair(worked), "minutes": _pair(passed)}


def _pair(found: list[Any] | None) -> dict[str, float] | None:
    return None if found is None else {"median": round(float(found[0]), 2), "p90": round(float(found[1]), 2)}


def _answer(row: Any) -> dict[str, Any]:
    return {
        "level": row.level,
        "clock": row.clock,
        "count": row.answered,
        "timed": row.timed,
        "within_target": row.within_target,
        "share_within_target": round(row.within_target / row.timed, 4) if row.timed else None,
        "acknowledge": _figures(row.acknowledged_worked, row.acknowledged_passed),
        "first_response": {"count": row.threads, **_figures(row.first_worked, row.first_passed)},
        "answer": _figures(row.answered_worked, row.answered_passed),
    }


def _waiting(row: Any, now: datetime) -> dict[str, Any]:
    longest = round(max((now - row.since) / timedelta(minutes=1), 0.0), 2) if row.since else None
    return {
        "level": row.level,
        "step": _which(row),
        "cases": row.cases,
        "overdue": row.overdue,
        "longest_minutes": longest,
    }


def _as_csv(found: list[dict[str, Any]]) -> str:
    written = io.StringIO()
    writer = csv.DictWriter(written, _COLUMNS)
    writer.writeheader()
    for each in found:
        writer.writerows({"agency": each["agency"], **line} for line in _lines(each))
    return written.getvalue()


def _lines(each: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for step in each["steps"]:
        which = {"kind": step["step"]["kind"], "specialism": step["step"]["specialism"]}
        yield {"measure": "step", **which, "step_level": step["step"]["level"], **_line(step, step)}
    for clear in each["clear"]:
        yield {"measure": "clear", **_line(clear, clear)}
    for answer in each["answers"]:
        target = {name: answer[name] for name in ("clock", "within_target", "share_within_target")}
        for measure in ("acknowledge", "first_response", "answer"):
            yield {"measure": measure, **target, **_line(answer, {"count": answer["count"], **answer[measure]})}


def _line(about: dict[str, Any], figures: dict[str, Any]) -> dict[str, Any]:
    line = {"level": about["level"], "count": figures["count"]}
    for kind in ("working_minutes", "minutes"):
        pair = figures[kind] or {}
        line |= {f"median_{kind}": pair.get("median"), f"p90_{kind}": pair.get("p90")}
    return line
