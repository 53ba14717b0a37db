"""``/v1/cases/{id}/assignments``, ``…/referrals`` and ``…/call-ins``: what officers do besides drafts."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from services.policy import casework
from services.policy.adapters.api.authority_desk import ReasonIn, Strict, responses
from services.policy.adapters.api.bodies import casework_body
from services.policy.adapters.api.cases import CaseIdPath, checked
from services.policy.adapters.api.clearance_desk import ClearanceDesk
from services.policy.adapters.api.refusals import problem_of
from services.policy.adapters.store import cases, powers, recusals
from services.policy.adapters.store.work import UnitOfWork
from services.policy.desk import Desk
from services.policy.domain.clearance.approvals import Refusal
from services.policy.domain.clearance.cases import Case
from services.policy.domain.clearance.paths import AgencyPace
from services.policy.domain.parts import Id
from shared.auth import Caller, requires
from shared.idempotency import Answer, claim_of, idempotency_key, once
from shared.strict_json import StrictRoute


class AssignmentIn(Strict):
    """Who is to have the case; yourself, to take it."""

    to: Id


class ReferralIn(ReasonIn):
    """Where the citizen is told to go, and why."""

    to: str = Field(min_length=1, max_length=500, pattern=r"\S", description="a body, a counter or a page, in words")


Act = Callable[[AsyncConnection, Desk], Awaitable[None]]


def casework_api(desks: ClearanceDesk, paces: Mapping[str, AgencyPace]) -> APIRouter:
    """The routes, ready to be taken into an application."""
    router = APIRouter(prefix="/v1/cases/{case_id}", tags=["cases"], route_class=StrictRoute)

    async def do(request: Request, caller: Caller, case_id: str, act: Act) -> Response:
        idempotency_key(request)
        checked(case_id)
        async with desks.database.begin(caller.scope) as connection:
            case = await desks.locked(connection, case_id, caller)
            claim = await claim_of(request, caller.subject, case.thread.agency)

            async def effect() -> Answer:
                work = UnitOfWork()
                work.fill([case])
                desk = await desks.desk(connection, case, None, caller, (), work)
                await act(connection, desk)
                await cases.write(connection, work, desk.now)
                return Answer(201, body_of(case))

            try:
                answer = await once(connection, claim, effect)
            except Refusal as refusal:
                raise problem_of(refusal) from refusal
        return answer.response()

    @router.post("/assignments", status_code=201, responses=responses(_ASSIGNING))
    async def assign(
        request: Request, case_id: CaseIdPath, posted: AssignmentIn, caller: Caller = requires("cases:write")
    ) -> Response:
        """Give the case to a person, or take it: it shows as its `assignee` until it is given back, answered, closed
        or transferred. It gives no authority.

        Taking is for everybody with a mandate here, while nobody has it; giving it is for officers on the case's level
        or above and for its owner. 403 `not-your-authority`, `ceiling-exceeded`; 409 `assigned-to-another` with the
        `assignee`, `case-over`; 422 `no-mandate`.
        """

        async def act(connection: AsyncConnection, desk: Desk) -> None:
            casework.assign(desk, posted.to, await _may_decide(connection, desk, posted.to))

        return await do(request, caller, case_id, act)

    @router.post("/assignments/endings", status_code=201, responses=responses(_ASSIGNING))
    async def give_back(request: Request, case_id: CaseIdPath, caller: Caller = requires("cases:write")) -> Response:
        """Nobody has the case any more: for whoever has it, and those who may give it. 409 `not-assigned`; else
        refusals as for an assignment."""

        async def act(connection: AsyncConnection, desk: Desk) -> None:
            casework.give_back(desk)

        return await do(request, caller, case_id, act)

    @router.post("/referrals", status_code=201, responses=responses(_ACTING))
    async def refer(
        request: Request, case_id: CaseIdPath, posted: ReferralIn, caller: Caller = requires("cases:write")
    ) -> Response:
        """The citizen is to be told where to go: the disposition becomes `refer`. Nothing goes out by that; somebody
        writes the answer, and it is cleared as the case asks. To pass a case to a colleague, assign it; to give it to
        another agency, transfer it.

        For officers on the case's level or above, and for its owner. 403 `not-your-authority`, `ceiling-exceeded`;
        409 `case-over`, `answer-under-way`.
        """

        async def act(connection: AsyncConnection, desk: Desk) -> None:
            casework.refer(desk, posted.to, posted.reason)

        return await do(request, caller, case_id, act)

    @router.post("/call-ins", status_code=201, responses=responses(_ACTING))
    async def call_in(
        request: Request, case_id: CaseIdPath, posted: ReasonIn, caller: Caller = requires("cases:write")
    ) -> Response:
        """Take a case from above: your post owns it, and it is released on your level. An open draft needs the steps
        of that level. It stays so, whatever the citizen writes meanwhile, until the case is answered or closed.

        For officers above the case's level. 403 `not-your-authority`, `ceiling-exceeded`; 409 `case-over`,
        `answer-under-way`.
        """

        async def act(connection: AsyncConnection, desk: Desk) -> None:
            casework.call_in(desk, posted.reason)

        return await do(request, caller, case_id, act)

    @router.post("/shorter-paths", status_code=201, responses=responses(_SHORTENING))
    async def shorten(
        request: Request, case_id: CaseIdPath, posted: ReasonIn, caller: Caller = requires("cases:write")
    ) -> Response:
        """Take the shorter path that `clocks` names for a case whose path does not fit into its time. No step is lost
        and none goes below its level: all are taken at once where the level has `at_once_if_late`, or those who stand
        in may take them. It holds until the case is answered or closed.

        For officers on the case's level or above, and for its owner. 403 `not-your-authority`, `ceiling-exceeded`;
        409 `no-shorter-path` where it fits or there is none, `case-over`, `answer-under-way`.
        """

        async def act(connection: AsyncConnection, desk: Desk) -> None:
            casework.shorten(desk, paces.get(desk.agency) or AgencyPace(), posted.reason)

        return await do(request, caller, case_id, act)

    return router


def body_of(case: Case) -> dict[str, Any]:
    """How a case stands after an act."""
    standing = case.standing
    assert standing is not None
    return {
        "case": case.id,
        "state": case.state,
        "disposition": standing.disposition,
        "level": standing.level,
        "owner": standing.owner,
        **casework_body(case.casework),
    }


async def _may_decide(connection: AsyncConnection, desk: Desk, subject: str) -> bool:
    found = await powers.read(connection, desk.policy.policy, desk.now)
    recused = await recusals.recused_from(connection, [desk.case.id])
    return bool(found.of(subject, desk.now)) and subject not in recused[desk.case.id]


_ACTING: dict[int, dict[str, Any]] = {
    403: {"description": "`not-your-authority` or `ceiling-exceeded`: not an officer who may act on this case"},
    409: {"description": "`case-over`, `answer-under-way`, or the same request is under way"},
}
_SHORTENING: dict[int, dict[str, Any]] = {
    403: _ACTING[403],
    409: {"description": "`no-shorter-path`, `case-over`, `answer-under-way`, or the same request is under way"},
}
_ASSIGNING: dict[int, dict[str, Any]] = {
    403: _ACTING[403],
    409: {"description": "`assigned-to-another`, `not-assigned`, `case-over`, or the same request is under way"},
    422: {"description": "`no-mandate`, or some of the input is not valid; each field is named"},
}
