"""``/v1/policies/{draft}/replays``: what a draft would have decided for the comments of the last weeks.

A replay is asked for, done beside the service, and read here while it goes on and afterwards. It sends nothing. What
citizens wrote is shown to those who may read cases, in short and with private data covered; it is looked up when it is
read, so that what was deleted is not shown.
"""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import JSONResponse, Response

from services.policy.adapters.api import paging
from services.policy.adapters.api.moments import EARLIEST, LATEST
from services.policy.adapters.api.policy_drafts import DraftPath
from services.policy.adapters.api.policy_drafts import checked as checked_draft
from services.policy.adapters.replay_queue import ReplayQueue
from services.policy.adapters.replaying import Asked
from services.policy.adapters.store import policy_drafts, replays, rows
from services.policy.adapters.store.replays import Wish
from services.policy.domain.adoption.authorship import PolicyDraft
from services.policy.domain.replaying.replay_results import excerpt
from shared.auth import Caller, requires
from shared.clock import Clock, rfc3339
from shared.database import Database
from shared.idempotency import Answer, claim_of, idempotency_key, once
from shared.ids import new_id
from shared.problems import Problem, not_found
from shared.strict_json import StrictRoute

MOST_OPEN = 5
"""Replays of one agency that may wait at a time."""
LONGEST = timedelta(days=366)
READERS_SCOPE = "cases:read"

_REPLAY = re.compile(r"rpl_[0-9a-f]{32}")
ReplayPath = Annotated[str, Path(pattern=r"^[a-z0-9_]{1,64}$", description="`rpl_…`")]
Moment = Annotated[AwareDatetime | None, Field(strict=False, ge=EARLIEST, lt=LATEST)]
_ADOPTERS_TOO = ("policies:write", "policies:adopt")
"""Whoever adopts a policy sees what it would have done."""


class ReplayIn(BaseModel):
    """Over which comments: those received in the last `days`, or from `from` until before `to` (now)."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, populate_by_name=True)

    days: int | None = Field(None, ge=1, le=366, description="30 if nothing is said")
    from_: Moment = Field(None, alias="from")
    to: Moment = None
    sample: float = Field(1.0, gt=0, le=1, strict=False, description="share of the comments, drawn by their ids")

    @model_validator(mode="after")
    def _says_it_once(self) -> "ReplayIn":
        if self.days is not None and (self.from_ or self.to):
            raise ValueError("say `days`, or `from` and `to`")
        if self.to is not None and self.from_ is None:
            raise ValueError("`to` goes with `from`")
        return self

    def of(self, agency: str, now: datetime) -> Asked:
        """The comments of ``agency`` that are meant at ``now``. Raises ``Problem`` 422."""
        until = now if self.to is None else min(self.to, now)
        since = now - timedelta(days=self.days or 30) if self.from_ is None else self.from_
        if since >= until:
            raise _no_such_period("It must begin before its end, and in the past.")
        if until - since > LONGEST:
            raise _no_such_period("A year at most.")
        return Asked(agency, since, until, self.sample)


def replays_api(database: Database, queue: ReplayQueue, clock: Clock) -> APIRouter:
    """The routes, ready to be taken into an application."""
    router = APIRouter(prefix="/v1/policies/{policy}/replays", tags=["policies"], route_class=StrictRoute)

    @router.post("", status_code=202)
    async def ask_for_replay(
        request: Request, policy: DraftPath, posted: ReplayIn, caller: Caller = requires("policies:write")
    ) -> Response:
        """Have a draft decide past comments anew. Its `Location` tells how far that has come, and what came of it.

        409 `replays-waiting` while too many of the agency's wait.
        """
        idempotency_key(request)
        async with database.begin(caller.scope) as connection:
            draft = await _draft(connection, caller, policy)
            claim = await claim_of(request, caller.subject, draft.agency)

            async def effect() -> Answer:
                return await _ask(connection, draft, posted, caller, clock())

            answer = await once(connection, claim, effect)
        queue.nudge()
        return answer.response()

    @router.get("/{replay}")
    async def get_replay(policy: DraftPath, replay: ReplayPath, caller: Caller = requires(*_ADOPTERS_TOO)) -> Response:
        """How far a replay has come, and its result: totals with what they foretell, the gravest differences, a hash
        that is the same for the same comments."""
        async with database.begin(caller.scope) as connection:
            row = await _replay(connection, caller, policy, replay)
            return JSONResponse(await _with_excerpts(connection, caller, replay_body(row)))

    @router.get("/{replay}/items")
    async def list_items(
        request: Request,
        policy: DraftPath,
        replay: ReplayPath,
        limit: paging.Limit = paging.DEFAULT,
        cursor: paging.Cursor = None,
        caller: Caller = requires(*_ADOPTERS_TOO),
    ) -> Response:
        """The comments that would have gone otherwise, by receipt, up to 10,000 of them. Those of the draft's newest
        replay only."""
        after = 0 if cursor is None else _place(cursor)
        async with database.begin(caller.scope) as connection:
            row = await _replay(connection, caller, policy, replay)
            found = await replays.items(connection, row.id, after, limit + 1)
        return paging.page(
            request, found, limit, lambda kept: dict(rows.from_json(kept.item)), lambda kept: str(kept.place)
        )

    return router


def replay_body(row: Any) -> dict[str, Any]:
    """A replay as the API shows it; ``row`` is that of ``replays.find``."""
    return {
        "id": row.id,
        "draft": row.draft,
        "agency": row.agency,
        "edition": row.edition,
        "state": row.state,
        "progress": round(row.progress, 3),
        "asked": rows.from_json(row.asked),
        "asked_by": row.asked_by,
        "asked_at": rfc3339(row.asked_at),
        "ended_at": row.ended_at and rfc3339(row.ended_at),
        "result": row.summary and rows.from_json(row.summary),
        "error": row.error and rows.from_json(row.error),
    }


def _no_such_period(sentence: str) -> Problem:
    errors = [{"pointer": "/from", "detail": sentence}]
    return Problem(422, "no-such-period", "There is no such time to replay", detail=sentence, errors=errors)


async def _ask(
    connection: AsyncConnection, draft: PolicyDraft, posted: ReplayIn, caller: Caller, now: datetime
) -> Answer:
    if await replays.count_open(connection, draft.agency) >= MOST_OPEN:
        raise Problem(409, "replays-waiting", f"{MOST_OPEN} replays of this agency wait already")
    wish = Wish(new_id("rpl"), draft.id, draft.edition, posted.of(draft.agency, now), caller.subject, now)
    await replays.ask(connection, wish)
    row = await replays.find(connection, draft.id, wish.id)
    return Answer(202, replay_body(row), {"Location": f"/v1/policies/{draft.id}/replays/{wish.id}"})


async def _draft(connection: AsyncConnection, caller: Caller, name: str) -> PolicyDraft:
    draft = await policy_drafts.find(connection, checked_draft(name))
    if draft is None or not caller.may_see(draft.agency):
        raise not_found("policy")
    return draft


async def _replay(connection: AsyncConnection, caller: Caller, draft: str, name: str) -> Any:
    row = await replays.find(connection, checked_draft(draft), name) if _REPLAY.fullmatch(name) else None
    if row is None or not caller.may_see(row.agency):
        raise not_found("replay")
    return row


async def _with_excerpts(connection: AsyncConnection, caller: Caller, body: dict[str, Any]) -> dict[str, Any]:
    """The gravest differences with the beginnings of their comments, for those who may read cases."""
    if body["result"] and READERS_SCOPE in caller.scopes:
        gravest = body["result"]["consequential"]
        found = await replays.texts(connection, [(item["case"], item["turn"]) for item in gravest])
        for item in gravest:
            text = found.get((item["case"], item["turn"]))
            item["excerpt"] = text and excerpt(text)
    return body


def _place(cursor: str) -> int:
    place = paging.place_of(cursor)
    if not (place.isascii() and place.isdigit() and len(place) < 10):
        raise paging.not_ours()
    return int(place)
