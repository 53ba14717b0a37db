"""``/v1/issues/{id}/merges``: a person says that two issues are one matter."""

from fastapi import APIRouter, Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from services.policy import answering_many
from services.policy.adapters.api.authority_desk import AuthorityDesk, Strict, record
from services.policy.adapters.api.issues import IssuePath
from services.policy.adapters.api.issues import found as found_issue
from services.policy.adapters.store import issue_merges, powers
from shared.auth import Caller, requires
from shared.idempotency import Answer
from shared.problems import Problem, not_found
from shared.strict_json import StrictRoute


class MergeIn(Strict):
    """The other issue."""

    issue: str = Field(max_length=64, description="`issue_…`")


def merges_api(desk: AuthorityDesk) -> APIRouter:
    """The routes, ready to be taken into an application."""
    router = APIRouter(prefix="/v1/issues/{issue_id}/merges", tags=["issues"], route_class=StrictRoute)

    @router.post("", status_code=201)
    async def merge(
        request: Request, issue_id: IssuePath, posted: MergeIn, caller: Caller = requires("cases:write")
    ) -> Response:
        """Join another issue of the same agency with this one. An answer that is put up from now on is for both; one
        that was put up before stays as it was seen. Joining what is joined changes nothing.

        403 `not-your-authority` for one without a post, 404 where one of the two is not yours to see, 422 `one-issue`.
        """
        now = desk.clock()
        async with desk.database.begin(caller.scope) as connection:
            into = await found_issue(connection, caller, issue_id, now)
            other = await found_issue(connection, caller, posted.issue, now)
        if other.agency != into.agency:
            raise not_found("issue")
        if other.id == into.id:
            raise Problem(422, "one-issue", "This is one issue", detail="Name another one.")
        policy = desk.policy(caller, into.agency)

        async def effect(connection: AsyncConnection) -> Answer:
            decider, _ = await powers.decider(connection, policy, caller.subject, into.id, now)
            act = answering_many.merge(other.id, into.id, into.agency, decider)
            if await issue_merges.merge(connection, into.agency, other.id, into.id, caller.subject, now):
                await record(connection, now, act)
            merged = await issue_merges.joined(connection, into.id) - {into.id}
            return Answer(201, {"id": into.id, "merged_with": sorted(merged)})

        return await desk.once(request, caller, into.agency, effect)

    return router
