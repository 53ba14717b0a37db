"""``/v1/mandates``: by what may I decide? And ``/v1/cases/{id}/recusals``: where I do not."""

import asyncio
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import JSONResponse, Response

from services.policy import authority
from services.policy.adapters.api.agencies import AUDITORS_SCOPE
from services.policy.adapters.api.authority_desk import (
    AgencyQuery,
    AuthorityDesk,
    Moment,
    PersonQuery,
    ReasonIn,
    auditors_only,
    record,
    responses,
)
from services.policy.adapters.api.cases import CaseIdPath
from services.policy.adapters.api.cases import checked as checked_case
from services.policy.adapters.store import adoptions, corrections, powers, recusals
from services.policy.domain.authority.instruments import Recusal
from services.policy.domain.authority.mandates import Mandate
from services.policy.domain.policies import Policy
from shared.auth import Caller, requires
from shared.clock import rfc3339
from shared.idempotency import Answer
from shared.problems import not_found
from shared.strict_json import StrictRoute

_NO_POST: dict[int, dict[str, Any]] = {
    403: {"description": "`not-your-authority`: there is nothing to step aside from"}
}


def mandates_api(desk: AuthorityDesk) -> APIRouter:
    """The routes, ready to be taken into an application."""
    router = APIRouter(prefix="/v1", tags=["authority"], route_class=StrictRoute)

    @router.get("/mandates")
    async def list_mandates(
        agency: AgencyQuery = None,
        subject: Annotated[PersonQuery, Query(description="the caller if left out; another one for auditors")] = None,
        at: Annotated[Moment | None, Query(description="now if left out")] = None,
        caller: Caller = requires("cases:read"),
    ) -> Response:
        """By what a person may decide at a moment: own posts first, then posts stood in for, then delegations.

        `topics` and `platforms`: none named means all. `left_today` counts down `number_a_day`, where it is asked for
        now. 403 `insufficient-scope` for others' without `audit:read`.
        """
        whose, now = subject or caller.subject, desk.clock()
        if whose != caller.subject and AUDITORS_SCOPE not in caller.scopes:
            auditors_only()
        seen = [p.agency for p in desk.policies.all() if caller.may_see(p.agency) and agency in (None, p.agency)]
        items: list[dict[str, Any]] = []
        async with desk.database.begin(caller.scope) as connection:
            for policy in await _policies_at(connection, seen, desk, at):
                resting = await powers.read(connection, policy, at or now)
                found = resting.of(whose, at or now)
                given = None
                if at is None:
                    given = await powers.given_today(connection, found, policy.calendar.time_zone, now)
                items += [_body(policy.agency, each, given) for each in found]
        return JSONResponse({"items": items, "next": None})

    @router.post("/cases/{case_id}/recusals", status_code=201, responses=responses(_NO_POST))
    async def recuse(
        request: Request, case_id: CaseIdPath, posted: ReasonIn, caller: Caller = requires("cases:write")
    ) -> Response:
        """Step aside from a case because of a conflict of interest: none of your mandates counts there any more, and
        what you consented to waits for another person, unless it was released. Stepping aside twice answers the same.
        """
        checked_case(case_id)
        async with desk.database.begin(caller.scope) as connection:
            agency = await corrections.hold_case(connection, case_id)
        if agency is None or not caller.may_see(agency):
            raise not_found("case")
        policy = desk.policy(caller, agency)

        async def effect(connection: AsyncConnection) -> Answer:
            now = desk.clock()
            await corrections.hold_case(connection, case_id)
            known = await recusals.find(connection, case_id, caller.subject)
            if known is None:
                resting = await powers.read(connection, policy, now)
                mandates = resting.of(caller.subject, now)
                known, act = authority.recuse(case_id, policy.agency, mandates, posted.reason, now)
                await recusals.put(connection, known)
                await record(connection, now, act)
            return Answer(201, _recusal(known))

        return await desk.once(request, caller, agency, effect)

    return router


async def _policies_at(
    connection: AsyncConnection, agencies: list[str], desk: AuthorityDesk, at: datetime | None
) -> list[Policy]:
    """The agencies' policies, with the roster beside them, as they are now or were at a moment."""
    if at is None:
        return [found.policy for agency in agencies if (found := desk.policies.find(agency)) is not None]
    rows = [await adoptions.at(connection, agency, at) for agency in agencies]
    return [await asyncio.to_thread(adoptions.policy_of, row) for row in rows if row is not None]


def _body(agency: str, mandate: Mandate, given_today: dict[str, int] | None) -> dict[str, Any]:
    behalf = mandate.on_behalf_of
    left = None
    if given_today is not None and mandate.limits:
        left = max(0, min(number - given_today.get(instrument, 0) for instrument, number in mandate.limits))
    return {
        "agency": agency,
        "subject": mandate.subject,
        "post": mandate.post,
        "level": mandate.level,
        "basis": mandate.basis,
        "specialisms": list(mandate.specialisms),
        "topics": list(mandate.topics),
        "platforms": list(mandate.platforms),
        "ceiling": {"sensitivity": mandate.ceiling.sensitivity, "damage": mandate.ceiling.damage},
        "from": rfc3339(mandate.from_) if mandate.from_ else None,
        "until": rfc3339(mandate.until) if mandate.until else None,
        "instrument": mandate.instrument,
        "on_behalf_of": behalf and {"officer": behalf.officer, "post": behalf.post},
        "number_a_day": mandate.number_a_day,
        "left_today": left,
        "passes_on": mandate.passes_on,
        "cleared_lines_only": mandate.cleared_lines_only,
    }


def _recusal(recusal: Recusal) -> dict[str, Any]:
    return {
        "case": recusal.case,
        "officer": recusal.subject,
        "reason": recusal.reason,
        "at": rfc3339(recusal.at),
    }
