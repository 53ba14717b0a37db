"""``/v1/clearance``: who can answer when, and drills of absence."""

import asyncio
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field, model_validator
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import JSONResponse, Response

from services.policy import presence
from services.policy.adapters.api import answering_bodies as bodies
from services.policy.adapters.api.agencies import AUDITORS_SCOPE
from services.policy.adapters.api.authority_desk import AgencyName, AuthorityDesk, Moment, Strict, record, responses
from services.policy.adapters.api.refusals import problem_of
from services.policy.adapters.store import presences, released
from services.policy.domain.answering.maps import MOST_DAYS
from services.policy.domain.authority.powers import Powers
from services.policy.domain.authority.presence import Presence
from services.policy.domain.clearance.approvals import NotYourAuthority
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.parts import Id, Name
from shared.auth import Caller, requires
from shared.idempotency import Answer
from shared.strict_json import StrictRoute

AgencyAsked = Annotated[str, Query(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
DAYS = 14
DAYS_BACK = 28
MOST_RELEASED = 500
"""Answers that a drill looks into one by one."""

_NOT_YOURS: dict[int, dict[str, Any]] = {
    403: {"description": "`not-your-authority`: you have no mandate in the agency; or `not-your-agency`"}
}
_REFUSED = {
    **_NOT_YOURS,
    422: {"description": "`drill-refused`, or invalid input: `errors` name each field by `pointer`, with the `reason`"},
}


class DrillIn(Strict):
    """Who is away on paper, and when."""

    agency: AgencyName
    subjects: list[Id] = Field([], max_length=100)
    posts: list[Name] = Field([], max_length=100, description="whoever holds or stands in for these when it begins")
    from_: Moment | None = Field(None, alias="from", description="now if left out")
    until: Moment = Field(description=f"{MOST_DAYS} days after `from` at most")
    days_back: int = Field(DAYS_BACK, ge=1, le=90, description="how far back released answers are looked at")

    @model_validator(mode="after")
    def _names_somebody(self) -> "DrillIn":
        if not self.subjects and not self.posts:
            raise ValueError("name somebody who is to be away, by subject or by post")
        return self


def answering_api(desk: AuthorityDesk) -> APIRouter:
    """The routes, ready to be taken into an application."""
    router = APIRouter(prefix="/v1/clearance", tags=["presence"], route_class=StrictRoute)

    @router.get("/authorities", responses=responses(_NOT_YOURS))
    async def who_can_answer(
        agency: AgencyAsked,
        days: Annotated[int, Query(ge=1, le=MOST_DAYS, description="from now on")] = DAYS,
        caller: Caller = requires("cases:read"),
    ) -> Response:
        """Who can answer when: subjects by sensitivity over the coming days, in `stretches` within which nothing
        changes, and how many steps by different persons a release takes, besides its author.

        Persons count while they are in their hours and not on leave, by posts, appointments and delegations; what is
        limited to some platforms or to cleared lines is not counted on. `topics` empty: on no subject. `holes` are
        named in advance: they begin in the agency's hours (for danger at any hour) and last until an answer could go
        again (`until` null: beyond these days); `minutes` are those in which somebody should answer. `delegation.body`
        is ready for `POST /v1/delegations` by its `delegator`; without `closes` it is for the first day only. 403
        `not-your-authority` without a mandate there.
        """
        now = desk.clock()
        policy = _policy(desk, caller, agency)
        async with desk.database.begin(caller.scope) as connection:
            there = await _there(connection, policy, caller, now, now + timedelta(days=days))
        body = await asyncio.to_thread(_map_body, policy, there, now, now + timedelta(days=days))
        return JSONResponse(body)

    @router.post("/absence-drills", status_code=201, responses=responses(_REFUSED))
    async def hold_drill(request: Request, posted: DrillIn, caller: Caller = requires("cases:write")) -> Response:
        """What would wait if these persons were away. Nothing changes by it but the audit trail.

        `holes` are those that the map would have besides, each with a drafted delegation as at `authorities`; what the
        absent delegated and who stands in for them counts. `waited` are answers that went through their hands (within
        the span where it has begun, else in the last `days_back` days) and that nobody else who was there could have
        released. 422 `drill-refused`: `unknown-person`, `unknown-post`, `ends-before-it-begins`, `too-long`.
        """
        policy = _policy(desk, caller, posted.agency)

        async def effect(connection: AsyncConnection) -> Answer:
            now = desk.clock()
            span = posted.from_ or now, posted.until
            there = await _there(connection, policy, caller, now, span[1])
            presence.refuse_span(*span, timedelta(days=MOST_DAYS))
            absent = presence.absentees(posted.subjects, posted.posts, there, max(now, span[0]))
            begins, ends = (span[0], min(span[1], now)) if span[0] < now else (now - timedelta(posted.days_back), now)
            then = await presences.between(connection, policy, begins, ends)
            through = await released.through(
                connection, policy.policy.agency, sorted(absent), begins, ends, MOST_RELEASED
            )
            act = presence.record_drill(policy.policy.agency, absent, span, caller.subject, there.powers, now)
            await record(connection, now, act)
            waited = await asyncio.to_thread(presence.behind, through[0], absent, then)
            body = {
                "agency": policy.policy.agency,
                "absent": sorted(absent),
                **bodies.span(*span, policy),
                **await asyncio.to_thread(_drill_body, policy, there, absent, (max(now, span[0]), span[1]), now),
                "released": bodies.released(waited, through, begins, ends),
            }
            return Answer(201, body)

        return await desk.once(request, caller, policy.policy.agency, effect)

    return router


def _policy(desk: AuthorityDesk, caller: Caller, agency: str) -> PolicyInForce:
    desk.policy(caller, agency)
    return desk.policies.of(agency)


async def _there(
    connection: AsyncConnection, policy: PolicyInForce, caller: Caller, now: datetime, end: datetime
) -> Presence:
    """Who there is from now on, for one who may see it. Raises ``Problem`` 403."""
    found = (await presences.read_all(connection, [policy], now, end))[policy.policy.agency]
    if not _may_see(caller, found.powers, now):
        raise problem_of(NotYourAuthority("You hold no post in this agency, and nothing is delegated to you now."))
    return found


def _may_see(caller: Caller, powers: Powers, now: datetime) -> bool:
    return AUDITORS_SCOPE in caller.scopes or bool(powers.of(caller.subject, now))


def _map_body(policy: PolicyInForce, there: Presence, now: datetime, end: datetime) -> dict[str, Any]:
    found = presence.who_can_answer(policy, there, now, end)
    every = presence.all_holes(found)
    offered = presence.offers(found, policy, now, every[: bodies.MOST_HOLES])
    return {
        "agency": policy.policy.agency,
        **bodies.span(found.start, found.end, policy),
        "rows": [bodies.row_over_time(each, found) for each in found.rows],
        **bodies.holes(offered, len(every), policy),
    }


def _drill_body(
    policy: PolicyInForce, there: Presence, absent: frozenset[str], span: tuple[datetime, datetime], now: datetime
) -> dict[str, Any]:
    if span[1] <= span[0]:
        return bodies.holes([], 0, policy)
    drill, new = presence.ahead(presence.who_can_answer(policy, there, *span), absent)
    return bodies.holes(presence.offers(drill, policy, now, new[: bodies.MOST_HOLES]), len(new), policy)
