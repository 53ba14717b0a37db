"""``/v1/cases/{id}/drafts``: writing, approving, signing off and returning a text.

One request is one transaction: the case's row is locked, the act is done, and what follows from it (a released
response, the audit rows, the answer kept for the same ``Idempotency-Key``) is committed with it or not at all.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from services.policy import clearance
from services.policy.adapters.api.bodies import draft_body
from services.policy.adapters.api.cases import CaseIdPath, checked
from services.policy.adapters.api.refusals import problem_of
from services.policy.adapters.store import cases, powers, queries
from services.policy.adapters.store.policies import PolicyShelf
from services.policy.adapters.store.work import UnitOfWork
from services.policy.domain.clearance.approvals import Draft, NotYourAuthority, Refusal
from services.policy.domain.clearance.cases import Case
from services.policy.domain.clearance.cleared_lines import is_unchanged_line
from services.policy.domain.clearance.deciders import Decider
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.scales import Specialism
from shared.auth import Caller, requires
from shared.clock import Clock
from shared.database import Database
from shared.idempotency import Answer, claim_of, idempotency_key, once
from shared.problems import not_found
from shared.strict_json import StrictRoute

Number = Annotated[int, Path(ge=1, le=1_000_000, description="the draft's number within its case")]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class DraftIn(_Strict):
    """A text that somebody proposes as the answer."""

    text: str = Field(min_length=1, max_length=5000, pattern=r"\S", description="what would go out, as it stands")
    language: str | None = Field(None, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", max_length=35)


class ApprovalIn(_Strict):
    """Consent to exactly what was seen. Any string that is not the current digest is stale."""

    digest: str = Field(max_length=1000, description="the draft's digest: 64 hex digits")


class SignoffIn(ApprovalIn):
    """A specialist's consent."""

    kind: Specialism


class ReturnIn(_Strict):
    """Why a draft does not go out as it is."""

    reason: str = Field(min_length=1, max_length=2000, pattern=r"\S")


@dataclass(frozen=True)
class Desk:
    """What an officer has before them: the case, the draft at hand, their mandates, the policy, and the moment."""

    case: Case
    draft: Draft | None
    decider: Decider
    policy: PolicyInForce
    work: UnitOfWork
    now: datetime

    @property
    def open_draft(self) -> Draft:
        """The draft that the path names. Raises ``Problem`` 404."""
        if self.draft is None:
            raise not_found("draft")
        return self.draft


Act = Callable[[Desk], Draft]


def drafts_api(database: Database, policies: PolicyShelf, clock: Clock) -> APIRouter:
    """The routes, ready to be taken into an application."""
    router = APIRouter(prefix="/v1/cases/{case_id}/drafts", tags=["clearance"], route_class=StrictRoute)

    async def do(request: Request, caller: Caller, case_id: str, number: int | None, act: Act) -> Response:
        idempotency_key(request)
        checked(case_id)
        async with database.begin(caller.scope) as connection:
            case = await _locked(connection, case_id, caller)
            claim = await claim_of(request, caller.subject, case.thread.agency)

            async def effect() -> Answer:
                desk = await _desk(connection, case, number, caller, policies, clock())
                draft = act(desk)
                await cases.write(connection, desk.work, desk.now)
                return Answer(201, draft_body(draft))

            try:
                answer = await once(connection, claim, effect)
            except Refusal as refusal:
                raise problem_of(refusal) from refusal
        return answer.response()

    @router.post("", status_code=201)
    async def write_draft(
        request: Request, case_id: CaseIdPath, posted: DraftIn, caller: Caller = requires("cases:write")
    ) -> Response:
        """Propose a text. It gets the next number; an older open draft is superseded. 409 `nothing-to-answer`."""
        return await do(
            request,
            caller,
            case_id,
            None,
            lambda d: clearance.write_draft(d.case, d.decider, posted.text, posted.language, d.policy, d.work, d.now),
        )

    @router.post("/{number}/approvals", status_code=201)
    async def approve(
        request: Request,
        case_id: CaseIdPath,
        number: Number,
        posted: ApprovalIn,
        caller: Caller = requires("cases:write"),
    ) -> Response:
        """Take the highest open approval that you may. With the last step the answer goes out.

        Your post, one that you stand in for, or a delegation may let you; the least borrowed that will do is used, and
        the step names it. 403 `own-draft`, `not-your-authority`, `ceiling-exceeded` with the `ceiling`, what is
        `exceeded` and the `instrument`, `day-is-spent`; 409 `stale-digest` with the current digest, or
        `draft-not-open`. Pressing twice answers the same.
        """
        return await do(
            request,
            caller,
            case_id,
            number,
            lambda d: clearance.approve(d.case, d.open_draft, d.decider, posted.digest, d.policy, d.work, d.now),
        )

    @router.post("/{number}/signoffs", status_code=201)
    async def sign_off(
        request: Request,
        case_id: CaseIdPath,
        number: Number,
        posted: SignoffIn,
        caller: Caller = requires("cases:write"),
    ) -> Response:
        """Vouch for facts, law or security as their specialist. Refusals as for approvals."""
        return await do(
            request,
            caller,
            case_id,
            number,
            lambda d: clearance.sign_off(
                d.case, d.open_draft, d.decider, posted.kind, posted.digest, d.policy, d.work, d.now
            ),
        )

    @router.post("/{number}/returns", status_code=201)
    async def send_back(
        request: Request,
        case_id: CaseIdPath,
        number: Number,
        posted: ReturnIn,
        caller: Caller = requires("cases:write"),
    ) -> Response:
        """Send a draft back with the reason; the case waits for another one."""
        return await do(
            request,
            caller,
            case_id,
            number,
            lambda d: clearance.send_back(d.case, d.open_draft, d.decider, posted.reason, d.work, d.now),
        )

    return router


async def _locked(connection: AsyncConnection, case_id: str, caller: Caller) -> Case:
    found = await cases.load_ids(connection, [case_id])
    if not found or not caller.may_see(found[0].thread.agency):
        raise not_found("case")
    return found[0]


async def _desk(
    connection: AsyncConnection,
    case: Case,
    number: int | None,
    caller: Caller,
    policies: PolicyShelf,
    now: datetime,
) -> Desk:
    policy = policies.find(case.thread.agency)
    if policy is None:
        raise NotYourAuthority("You hold no post in this agency.")
    decider, counting = await powers.decider(connection, policy.policy, caller.subject, case.id, now)
    work = UnitOfWork()
    work.fill([case])
    clearance.recount(case, counting, work)
    draft = case.draft
    if number is not None and (draft is None or draft.number != number):
        draft = await queries.draft_of(connection, case.id, number)
    if draft is not None:
        unchanged = is_unchanged_line(draft.text, draft.language, policy.policy, now)
        decider = replace(decider, cleared_line=unchanged)
    return Desk(case, draft, decider, policy, work, now)
