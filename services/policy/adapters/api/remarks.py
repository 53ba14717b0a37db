"""``/v1/cases/{id}/drafts/{n}``: what officers say to a draft without releasing it."""

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from services.policy import remarks
from services.policy.adapters.api.cases import CaseIdPath
from services.policy.adapters.api.clearance_desk import ClearanceDesk, DigestIn, Number, Strict
from shared.auth import Caller, requires
from shared.strict_json import StrictRoute


class ReturnIn(Strict):
    """Why a draft does not go out as it is."""

    reason: str = Field(min_length=1, max_length=2000, pattern=r"\S")


class RefusalIn(DigestIn, ReturnIn):
    """Why a version must not go out."""


class CommentIn(Strict):
    """Advice."""

    text: str = Field(min_length=1, max_length=2000, pattern=r"\S")


class ConditionIn(DigestIn, CommentIn):
    """What has to change before its author consents."""


def remarks_api(desk: ClearanceDesk) -> APIRouter:
    """The routes, ready to be taken into an application."""
    router = APIRouter(prefix="/v1/cases/{case_id}/drafts/{number}", tags=["clearance"], route_class=StrictRoute)

    @router.post("/comments", status_code=201)
    async def comment(
        request: Request,
        case_id: CaseIdPath,
        number: Number,
        posted: CommentIn,
        caller: Caller = requires("cases:write"),
    ) -> Response:
        """Advise on an open draft; nothing depends on it. 403 `not-your-authority`; 409 `draft-not-open`."""
        return await desk.post(request, caller, case_id, number, lambda d: remarks.comment(d, posted.text))

    @router.post("/conditions", status_code=201)
    async def set_condition(
        request: Request,
        case_id: CaseIdPath,
        number: Number,
        posted: ConditionIn,
        caller: Caller = requires("cases:write"),
    ) -> Response:
        """Consent only if something changes: this version waits until you approve it after all, until somebody on a
        higher level does, or for another version. Refusals as for approvals."""
        return await desk.post(
            request, caller, case_id, number, lambda d: remarks.set_condition(d, posted.digest, posted.text)
        )

    @router.post("/returns", status_code=201)
    async def send_back(
        request: Request,
        case_id: CaseIdPath,
        number: Number,
        posted: ReturnIn,
        caller: Caller = requires("cases:write"),
    ) -> Response:
        """Send a draft back with the reason; it waits for another version. 403 `not-your-authority`,
        `ceiling-exceeded`; 409 `draft-not-open`, `nothing-to-answer`. Pressing twice answers the same."""
        return await desk.post(request, caller, case_id, number, lambda d: remarks.send_back(d, posted.reason))

    @router.post("/refusals", status_code=201)
    async def refuse(
        request: Request,
        case_id: CaseIdPath,
        number: Number,
        posted: RefusalIn,
        caller: Caller = requires("cases:write"),
    ) -> Response:
        """Say no to a version. It goes back to its author; where somebody has approved it, or it is refused a second
        time, it goes one level up with the reasons and is decided there.

        403 `own-draft`, `not-your-authority`, `ceiling-exceeded`; 409 `stale-digest` with the current digest,
        `draft-not-open`, `nothing-to-answer`. Pressing twice answers the same.
        """
        return await desk.post(
            request, caller, case_id, number, lambda d: remarks.refuse(d, posted.digest, posted.reason)
        )

    return router
