"""Publications over HTTP: read them, and settle those of which only a person can say whether they stand.

Every query runs in a transaction that sees the caller's agencies and no others; what is not theirs is not there.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from services.publisher.adapters.bell import Bell
from services.publisher.adapters.cursors import cursor_of, link_to, position_of
from services.publisher.adapters.representation import publication_body, response_body
from services.publisher.adapters.store import reading
from services.publisher.adapters.store.reading import askable
from services.publisher.adapters.store.settling import announce
from services.publisher.domain import settlements
from services.publisher.domain.publications import State
from services.publisher.domain.settlements import Action, NotDecidable, Settlement
from services.publisher.ports import Claim, Settled
from shared import audit, idempotency
from shared.audit import Entry
from shared.auth import Caller, requires
from shared.database import Database
from shared.ids import uuid7
from shared.problems import Problem, not_found
from shared.strict_json import StrictRoute

MOST = 200
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]*$")]


class Decision(BaseModel):
    """What a person knows about an unknown publication. ``native_id`` goes with ``published`` and nothing else."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    action: Action
    native_id: Name | None = None

    @model_validator(mode="after")
    def _names_what_was_published(self) -> "Decision":
        if (self.action == "published") != (self.native_id is not None):
            raise ValueError("native_id is the platform's id of the reply; it goes with published only")
        return self


def router(database: Database, bell: Bell) -> APIRouter:
    """The routes of responses and publications."""
    routes = APIRouter(prefix="/v1", tags=["publications"], route_class=StrictRoute)

    @routes.get("/responses/{response}")
    async def read_response(response: str, caller: Caller = requires("publications:read")) -> Response:
        """A released response with its publications and under whose authority it goes out. 404 if not yours."""
        async with database.begin(caller.scope) as connection:
            rows = await reading.by_response(connection, askable(response))
        if not rows:
            raise not_found("response")
        return JSONResponse(response_body(rows))

    @routes.get("/publications")
    async def list_publications(
        agency: Annotated[str | None, Query(max_length=100)] = None,
        state: State | None = None,
        account: Annotated[str | None, Query(max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
        cursor: Annotated[str | None, Query(max_length=100)] = None,
        caller: Caller = requires("publications:read"),
    ) -> Response:
        """Publications, the newest first: ``{items, next}``; ``account`` is the platform's own id."""
        wanted = reading.Filter(
            agency and askable(agency), state, account and askable(account), position_of(cursor), limit
        )
        async with database.begin(caller.scope) as connection:
            rows = await reading.page(connection, wanted)
        following = cursor_of(rows[limit - 1].position) if len(rows) > limit else None
        body = {"items": [publication_body(row) for row in rows[:limit]], "next": following}
        asked = {"agency": agency, "state": state, "account": account, "limit": limit, "cursor": following}
        return JSONResponse(body, headers=link_to("/v1/publications", asked) if following else None)

    @routes.get("/publications/{publication}")
    async def read_publication(publication: str, caller: Caller = requires("publications:read")) -> Response:
        """One publication with its attempts (the newest hundred). 404 if not yours."""
        async with database.begin(caller.scope) as connection:
            row = await reading.by_id(connection, askable(publication))
            tried = await reading.attempts(connection, row.id) if row is not None else []
        if row is None:
            raise not_found("publication")
        return JSONResponse(publication_body(row, tried))

    @routes.post("/publications/{publication}/decision")
    async def decide(
        publication: str,
        decision: Decision,
        request: Request,
        caller: Caller = requires("publications:write"),
    ) -> Response:
        """Settle an unknown publication: it stands (``native_id``), is to be sent again, or is given up.

        409 ``not-decidable`` unless it is ``unknown`` and waits for a person, or while a look is under way.
        """
        async with database.begin(caller.scope) as connection:
            row = await reading.by_id(connection, askable(publication), lock=True)
            if row is None:
                raise not_found("publication")
            claim = await idempotency.claim_of(request, caller.subject, row.agency)

            async def effect() -> idempotency.Answer:
                return await _decide(connection, row, decision, caller)

            answer = await idempotency.once(connection, claim, effect)
        bell.ring()
        return answer.response()

    return routes


async def _decide(connection: AsyncConnection, row: Any, decision: Decision, caller: Caller) -> idempotency.Answer:
    before = reading.progress_of(row)
    try:
        if row.lease_token is not None:
            raise NotDecidable("A look is under way; try again in half a minute.")
        settlement = settlements.decided(before, decision.action, decision.native_id)
    except NotDecidable as refused:
        raise Problem(409, "not-decidable", "There is nothing to decide", detail=str(refused)) from refused
    at = await reading.write_decision(connection, row.id, settlement)
    publication = reading.publication_of(row)
    await announce(connection, [Settled(Claim(publication, before, uuid7(), at), settlement, None)], {row.id: at})
    await audit.append(connection, [_entry(row, decision, settlement, caller)], at)
    after = await reading.by_id(connection, row.id)
    return idempotency.Answer(200, publication_body(after))


def _entry(row: Any, decision: Decision, settlement: Settlement, caller: Caller) -> Entry:
    return Entry(
        agency=row.agency,
        actor=caller.subject,
        action="publication.settled",
        subject=row.id,
        details={"before": row.state, "after": settlement.progress.state, "decision": decision.action},
    )
