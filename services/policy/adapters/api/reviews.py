"""Releasing at once in danger to life, and ``/v1/reviews``: looking again at what one authority released."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from services.policy import break_glass
from services.policy.adapters import succession
from services.policy.adapters.api import paging
from services.policy.adapters.api.authority_desk import AgencyQuery, AuthorityDesk, checked
from services.policy.adapters.api.cases import CaseIdPath
from services.policy.adapters.api.clearance_desk import ClearanceDesk, DigestIn, Number, Strict
from services.policy.adapters.store import powers, reviews
from services.policy.domain.clearance.reviews import Finding, Review
from shared.auth import Caller, requires
from shared.clock import rfc3339
from shared.idempotency import Answer
from shared.problems import not_found
from shared.strict_json import StrictRoute

ReviewPath = Annotated[str, Path(max_length=64, description="`rev_…`")]


class BreakGlassIn(DigestIn):
    """Why there is no time for a second person."""

    reason: str = Field(min_length=1, max_length=2000, pattern=r"\S")


class FindingIn(Strict):
    """Whether the release was right, and why."""

    finding: Finding
    note: str = Field(min_length=1, max_length=2000, pattern=r"\S")


def break_glass_api(desk: ClearanceDesk) -> APIRouter:
    """The route, ready to be taken into an application."""
    router = APIRouter(prefix="/v1/cases/{case_id}/drafts/{number}", tags=["clearance"], route_class=StrictRoute)

    @router.post("/break-glass", status_code=201)
    async def release(
        request: Request,
        case_id: CaseIdPath,
        number: Number,
        posted: BreakGlassIn,
        caller: Caller = requires("cases:write"),
    ) -> Response:
        """Release an answer on your authority alone, where the policy allows it: in danger to life.

        You stand on the level that the answer needs; you may have written it. The next level is told at once, and
        somebody else reviews it within 24 hours (`/v1/reviews`). 403 `no-danger` where the policy does not allow it,
        `not-your-authority`, `ceiling-exceeded`; 409 `stale-digest`, `window-closed`, `draft-not-open`,
        `nothing-to-answer`. Pressing twice answers the same.
        """
        return await desk.post(
            request, caller, case_id, number, lambda d: break_glass.release(d, posted.digest, posted.reason)
        )

    return router


def reviews_api(desk: AuthorityDesk) -> APIRouter:
    """The routes, ready to be taken into an application."""
    router = APIRouter(prefix="/v1/reviews", tags=["clearance"], route_class=StrictRoute)

    @router.get("")
    async def list_reviews(
        request: Request,
        agency: AgencyQuery = None,
        owed: bool | None = None,
        limit: paging.Limit = paging.DEFAULT,
        cursor: paging.Cursor = None,
        caller: Caller = requires("cases:read"),
    ) -> Response:
        """What one authority released alone, with its review; `owed=true`: those still to be made."""
        after = None if cursor is None else paging.place_of(cursor)
        async with desk.database.begin(caller.scope) as connection:
            found = await reviews.page(
                connection, caller.those_asked_for(agency), owed=owed, after=after, limit=limit + 1
            )
        return paging.page(request, found, limit, _body, lambda review: review.id)

    @router.post("/{review_id}/findings", status_code=201)
    async def find(
        request: Request, review_id: ReviewPath, posted: FindingIn, caller: Caller = requires("cases:write")
    ) -> Response:
        """Say whether a release was right. It is for somebody who neither wrote nor released it, on its level or above.

        403 `own-release`, `not-your-authority`; 409 `reviewed-already`; 404 if it is not yours to see.
        """
        checked(review_id, "rev_", "review")
        async with desk.database.begin(caller.scope) as connection:
            seen = await reviews.lock(connection, review_id)
        if seen is None or not caller.may_see(seen.agency):
            raise not_found("review")
        policy = desk.policy(caller, seen.agency)

        async def effect(connection: AsyncConnection) -> Answer:
            now = desk.clock()
            owed = await reviews.lock(connection, review_id)
            assert owed is not None
            decider, _ = await powers.decider(connection, policy, caller.subject, owed.case, now)
            done, act = break_glass.review(owed, decider, posted.finding, posted.note, now)
            await reviews.write(connection, done)
            await succession.record(connection, [act], now)
            return Answer(201, _body(done))

        return await desk.once(request, caller, seen.agency, effect)

    return router


def _body(review: Review) -> dict[str, Any]:
    body = reviews.values_of(review)
    moments = ("released_at", "due_at", "reviewed_at", "reminded_at")
    return {**body, **{name: body[name] and rfc3339(body[name]) for name in moments}}
