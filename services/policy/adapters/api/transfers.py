"""``/v1/cases/{id}/transfers``: the case itself goes to another agency. No wrong door.

The one act whose transaction writes rows of two agencies. It names those two and no others, after the caller was
found entitled to the sender's; what the caller may read of the receiver's is the new case's id.

A line of the receiver may answer at once. One that was withdrawn so lately that this replica has not heard of it does
not: the case is then decided anew without it.
"""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from services.policy import casework, handlers
from services.policy.adapters import metrics
from services.policy.adapters.api.authority_desk import AgencyName, ReasonIn, responses
from services.policy.adapters.api.cases import CaseIdPath, checked
from services.policy.adapters.api.casework import body_of
from services.policy.adapters.api.clearance_desk import ClearanceDesk
from services.policy.adapters.api.refusals import problem_of
from services.policy.adapters.consumers import Without
from services.policy.adapters.store import cases, cleared_lines, issues, queries
from services.policy.adapters.store.work import UnitOfWork
from services.policy.domain.clearance.approvals import Refusal
from services.policy.domain.clearance.cases import Case
from services.policy.domain.clearance.casework import ThreadKnownThere, UnknownAgency
from services.policy.domain.deciding.decisions import PolicyInForce
from shared.auth import Caller, requires
from shared.idempotency import Answer, claim_of, idempotency_key, once
from shared.problems import not_found
from shared.strict_json import StrictRoute


class TransferIn(ReasonIn):
    """Which agency has the case from now on, and why."""

    to: AgencyName


def transfers_api(desks: ClearanceDesk) -> APIRouter:
    """The route, ready to be taken into an application."""
    router = APIRouter(prefix="/v1/cases/{case_id}", tags=["cases"], route_class=StrictRoute)

    @router.post("/transfers", status_code=201, responses=responses(_REFUSALS))
    async def transfer(
        request: Request, case_id: CaseIdPath, posted: TransferIn, caller: Caller = requires("cases:write")
    ) -> Response:
        """The case goes to another agency with all that was said in it; here it is closed and says where it went.

        The receiver's policy decides anew, and what remains of the clock goes along, two hours at least. The citizen
        is answered where they asked, and what they write next reaches the receiver. An open draft lapses.

        For officers on the case's level or above, and for its owner. 403 `not-your-authority`, `ceiling-exceeded`;
        409 `case-over`, `answer-under-way`, `nothing-to-answer`, `had-it-before` (call it in instead),
        `thread-known-there`; 422 `unknown-agency`.
        """
        idempotency_key(request)
        checked(case_id)
        agency = await _agency_of(case_id, caller)
        claim = await claim_of(request, caller.subject, agency)
        async with desks.database.begin(sorted({agency, posted.to})) as connection:

            async def effect() -> Answer:
                receiver = _receiver(agency, posted.to)
                lost: set[cleared_lines.Used] = set()
                case, work, now = await _decided(connection, case_id, caller, posted, receiver)
                while gone := await cleared_lines.gone(connection, cleared_lines.used_by(work.responses)):
                    lost |= gone
                    receiver = Without(desks.policies, lost).of(posted.to)
                    case, work, now = await _decided(connection, case_id, caller, posted, receiver)
                await _write(connection, work, now)
                return Answer(201, body_of(case))

            try:
                answer = await once(connection, claim, effect)
            except Refusal as refusal:
                raise problem_of(refusal) from refusal
        return answer.response()

    async def _decided(
        connection: AsyncConnection, case_id: str, caller: Caller, posted: TransferIn, receiver: PolicyInForce
    ) -> tuple[Case, UnitOfWork, datetime]:
        """The case as it leaves, with what follows; nothing of it is written yet."""
        case = await cases.load_whole(connection, case_id)
        assert case is not None, "a case is never taken away"
        work = UnitOfWork()
        work.fill([case])
        desk = await desks.desk(connection, case, None, caller, (), work)
        arriving = casework.carried(case, posted.to)
        await issues.read(connection, work, [work.reading(event, receiver) for event in arriving])
        received = casework.transfer(desk, receiver, posted.reason)
        if await cases.is_known(connection, received.thread):
            raise ThreadKnownThere
        return case, work, desk.now

    async def _agency_of(case_id: str, caller: Caller) -> str:
        async with desks.database.begin(caller.scope) as connection:
            row = await queries.find_case(connection, case_id)
        if row is None or not caller.may_see(row.agency):
            raise not_found("case")
        return str(row.agency)

    def _receiver(agency: str, to: str) -> PolicyInForce:
        found = None if to == agency else desks.policies.find(to)
        if found is None:
            raise UnknownAgency
        return found

    return router


async def _write(connection: AsyncConnection, work: UnitOfWork, now: datetime) -> None:
    for issue in await issues.write(connection, work):
        handlers.record_surge(issue, work)
        metrics.SURGES.labels(issue.agency).inc()
    await cases.write(connection, work, now)


_REFUSALS: dict[int, dict[str, Any]] = {
    403: {"description": "`not-your-authority` or `ceiling-exceeded`: not an officer who may act on this case"},
    409: {
        "description": "`case-over`, `answer-under-way`, `nothing-to-answer`, `had-it-before`, `thread-known-there`,"
        " or the same request is under way"
    },
    422: {"description": "`unknown-agency`, or some of the input is not valid; each field is named"},
}
