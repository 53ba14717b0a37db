"""``/v1/orders``: putting right what was said, taking it back, and moderating what citizens wrote.

An order is asked for where it belongs (a case, a response), and decided under its own id. It goes through the clearance
of its case; with the last consent it is carried out.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import Field
from starlette.responses import JSONResponse, Response

from services.policy import ordering
from services.policy.adapters.api.authority_desk import ReasonIn
from services.policy.adapters.api.cases import CaseIdPath, checked
from services.policy.adapters.api.clearance_desk import DigestIn
from services.policy.adapters.api.drafts import SignoffIn
from services.policy.adapters.api.order_bodies import order_body
from services.policy.adapters.api.order_desk import OrderRoom
from services.policy.adapters.api.remarks import RefusalIn
from services.policy.domain.clearance import orders
from services.policy.domain.clearance.orders import Asked, OnRecord, OrderMatter
from services.policy.domain.clearance.submissions import Submission
from services.policy.ordering import OrderDesk
from shared.auth import Caller, requires
from shared.events import ModerationAction
from shared.strict_json import StrictRoute

OrderPath = Annotated[str, Path(max_length=64, pattern=r"^(ord|resp)_[0-9a-z]+$", description="`ord_…` or `resp_…`")]
ResponsePath = Annotated[str, Path(max_length=64, pattern=r"^resp_[0-9a-z]+$", description="`resp_…`")]


class ModerationIn(ReasonIn):
    """What is to be done with a citizen's comment, and why."""

    comment: str = Field(min_length=1, max_length=64, description="`cmt_…`, one of this case")
    action: ModerationAction
    rule: str | None = Field(None, min_length=1, max_length=200, pattern=r"\S", description="the house rule")


class CorrectedIn(ReasonIn):
    """What a response is to say instead, as a whole, and what was wrong with it."""

    text: str = Field(min_length=1, max_length=5000, pattern=r"\S", description="what would stand there")
    language: str | None = Field(None, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", max_length=35)


def asking_api(room: OrderRoom) -> APIRouter:
    """The routes by which orders are asked for, ready to be taken into an application."""
    router = APIRouter(prefix="/v1", tags=["orders"], route_class=StrictRoute)

    @router.post("/cases/{case_id}/moderations", status_code=201, responses=_ASKING)
    async def moderate(
        request: Request, case_id: CaseIdPath, posted: ModerationIn, caller: Caller = requires("cases:write")
    ) -> Response:
        """Ask for a comment to be hidden, shown again or removed. What it says is captured before anything else.

        It is cleared as an answer to that comment would be; whoever asks does not count. An older open order about the
        comment gives way. If the comment is edited meanwhile, what was approved has to be approved anew. 409
        `comment-gone`, `anothers-account` (what came with a transfer is moderated by the agency whose account it is;
        what was written since, by the one that has the case); 403 `not-your-authority`.
        """
        checked(case_id)

        def act(at: OrderDesk) -> Submission:
            asked = _asked(at, "moderation", caller, posted.reason)
            return ordering.put_up(
                at, orders.moderation(at.desk.case, posted.comment, posted.action, posted.rule, asked)
            )

        return await room.about_case(request, caller, case_id, posted.comment, act)

    @router.post("/responses/{response}/corrections", status_code=201, responses=_ASKING)
    async def correct(
        request: Request, response: ResponsePath, posted: CorrectedIn, caller: Caller = requires("cases:write")
    ) -> Response:
        """Ask for an answer to read otherwise: it is edited where the platform can, else a correction follows it; what
        has not gone out yet gives way to it. The original wording stays on record.

        It is cleared on the level that the response was released on, and as its case asks now. 409
        `response-not-standing` with its `state`, `no-answer` (a holding reply), `says-the-same`; 422
        `does-not-fit` where not even a thread could be made of it; 403 `not-your-authority`.
        """

        def act(at: OrderDesk, found: OnRecord) -> Submission:
            asked = _asked(at, "correction", caller, posted.reason)
            standing = orders.as_it_reads(found, at.orders)
            return ordering.put_up(at, orders.correction(at.desk.case, standing, posted.text, posted.language, asked))

        return await room.about_response(request, caller, response, act)

    @router.post("/responses/{response}/retractions", status_code=201, responses=_ASKING)
    async def retract(
        request: Request, response: ResponsePath, posted: ReasonIn, caller: Caller = requires("cases:write")
    ) -> Response:
        """Ask for a response to be taken back: not sent if it still waits, deleted where the platform can.

        One authority on the response's level or above approves it; up to L2 that may be whoever asks. What it answered
        waits again afterwards. 409 `response-not-standing` with its `state`; 403 `not-your-authority`.
        """

        def act(at: OrderDesk, found: OnRecord) -> Submission:
            asked = _asked(at, "retraction", caller, posted.reason)
            standing = orders.as_it_reads(found, at.orders)
            return ordering.put_up(at, orders.retraction(at.desk.case, standing, asked))

        return await room.about_response(request, caller, response, act)

    return router


def orders_api(room: OrderRoom) -> APIRouter:
    """The routes by which orders are decided, ready to be taken into an application."""
    router = APIRouter(prefix="/v1/orders/{order}", tags=["orders"], route_class=StrictRoute)

    @router.get("")
    async def get_order(order: OrderPath, caller: Caller = requires("cases:read")) -> Response:
        """One order, with what is asked for, its steps, and what came of it. Its `ETag` is its digest."""
        found = await room.find(caller, order)
        return JSONResponse(order_body(found), headers={"ETag": f'"{found.digest}"'})

    @router.post("/approvals", status_code=201, responses=_DECIDING)
    async def approve(
        request: Request, order: OrderPath, posted: DigestIn, caller: Caller = requires("cases:write")
    ) -> Response:
        """Take the highest open approval that you may. With the last step the order is carried out.

        The digest binds the comment as it was captured or both wordings, what is to be done, the account and the
        policy's version. 403 `own-draft`, `not-your-authority`, `ceiling-exceeded`, `day-is-spent`; 409 `stale-digest`
        with the current digest, `not-yet-your-turn`, `submission-not-open`, `comment-gone`. Pressing twice answers the
        same.
        """
        return await room.about_order(
            request, caller, order, lambda at, found: ordering.approve(at, found, posted.digest)
        )

    @router.post("/signoffs", status_code=201, responses=_DECIDING)
    async def sign_off(
        request: Request, order: OrderPath, posted: SignoffIn, caller: Caller = requires("cases:write")
    ) -> Response:
        """Vouch for facts, law or security as their specialist. Refusals as for approvals."""
        return await room.about_order(
            request, caller, order, lambda at, found: ordering.sign_off(at, found, posted.kind, posted.digest)
        )

    @router.post("/returns", status_code=201, responses=_DECIDING)
    async def send_back(
        request: Request, order: OrderPath, posted: ReasonIn, caller: Caller = requires("cases:write")
    ) -> Response:
        """Send it back with the reason: it is not done as it is. 403 `not-your-authority`, `ceiling-exceeded`; 409
        `submission-not-open`."""
        return await room.about_order(
            request, caller, order, lambda at, found: ordering.send_back(at, found, posted.reason)
        )

    @router.post("/refusals", status_code=201, responses=_DECIDING)
    async def refuse(
        request: Request, order: OrderPath, posted: RefusalIn, caller: Caller = requires("cases:write")
    ) -> Response:
        """Say no to it. It is over by that or, where somebody has approved it, decided one level up. 403 `own-draft`,
        `not-your-authority`, `ceiling-exceeded`; 409 `stale-digest`, `submission-not-open`, `comment-gone`."""
        return await room.about_order(
            request, caller, order, lambda at, found: ordering.refuse(at, found, posted.digest, posted.reason)
        )

    @router.post("/withdrawals", status_code=201, responses=_DECIDING)
    async def withdraw(
        request: Request, order: OrderPath, posted: ReasonIn, caller: Caller = requires("cases:write")
    ) -> Response:
        """Ask for it no longer: for who asked, and anybody on L2 or above who stands for its subjects, until it is
        cleared. 403 `not-your-authority`, 409 `submission-not-open`."""
        return await room.about_order(
            request, caller, order, lambda at, found: ordering.withdraw(at, found, posted.reason)
        )

    return router


def _asked(at: OrderDesk, matter: OrderMatter, caller: Caller, reason: str) -> Asked:
    number = sum(each.matter == matter for each in at.orders) + 1
    return Asked(caller.subject, reason, number, at.desk.now)


_ASKING: dict[int | str, dict[str, Any]] = {
    403: {"description": "`not-your-authority`: nobody who may decide anything here"},
    409: {
        "description": "`comment-gone`, `anothers-account`, `response-not-standing`, `no-answer`, `says-the-same`, or"
        " the same request is under way"
    },
}
_DECIDING: dict[int | str, dict[str, Any]] = {
    403: {"description": "`own-draft`, `not-your-authority`, `ceiling-exceeded` or `day-is-spent`"},
    409: {"description": "`stale-digest`, `not-yet-your-turn`, `submission-not-open`, or `comment-gone`"},
}
