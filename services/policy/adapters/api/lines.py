"""``/v1/lines``: prepared wording, put up by officers, cleared on the level of its ceiling, and withdrawn at once.

A version that is cleared speaks beside the lines of the policy until another one is, or it is withdrawn. Every replica
has heard of that within seconds; whoever releases by a line looks whether it still stands.
"""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Path, Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import JSONResponse, Response

from services.policy import submissions
from services.policy.adapters.api import editions, paging
from services.policy.adapters.api.authority_desk import AgencyQuery, ReasonIn
from services.policy.adapters.api.line_bodies import LineIn, WordingIn, line_body, wording_of
from services.policy.adapters.api.refusals import problem_of
from services.policy.adapters.api.submission_desk import (
    ApprovalIn,
    AtHand,
    Number,
    SignoffIn,
    SubmissionDesk,
    submission_body,
    superseding,
)
from services.policy.adapters.store import submissions as store
from services.policy.adapters.store.submissions import Place
from services.policy.domain.clearance.approvals import Refusal
from services.policy.domain.clearance.lines import content_of, need_of
from services.policy.domain.clearance.submissions import Submission
from services.policy.ports import FactsGate
from services.policy.submissions import Done
from shared.auth import Caller, requires
from shared.idempotency import Answer
from shared.ids import new_id
from shared.problems import Problem, not_found
from shared.strict_json import StrictRoute

LinePath = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


def lines_api(desk: SubmissionDesk, facts: FactsGate) -> APIRouter:
    """The routes, ready to be taken into an application."""
    router = APIRouter(prefix="/v1/lines", tags=["lines"], route_class=StrictRoute)

    async def decide(
        request: Request, caller: Caller, line: str, agency: str | None, version: int, deed: Callable[[AtHand], Done]
    ) -> Response:
        """One act on one version, and what follows from it."""
        place = await _place(desk, caller, line, agency)

        async def effect(connection: AsyncConnection, at: AtHand) -> Answer:
            done = deed(at)
            await desk.keep(connection, at, *superseding(at, done))
            return Answer(201, {"line": line, "version": version, **submission_body(done.submission)})

        answer = await desk.act(request, caller, place, effect)
        await desk.follow()
        return answer.response()

    @router.post("", status_code=201)
    async def draft_line(request: Request, posted: LineIn, caller: Caller = requires("cases:write")) -> Response:
        """Put up a new line for clearance, on the level that its ceiling asks for, L2 at least.

        `differences` of a version names what a language (or a variant, as `en on x`) lacks that another states: while
        there is any, nobody can clear it. A variant speaks on its platform in place of the text, and nowhere else.

        422 `invalid-line` names each field that does not hold, as a topic that the policy does not have, or a variant
        that its platform would never take; 409 `line-exists` for an id that another line bears; 403
        `not-your-authority` for one without any post, `not-your-agency`.
        """
        place: Place = (posted.agency, "line", posted.id)

        async def effect(connection: AsyncConnection, at: AtHand) -> Answer:
            if at.submissions or any(line.id == posted.id for line in at.policy.policy.lines):
                raise Problem(409, "line-exists", "There is a line of this id", detail="Change that one.")
            done = _put_up(posted, at, caller)
            await desk.keep(connection, at, done)
            headers = {"Location": f"/v1/lines/{posted.id}", "ETag": editions.etag(1)}
            return Answer(201, line_body([done.submission], at.policy, facts), headers)

        return (await desk.act(request, caller, place, effect)).response()

    @router.get("")
    async def list_lines(
        request: Request,
        agency: AgencyQuery = None,
        limit: paging.Limit = paging.DEFAULT,
        cursor: paging.Cursor = None,
        caller: Caller = requires("cases:read"),
    ) -> Response:
        """Lines that officers put up in the caller's agencies, by agency and id, each with all its versions."""
        after = None if cursor is None else _after(cursor)
        async with desk.database.begin(caller.scope) as connection:
            agencies = caller.those_asked_for(agency)
            found = await store.newest_of_lines(connection, agencies, after, limit + 1)
            versions = await store.of_lines(connection, found)
            counting = await desk.counting(connection, [each for several in versions.values() for each in several])
        lines = [[desk.shown(each, counting) for each in versions[place]] for place in found]
        return paging.page(
            request,
            lines,
            limit,
            lambda line: line_body(line, desk.policies.find(line[0].agency), facts),
            lambda line: f"{line[0].agency}|{line[0].subject}",
        )

    @router.get("/{line}")
    async def get_line(line: LinePath, agency: AgencyQuery = None, caller: Caller = requires("cases:read")) -> Response:
        """One line with its versions, and which of them is in effect. 404 if it is not yours.

        `agency` where several of yours have a line of that id: 400 `agency-needed` without it.
        """
        place = await _place(desk, caller, line, agency)
        async with desk.database.begin(caller.scope) as connection:
            found = await store.of(connection, place)
            counting = await desk.counting(connection, found)
        shown, policy = [desk.shown(each, counting) for each in found], desk.policies.find(place[0])
        return JSONResponse(line_body(shown, policy, facts), headers={"ETag": editions.etag(shown[-1].number)})

    @router.put("/{line}", responses=editions.EDIT)
    async def edit_line(
        request: Request,
        line: LinePath,
        posted: WordingIn,
        agency: AgencyQuery = None,
        caller: Caller = requires("cases:write"),
    ) -> Response:
        """Put up the next version, with the ETag of the present one as `If-Match`. What is in effect stays so until
        the new one is cleared; an older version that is still open gives way. 422 `invalid-line`, 403
        `not-your-authority`.
        """
        place = await _place(desk, caller, line, agency)
        try:
            async with desk.database.begin(caller.scope) as connection:
                at = await desk.at_hand(connection, caller, place)
                editions.check(request, at.submissions[-1].number)
                done = superseding(at, _put_up(posted, at, caller))
                await desk.keep(connection, at, *done)
        except Refusal as refusal:
            raise problem_of(refusal) from refusal
        changed = {each.submission.id: each.submission for each in done}
        shown = [changed.get(each.id, each) for each in at.submissions] + [done[-1].submission]
        return JSONResponse(line_body(shown, at.policy, facts), headers={"ETag": editions.etag(shown[-1].number)})

    @router.post("/{line}/versions/{version}/approvals", status_code=201)
    async def approve(
        request: Request,
        line: LinePath,
        version: Number,
        posted: ApprovalIn,
        agency: AgencyQuery = None,
        caller: Caller = requires("cases:write"),
    ) -> Response:
        """Take the highest open approval that you may. With the last step the line speaks.

        403 `own-draft`, `not-your-authority`, `ceiling-exceeded`, `day-is-spent`; 409 `facts-differ` with the
        `differences` between the languages, `stale-digest` with the current digest, or `submission-not-open` with the
        state. Pressing twice answers the same.
        """
        return await decide(
            request,
            caller,
            line,
            agency,
            version,
            lambda at: submissions.approve(
                submissions.same_facts(at.numbered(version), facts), at.decider, posted.digest, at.policy, at.now
            ),
        )

    @router.post("/{line}/versions/{version}/signoffs", status_code=201)
    async def sign_off(
        request: Request,
        line: LinePath,
        version: Number,
        posted: SignoffIn,
        agency: AgencyQuery = None,
        caller: Caller = requires("cases:write"),
    ) -> Response:
        """Vouch for facts, law or security as their specialist. Refusals as for approvals."""
        return await decide(
            request,
            caller,
            line,
            agency,
            version,
            lambda at: submissions.sign_off(
                submissions.same_facts(at.numbered(version), facts),
                at.decider,
                posted.kind,
                posted.digest,
                at.policy,
                at.now,
            ),
        )

    @router.post("/{line}/versions/{version}/returns", status_code=201)
    async def send_back(
        request: Request,
        line: LinePath,
        version: Number,
        posted: ReasonIn,
        agency: AgencyQuery = None,
        caller: Caller = requires("cases:write"),
    ) -> Response:
        """Send a version back with the reason. 403 `not-your-authority`, 409 `submission-not-open`."""
        return await decide(
            request,
            caller,
            line,
            agency,
            version,
            lambda at: submissions.send_back(at.numbered(version), at.decider, posted.reason, at.now),
        )

    @router.post("/{line}/withdrawals", status_code=201)
    async def withdraw(
        request: Request,
        line: LinePath,
        posted: ReasonIn,
        agency: AgencyQuery = None,
        caller: Caller = requires("cases:write"),
    ) -> Response:
        """Withdraw a line at once: nothing goes out by it any more, and no version of it waits for clearance.

        For anybody on L2 or above who stands for its subjects, and for the author while nothing is cleared. 403
        `not-your-authority`, 409 `submission-not-open` where nothing is left to withdraw.
        """
        place = await _place(desk, caller, line, agency)

        async def effect(connection: AsyncConnection, at: AtHand) -> Answer:
            standing = [*at.in_state("cleared"), *at.in_state("open")] or [at.submissions[-1]]
            done = [submissions.withdraw(each, at.decider, posted.reason, at.now) for each in standing]
            await desk.keep(connection, at, *done)
            changed = {each.submission.id: each.submission for each in done}
            return Answer(201, line_body([changed.get(each.id, each) for each in at.submissions], at.policy, facts))

        answer = await desk.act(request, caller, place, effect)
        await desk.follow()
        return answer.response()

    return router


async def _place(desk: SubmissionDesk, caller: Caller, line: str, agency: str | None) -> Place:
    """Which line is meant. Raises ``Problem`` 404, and 400 where several agencies have one of that id."""
    async with desk.database.begin(caller.scope) as connection:
        found = await store.agencies_of(connection, "line", line)
    meant = [each for each in found if caller.may_see(each) and agency in (None, each)]
    if not meant:
        raise not_found("line")
    if len(meant) > 1:
        raise Problem(400, "agency-needed", "Several agencies have a line of this id", detail="Name one as `?agency=`.")
    return meant[0], "line", line


def _after(cursor: str) -> tuple[str, str]:
    agency, _, line = paging.place_of(cursor).partition("|")
    if not agency or not line:
        raise paging.not_ours()
    return agency, line


def _put_up(posted: WordingIn, at: AtHand, caller: Caller) -> Done:
    wording = wording_of(posted, at.place[2], at.policy.policy)
    new = Submission(
        id=new_id("sub"),
        agency=at.place[0],
        matter="line",
        subject=wording.id,
        number=len(at.submissions) + 1,
        author=caller.subject,
        content=content_of(wording),
        need=need_of(wording),
        level="L2",
        policy_version="",
        digest="",
        steps=(),
        state="open",
        written_at=at.now,
    )
    return submissions.put_up(new, at.decider, at.policy)
