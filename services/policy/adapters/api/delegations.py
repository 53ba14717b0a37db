"""``/v1/delegations``: dated instruments by which a person lets another decide in their name, up to two ceilings."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field, model_validator
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import JSONResponse, Response

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
from services.policy.adapters.store import delegations, powers
from services.policy.domain.authority.grants import Asked
from services.policy.domain.authority.instruments import DelegationInstrument
from services.policy.domain.authority.powers import Powers
from services.policy.domain.parts import Id, Name
from services.policy.domain.roster import Ceiling
from services.policy.domain.scales import Damage, Level, Sensitivity, Specialism
from shared.auth import Caller, requires
from shared.clock import rfc3339
from shared.events import Platform
from shared.idempotency import Answer
from shared.ids import new_id
from shared.problems import not_found
from shared.strict_json import StrictRoute

DelegationPath = Annotated[str, Path(max_length=64, description="`del_…`")]


class CeilingIn(Strict):
    """The most that it may be used for: both hold."""

    sensitivity: Sensitivity
    damage: Damage


class DelegateIn(Strict):
    """A person, or a post: then whoever holds it."""

    subject: Id | None = None
    post: Name | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "DelegateIn":
        if (self.subject is None) == (self.post is None):
            raise ValueError("name either a subject or a post")
        return self


class DelegationIn(Strict):
    """A power that the caller gives on."""

    agency: AgencyName
    delegate: DelegateIn
    ceiling: CeilingIn
    level: Level | None = Field(None, description="the caller's own highest if left out")
    topics: list[Id] = Field([], max_length=200, description="none named: all that the caller has")
    platforms: list[Platform] = Field([], max_length=50, description="none named: all that the caller has")
    specialisms: list[Specialism] = Field([], max_length=3, description="sign-offs that may be given; none named: none")
    number_a_day: int | None = Field(None, ge=1, le=100_000, description="consents in a day of the agency's time zone")
    from_: Moment | None = Field(None, alias="from", description="at once if left out")
    until: Moment = Field(description="twelve months after `from` at most; one day where the ceiling is S4")
    sub_delegation: bool = Field(False, description="whether the delegate may pass it on")
    cleared_lines_only: bool = Field(
        False, description="good only for drafts that say a line of the policy in force unchanged, in their language"
    )
    under: str | None = Field(None, max_length=64, description="`del_…`: the instrument whose power is passed on")


def delegations_api(desk: AuthorityDesk) -> APIRouter:
    """The routes, ready to be taken into an application."""
    router = APIRouter(prefix="/v1/delegations", tags=["authority"], route_class=StrictRoute)

    @router.post("", status_code=201, responses=responses(REFUSED))
    async def grant(request: Request, posted: DelegationIn, caller: Caller = requires("cases:write")) -> Response:
        """Let a person or a post decide in your name. You keep the power, and give no more than you have.

        422 `grant-refused` names each field at fault with its `reason`: `more-than-you-have`, `to-oneself`, `loop`,
        `sub-delegation-not-permitted`, `ends-before-it-begins`, `over-already`, `too-long`, `by-name-only`,
        `one-day-only`, `unknown-post`, `unknown-topic`. 403 `not-your-authority` without a power to give.
        """
        policy = desk.policy(caller, posted.agency)

        async def effect(connection: AsyncConnection) -> Answer:
            now = desk.clock()
            place = await desk.place(connection, policy, now)
            asked = _asked(posted, posted.from_ or now)
            given, act = authority.delegate(asked, caller.subject, place, new_id("del"))
            await delegations.put(connection, given)
            await record(connection, now, act)
            return Answer(201, _body(given, place.powers, now), {"Location": f"/v1/delegations/{given.id}"})

        return await desk.once(request, caller, policy.agency, effect)

    @router.get("")
    async def list_delegations(
        request: Request,
        agency: AgencyQuery = None,
        delegate: Annotated[PersonQuery, Query(description="a subject or a post")] = None,
        delegator: PersonQuery = None,
        standing_at: Moment | None = None,
        limit: paging.Limit = paging.DEFAULT,
        cursor: paging.Cursor = None,
        caller: Caller = requires("cases:read"),
    ) -> Response:
        """Delegations of the agencies in which the caller has a mandate (for auditors: of all they may see), the newest
        first. `standing_at`: only those that gave something at that moment.
        """
        now = desk.clock()
        async with desk.database.begin(caller.scope) as connection:
            seen = await desk.in_sight(connection, caller, agency, now)
            asked = delegations.Filter(
                agencies=sorted(seen),
                delegate=delegate,
                delegator=delegator,
                standing_at=standing_at,
                lapsed=_lapsed_unwritten(seen, standing_at, now),
                after=None if cursor is None else paging.place_of(cursor),
                limit=limit + 1,
            )
            found = await delegations.list_of(connection, asked)
        return paging.page(
            request, found, limit, lambda each: _body(each, seen[each.agency], now), lambda each: each.id
        )

    @router.get("/{delegation_id}")
    async def get_delegation(delegation_id: DelegationPath, caller: Caller = requires("cases:read")) -> Response:
        """One delegation, and what became of it. 404 if it is not yours to see."""
        checked(delegation_id, "del_", "delegation")
        now = desk.clock()
        async with desk.database.begin(caller.scope) as connection:
            found = await delegations.find(connection, delegation_id)
            seen = {} if found is None else await desk.in_sight(connection, caller, found.agency, now)
        if found is None or found.agency not in seen:
            raise not_found("delegation")
        return JSONResponse(_body(found, seen[found.agency], now))

    @router.post("/{delegation_id}/revocations", status_code=201, responses=responses(TAKEN_BACK))
    async def revoke(
        request: Request, delegation_id: DelegationPath, posted: ReasonIn, caller: Caller = requires("cases:write")
    ) -> Response:
        """Take a delegation back, and with it all that rests on it: as the delegator, or from above in the agency.

        Consents given under it count no more where nothing was released yet. Taking it back twice answers the same.
        """
        checked(delegation_id, "del_", "delegation")
        async with desk.database.begin(caller.scope) as connection:
            known = await delegations.find(connection, delegation_id)
        if known is None or not caller.may_see(known.agency):
            raise not_found("delegation")
        policy = desk.policy(caller, known.agency)

        async def effect(connection: AsyncConnection) -> Answer:
            now = desk.clock()
            resting = await powers.read(connection, policy, now, "alone")
            instrument = await delegations.find(connection, delegation_id)
            assert instrument is not None, "a delegation is never taken away"
            lapsed = authority.revoke(instrument, caller.subject, posted.reason, resting, now)
            await delegations.write_lapses(connection, [each for each, _ in lapsed])
            await record(connection, now, *(act for _, act in lapsed))
            return Answer(201, _body(lapsed[0][0] if lapsed else instrument, resting, now))

        return await desk.once(request, caller, policy.agency, effect)

    return router


def _asked(posted: DelegationIn, begins: datetime) -> Asked:
    return Asked(
        ceiling=Ceiling(sensitivity=posted.ceiling.sensitivity, damage=posted.ceiling.damage),
        from_=begins,
        until=posted.until,
        delegate=posted.delegate.subject,
        delegate_post=posted.delegate.post,
        level=posted.level,
        topics=tuple(posted.topics),
        platforms=tuple(posted.platforms),
        specialisms=tuple(posted.specialisms),
        number_a_day=posted.number_a_day,
        sub_delegation=posted.sub_delegation,
        cleared_lines_only=posted.cleared_lines_only,
        under=posted.under,
    )


def _lapsed_unwritten(seen: dict[str, Powers], asked: datetime | None, now: datetime) -> list[str]:
    """What has lapsed by the moment asked for, though it is not on record yet; nothing is known of what is to come."""
    if asked is None:
        return []
    return [
        each.id
        for found in seen.values()
        for each in found.delegations
        if (lapse := found.lapse(each, now)) is not None and lapse.at <= asked
    ]


def _body(given: DelegationInstrument, resting: Powers, now: datetime) -> dict[str, Any]:
    lapse = resting.lapse(given, now)
    begun = max(given.from_, given.granted_at) <= now
    return {
        "id": given.id,
        "agency": given.agency,
        "delegator": {"subject": given.delegator, "post": given.delegator_post},
        "delegate": {"subject": given.delegate, "post": given.delegate_post},
        "level": given.level,
        "ceiling": {"sensitivity": given.ceiling.sensitivity, "damage": given.ceiling.damage},
        "topics": list(given.topics),
        "platforms": list(given.platforms),
        "specialisms": list(given.specialisms),
        "number_a_day": given.number_a_day,
        "sub_delegation": given.sub_delegation,
        "cleared_lines_only": given.cleared_lines_only,
        "under": given.parent,
        "from": rfc3339(given.from_),
        "until": rfc3339(given.until),
        "granted_at": rfc3339(given.granted_at),
        "state": "lapsed" if lapse else "standing" if begun else "to_begin",
        "lapse": lapse and {"at": rfc3339(lapse.at), "cause": lapse.cause},
        "revocation": {"by": given.revoked_by, "reason": given.revocation_reason} if given.revoked_by else None,
    }
