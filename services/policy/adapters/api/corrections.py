"""``/v1/cases/{id}/corrections``: officers say of what kind a comment really was.

What was decided stays decided; the next comment of the same text, and the agency's next model, know better.
"""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import JSONResponse, Response

from services.policy import learning
from services.policy.adapters import succession
from services.policy.adapters.api.cases import CaseIdPath, checked
from services.policy.adapters.api.refusals import problem_of
from services.policy.adapters.store import corrections, powers, queries
from services.policy.adapters.store.policies import PolicyShelf
from services.policy.domain.authority.mandates import Mandate
from services.policy.domain.clearance.approvals import NotYourAuthority, Refusal
from services.policy.domain.scales import Kind
from shared.auth import Caller, requires
from shared.clock import Clock, rfc3339
from shared.database import Database
from shared.idempotency import Answer, claim_of, idempotency_key, once
from shared.problems import Problem, not_found
from shared.strict_json import StrictRoute


class CorrectionIn(BaseModel):
    """Of what kind a comment is. Without ``comment`` it is the case's newest turn that is meant."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    kind: Kind
    comment: str | None = Field(None, min_length=1, max_length=64, description="`cmt_…`, one of this case")


def corrections_api(database: Database, policies: PolicyShelf, clock: Clock) -> APIRouter:
    """The routes, ready to be taken into an application."""
    router = APIRouter(prefix="/v1/cases/{case_id}/corrections", tags=["learning"], route_class=StrictRoute)

    @router.post("", status_code=201)
    async def correct(
        request: Request, case_id: CaseIdPath, posted: CorrectionIn, caller: Caller = requires("cases:write")
    ) -> Response:
        """Say of what kind a comment is, or confirm it. It changes no decision; texts like it count as judged.

        200 with what you said before, where you say it again. 403 `not-your-authority` for who may decide nothing here,
        422 `unknown-comment`.
        """
        idempotency_key(request)
        checked(case_id)
        async with database.begin(caller.scope) as connection:
            agency = await corrections.hold_case(connection, case_id)
            if agency is None or not caller.may_see(agency):
                raise not_found("case")
            claim = await claim_of(request, caller.subject, agency)

            async def effect() -> Answer:
                policy = policies.find(agency)
                if policy is None:
                    raise NotYourAuthority("You hold no post in this agency.")
                decider, _ = await powers.decider(connection, policy.policy, caller.subject, case_id, clock())
                return await _correct(connection, case_id, posted, decider.mandates[0], clock)

            try:
                answer = await once(connection, claim, effect)
            except Refusal as refusal:
                raise problem_of(refusal) from refusal
        return answer.response()

    @router.get("")
    async def list_corrections(case_id: CaseIdPath, caller: Caller = requires("cases:read")) -> Response:
        """What officers said of a case's comments, oldest first; the latest 200. 404 if the case is not yours."""
        checked(case_id)
        async with database.begin(caller.scope) as connection:
            case = await queries.find_case(connection, case_id)
            if case is None or not caller.may_see(case.agency):
                raise not_found("case")
            found = await corrections.list_of(connection, case_id)
        return JSONResponse({"items": [_body(row, row.case_id) for row in found], "next": None})

    return router


async def _correct(
    connection: AsyncConnection, case_id: str, posted: CorrectionIn, mandate: Mandate, clock: Clock
) -> Answer:
    judged = await corrections.find_judged(connection, case_id, posted.comment)
    if judged is None:
        raise Problem(
            422,
            "unknown-comment",
            "The case has no such comment",
            errors=[{"pointer": "/comment", "detail": "Name a comment of this case, or none for its newest turn."}],
        )
    said = await corrections.last_of(connection, judged)
    if said is not None and (said.kind, said.officer) == (posted.kind, mandate.subject):
        return Answer(200, _body(said, said.case_id))
    now = clock()
    correction, act = learning.correct(judged, posted.kind, mandate, now)
    await corrections.put(connection, correction, judged)
    await succession.record(connection, [act], now)
    return Answer(201, _body(correction, correction.case))


def _body(correction: Any, case_id: str) -> dict[str, Any]:
    return {
        "id": correction.id,
        "case": case_id,
        "comment": correction.comment,
        "kind_was": correction.kind_was,
        "kind": correction.kind,
        "officer": correction.officer,
        "at": rfc3339(correction.at),
    }
