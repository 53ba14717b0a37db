"""``/v1/accounts``: which accounts an agency has, how they are, and connecting them.

Secrets go in and never come out. Every change is on the audit trail.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from services.ingest.adapters import json_in, paging
from services.ingest.adapters.account_shapes import AccountIn, AccountOut, AccountPage, check, shown
from services.ingest.adapters.accounts import AccountBook
from services.ingest.adapters.store import accounts as store
from services.ingest.adapters.store.accounts import NewAccount
from services.ingest.adapters.versions import etag
from services.ingest.domain.health import State
from shared import audit
from shared.auth import Caller, requires
from shared.clock import Clock
from shared.database import Database
from shared.idempotency import Answer, claim_of, once
from shared.ids import account_id
from shared.outbox import stage
from shared.problems import Problem, not_found


def accounts_api(database: Database, book: AccountBook, clock: Clock) -> APIRouter:
    """The routes, ready to be taken into an application."""
    router = APIRouter(prefix="/v1/accounts", tags=["accounts"])

    @router.post(
        "",
        status_code=201,
        responses={200: {"model": AccountOut}, 201: {"model": AccountOut}},
        openapi_extra=json_in.described(AccountIn),
    )
    async def connect_account(request: Request, caller: Caller = requires("accounts:write")) -> Response:
        """Connect an account. Connecting it again as it is answers 200, otherwise 409 `account-taken`."""
        posted = await json_in.read(request, AccountIn)
        if not caller.may_see(posted.agency):
            raise Problem(403, "not-your-agency", "The token does not speak for this agency")
        check(posted.platform, posted.secrets, posted.base_url)
        claim = await claim_of(request, caller.subject, posted.agency)
        async with database.begin([posted.agency]) as connection:
            answer = await once(connection, claim, lambda: _connect(connection, book, posted, caller, clock))
        await book.refresh()
        return answer.response()

    @router.get("", responses={200: {"model": AccountPage}})
    async def list_accounts(
        request: Request,
        agency: paging.Word = None,
        state: State | None = None,
        limit: Annotated[int, Query(ge=1, le=paging.MOST)] = paging.DEFAULT,
        cursor: paging.Word = None,
        caller: Caller = requires("accounts:read"),
    ) -> Response:
        """The accounts of the caller's agencies, with how they are and when they were last heard."""
        after = paging.last_id(cursor)
        async with database.begin(caller.scope) as connection:
            rows = await store.page(connection, agency=agency, state=state, after=after, limit=limit + 1)
        return paging.page(request, [store.view(row) for row in rows], limit)

    @router.get("/{account_id}", responses={200: {"model": AccountOut}})
    async def get_account(account_id: str, caller: Caller = requires("accounts:read")) -> Response:
        """One account, without its secrets. Its `ETag` is what an edit sends as `If-Match`."""
        async with database.begin(caller.scope) as connection:
            row = await store.find(connection, account_id)
        if row is None:
            raise not_found("account")
        return shown(row)

    return router


async def _connect(
    connection: AsyncConnection, book: AccountBook, posted: AccountIn, caller: Caller, clock: Clock
) -> Answer:
    """Store a new account and announce it; the same one again changes nothing."""
    now = clock()
    id_ = account_id(posted.platform, posted.account)
    sealed = book.seal(id_, [posted.secrets])
    new = NewAccount(
        id_, posted.agency, posted.platform, posted.account, posted.name, posted.base_url, sealed, now,
        posted.speaks_every_hours,
    )  # fmt: skip
    created = await store.add(connection, new)
    row = await store.find(connection, id_)
    if row is None or not (created or _is_same(row, book, posted)):
        raise Problem(409, "account-taken", "This account is connected already, with other data")
    if created:
        await stage(connection, [store.connected(row)])
        entry = audit.Entry(posted.agency, caller.subject, "account.connected", id_)
        await audit.append(connection, [entry], now)
    headers = {"Location": f"/v1/accounts/{id_}", "ETag": etag(row.version)}
    return Answer(201 if created else 200, store.view(row), headers)


def _is_same(row: Row[Any], book: AccountBook, posted: AccountIn) -> bool:
    facts = (row.agency, row.name, row.base_url, dict(book.open(row)[0]))
    if "speaks_every_hours" in posted.model_fields_set and posted.speaks_every_hours != row.speaks_every_hours:
        return False
    return facts == (posted.agency, posted.name, posted.base_url, posted.secrets)
