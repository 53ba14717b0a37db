"""``/v1/cases/{id}/drafts``: writing a text, changing it, approving it and signing it off."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, Field
from starlette.responses import JSONResponse, Response

from services.policy import clearance, drafting
from services.policy.adapters.api.bodies import draft_body, version_body
from services.policy.adapters.api.cases import CaseIdPath, checked
from services.policy.adapters.api.clearance_desk import ClearanceDesk, DigestIn, Number, Strict, etag
from services.policy.adapters.store import drafts, queries
from services.policy.desk import Desk
from services.policy.domain.clearance.approvals import Draft
from services.policy.domain.clearance.cases import window_of
from services.policy.domain.scales import Specialism
from services.policy.drafting import Text
from shared.auth import Caller, requires
from shared.problems import Problem, not_found
from shared.strict_json import StrictRoute

MOST_STATEMENTS = 50


class DraftIn(Strict):
    """A text that somebody proposes as the answer."""

    text: str = Field(min_length=1, max_length=5000, pattern=r"\S", description="what would go out, as it stands")
    language: str | None = Field(None, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", max_length=35)
    statements: tuple[Annotated[str, Field(min_length=1, max_length=100)], ...] = Field(
        (), max_length=MOST_STATEMENTS, strict=False, description="the approved facts that it cites"
    )
    valid_until: AwareDatetime | None = Field(None, strict=False, description="after this it must not go out; RFC 3339")

    @property
    def written(self) -> Text:
        """The same for the story."""
        return Text(self.text, self.language, tuple(dict.fromkeys(self.statements)), self.valid_until)


class SignoffIn(DigestIn):
    """A specialist's consent."""

    kind: Specialism


def drafts_api(desk: ClearanceDesk) -> APIRouter:
    """The routes, ready to be taken into an application."""
    router = APIRouter(prefix="/v1/cases/{case_id}/drafts", tags=["clearance"], route_class=StrictRoute)

    @router.post("", status_code=201)
    async def write_draft(
        request: Request, case_id: CaseIdPath, posted: DraftIn, caller: Caller = requires("cases:write")
    ) -> Response:
        """Propose a text for what waits in the case. It gets the next number; an older open draft is superseded.

        409 `nothing-to-answer`, `window-closed` (of the text, or of the platform, which takes no answer any more); 422
        `unknown-statement`, and `does-not-fit` where the platform would never take the text: `platforms` has its
        `length`, and the `most` and `least` of the `unit` in which that platform counts; 403 `not-your-authority`.
        """
        return await desk.post(
            request, caller, case_id, None, lambda d: drafting.write_draft(d, posted.written), posted.statements
        )

    @router.get("/{number}")
    async def get_draft(case_id: CaseIdPath, number: Number, caller: Caller = requires("cases:read")) -> Response:
        """One draft with every version of its text and what officers said to them. Its `ETag` is its digest.

        `window_ends_at` is when the platform stops taking an answer; `warnings` has `window-closes-soon` in the last
        two hours before, `window-closed` after it.
        """
        checked(case_id)
        async with desk.database.begin(caller.scope) as connection:
            row = await queries.find_case(connection, case_id)
            if row is None or not caller.may_see(row.agency):
                raise not_found("case")
            draft = await drafts.find(connection, case_id, number)
            if draft is None:
                raise not_found("draft")
            versions = await drafts.versions(connection, case_id, number)
            turns = (await queries.turns_of(connection, [case_id]))[case_id]
        shown = draft_body(draft, window_of(turns), desk.clock())
        body = {**shown, "versions": [version_body(version) for version in versions]}
        return JSONResponse(body, headers={"ETag": etag(draft)})

    @router.put("/{number}")
    async def amend(
        request: Request,
        case_id: CaseIdPath,
        number: Number,
        posted: DraftIn,
        caller: Caller = requires("cases:write"),
    ) -> Response:
        """Write another version, with the draft's `ETag` (its digest) as `If-Match`; whoever writes it is its author.

        A draft that was sent back is open again by this. Consents lapse as far as they vouched for what is changed.
        428 without `If-Match`, 412 where the draft has changed since; 409 `draft-not-open`, `nothing-to-answer`,
        `window-closed`; 422 `unknown-statement`, `does-not-fit`; 403 `not-your-authority`.
        """

        def act(at: Desk) -> Draft:
            assert at.draft is not None
            _precondition(request, at.draft)
            return drafting.amend(at, posted.written)

        return (await desk.put(caller, case_id, number, act, posted.statements)).response()

    @router.post("/{number}/approvals", status_code=201)
    async def approve(
        request: Request,
        case_id: CaseIdPath,
        number: Number,
        posted: DigestIn,
        caller: Caller = requires("cases:write"),
    ) -> Response:
        """Take the highest open approval that you may. With the last step the answer goes out.

        Your post, one that you stand in for, or a delegation may let you; the least borrowed that will do is used, and
        the step names it. A condition that you set is lifted by this. 403 `own-draft`, `not-your-authority`,
        `ceiling-exceeded` with the `ceiling`, what is `exceeded` and the `instrument`, `day-is-spent`; 409
        `stale-digest` with the current digest, `not-yet-your-turn`, `window-closed`, `draft-not-open`,
        `nothing-to-answer`. Pressing twice answers the same.
        """
        return await desk.post(request, caller, case_id, number, lambda d: clearance.approve(d, posted.digest))

    @router.post("/{number}/signoffs", status_code=201)
    async def sign_off(
        request: Request,
        case_id: CaseIdPath,
        number: Number,
        posted: SignoffIn,
        caller: Caller = requires("cases:write"),
    ) -> Response:
        """Vouch for facts, law or security as their specialist. Refusals as for approvals."""
        return await desk.post(
            request, caller, case_id, number, lambda d: clearance.sign_off(d, posted.kind, posted.digest)
        )

    @router.post("/{number}/nil-returns", status_code=201)
    async def return_nil(
        request: Request,
        case_id: CaseIdPath,
        number: Number,
        posted: SignoffIn,
        caller: Caller = requires("cases:write"),
    ) -> Response:
        """Return a draft as a specialist who has nothing to say, which counts as a sign-off. Refusals as there."""
        return await desk.post(
            request,
            caller,
            case_id,
            number,
            lambda d: clearance.sign_off(d, posted.kind, posted.digest, nil_return=True),
        )

    return router


def _precondition(request: Request, draft: Draft) -> None:
    given = ",".join(request.headers.getlist("if-match"))
    if not given.strip():
        raise Problem(428, detail="Read it first, and send its ETag as If-Match.")
    if not {tag.strip() for tag in given.split(",")} & {"*", etag(draft)}:
        raise Problem(
            412,
            detail="Read it again, and decide whether your change still holds.",
            headers={"ETag": etag(draft)},
            digest=draft.digest,
        )
