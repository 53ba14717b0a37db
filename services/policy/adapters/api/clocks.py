"""``/v1/cases/{id}/clocks`` and ``…/pauses``: until when, why, and what stops it."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import JSONResponse, Response

from services.policy import timekeeping
from services.policy.adapters.api.cases import CaseIdPath, checked
from services.policy.adapters.api.clock_bodies import budget_body, clocks_body, pause_body
from services.policy.adapters.api.refusals import problem_of
from services.policy.adapters.store import cases, drafts, meanwhile, powers, queries, rows
from services.policy.adapters.store.policies import PolicyShelf
from services.policy.adapters.store.work import UnitOfWork
from services.policy.domain.clearance.approvals import NotYourAuthority, Refusal
from services.policy.domain.clearance.cases import Case
from services.policy.domain.clearance.deciders import Decider
from services.policy.domain.clearance.paths import AgencyPace, budget_of
from services.policy.domain.clocks.pauses import Pause, PauseReason
from services.policy.domain.deciding.decisions import PolicyInForce
from shared.auth import Caller, requires
from shared.clock import Clock, rfc3339
from shared.database import Database
from shared.idempotency import Answer, claim_of, idempotency_key, once
from shared.problems import not_found
from shared.strict_json import StrictRoute

Number = Annotated[int, Path(ge=1, le=1_000_000, description="the pause's number within its case")]


class PauseIn(BaseModel):
    """Why the clocks of a case stand still, and until when."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: PauseReason = Field(
        description="`waiting_for_citizen` ends by itself after five working days, or when the citizen writes"
    )
    until: AwareDatetime | None = Field(None, description="when the clocks run again; an `embargo` must name it")


Act = Callable[[Case, Decider, PolicyInForce, UnitOfWork, datetime], Pause]


def clocks_api(database: Database, policies: PolicyShelf, clock: Clock, paces: Mapping[str, AgencyPace]) -> APIRouter:
    """The routes, ready to be taken into an application."""
    router = APIRouter(prefix="/v1/cases/{case_id}", tags=["clocks"], route_class=StrictRoute)

    async def do(request: Request, caller: Caller, case_id: str, act: Act) -> Response:
        idempotency_key(request)
        checked(case_id)
        async with database.begin(caller.scope) as connection:
            case = await _locked(connection, case_id, caller)
            claim = await claim_of(request, caller.subject, case.thread.agency)
            try:
                answer = await once(connection, claim, _effect(connection, case, caller, act))
            except Refusal as refusal:
                raise problem_of(refusal) from refusal
        return answer.response()

    def _effect(connection: AsyncConnection, case: Case, caller: Caller, act: Act) -> Callable[[], Awaitable[Answer]]:
        async def effect() -> Answer:
            now, work = clock(), UnitOfWork()
            policy = policies.find(case.thread.agency)
            if policy is None:
                raise NotYourAuthority("You hold no post in this agency, and nothing is delegated to you now.")
            decider, _ = await powers.decider(connection, policy.policy, caller.subject, case.id, now)
            work.fill([case])
            pause = act(case, decider, policy, work, now)
            await cases.write(connection, work, now)
            due_at = rfc3339(case.due_at) if case.due_at else None
            return Answer(201, {**pause_body(pause, policy.time, now), "case": case.id, "due_at": due_at})

        return effect

    @router.get("/clocks")
    async def explain_clocks(case_id: CaseIdPath, caller: Caller = requires("cases:read")) -> Response:
        """Every deadline of the latest turns, explained: from when, how many minutes, which days, holidays and pauses.

        `state` is `running`, `paused`, `met`, `breached` or `void`. What is owed to the citizen (`acknowledge`,
        `holding`, `answer`) is met or breached; passing up (`near_breach`, `escalate`, `to_head`) is met when its time
        came, and void where the answer came first. A holding reply and an acknowledgement meet their own deadlines and
        never the answer's. Minutes are working minutes unless `around_the_clock`.

        `budget` says whether the steps that are left fit into the minutes that are left of the most urgent clock, each
        by how long such steps took lately (nine of ten), and its share of those minutes; `shorter_path` is the lawful
        way out where they do not: the same steps at once (`parallel`), by the next `delegate`, or by the
        `duty_authority` above. It is null where nobody waits.
        """
        checked(case_id)
        async with database.begin(caller.scope) as connection:
            row = await queries.find_case(connection, case_id)
            if row is None or not caller.may_see(row.agency):
                raise not_found("case")
            turns = await queries.turns_of(connection, [case_id])
            told = await meanwhile.told(connection, [case_id])
            written = await drafts.latest(connection, [case_id])
        policy = policies.find(row.agency)
        if policy is None:
            raise not_found("policy of this case's agency")
        now = clock()
        case = rows.case_of(row)
        case.turns = turns[case_id]
        case.draft = written.get(case_id)
        budget = budget_of(case, policy, paces.get(row.agency, AgencyPace()), now)
        body = clocks_body(row, turns[case_id], policy, now, told)
        return JSONResponse({**body, "budget": budget_body(budget)})

    @router.post("/pauses", status_code=201, responses=_REFUSALS)
    async def pause(
        request: Request, case_id: CaseIdPath, posted: PauseIn, caller: Caller = requires("cases:write")
    ) -> Response:
        """Stop the clocks of the case. What is due ahead moves by the working time of the pause.

        For officers on the case's level or above, and for its owner. 403 `not-your-authority`, `ceiling-exceeded`;
        409 `clock-not-running`, `already-paused`; 422 `wrong-until`.
        """
        return await do(
            request,
            caller,
            case_id,
            lambda case, decider, policy, work, now: timekeeping.pause(
                case, decider, posted.reason, posted.until, policy, work, now
            ),
        )

    @router.post("/pauses/{number}/end", status_code=201, responses=_REFUSALS)
    async def resume(
        request: Request, case_id: CaseIdPath, number: Number, caller: Caller = requires("cases:write")
    ) -> Response:
        """Let the clocks run again. 404 for no such pause; 409 `pause-over`; else refusals as for a pause."""

        def act(case: Case, decider: Decider, policy: PolicyInForce, work: UnitOfWork, now: datetime) -> Pause:
            found = next((each for each in case.pauses if each.number == number), None)
            if found is None:
                raise not_found("pause")
            return timekeeping.resume(case, found, decider, policy, work, now)

        return await do(request, caller, case_id, act)

    return router


_REFUSALS: dict[int | str, dict[str, Any]] = {
    403: {"description": "`not-your-authority` or `ceiling-exceeded`: not an officer who may act on this case"},
    409: {"description": "`clock-not-running`, `already-paused`, `pause-over`, or the same request is under way"},
    422: {"description": "`wrong-until`, or some of the input is not valid; each field is named"},
}


async def _locked(connection: AsyncConnection, case_id: str, caller: Caller) -> Case:
    found = await cases.load_ids(connection, [case_id])
    if not found or not caller.may_see(found[0].thread.agency):
        raise not_found("case")
    return found[0]
