"""``/v1/subscriptions``: other systems say what they want to be told, and where.

Every query runs in a transaction that sees the caller's agencies and no others; what is not theirs is not there. A
subscription belongs to one agency and is told of nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from services.publisher.adapters import client_certificates, versions
from services.publisher.adapters.bell import Bell
from services.publisher.adapters.callback_secrets import CallbackVault
from services.publisher.adapters.cursors import link_to
from services.publisher.adapters.store import redelivering, signing_keys, subscriptions
from services.publisher.adapters.store.reading import askable
from services.publisher.adapters.store.subscriptions import Written
from services.publisher.adapters.subscription_shapes import (
    NewSubscription,
    Wanted,
    secrets_body,
    shown,
    subscription_body,
)
from services.publisher.callback_ports import Credentials
from services.publisher.domain.addresses import Egress, NotAllowed, origin
from services.publisher.domain.signing import Key, algorithms
from services.publisher.domain.subscriptions import challenging
from shared import audit, idempotency
from shared.audit import Entry
from shared.auth import Caller, requires
from shared.clock import Clock, utc_now
from shared.database import Database
from shared.ids import new_id
from shared.problems import Problem, not_found
from shared.secrets import WrongKey
from shared.strict_json import StrictRoute

MOST = 200


@dataclass(frozen=True)
class Desk:
    """What the routes of subscriptions work with. ``on_change`` is called when there is someone new to tell."""

    database: Database
    vault: CallbackVault
    egress: Egress
    bell: Bell
    on_change: Callable[[], None]
    clock: Clock = utc_now


def router(desk: Desk) -> APIRouter:
    """The routes of subscriptions themselves."""
    routes = APIRouter(prefix="/v1/subscriptions", tags=["subscriptions"], route_class=StrictRoute)

    @routes.post("", status_code=201)
    async def create_subscription(
        wanted: NewSubscription, request: Request, caller: Caller = requires("subscriptions:write")
    ) -> Response:
        """Subscribe to what happens in one agency. The answer shows the signing secret, and no other ever does."""
        if not caller.may_see(wanted.agency):
            raise Problem(403, "not-your-agency", "The token does not speak for this agency")
        _check(desk, wanted)
        secrets: list[Key] = []
        async with desk.database.begin(caller.scope) as connection:
            claim = await idempotency.claim_of(request, caller.subject, wanted.agency)

            async def effect() -> idempotency.Answer:
                row = await _create(connection, desk, wanted, caller, secrets)
                body = subscription_body(row, await signing_keys.of(connection, row.id))
                headers = {"Location": f"/v1/subscriptions/{row.id}", **versions.etag(row.version)}
                return idempotency.Answer(201, body, headers)

            answer = await idempotency.once(connection, claim, effect)
        desk.on_change()
        desk.bell.ring()
        return with_secrets(answer, secrets).response()

    @routes.get("")
    async def list_subscriptions(
        agency: Annotated[str | None, Query(max_length=256)] = None,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
        cursor: Annotated[str | None, Query(max_length=100)] = None,
        caller: Caller = requires("subscriptions:read"),
    ) -> Response:
        """Subscriptions, the oldest first: ``{items, next}``. Those of kind ``callback`` stand for clients whose
        comments name where to tell of the reply."""
        async with desk.database.begin(caller.scope) as connection:
            rows = await subscriptions.page(connection, agency and askable(agency), cursor and askable(cursor), limit)
            items = [subscription_body(row, await signing_keys.of(connection, row.id)) for row in rows[:limit]]
        following = rows[limit - 1].id if len(rows) > limit else None
        link = link_to("/v1/subscriptions", {"agency": agency, "limit": limit, "cursor": following})
        return JSONResponse({"items": items, "next": following}, headers=link if following else None)

    @routes.get("/{subscription}")
    async def read_subscription(subscription: str, caller: Caller = requires("subscriptions:read")) -> Response:
        """One subscription with its keys and notices, and its version as ETag. 404 if not yours."""
        async with desk.database.begin(caller.scope) as connection:
            row = await found(connection, subscription)
            keys = await signing_keys.of(connection, row.id)
        return JSONResponse(subscription_body(row, keys), headers=versions.etag(row.version))

    @routes.put("/{subscription}")
    async def change_subscription(
        subscription: str, wanted: Wanted, request: Request, caller: Caller = requires("subscriptions:write")
    ) -> Response:
        """Write a subscription anew, from the version in If-Match. A new address is challenged anew where it is to be,
        and begins without the failures of the old one."""
        _check(desk, wanted)
        async with desk.database.begin(caller.scope) as connection:
            row = editable(await found(connection, subscription, lock=True))
            versions.check(request, row.version)
            row = await _change(connection, desk, row, wanted, caller)
            keys = await signing_keys.of(connection, row.id)
        desk.on_change()
        desk.bell.ring()
        return JSONResponse(subscription_body(row, keys), headers=versions.etag(row.version))

    @routes.delete("/{subscription}")
    async def delete_subscription(subscription: str, caller: Caller = requires("subscriptions:write")) -> Response:
        """End a subscription: what waits for it is cancelled, and its keys are gone. 404 if not yours or gone."""
        async with desk.database.begin(caller.scope) as connection:
            row = editable(await found(connection, subscription, lock=True))
            await subscriptions.delete(connection, row.id)
            await signing_keys.forget(connection, row.id)
            await note(connection, desk, row, "deleted", caller)
        desk.on_change()
        return Response(status_code=204)

    return routes


async def _create(
    connection: AsyncConnection, desk: Desk, wanted: NewSubscription, caller: Caller, secrets: list[Key]
) -> Any:
    if await subscriptions.count(connection, wanted.agency) >= subscriptions.MOST_OF_AGENCY:
        raise Problem(
            409,
            "too-many-subscriptions",
            "There are too many subscriptions",
            detail=f"An agency has at most {subscriptions.MOST_OF_AGENCY}.",
        )
    id = new_id("sub")
    written = _written(desk, id, wanted, Credentials())
    row = await subscriptions.add(connection, id, wanted.agency, caller.subject, wanted.signature, written)
    secrets += await signing_keys.add(connection, desk.vault, row.agency, id, algorithms(wanted.signature))
    if row.status == "unverified":
        await redelivering.challenge(connection, row.agency, id)
    await note(connection, desk, row, "created", caller, {"url": row.url, "types": list(row.types)})
    return row


async def _change(connection: AsyncConnection, desk: Desk, row: Any, wanted: Wanted, caller: Caller) -> Any:
    must_verify = wanted.verification != "none" and (
        row.url != wanted.url or row.verification != wanted.verification or row.status == "unverified"
    )
    status = row.status
    if status != "disabled":
        status = "unverified" if must_verify else "enabled"
    before = _credentials_before(desk, row, wanted)
    if origin(row.url) != origin(wanted.url) and wanted.keeps(before):
        raise _unusable("/url", "this is another host: send `authentication` and `headers` as well, or null")
    written = _written(desk, row.id, wanted, before)
    row = await subscriptions.change(connection, row.id, written, status)
    if status == "unverified":
        await redelivering.challenge(connection, row.agency, row.id)
    else:
        await redelivering.withdraw_challenges(connection, row.id)
    await note(connection, desk, row, "changed", caller, {"url": row.url, "types": list(row.types)})
    return row


def _credentials_before(desk: Desk, row: Any, wanted: Wanted) -> Credentials:
    """What opens the endpoint until now. Raises ``Problem`` 409 where it was sealed with a key that is lost and is to
    stay all the same."""
    try:
        return desk.vault.open_credentials(row.id, None if row.sealed is None else bytes(row.sealed))
    except WrongKey as error:
        if {"authentication", "headers"} <= wanted.model_fields_set:
            return Credentials()
        raise Problem(
            409,
            "credentials-unreadable",
            "What opens this endpoint cannot be read any more",
            detail="Send `authentication` and `headers` anew, or null.",
        ) from error


def _written(desk: Desk, id: str, wanted: Wanted, before: Credentials) -> Written:
    credentials = wanted.credentials(before)
    return Written(
        wanted.url,
        wanted.types,
        wanted.subjects,
        wanted.ordered,
        wanted.verification,
        desk.vault.seal_credentials(id, credentials),
        shown(credentials),
    )


def _check(desk: Desk, wanted: Wanted) -> None:
    """Raise ``Problem`` 422 for an address or a certificate that can be seen to be of no use."""
    try:
        desk.egress.check(challenging(wanted.url) if wanted.verification == "get" else wanted.url)
    except NotAllowed as refused:
        raise _unusable("/url", str(refused)) from refused
    credentials = wanted.credentials()
    if credentials.certificate is not None and credentials.private_key is not None:
        try:
            client_certificates.check(credentials.certificate, credentials.private_key)
        except ValueError as refused:
            raise _unusable("/authentication/certificate", str(refused)) from refused


def _unusable(pointer: str, detail: str) -> Problem:
    errors = [{"pointer": pointer, "detail": detail}]
    return Problem(422, "invalid-input", "Some of the input is not valid", errors=errors)


async def found(connection: AsyncConnection, subscription: str, *, lock: bool = False) -> Any:
    """A subscription that the caller may see. Raises ``Problem`` 404."""
    row = await subscriptions.by_id(connection, askable(subscription), lock=lock)
    if row is None:
        raise not_found("subscription")
    return row


def editable(row: Any) -> Any:
    """Raise ``Problem`` 409 for what stands for a client's comments: it is not written by hand."""
    if row.kind == "callback":
        raise Problem(
            409,
            "not-editable",
            "This subscription is not written by hand",
            detail="It stands for a client whose comments name where to tell of their replies.",
        )
    return row


def with_secrets(answer: idempotency.Answer, secrets: list[Key]) -> idempotency.Answer:
    """The answer with secrets that were made for it. What is kept for a repetition of the request has none."""
    return idempotency.Answer(answer.status, answer.body | secrets_body(secrets), answer.headers)


async def note(
    connection: AsyncConnection,
    desk: Desk,
    row: Any,
    what: str,
    caller: Caller,
    details: dict[str, Any] | None = None,
) -> None:
    """Put what was done to a subscription on the audit trail."""
    entry = Entry(row.agency, caller.subject, f"subscription.{what}", row.id, details=details or {})
    await audit.append(connection, [entry], desk.clock())
