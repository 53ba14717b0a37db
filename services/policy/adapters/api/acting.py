"""``/v1/acting-appointments``: a stand-in holds a whole post for a time."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from services.policy import authority
from services.policy.adapters.api import paging
from services.policy.adapters.api.authority_desk import (
    REFUSED,
    TAKEN_BACK,
    AgencyName,
    AgencyQuery,
    AuthorityDesk,
    Moment,
    PersonQuery,
    ReasonIn,
    Strict,
    checked,
    record,
    responses,
)
from services.policy.adapters.store import appointments, powers
from services.policy.authority import Span
from services.policy.domain.authority.instruments import ActingAppointment
from services.policy.domain.parts import Id, Name
from shared.auth import Caller, requires
from shared.clock import rfc3339
from shared.idempotency import Answer
from shared.ids import new_id
from shared.problems import not_found
from shared.strict_json import StrictRoute

AppointmentPath = Annotated[str, Path(max_length=64, description="`act_…`")]


class AppointmentIn(Strict):
    """Who stands in for which post, and for how long."""

    agency: AgencyName
    subject: Id
    post: Name
    from_: Moment | None = Field(None, alias="from", description="at once if left out")
    until: Moment = Field(description="twelve months after `from` at most")


def acting_api(desk: AuthorityDesk) -> APIRouter:
    """The routes, ready to be taken into an application."""
    router = APIRouter(prefix="/v1/acting-appointments", tags=["authority"], route_class=StrictRoute)

    @router.post("", status_code=201, responses=responses(REFUSED))
    async def appoint(request: Request, posted: AppointmentIn, caller: Caller = requires("cases:write")) -> Response:
        """Let somebody stand in for a post: with its level, topics, ceiling and specialisms. It is for those on the
        post's level or above, and never for the stand-in.

        422 `grant-refused` with each field's `reason`: `unknown-post`, `holds-it-already`, `ends-before-it-begins`,
        `over-already`, `too-long`.
        """
        policy = desk.policy(caller, posted.agency)

        async def effect(connection: AsyncConnection) -> Answer:
            now = desk.clock()
            place = await desk.place(connection, policy, now)
            span = Span(posted.from_ or now, posted.until)
            made, act = authority.appoint(posted.subject, posted.post, span, caller.subject, place, new_id("act"))
            await appointments.put(connection, made)
            await record(connection, now, act)
            return Answer(201, _body(made), {"Location": f"/v1/acting-appointments/{made.id}"})

        return await desk.once(request, caller, policy.agency, effect)

    @router.get("")
    async def list_appointments(
        request: Request,
        agency: AgencyQuery = None,
        subject: PersonQuery = None,
        standing_at: Moment | None = None,
        limit: paging.Limit = paging.DEFAULT,
        cursor: paging.Cursor = None,
        caller: Caller = requires("cases:read"),
    ) -> Response:
        """Appointments of the agencies in which the caller has a mandate (for auditors: of all they may see), the
        newest first. `standing_at`: only those in which somebody stood in at that moment.
        """
        async with desk.database.begin(caller.scope) as connection:
            seen = await desk.in_sight(connection, caller, agency, desk.clock())
            asked = appointments.Filter(
                agencies=sorted(seen),
                subject=subject,
                standing_at=standing_at,
                after=None if cursor is None else paging.place_of(cursor),
                limit=limit + 1,
            )
            found = await appointments.list_of(connection, asked)
        return paging.page(request, found, limit, _body, lambda each: each.id)

    @router.post("/{appointment_id}/endings", status_code=201, responses=responses(TAKEN_BACK))
    async def end(
        request: Request, appointment_id: AppointmentPath, posted: ReasonIn, caller: Caller = requires("cases:write")
    ) -> Response:
        """End an appointment before its time: as the stand-in, or as one on the post's level or above. What the
        stand-in consented to was consented to by the post, and still counts. Ending it twice answers the same.
        """
        checked(appointment_id, "act_", "appointment")
        async with desk.database.begin(caller.scope) as connection:
            known = await appointments.find(connection, appointment_id)
        if known is None or not caller.may_see(known.agency):
            raise not_found("appointment")
        policy = desk.policy(caller, known.agency)

        async def effect(connection: AsyncConnection) -> Answer:
            now = desk.clock()
            appointment = await appointments.find(connection, appointment_id)
            assert appointment is not None, "an appointment is never taken away"
            resting = await powers.read(connection, policy, now)
            done = authority.end(appointment, caller.subject, posted.reason, resting, now)
            if done is None:
                return Answer(201, _body(appointment))
            ended, act = done
            await appointments.put(connection, ended)
            await record(connection, now, act)
            return Answer(201, _body(ended))

        return await desk.once(request, caller, policy.agency, effect)

    return router


def _body(made: ActingAppointment) -> dict[str, Any]:
    return {
        "id": made.id,
        "agency": made.agency,
        "subject": made.subject,
        "post": made.post,
        "from": rfc3339(made.from_),
        "until": rfc3339(made.until),
        "appointed_by": made.appointed_by,
        "appointed_at": rfc3339(made.appointed_at),
        "ended_at": rfc3339(made.ended_at) if made.ended_at else None,
        "ended_by": made.ended_by,
    }
