"""``/v1/policies``: what an agency's policy says, said before, and will say; and the drafts of the next one.

A name is an agency's, or the id of a draft (``pol_…``). A policy is for everyone who works with cases. What was
adopted is shown as it was written down then, whatever the model has become since.
"""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import AwareDatetime
from starlette.responses import JSONResponse, Response

from services.policy.adapters.api import editions, paging
from services.policy.adapters.api.moments import EARLIEST, LATEST
from services.policy.adapters.api.policy_bodies import adoption_body, draft_body, draft_line, policy_body
from services.policy.adapters.api.policy_desk import PolicyDesk
from services.policy.adapters.api.policy_drafts import is_draft
from services.policy.adapters.store import adoptions, policy_drafts, rows
from services.policy.domain.adoption.authorship import PolicyDraftState
from shared.auth import Caller, requires
from shared.clock import Clock, rfc3339
from shared.problems import Problem, not_found

AgencyPath = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
PolicyPath = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$", description="an agency, or a draft `pol_…`")]
Agency = Annotated[str, Query(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Version = Annotated[str, Query(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}/[0-9]{1,9}@[0-9a-f]{12}$")]


def policies_api(desk: PolicyDesk, clock: Clock) -> APIRouter:
    """The routes, ready to be taken into an application."""
    router = APIRouter(prefix="/v1/policies", tags=["policies"])
    database = desk.database

    @router.get("")
    async def list_drafts(
        request: Request,
        agency: Agency | None = None,
        state: PolicyDraftState | None = None,
        limit: paging.Limit = paging.DEFAULT,
        cursor: paging.Cursor = None,
        caller: Caller = requires("cases:read"),
    ) -> Response:
        """Drafts of the caller's agencies, the newest first, without their documents."""
        before = None if cursor is None else paging.place_of(cursor)
        wanted = caller.those_asked_for(agency)
        async with database.begin(caller.scope) as connection:
            found = await policy_drafts.listed(connection, wanted, state, before, limit + 1)
        return paging.page(request, found, limit, draft_line, lambda draft: draft.id)

    @router.get("/{policy}")
    async def get_policy(
        policy: PolicyPath, version: Version | None = None, caller: Caller = requires("cases:read")
    ) -> Response:
        """An agency's policy in force, with officers and calendar of now, or the `version` that a decision names; or a
        draft with its ETag.
        """
        if is_draft(policy):
            sight = await desk.look(caller, policy)
            body = draft_body(sight.draft, sight.made, sight.replays, caller)
            return JSONResponse(body, headers={"ETag": editions.etag(sight.draft.edition)})
        refuse_strangers(caller, policy)
        async with database.begin(caller.scope) as connection:
            if version is None:
                row = await adoptions.at(connection, policy, clock())
            else:
                row = await adoptions.version(connection, policy, version)
        if row is None:
            raise not_found("policy")
        content = rows.from_json(row.content)
        if version is None:
            content |= rows.from_json(row.roster or {})
        return JSONResponse(policy_body(row.version, row.digest, content, caller))

    @router.get("/{policy}/versions")
    async def list_versions(
        request: Request,
        policy: AgencyPath,
        limit: paging.Limit = paging.DEFAULT,
        cursor: paging.Cursor = None,
        caller: Caller = requires("cases:read"),
    ) -> Response:
        """Every adoption of an agency's policy, those to come included, the newest first."""
        refuse_strangers(caller, policy)
        before = None if cursor is None else _place(paging.place_of(cursor))
        async with database.begin(caller.scope) as connection:
            found = await adoptions.history(connection, policy, before, limit + 1)
        if not found and before is None:
            raise not_found("policy")
        return paging.page(request, found, limit, adoption_body, _spelled)

    @router.get("/{policy}/at")
    async def get_policy_at(
        policy: AgencyPath,
        time: Annotated[AwareDatetime, Query(ge=EARLIEST, lt=LATEST, description="RFC 3339, with its zone")],
        caller: Caller = requires("cases:read"),
    ) -> Response:
        """What was, or as things stand will be, in force at `time`, with officers and calendar of then."""
        refuse_strangers(caller, policy)
        async with database.begin(caller.scope) as connection:
            row = await adoptions.at(connection, policy, time)
            first = None if row is not None else await adoptions.first(connection, policy)
        if row is None:
            raise _before_the_first(policy, time, first)
        content = {**rows.from_json(row.content), **rows.from_json(row.roster or {})}
        return JSONResponse({**policy_body(row.version, row.digest, content, caller), **adoption_body(row)})

    return router


def refuse_strangers(caller: Caller, agency: str) -> None:
    """Raises ``Problem`` 404 for an agency that is not the caller's."""
    if not caller.may_see(agency):
        raise not_found("policy")


def _spelled(adoption: Any) -> str:
    return f"{adoption.effective_from.isoformat()} {adoption.adopted_at.isoformat()}"


def _place(spelled: str) -> tuple[datetime, datetime]:
    try:
        effective_from, adopted_at = map(datetime.fromisoformat, spelled.split(" "))
        if not (EARLIEST <= effective_from < LATEST and EARLIEST <= adopted_at < LATEST):
            raise ValueError(spelled)
    except (ValueError, TypeError) as error:
        raise paging.not_ours() from error
    return effective_from, adopted_at


def _before_the_first(agency: str, time: datetime, first: datetime | None) -> Problem:
    if first is None:
        return not_found("policy")
    detail = f"No policy of {agency} was in force at {rfc3339(time)}; the first began at {rfc3339(first)}."
    return Problem(404, "not-found", detail=detail)
