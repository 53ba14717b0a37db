"""``/v1/submissions``: whatever waits for clearance apart from any one case, for those who are to clear it."""

from typing import Any, Literal

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from services.policy.adapters.api.authority_desk import AgencyQuery
from services.policy.adapters.api.submission_desk import SubmissionDesk, submission_body
from services.policy.adapters.store import submissions as store
from services.policy.domain.clearance.deciders import may_decide
from services.policy.domain.clearance.submissions import Submission
from shared.auth import Caller, requires


def submissions_api(desk: SubmissionDesk) -> APIRouter:
    """The routes, ready to be taken into an application."""
    router = APIRouter(prefix="/v1/submissions", tags=["clearance"])

    @router.get("")
    async def list_submissions(
        agency: AgencyQuery = None,
        waiting_for: Literal["me"] | None = None,
        caller: Caller = requires("cases:read"),
    ) -> Response:
        """Versions of lines and answers to issues that are open in the caller's agencies, the oldest first.

        `waiting_for=me`: only those with a step that the caller may take now. Each names where it `stands`.
        """
        async with desk.database.begin(caller.scope) as connection:
            found = await store.still_open(connection, caller.those_asked_for(agency))
            counting = await desk.counting(connection, found)
            shown = [desk.shown(each, counting) for each in found]
            if waiting_for:
                deciders = await desk.deciders(connection, caller.subject, {each.agency for each in found})
                shown = [each for each in shown if each.agency in deciders and may_decide(each, deciders[each.agency])]
        return JSONResponse({"items": [_body(each) for each in shown], "next": None})

    return router


def _body(submission: Submission) -> dict[str, Any]:
    place = "/v1/lines/{}/versions/{}" if submission.matter == "line" else "/v1/issues/{}/answers/{}"
    return {
        "matter": submission.matter,
        "agency": submission.agency,
        "stands": place.format(submission.subject, submission.number),
        **submission_body(submission),
    }
