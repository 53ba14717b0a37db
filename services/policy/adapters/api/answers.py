"""``/v1/issues/{id}/answers``: clear once, answer many.

One answer in several languages is put up for all who raise an issue. When it is cleared every fitting member's thread
gets it as a response of its own; whoever does not fit is taken out with the reason and goes the normal way.
"""

import contextlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import JSONResponse, Response

from services.policy import answering_many, submissions
from services.policy.adapters.answers import Answering
from services.policy.adapters.api.answer_bodies import AnswerIn, answer_body, member_body, refuse_invalid
from services.policy.adapters.api.authority_desk import ReasonIn
from services.policy.adapters.api.issues import IssuePath
from services.policy.adapters.api.issues import found as found_issue
from services.policy.adapters.api.submission_desk import (
    ApprovalIn,
    AtHand,
    Number,
    SignoffIn,
    SubmissionDesk,
    superseding,
)
from services.policy.adapters.store import answers, cases, issue_merges, recusals, rows
from services.policy.adapters.store import submissions as store
from services.policy.domain.clearance import lengths
from services.policy.domain.clearance.answers import Answer, need_of
from services.policy.domain.clearance.cases import Case
from services.policy.domain.clearance.submissions import LEAST, Submission
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.ports import FactsGate
from services.policy.submissions import Done
from shared.auth import Caller, requires
from shared.idempotency import Answer as Answered
from shared.ids import new_id
from shared.problems import not_found
from shared.strict_json import StrictRoute

MOST_SHOWN = 500
"""Cases of a group that are looked at for a preview, and for the level of a new answer."""


def answers_api(desk: SubmissionDesk, release: Answering, facts: FactsGate) -> APIRouter:
    """The routes, ready to be taken into an application."""
    router = APIRouter(prefix="/v1/issues/{issue_id}/answers", tags=["issues"], route_class=StrictRoute)

    async def decide(
        request: Request, caller: Caller, issue_id: str, number: int, deed: Callable[[AtHand], Done]
    ) -> Response:
        """One act on one answer; where it clears it, whoever waits is answered before this returns."""
        agency = await _agency(desk, caller, issue_id)

        async def effect(connection: AsyncConnection, at: AtHand) -> Answered:
            done = deed(at)
            await desk.keep(connection, at, *superseding(at, done))
            return Answered(201, answer_body(done.submission, facts))

        answer = await desk.act(request, caller, (agency, "answer", issue_id), effect)
        if answer.body["state"] == "cleared":
            # What cannot be released now, the service's loop releases a moment later.
            with contextlib.suppress(DBAPIError):
                await release.release(answer.body["clearance"])
        return answer.response()

    @router.post("", status_code=201)
    async def put_up(
        request: Request, issue_id: IssuePath, posted: AnswerIn, caller: Caller = requires("cases:write")
    ) -> Response:
        """Put one answer up for all whose comments of this issue wait, those joined with it and those in other
        languages included. Its level is the highest that a fitting member needs, L2 at least.

        `variants` stand in place of a text on one platform: whoever asked there gets that and no other, and what is
        cleared is all of them together. Where the text does not fit on a platform and has no variant for it, whoever
        joins there goes the normal way; nothing is cut.

        `differences` names what a language (or a variant, as `en on x`) lacks that another states: while there is any,
        nobody can clear it. An older open answer gives way. 409 `nothing-to-answer` where no member fits, 422
        `invalid-answer` with each field, `does-not-fit` with the `platforms` that would never take it; 403
        `not-your-authority`.
        """
        agency = await _agency(desk, caller, issue_id)

        async def effect(connection: AsyncConnection, at: AtHand) -> Answered:
            done = await _put_up(connection, at, caller, posted)
            await desk.keep(connection, at, *superseding(at, done))
            place = f"/v1/issues/{issue_id}/answers/{done.submission.number}"
            return Answered(201, answer_body(done.submission, facts), {"Location": place})

        return (await desk.act(request, caller, (agency, "answer", issue_id), effect)).response()

    @router.get("")
    async def list_answers(issue_id: IssuePath, caller: Caller = requires("cases:read")) -> Response:
        """The answers that were put up for an issue, without their members."""
        agency = await _agency(desk, caller, issue_id)
        async with desk.database.begin(caller.scope) as connection:
            found = await store.of(connection, (agency, "answer", issue_id))
            counting = await desk.counting(connection, found)
        return JSONResponse({"items": [answer_body(desk.shown(each, counting), facts) for each in found], "next": None})

    @router.get("/{number}")
    async def get_answer(issue_id: IssuePath, number: Number, caller: Caller = requires("cases:read")) -> Response:
        """One answer with its members as they stand now: who is (or was) answered by it, and who is not, and why.

        Reasons: `private_data`, `personal` (a name, the number of a case), `too_long`, `another_topic`,
        `another_place` (or one that cannot be told, in a text all in capitals), `another_kind`, `another_language` (of
        the comment, or of several that wait in one thread), `another_disposition` (who is referred, transferred or
        otherwise not simply answered), `hidden`, `another_agency`, `own_draft`, `referred` (by an officer), `paused`,
        `thread_moved_on`, `above_clearance`, `recused`, `window_closed` and `does_not_fit` (its platform would not take
        the answer any more, or at all), `beyond_limit`, `too_late`.

        While a blackout or a crisis lasts on its platform, nobody is answered there and nobody taken out.
        """
        agency = await _agency(desk, caller, issue_id)
        async with desk.database.begin(caller.scope) as connection:
            found = [each for each in await store.of(connection, (agency, "answer", issue_id)) if each.number == number]
            if not found:
                raise not_found("answer")
            counting = await desk.counting(connection, found)
            shown = desk.shown(found[0], counting)
            members = await _members(connection, shown, desk.policies.find(agency), desk.clock())
        return JSONResponse({**answer_body(shown, facts), **members})

    @router.post("/{number}/approvals", status_code=201)
    async def approve(
        request: Request,
        issue_id: IssuePath,
        number: Number,
        posted: ApprovalIn,
        caller: Caller = requires("cases:write"),
    ) -> Response:
        """Take the highest open approval that you may. With the last step every fitting member is answered.

        The digest binds texts, variants, limits and the rule by which members are taken. 409 `facts-differ` with the
        `differences` between the languages and variants; `stale-digest`, `submission-not-open`; 403 `own-draft`,
        `not-your-authority`, `ceiling-exceeded`, `day-is-spent`. Pressing twice answers the same.
        """
        return await decide(
            request,
            caller,
            issue_id,
            number,
            lambda at: submissions.approve(
                submissions.same_facts(at.numbered(number), facts), at.decider, posted.digest, at.policy, at.now
            ),
        )

    @router.post("/{number}/signoffs", status_code=201)
    async def sign_off(
        request: Request,
        issue_id: IssuePath,
        number: Number,
        posted: SignoffIn,
        caller: Caller = requires("cases:write"),
    ) -> Response:
        """Vouch for facts, law or security as their specialist. Refusals as for approvals."""
        return await decide(
            request,
            caller,
            issue_id,
            number,
            lambda at: submissions.sign_off(
                submissions.same_facts(at.numbered(number), facts),
                at.decider,
                posted.kind,
                posted.digest,
                at.policy,
                at.now,
            ),
        )

    @router.post("/{number}/returns", status_code=201)
    async def send_back(
        request: Request,
        issue_id: IssuePath,
        number: Number,
        posted: ReasonIn,
        caller: Caller = requires("cases:write"),
    ) -> Response:
        """Send an answer back with the reason. 403 `not-your-authority`, 409 `submission-not-open`."""
        return await decide(
            request,
            caller,
            issue_id,
            number,
            lambda at: submissions.send_back(at.numbered(number), at.decider, posted.reason, at.now),
        )

    @router.post("/{number}/withdrawals", status_code=201)
    async def withdraw(
        request: Request,
        issue_id: IssuePath,
        number: Number,
        posted: ReasonIn,
        caller: Caller = requires("cases:write"),
    ) -> Response:
        """Stop an answer: nobody who joins the issue is answered by it any more; what went out stands.

        For anybody on L2 or above who stands for its subjects. 403 `not-your-authority`, 409 `submission-not-open`.
        """
        return await decide(
            request,
            caller,
            issue_id,
            number,
            lambda at: submissions.withdraw(at.numbered(number), at.decider, posted.reason, at.now),
        )

    return router


async def _agency(desk: SubmissionDesk, caller: Caller, issue_id: str) -> str:
    """Whose issue it is; what was put up for one outlives it. Raises ``Problem`` 404."""
    async with desk.database.begin(caller.scope) as connection:
        known = await store.agencies_of(connection, "answer", issue_id)
        seen = [each for each in known if caller.may_see(each)]
        return seen[0] if seen else str((await found_issue(connection, caller, issue_id, desk.clock())).agency)


async def _put_up(connection: AsyncConnection, at: AtHand, caller: Caller, posted: AnswerIn) -> Done:
    """What is put up, on the level of those whom it fits now. Raises NothingToAnswer, DoesNotFit, and ``Problem``
    422."""
    row = await found_issue(connection, caller, at.place[2], at.now)
    refuse_invalid(posted, at)
    answer = Answer(
        texts=posted.texts,
        threads=posted.limits.threads,
        until=posted.limits.until,
        issues=tuple(await issue_merges.group_of(connection, row)),
        kind=row.kind,
        topics=tuple(rows.from_json(row.topics)),
        variants=tuple(posted.variants),
    )
    group = await _waiting(connection, answer, "")
    answer = answer.for_the_names_of(group)
    working = at.policy.time.working
    fitting = [case for case in group if answer.misfit(case, at.place[0], working, at.now) is None]
    split = at.policy.policy.replies.split
    never = [misfit for each in answer.variants if (misfit := each.misfit(split)) is not None]
    if misfits := never or lengths.misfits(fitting, answer.said_on, split):
        raise lengths.DoesNotFit(misfits, split)
    new = Submission(
        id=new_id("sub"),
        agency=at.place[0],
        matter="answer",
        subject=at.place[2],
        number=len(at.submissions) + 1,
        author=caller.subject,
        content=answer.content(),
        need=need_of(answer, fitting),
        level=LEAST,
        policy_version="",
        digest="",
        steps=(),
        state="open",
        written_at=at.now,
    )
    return submissions.put_up(new, at.decider, at.policy)


async def _waiting(connection: AsyncConnection, answer: Answer, submission: str) -> list[Case]:
    """The cases of a group that wait and were not tried yet, oldest first."""
    ids = await answers.waiting(connection, answer.issues, submission, MOST_SHOWN)
    known = {str(case.id): case for case in await cases.look_at(connection, ids)}
    return [known[id_] for id_ in ids if id_ in known]


async def _members(
    connection: AsyncConnection, submission: Submission, policy: PolicyInForce | None, now: datetime
) -> dict[str, Any]:
    """Who is in and who is out: what was done, and as far as it still goes on, what would be done now."""
    answer = Answer.of(submission)
    done = await answers.members(connection, submission.id)
    found = {
        "in": [member_body(each) for each in done if each.response],
        "out": [member_body(each) for each in done if each.reason],
    }
    answered = len(found["in"])
    if policy is None or submission.state not in ("open", "cleared", "ended"):
        return {"answered": answered, "members": found}
    group = await _waiting(connection, answer, submission.id)
    recused = await recusals.recused_from(connection, [case.id for case in group])
    taken = answered
    for case in group:
        reason: str | None = answering_many.misfit(submission, case, recused[case.id], policy, now)
        if reason is None and taken >= answer.threads:
            reason = "beyond_limit"
        elif reason is None and (now >= answer.until or submission.state == "ended"):
            reason = "too_late"
        taken += reason is None
        found["in" if reason is None else "out"].append({"case": case.id, "response": None, "reason": reason})
    return {"answered": answered, "members": found}
