"""``/v1/cases``: what waits where, and why."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import JSONResponse, Response

from services.policy.adapters.api import order_desk
from services.policy.adapters.api.bodies import case_body
from services.policy.adapters.api.clock_bodies import in_short
from services.policy.adapters.store import drafts, meanwhile, powers, queries
from services.policy.adapters.store.policies import PolicyShelf
from services.policy.domain.authority.mandates import Mandate
from services.policy.domain.clearance.approvals import Draft
from services.policy.domain.clearance.casework import CaseState
from services.policy.domain.clearance.deciders import Decider
from services.policy.domain.clearance.unchanged_lines import cleared_texts
from services.policy.domain.scales import Level
from shared.auth import Caller, requires
from shared.clock import Clock
from shared.database import Database
from shared.problems import Problem, not_found

MOST = 200
Agency = Annotated[str, Query(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
CaseIdPath = Annotated[str, Path(max_length=64, description="`case_…`")]


def cases_api(database: Database, policies: PolicyShelf, clock: Clock) -> APIRouter:
    """The routes, ready to be taken into an application."""
    router = APIRouter(prefix="/v1/cases", tags=["cases"])

    @router.get("")
    async def list_cases(
        request: Request,
        agency: Agency | None = None,
        state: CaseState | None = None,
        level: Level | None = None,
        waiting_for: Literal["me"] | None = None,
        assigned_to: Literal["me"] | None = None,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
        cursor: Annotated[str | None, Query(max_length=400)] = None,
        caller: Caller = requires("cases:read"),
    ) -> Response:
        """Cases of the caller's agencies, sorted by what breaches next.

        `waiting_for=me` lists those whose open draft or order has a step that the caller may take now: by a post, one
        that they stand in for, or a delegation; not those that they stepped aside from. `assigned_to=me` lists those
        that the caller has.
        """
        now = clock()
        asked = queries.Filter(
            agencies=caller.those_asked_for(agency),
            state=state,
            level=level,
            assignee=caller.subject if assigned_to else None,
            after=_place(cursor) if cursor is not None else None,
            limit=limit + 1,
        )
        async with database.begin(caller.scope) as connection:
            if waiting_for:
                mandates, standing = await _mandates(connection, caller, policies, now)
                lines = _lines(mandates, policies, now)
                ordered = await order_desk.waiting_for(connection, policies, caller, clock)
                asked = replace(asked, waiting_for=mandates, standing=standing, lines=lines, ordered=ordered)
            found = await queries.list_cases(connection, asked)
            ids = [row.id for row in found[:limit]]
            turns = await queries.turns_of(connection, ids)
            written = await _drafts_of(connection, found[:limit], policies, now)
            told = await meanwhile.told(connection, ids)
            orders = await order_desk.shown(connection, policies, ids, clock)
        clocks = {row.id: in_short(row, turns[row.id], policies.find(row.agency), now, told) for row in found[:limit]}
        bodies = [
            case_body(row, turns[row.id], written[row.id], clocks[row.id], orders[row.id], now) for row in found[:limit]
        ]
        return _page(request, bodies, _cursor(found[limit - 1]) if len(found) > limit else None)

    @router.get("/{case_id}")
    async def get_case(case_id: CaseIdPath, caller: Caller = requires("cases:read")) -> Response:
        """One case with its turns, drafts, orders, steps, clocks and the explanation of its level. 404 if not yours."""
        checked(case_id)
        now = clock()
        async with database.begin(caller.scope) as connection:
            row = await queries.find_case(connection, case_id)
            if row is None or not caller.may_see(row.agency):
                raise not_found("case")
            turns = await queries.turns_of(connection, [case_id])
            written = await _drafts_of(connection, [row], policies, now)
            told = await meanwhile.told(connection, [case_id])
            orders = await order_desk.shown(connection, policies, [case_id], clock)
        clocks = in_short(row, turns[case_id], policies.find(row.agency), now, told)
        return JSONResponse(case_body(row, turns[case_id], written[case_id], clocks, orders[case_id], now))

    return router


def checked(case_id: str) -> None:
    """Refuse, as unknown, what cannot be the id of a case. Raises ``Problem`` 404."""
    if not (case_id.startswith("case_") and case_id.isascii() and case_id[5:].isalnum()):
        raise not_found("case")


async def _mandates(
    connection: AsyncConnection, caller: Caller, policies: PolicyShelf, now: datetime
) -> tuple[list[tuple[str, Mandate]], list[str]]:
    """By what the caller may decide now, by agency, and the delegations that stand there."""
    seen = [policy for policy in policies.all() if caller.may_see(policy.agency)]
    found = await powers.read_all(connection, seen, now)
    usable: list[tuple[str, Mandate]] = []
    for policy in seen:
        mandates = found[policy.agency].of(caller.subject, now)
        given = await powers.given_today(connection, mandates, policy.calendar.time_zone, now)
        decider = Decider(caller.subject, mandates, given)
        usable += [(policy.agency, each) for each in mandates if decider.spent(each) is None]
    return usable, [id_ for each in found.values() for id_ in each.standing(now)]


def _lines(mandates: Sequence[tuple[str, Mandate]], policies: PolicyShelf, now: datetime) -> list[tuple[str, str, str]]:
    """The cleared wording that mandates for cleared lines only are good for."""
    agencies = {agency for agency, mandate in mandates if mandate.cleared_lines_only}
    return [(agency, *text) for agency in agencies for text in cleared_texts(policies.of(agency).lines, now)]


async def _drafts_of(
    connection: AsyncConnection, found: Sequence[Any], policies: PolicyShelf, now: datetime
) -> dict[str, list[Draft]]:
    """The drafts of cases; steps whose consent rests on an authority that is gone show as open."""
    written = await drafts.all_of(connection, [row.id for row in found])
    cases = {row.id: row.agency for row in found if any(_has_consents(draft) for draft in written[row.id])}
    if not cases:
        return written
    concerned = [policy for policy in policies.all() if policy.agency in cases.values()]
    for case, counting in (await powers.counting(connection, concerned, cases, now)).items():
        written[case] = [draft.recounted(counting) for draft in written[case]]
    return written


def _has_consents(draft: Draft) -> bool:
    return draft.state == "open" and any(step.taken is not None for step in draft.steps)


def _cursor(row: Any) -> str:
    due = row.due_at.isoformat() if row.due_at else ""
    return base64.urlsafe_b64encode(f"{due}|{row.id}".encode()).decode().rstrip("=")


def _place(cursor: str) -> tuple[datetime | None, str]:
    try:
        due, last = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii").split("|")
        checked(last)
        place = datetime.fromisoformat(due) if due else None
    except (binascii.Error, ValueError, Problem) as error:
        raise Problem(400, "invalid-cursor", "This cursor is not one of ours") from error
    if place is not None and place.tzinfo is None:
        raise Problem(400, "invalid-cursor", "This cursor is not one of ours")
    return place, last


def _page(request: Request, bodies: list[dict[str, Any]], cursor: str | None) -> Response:
    if cursor is None:
        return JSONResponse({"items": bodies, "next": None})
    following = request.url.include_query_params(cursor=cursor)
    link = f'<{following.path}?{following.query}>; rel="next"'
    return JSONResponse({"items": bodies, "next": cursor}, headers={"Link": link})


__all__ = ["CaseIdPath", "cases_api", "checked"]
