"""Receipts and their register over HTTP: a citizen looks up one, anybody may have all of them.

A receipt is asked for by the comment's id, which whoever sent the comment was given, or by its own. Both are long and
random, so that nobody finds the receipt of another's comment by trying.
"""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from services.publisher.adapters.record.api import known
from services.publisher.adapters.record.caching import kept
from services.publisher.adapters.record.page import HEADERS, HTML_TYPE
from services.publisher.adapters.record.reading import Readable
from services.publisher.adapters.record.receipt_page import receipt_page
from services.publisher.adapters.store import record, register
from services.publisher.adapters.store.register import Standing
from services.publisher.domain.record import Page
from services.publisher.domain.register import HASH, Entered, receipt_id, statement
from shared.auth import public
from shared.clock import rfc3339
from shared.database import Database
from shared.problems import not_found

MOST_LINES = 1000
MOST_HEADS = 400
JSON_TYPE = "application/json"

Comment = Annotated[str, Query(min_length=1, max_length=100, description="the id that the comment was given")]
After = Annotated[int, Query(ge=0, lt=2**63, description="the number of the last line already had")]
Lines = Annotated[int, Query(ge=1, le=MOST_LINES)]
Heads = Annotated[int, Query(ge=1, le=MOST_HEADS)]
Before = Annotated[date | None, Query(description="only heads of days before this one")]


def router(database: Database, key: bytes) -> APIRouter:
    """The routes of receipts; ``key`` is what their ids are made with."""
    routes = APIRouter(prefix="/public/{agency}", tags=["public register"], route_class=Readable)

    async def answer(request: Request, agency: str, receipt: str) -> Response:
        async with database.begin([known(agency)]) as connection:
            standing = await register.find(connection, agency, receipt.replace("\x00", ""))
            name = await record.name_of(connection, agency) or agency
        if standing is None:
            raise not_found("receipt")
        if "text/html" in request.headers.get("accept", ""):
            body = receipt_page(Page(agency, name), _receipt(standing))
            return Response(body, headers={**HEADERS, "Vary": "Accept"}, media_type=HTML_TYPE)
        return JSONResponse(_receipt(standing), headers={"Vary": "Accept"})

    @routes.get("/receipts")
    @public("a citizen looks up what became of their comment; its id is long, random and known to them only")
    async def find_receipt(request: Request, agency: str, comment: Comment) -> Response:
        """The receipt of a comment, for people as a page. 404 where this agency has decided nothing about it."""
        return await answer(request, agency, receipt_id(key, comment.strip()))

    @routes.get("/receipts/{receipt}")
    @public("a citizen looks up what became of their comment; nothing in it is personal")
    async def read_receipt(request: Request, agency: str, receipt: str) -> Response:
        """A receipt as it stands now, and where in the register it was entered last."""
        return await answer(request, agency, receipt)

    @routes.get("/register")
    @public("the register is proof for everybody; nothing in it is personal")
    async def read_register(request: Request, agency: str, after: After = 0, limit: Lines = 500) -> Response:
        """Lines of the register in their order, up to the last closed day. Each ``hash`` covers the one before it."""
        async with database.begin([known(agency)]) as connection:
            await _expect(connection, agency)
            found = await register.lines(connection, agency, after, limit + 1)
        return _lines(request, agency, found, limit)

    @routes.get("/register/heads")
    @public("the heads are proof for everybody; nothing in them is personal")
    async def read_heads(request: Request, agency: str, before: Before = None, limit: Heads = 100) -> Response:
        """The hash at the end of each closed day, the newest first, and how it is made. One that is kept proves all."""
        async with database.begin([known(agency)]) as connection:
            await _expect(connection, agency)
            found = await register.heads(connection, agency, before, limit + 1)
        return JSONResponse({"agency": agency, "hash": HASH, **_heads(found, limit)})

    return routes


async def _expect(connection: AsyncConnection, agency: str) -> None:
    if not await register.exists(connection, agency):
        raise not_found("agency")


def _receipt(standing: Standing) -> dict[str, Any]:
    entered = None if standing.number is None or standing.day is None else standing
    where = None if entered is None else {"number": entered.number, "day": str(entered.day)}
    return {**statement(standing.receipt), "entered": where}


def _lines(request: Request, agency: str, found: list[Entered], limit: int) -> Response:
    shown = found[:limit]
    # The entries stand in the answer letter by letter as their hashes cover them.
    lines = ",\n".join(f'{{"hash":"{line.hash}","entry":{line.entry}}}' for line in shown)
    following = shown[-1].number if len(found) > limit else None
    body = f'{{"agency":"{agency}","next":{"null" if following is None else following},"lines":[\n{lines}\n]}}\n'
    address = f"/public/{agency}/register?after={following}&limit={limit}"
    headers = {} if following is None else {"Link": f'<{address}>; rel="next"'}
    return kept(request, body.encode(), JSON_TYPE, headers=headers)


def _heads(found: list[Any], limit: int) -> dict[str, Any]:
    heads = [
        {"day": str(row.day), "number": row.number, "hash": row.hash, "closed_at": rfc3339(row.closed_at)}
        for row in found[:limit]
    ]
    return {"heads": heads, "next": heads[-1]["day"] if len(found) > limit else None}
