"""``/v1/submissions``: whatever waits for clearance apart from any one case, for those who are to clear it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from services.policy.adapters.api import paging
from services.policy.adapters.api.authority_desk import AgencyQuery
from services.policy.adapters.api.submission_desk import SubmissionDesk, submission_body
from services.policy.adapters.store import submissions as store
from services.policy.domain.clearance.deciders import may_decide
from services.policy.domain.clearance.submissions import Submission
from services.policy.domain.scales import Level
from shared.auth import Caller, requires

_AT_ONCE = 200
"""So many are looked at with one question, of those that a person may clear only a few."""


def submissions_api(desk: SubmissionDesk) -> APIRouter:
    """The routes, ready to be taken into an application."""
    router = APIRouter(prefix="/v1/submissions", tags=["clearance"])

    @router.get("")
    async def list_submissions(
        request: Request,
        agency: AgencyQuery = None,
        matter: Literal["line", "answer"] | None = None,
        level: Level | None = None,
        waiting_for: Literal["me"] | None = None,
        limit: paging.Limit = paging.DEFAULT,
        cursor: paging.Cursor = None,
        caller: Caller = requires("cases:read"),
    ) -> Response:
        """Versions of lines and answers to issues that are open in the caller's agencies, the oldest first.

        `waiting_for=me`: only those with a step that the caller may take now; `level`: those that need this level by
        the policy of today. Each names where it `stands`.
        """
        asked = store.StillOpen(
            agencies=caller.those_asked_for(agency),
            matter=matter,
            after=None if cursor is None else _after(cursor),
            limit=max(limit + 1, _AT_ONCE) if waiting_for or level else limit + 1,
        )
        found: list[Submission] = []
        async with desk.database.begin(caller.scope) as connection:
            while len(found) <= limit:
                looked_at = await store.still_open(connection, asked)
                shown = await _as_they_stand(connection, looked_at, level)
                found += await _theirs(connection, caller, shown) if waiting_for else shown
                if len(looked_at) < asked.limit:
                    break
                asked = asked.following(looked_at[-1])
        return paging.page(request, found, limit, _body, _place)

    async def _as_they_stand(
        connection: AsyncConnection, found: Sequence[Submission], level: Level | None
    ) -> list[Submission]:
        counting = await desk.counting(connection, found)
        shown = [desk.shown(each, counting) for each in found]
        return [each for each in shown if level in (None, each.level)]

    async def _theirs(connection: AsyncConnection, caller: Caller, shown: Sequence[Submission]) -> list[Submission]:
        deciders = await desk.deciders(connection, caller.subject, {each.agency for each in shown})
        return [each for each in shown if each.agency in deciders and may_decide(each, deciders[each.agency])]

    return router


def _place(submission: Submission) -> str:
    return f"{submission.written_at.isoformat()}|{submission.id}"


def _after(cursor: str) -> tuple[datetime, str]:
    written_at, _, last = paging.place_of(cursor).partition("|")
    try:
        moment = datetime.fromisoformat(written_at)
    except ValueError as error:
        raise paging.not_ours() from error
    if moment.tzinfo is None or not last:
        raise paging.not_ours()
    return moment, last


def _body(submission: Submission) -> dict[str, Any]:
    place = "/v1/lines/{}/versions/{}" if submission.matter == "line" else "/v1/issues/{}/answers/{}"
    return {
        "matter": submission.matter,
        "agency": submission.agency,
        "stands": place.format(submission.subject, submission.number),
        **submission_body(submission),
    }
