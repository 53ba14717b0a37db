"""``/v1/leaves``: who is away, and from when to when."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from services.policy import presence
from services.policy.adapters.api import paging
from services.policy.adapters.api.authority_desk import (
    AgencyName,
    AgencyQuery,
    AuthorityDesk,
    Moment,
    PersonQuery,
    Strict,
    checked,
    record,
    responses,
)
from services.policy.adapters.store import leaves, powers
from services.policy.domain.authority.presence import Leave
from services.policy.domain.parts import Id
from shared.auth import Caller, requires
from shared.clock import rfc3339
from shared.idempotency import Answer
from shared.ids import new_id
from shared.problems import not_found
from shared.strict_json import StrictRoute

LeavePath = Annotated[str, Path(max_length=64, description="`lve_…`")]

_NOT_YOURS: dict[int, dict[str, Any]] = {
    403: {"description": "`not-your-authority`: it is for the person, or one on their level or above"}
}
_REFUSED = {
    **_NOT_YOURS,
    422: {"description": "`leave-refused`, or invalid input: `errors` name each field by `pointer`, with the `reason`"},
}
_OVER = {**_NOT_YOURS, 409: {"description": "`over-already`: the leave was over before"}}


class LeaveIn(Strict):
    """Who is away, and for how long."""

    agency: AgencyName
    subject: Id | None = Field(None, description="the caller if left out")
    from_: Moment | None = Field(None, alias="from", description="at once if left out")
    until: Moment = Field(description="when the person is back: twelve months after `from` at most")
    note: str | None = Field(None, min_length=1, max_length=500, description="seen by everybody in the agency")


class EndingIn(Strict):
    """Nothing needs to be said."""


def leaves_api(desk: AuthorityDesk) -> APIRouter:
    """The routes, ready to be taken into an application."""
    router = APIRouter(prefix="/v1/leaves", tags=["presence"], route_class=StrictRoute)

    @router.post("", status_code=201, responses=responses(_REFUSED))
    async def enter_leave(request: Request, posted: LeaveIn, caller: Caller = requires("cases:write")) -> Response:
        """Say that somebody is away: by the person, or by anybody on their level or above in the agency.

        Leave takes no authority away; it says whom a case is not passed to, and when nobody could answer. What the
        person had in hand stays theirs. 422 `leave-refused` with each field's `reason`: `ends-before-it-begins`,
        `over-already`, `too-long`, `unknown-person`.
        """
        policy = desk.policy(caller, posted.agency)

        async def effect(connection: AsyncConnection) -> Answer:
            now = desk.clock()
            resting = await powers.read(connection, policy, now)
            span, subject = (posted.from_ or now, posted.until), posted.subject or caller.subject
            entered, act = presence.enter_leave(
                policy.agency, subject, span, posted.note, caller.subject, resting, now, new_id("lve")
            )
            await leaves.put(connection, entered)
            await record(connection, now, act)
            return Answer(201, _body(entered), {"Location": f"/v1/leaves?agency={policy.agency}&subject={subject}"})

        return await desk.once(request, caller, policy.agency, effect)

    @router.get("")
    async def list_leaves(
        request: Request,
        agency: AgencyQuery = None,
        subject: PersonQuery = None,
        standing_at: Moment | None = None,
        limit: paging.Limit = paging.DEFAULT,
        cursor: paging.Cursor = None,
        caller: Caller = requires("cases:read"),
    ) -> Response:
        """Leave in the agencies in which the caller has a mandate (for auditors: in all they may see), the newest
        first. `standing_at`: only of those who are away at that moment.
        """
        async with desk.database.begin(caller.scope) as connection:
            seen = await desk.in_sight(connection, caller, agency, desk.clock())
            asked = leaves.Filter(
                agencies=sorted(seen),
                subject=subject,
                standing_at=standing_at,
                after=None if cursor is None else paging.place_of(cursor),
                limit=limit + 1,
            )
            found = await leaves.list_of(connection, asked)
        return paging.page(request, found, limit, _body, lambda each: each.id)

    @router.post("/{leave_id}/endings", status_code=201, responses=responses(_OVER))
    async def end_leave(
        request: Request, leave_id: LeavePath, posted: EndingIn, caller: Caller = requires("cases:write")
    ) -> Response:
        """The person is back before the time, or does not go at all. Ending it twice answers the same."""
        checked(leave_id, "lve_", "leave")
        async with desk.database.begin(caller.scope) as connection:
            known = await leaves.find(connection, leave_id)
        if known is None or not caller.may_see(known.agency):
            raise not_found("leave")
        policy = desk.policy(caller, known.agency)

        async def effect(connection: AsyncConnection) -> Answer:
            now = desk.clock()
            leave = await leaves.find(connection, leave_id)
            assert leave is not None, "leave is never taken away"
            done = presence.end_leave(leave, caller.subject, await powers.read(connection, policy, now), now)
            if done is None:
                return Answer(201, _body(leave))
            back, act = done
            await leaves.put(connection, back)
            await record(connection, now, act)
            return Answer(201, _body(back))

        return await desk.once(request, caller, policy.agency, effect)

    return router


def _body(leave: Leave) -> dict[str, Any]:
    return {
        "id": leave.id,
        "agency": leave.agency,
        "subject": leave.subject,
        "from": rfc3339(leave.from_),
        "until": rfc3339(leave.until),
        "note": leave.note,
        "entered_by": leave.entered_by,
        "entered_at": rfc3339(leave.entered_at),
        "ended_at": rfc3339(leave.ended_at) if leave.ended_at else None,
        "ended_by": leave.ended_by,
    }
