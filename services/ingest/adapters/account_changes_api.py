"""``/v1/accounts/{id}/…``: what is changed of an account once it is connected.

Edits name the version that they were made from (``If-Match``). Rotating secrets keeps the previous ones valid, so that
a platform can be switched over without losing a delivery; a leaked one can be ended at once. A disabled account is as
unknown as one that never was: its webhooks answer 404 and it is not polled. Every change is on the audit trail.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from services.ingest.adapters import json_in, versions
from services.ingest.adapters.account_shapes import AccountChangeIn, AccountOut, SecretsIn, check, shown
from services.ingest.adapters.accounts import AccountBook
from services.ingest.adapters.store import accounts as store
from services.ingest.adapters.store import health
from services.ingest.domain.accounts import retired, rotated
from shared import audit
from shared.auth import Caller, requires
from shared.clock import Clock
from shared.database import Database
from shared.events import AccountDisabled
from shared.idempotency import Answer, claim_of, once
from shared.outbox import stage
from shared.problems import not_found

_ANSWERS: dict[int | str, dict[str, Any]] = {200: {"model": AccountOut}}
_EDIT = {
    **_ANSWERS,
    412: {"description": "The account has changed since; the answer has its `version` and `ETag`."},
    428: {"description": "There is no If-Match."},
}


@dataclass(frozen=True, slots=True)
class Act:
    """One person's act on one account, in a transaction."""

    connection: AsyncConnection
    row: Row[Any]
    caller: Caller
    clock: Clock

    async def record(self, action: str, **details: Any) -> None:
        """Put it on the audit trail."""
        entry = audit.Entry(self.row.agency, self.caller.subject, action, self.row.id, details=details)
        await audit.append(self.connection, [entry], self.clock())


def account_changes_api(database: Database, book: AccountBook, clock: Clock) -> APIRouter:
    """The routes, ready to be taken into an application."""
    router = APIRouter(prefix="/v1/accounts/{account_id}", tags=["accounts"])

    @asynccontextmanager
    async def acting(account_id: str, caller: Caller) -> AsyncIterator[Act]:
        async with database.begin(caller.scope) as connection:
            row = await store.find(connection, account_id, lock=True)
            if row is None:
                raise not_found("account")
            yield Act(connection, row, caller, clock)
        await book.refresh()

    async def decide(
        request: Request, account_id: str, caller: Caller, decision: Callable[[Act], Awaitable[Row[Any]]]
    ) -> Response:
        """Have ``decision`` once for each idempotency key."""
        async with acting(account_id, caller) as act:
            claim = await claim_of(request, caller.subject, act.row.agency)

            async def effect() -> Answer:
                row = await decision(act)
                return Answer(200, store.view(row), {"ETag": versions.etag(row.version)})

            answer = await once(act.connection, claim, effect)
        return answer.response()

    @router.put("/secrets", responses=_EDIT, openapi_extra=json_in.described(SecretsIn))
    async def rotate_secrets(
        request: Request, account_id: str, caller: Caller = requires("accounts:write")
    ) -> Response:
        """Replace an account's secrets; the previous ones stay valid until the next rotation.

        Given again after the platform took a right away, they say that the right is back.
        """
        posted = await json_in.read(request, SecretsIn)
        async with acting(account_id, caller) as act:
            versions.check(request, act.row.version)
            row = await _rotate(act, book, posted)
        return shown(row)

    @router.delete("/secrets/previous", responses=_EDIT)
    async def retire_previous_secrets(
        request: Request, account_id: str, caller: Caller = requires("accounts:write")
    ) -> Response:
        """End the secrets before the last rotation at once, because they leaked or are not used any more."""
        async with acting(account_id, caller) as act:
            versions.check(request, act.row.version)
            newest = book.seal(act.row.id, retired(book.open(act.row)))
            row = await store.edit(act.connection, act.row.id, sealed_secrets=newest)
            await act.record("account.secrets_retired")
        return shown(row)

    @router.patch("", responses=_EDIT, openapi_extra=json_in.described(AccountChangeIn, *json_in.MERGE_PATCH))
    async def change_account(
        request: Request, account_id: str, caller: Caller = requires("accounts:write")
    ) -> Response:
        """Change how often the account is expected to be heard; null expects nothing."""
        posted = await json_in.read(request, AccountChangeIn, *json_in.MERGE_PATCH)
        changes = posted.model_dump(exclude_unset=True)
        async with acting(account_id, caller) as act:
            versions.check(request, act.row.version)
            row = await store.edit(act.connection, act.row.id, **changes)
            await act.record("account.changed", **changes)
        return shown(row)

    @router.post("/disable", responses=_ANSWERS)
    async def disable_account(
        request: Request, account_id: str, caller: Caller = requires("accounts:write")
    ) -> Response:
        """Take nothing more from an account, until it is enabled again. What it brought stays."""
        return await decide(request, account_id, caller, _disable)

    @router.post("/enable", responses=_ANSWERS)
    async def enable_account(
        request: Request, account_id: str, caller: Caller = requires("accounts:write")
    ) -> Response:
        """Let a disabled account take part again, from now on."""
        return await decide(request, account_id, caller, _enable)

    return router


async def _rotate(act: Act, book: AccountBook, posted: SecretsIn) -> Row[Any]:
    base_url = posted.base_url or act.row.base_url
    check(act.row.platform, posted.secrets, base_url)
    sealed = book.seal(act.row.id, rotated(book.open(act.row), posted.secrets))
    await health.restore(act.connection, act.row, "secrets", act.clock())
    row = await store.edit(act.connection, act.row.id, sealed_secrets=sealed, base_url=base_url)
    await act.record("account.secrets_rotated")
    return row


async def _disable(act: Act) -> Row[Any]:
    if act.row.disabled_at is not None:
        return act.row
    now = act.clock()
    row = await store.disable(act.connection, act.row.id, now)
    await stage(act.connection, [AccountDisabled(**health.named(row), disabled_at=now)])
    await act.record("account.disabled")
    return row


async def _enable(act: Act) -> Row[Any]:
    if act.row.disabled_at is None:
        return act.row
    row = await store.enable(act.connection, act.row.id, act.clock())
    await stage(act.connection, [store.connected(row)])
    await act.record("account.enabled")
    return row
