"""``/v1/accounts``: which accounts an agency has, and with which secrets their platforms sign.

Secrets go in and never come out. Rotating them keeps the previous ones valid, so that a platform can be switched over
without losing a delivery. Every change is on the audit trail.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import JSONResponse, Response

from services.ingest.adapters import json_in, paging
from services.ingest.adapters.accounts import AccountBook
from services.ingest.adapters.store import accounts as store
from services.ingest.adapters.store.accounts import NewAccount
from services.ingest.domain.accounts import rotated
from services.ingest.platforms import PLATFORMS, POLLED, WEBHOOKS
from shared import audit
from shared.auth import Caller, requires
from shared.clock import Clock
from shared.database import Database
from shared.events import AccountConnected
from shared.idempotency import Answer, claim_of, once
from shared.ids import account_id
from shared.outbox import stage
from shared.problems import Problem, not_found

Secrets = dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=1024)]]
_BASE_URL = r"^https?://[^\s/?#]+$"
_CONNECTABLE = frozenset({*WEBHOOKS, *POLLED})


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class AccountIn(_Strict):
    """An account to connect. ``account`` is the platform's own id and stands in the webhook's route."""

    agency: str = Field(min_length=1, max_length=256)
    platform: str = Field(min_length=1, max_length=32, description="facebook, mastodon or standard")
    account: str = Field(min_length=1, max_length=256, pattern=r"^[^\s/?#]+$")
    name: str = Field(min_length=1, max_length=256, description="what people call it")
    secrets: Secrets = Field(description="facebook: app_secret, verify_token; standard: secret; mastodon: token")
    base_url: str | None = Field(
        None, max_length=2048, pattern=_BASE_URL, description="the account's server (mastodon)"
    )


class SecretsIn(_Strict):
    """The next secrets of an account; ``base_url`` where its server has moved."""

    secrets: Secrets
    base_url: str | None = Field(None, max_length=2048, pattern=_BASE_URL, description="where the account lives now")


class AccountOut(BaseModel):
    """An account. ``trouble`` says why it is degraded."""

    id: str
    agency: str
    platform: str
    account: str
    name: str
    base_url: str | None
    state: Literal["connected", "degraded"]
    trouble: str | None
    connected_at: AwareDatetime


class AccountPage(BaseModel):
    items: list[AccountOut]
    next: str | None


def accounts_api(database: Database, book: AccountBook, clock: Clock) -> APIRouter:
    """The routes, ready to be taken into an application."""
    router = APIRouter(prefix="/v1/accounts", tags=["accounts"])

    @router.post(
        "", status_code=201, responses={201: {"model": AccountOut}}, openapi_extra=json_in.described(AccountIn)
    )
    async def connect_account(request: Request, caller: Caller = requires("accounts:write")) -> Response:
        """Connect an account. Connecting it again as it is answers 200, otherwise 409 `account-taken`."""
        posted = await json_in.read(request, AccountIn)
        if not caller.may_see(posted.agency):
            raise Problem(403, "not-your-agency", "The token does not speak for this agency")
        _check(posted.platform, posted.secrets, posted.base_url)
        claim = await claim_of(request, caller.subject, posted.agency)
        async with database.begin([posted.agency]) as connection:
            answer = await once(connection, claim, lambda: _connect(connection, book, posted, caller, clock))
        await book.refresh()
        return answer.response()

    @router.put("/{account_id}/secrets", openapi_extra=json_in.described(SecretsIn))
    async def rotate_secrets(
        request: Request, account_id: str, caller: Caller = requires("accounts:write")
    ) -> AccountOut:
        """Replace an account's secrets; the previous ones stay valid until the next rotation."""
        posted = await json_in.read(request, SecretsIn)
        async with database.begin(caller.scope) as connection:
            row = await store.find(connection, account_id, lock=True)
            if row is None:
                raise not_found("account")
            base_url = posted.base_url or row.base_url
            _check(row.platform, posted.secrets, base_url)
            sealed = book.seal(row.id, rotated(book.open(row), posted.secrets))
            await store.reseal(connection, row.id, sealed, base_url)
            entry = audit.Entry(row.agency, caller.subject, "account.secrets_rotated", row.id)
            await audit.append(connection, [entry], clock())
        await book.refresh()
        return AccountOut.model_validate(store.view(row))

    @router.get("", responses={200: {"model": AccountPage}})
    async def list_accounts(
        request: Request,
        agency: paging.Word = None,
        limit: Annotated[int, Query(ge=1, le=paging.MOST)] = paging.DEFAULT,
        cursor: paging.Word = None,
        caller: Caller = requires("accounts:read"),
    ) -> Response:
        """The accounts of the caller's agencies."""
        after = paging.last_id(cursor)
        async with database.begin(caller.scope) as connection:
            rows = await store.page(connection, agency=agency, after=after, limit=limit + 1)
        return paging.page(request, [store.view(row) for row in rows], limit)

    @router.get("/{account_id}", responses={200: {"model": AccountOut}})
    async def get_account(account_id: str, caller: Caller = requires("accounts:read")) -> Response:
        """One account, without its secrets."""
        async with database.begin(caller.scope) as connection:
            row = await store.find(connection, account_id)
        if row is None:
            raise not_found("account")
        return JSONResponse(store.view(row))

    return router


async def _connect(
    connection: AsyncConnection, book: AccountBook, posted: AccountIn, caller: Caller, clock: Clock
) -> Answer:
    """Store a new account and announce it; the same one again changes nothing."""
    now = clock()
    id_ = account_id(posted.platform, posted.account)
    sealed = book.seal(id_, [posted.secrets])
    new = NewAccount(id_, posted.agency, posted.platform, posted.account, posted.name, posted.base_url, sealed, now)
    created = await store.add(connection, new)
    row = await store.find(connection, id_)
    if row is None or not (created or _is_same(row, book, posted)):
        raise Problem(409, "account-taken", "This account is connected already, with other data")
    if created:
        connected = AccountConnected(
            agency=posted.agency,
            account_id=id_,
            platform=posted.platform,
            account=posted.account,
            name=posted.name,
            connected_at=now,
        )
        await stage(connection, [connected])
        entry = audit.Entry(posted.agency, caller.subject, "account.connected", id_)
        await audit.append(connection, [entry], now)
    return Answer(201 if created else 200, store.view(row), {"Location": f"/v1/accounts/{id_}"})


def _is_same(row: Row[Any], book: AccountBook, posted: AccountIn) -> bool:
    facts = (row.agency, row.name, row.base_url, dict(book.open(row)[0]))
    return facts == (posted.agency, posted.name, posted.base_url, posted.secrets)


def _check(platform: str, secrets: Mapping[str, str], base_url: str | None) -> None:
    """Raise ``Problem`` 422 unless the platform exists and the account has just what it needs."""
    if platform not in _CONNECTABLE:
        raise _invalid([("/platform", f"Connect one of: {', '.join(sorted(_CONNECTABLE))}.")])
    source = PLATFORMS[platform]
    shapes = {**source.secrets, **source.optional_secrets}
    errors = [
        (f"/secrets/{name}", "This secret is missing or not of the right form.")
        for name, shape in shapes.items()
        if (name in source.secrets or name in secrets) and not shape.fullmatch(secrets.get(name, ""))
    ]
    if secrets.keys() - shapes.keys():
        errors.append(("/secrets", f"This platform has only: {', '.join(sorted(shapes))}."))
    if source.base_url == "needed" and base_url is None:
        errors.append(("/base_url", "Say on which server the account lives."))
    if source.base_url == "unused" and base_url is not None:
        errors.append(("/base_url", "Not used here."))
    if errors:
        raise _invalid(errors)


def _invalid(errors: list[tuple[str, str]]) -> Problem:
    named = [{"pointer": pointer, "detail": detail} for pointer, detail in errors]
    return Problem(422, "invalid-input", "Some of the input is not valid", errors=named)
