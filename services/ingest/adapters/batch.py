"""``POST /v1/comments/batch``: many comments at once, each with an outcome of its own.

A batch that is sent again brings nothing twice: within 72 hours its key gets the answer that it had before, and after
that every comment is known by its native id, which is derived from key, place and content where the sender gives none.
"""

import asyncio
import hashlib
from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from services.ingest.adapters import json_in
from services.ingest.adapters.api import CommentIn, CommentOut, arrival_of
from services.ingest.adapters.batch_body import KINDS, MOST_BODY_BYTES, MOST_ITEM_BYTES, MOST_ITEMS, NDJSON, items_of
from services.ingest.adapters.keeper import GroupKeeper
from services.ingest.adapters.store.batches import Batch
from services.ingest.ports import Arrival
from shared import problems, rate_limit, strict_json, tracing
from shared.auth import Caller, requires
from shared.clock import Clock
from shared.database import EVERY_AGENCY
from shared.idempotency import claim_of
from shared.problems import Problem

MOST_AT_ONCE = 4
"""Batches that are read at a time: each may take several times its 16 MiB."""

ITEMS_A_REQUEST = 50
"""How many items of a batch count as much as one request does."""

BREATH = 20
"""Items read before other requests get their turn."""


class ProblemOut(BaseModel):
    """Why an item was not accepted (RFC 9457); pointers begin at the item."""

    type: str
    title: str
    status: int
    detail: str | None = None
    errors: list[dict[str, str]] | None = None


class OutcomeOut(BaseModel):
    """What became of one item: 202 with its comment, else the problem that it would have met alone."""

    index: int
    status: int
    comment: CommentOut | None = None
    problem: ProblemOut | None = None


class BatchOut(BaseModel):
    """Every outcome, in the order of the batch."""

    items: list[OutcomeOut]


def _described() -> dict[str, Any]:
    comment = json_in.schema_of(CommentIn)
    array = {"type": "array", "minItems": 1, "maxItems": MOST_ITEMS, "items": comment}
    lines = {
        "type": "string",
        "description": f"1 to {MOST_ITEMS} lines, each a comment as in the JSON array, at most {MOST_ITEM_BYTES} bytes",
    }
    content = {json_in.JSON: {"schema": array}, NDJSON: {"schema": lines}}
    return {"requestBody": {"required": True, "content": content}}


def batch_api(keeper: GroupKeeper, clock: Clock) -> APIRouter:
    """The route, ready to be taken into an application."""
    router = APIRouter(prefix="/v1/comments", tags=["comments"])
    room = asyncio.Semaphore(MOST_AT_ONCE)

    @router.post(
        "/batch",
        status_code=202,
        responses={202: {"model": BatchOut}},
        openapi_extra=_described(),
        max_body_size=MOST_BODY_BYTES,
    )
    async def post_comments(request: Request, caller: Caller = requires("comments:write")) -> Response:
        """Bring up to 1,000 comments, as lines (NDJSON) or as a JSON array, in at most 16 MiB.

        Good ones are accepted whatever the others are; the answer tells of each. One `Idempotency-Key` stands for the
        whole batch. Of the client's quota a batch takes 1, and one more for each 50 comments.
        """
        kind = json_in.content_type_of(request)
        if kind not in KINDS:
            raise Problem(415, detail=f"Send {' or '.join(KINDS)}.")
        claim = await claim_of(request, caller.subject, EVERY_AGENCY)
        async with room:
            bodies = items_of(await request.body(), kind)
            rate_limit.charge(request, caller.subject, len(bodies) / ITEMS_A_REQUEST)
            reader = _Reader(caller, claim.key, clock, tracing.traceparent(request.headers.get("traceparent")))
            answer = await keeper.submit_batch(Batch(claim, await reader.read(bodies)))
        return answer.response()

    return router


class _Reader:
    """Reads the items of one caller's batch."""

    def __init__(self, caller: Caller, key: str, clock: Clock, trace: str | None) -> None:
        self._caller = caller
        self._key = key
        self._now = clock()
        self._trace = trace

    async def read(self, bodies: Iterable[bytes]) -> list[Arrival | Problem]:
        """Each item, or the problem with it."""
        items: list[Arrival | Problem] = []
        for index, body in enumerate(bodies):
            try:
                items.append(self._arrival(index, body))
            except Problem as problem:
                items.append(problem)
            if index % BREATH == BREATH - 1:
                await asyncio.sleep(0)
        return items

    def _arrival(self, index: int, body: bytes) -> Arrival:
        if len(body) > MOST_ITEM_BYTES:
            raise Problem(413, detail=f"An item has at most {MOST_ITEM_BYTES} bytes.")
        try:
            strict_json.read(body)
            posted = CommentIn.model_validate_json(body)
        except strict_json.Malformed as error:
            raise Problem(400, "invalid-json", "The item is not valid JSON", detail=error.detail) from error
        except ValidationError as error:
            raise problems.invalid(error) from error
        if not self._caller.may_see(posted.agency):
            raise Problem(403, "not-your-agency", "The token does not speak to this agency")
        derived = derived_id(self._key, index, body)
        return arrival_of(posted, self._caller, body, self._now, self._trace, derived=derived)


def derived_id(key: str, index: int, body: bytes) -> str:
    """The native id of an item that has none: the same for the same item at the same place under the same key."""
    return "batch-" + hashlib.sha256(f"{key}\n{index}\n".encode() + body).hexdigest()[:32]
