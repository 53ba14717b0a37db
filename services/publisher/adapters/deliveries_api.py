"""What a subscription's owner does beside writing it: new keys, tests, replays, opening it again; its deliveries."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from services.publisher.adapters import versions
from services.publisher.adapters.cursors import cursor_of, link_to, position_of
from services.publisher.adapters.store import redelivering, signing_keys, subscriptions
from services.publisher.adapters.store.reading import askable
from services.publisher.adapters.store.redelivering import Again, Filter
from services.publisher.adapters.subscription_shapes import Redelivery, Rotation, delivery_body, subscription_body
from services.publisher.adapters.subscriptions_api import Desk, editable, found, note, with_secrets
from services.publisher.domain.signing import Key, algorithms
from services.publisher.domain.subscriptions import State
from shared import idempotency
from shared.auth import Caller, requires
from shared.problems import Problem, not_found
from shared.strict_json import StrictRoute

MOST = 200


def router(desk: Desk) -> APIRouter:
    """The routes beneath a subscription, and those of deliveries."""
    routes = APIRouter(prefix="/v1", tags=["subscriptions"], route_class=StrictRoute)

    @routes.post("/subscriptions/{subscription}/secrets", status_code=201)
    async def rotate_secrets(
        subscription: str, wanted: Rotation, request: Request, caller: Caller = requires("subscriptions:write")
    ) -> Response:
        """Make new keys and show them, once. Those until now, at most five, go on signing for 24 hours."""
        secrets: list[Key] = []
        async with desk.database.begin(caller.scope) as connection:
            row = editable(await found(connection, subscription, lock=True))
            claim = await idempotency.claim_of(request, caller.subject, row.agency)

            async def effect() -> idempotency.Answer:
                signature = wanted.signature or row.signature
                made = await signing_keys.add(connection, desk.vault, row.agency, row.id, algorithms(signature))
                secrets.extend(made)
                changed = await subscriptions.sign_with(connection, row.id, signature)
                await note(connection, desk, row, "rotated", caller, {"signature": signature})
                return idempotency.Answer(201, subscription_body(changed, await signing_keys.of(connection, row.id)))

            answer = await idempotency.once(connection, claim, effect)
        return with_secrets(answer, secrets).response()

    @routes.post("/subscriptions/{subscription}/enable")
    async def enable_subscription(
        subscription: str, request: Request, caller: Caller = requires("subscriptions:write")
    ) -> Response:
        """Open a disabled endpoint again, or challenge one anew that has not answered. What it missed meanwhile is
        sent by a redelivery."""
        async with desk.database.begin(caller.scope) as connection:
            row = await found(connection, subscription, lock=True)
            claim = await idempotency.claim_of(request, caller.subject, row.agency)

            async def effect() -> idempotency.Answer:
                return await _enable(connection, desk, row, caller)

            answer = await idempotency.once(connection, claim, effect)
        desk.bell.ring()
        return answer.response()

    @routes.post("/subscriptions/{subscription}/test", status_code=202)
    async def test_subscription(
        subscription: str, request: Request, caller: Caller = requires("subscriptions:write")
    ) -> Response:
        """Send a test event, to a disabled endpoint as well: answers with the delivery that shows what came of it."""
        async with desk.database.begin(caller.scope) as connection:
            row = editable(await found(connection, subscription))
            claim = await idempotency.claim_of(request, caller.subject, row.agency)

            async def effect() -> idempotency.Answer:
                delivery = await redelivering.test(connection, row.agency, row.id)
                await note(connection, desk, row, "tested", caller, {"delivery": delivery})
                body = delivery_body(await redelivering.by_id(connection, delivery))
                return idempotency.Answer(202, body, {"Location": f"/v1/deliveries/{delivery}"})

            answer = await idempotency.once(connection, claim, effect)
        desk.bell.ring()
        return answer.response()

    @routes.post("/subscriptions/{subscription}/redeliveries", status_code=202)
    async def redeliver(
        subscription: str, wanted: Redelivery, request: Request, caller: Caller = requires("subscriptions:write")
    ) -> Response:
        """Send again what ended: deliveries by their ids (or those of their messages), all that were recorded in a
        span of time, or all since a moment that did not arrive. At most 10,000 at a time, the oldest first; where
        there are ``more``, ask for the same with ``next`` as ``cursor``."""
        async with desk.database.begin(caller.scope) as connection:
            row = await found(connection, subscription, lock=True)
            claim = await idempotency.claim_of(request, caller.subject, row.agency)

            async def effect() -> idempotency.Answer:
                return await _redeliver(connection, desk, row, wanted, caller)

            answer = await idempotency.once(connection, claim, effect)
        desk.bell.ring()
        return answer.response()

    @routes.get("/subscriptions/{subscription}/deliveries")
    async def list_deliveries(
        subscription: str,
        state: State | None = None,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
        cursor: Annotated[str | None, Query(max_length=100)] = None,
        caller: Caller = requires("subscriptions:read"),
    ) -> Response:
        """Deliveries of the last thirty days, the newest first: ``{items, next}``."""
        async with desk.database.begin(caller.scope) as connection:
            row = await found(connection, subscription)
            rows = await redelivering.page(connection, Filter(row.id, state, position_of(cursor), limit))
        following = cursor_of(rows[limit - 1].position) if len(rows) > limit else None
        asked = {"state": state, "limit": limit, "cursor": following}
        link = link_to(f"/v1/subscriptions/{row.id}/deliveries", asked)
        body = {"items": [delivery_body(one) for one in rows[:limit]], "next": following}
        return JSONResponse(body, headers=link if following else None)

    @routes.get("/deliveries/{delivery}")
    async def read_delivery(delivery: str, caller: Caller = requires("subscriptions:read")) -> Response:
        """One delivery with its attempts (the newest hundred). 404 if not yours."""
        async with desk.database.begin(caller.scope) as connection:
            row = await redelivering.by_id(connection, askable(delivery))
            tried = await redelivering.attempts(connection, row.id) if row is not None else []
        if row is None:
            raise not_found("delivery")
        return JSONResponse(delivery_body(row, tried))

    return routes


async def _enable(connection: AsyncConnection, desk: Desk, row: Any, caller: Caller) -> idempotency.Answer:
    status = row.status
    if status == "disabled":
        status = "enabled" if row.verification == "none" else "unverified"
    changed = await subscriptions.enable(connection, row.id, status)
    if status == "unverified":
        await redelivering.challenge(connection, row.agency, row.id)
    await note(connection, desk, row, "enabled", caller, {"before": row.status, "after": status})
    body = subscription_body(changed, await signing_keys.of(connection, row.id))
    return idempotency.Answer(200, body, versions.etag(changed.version))


async def _redeliver(
    connection: AsyncConnection, desk: Desk, row: Any, wanted: Redelivery, caller: Caller
) -> idempotency.Answer:
    if row.status != "enabled":
        raise Problem(
            409, "not-enabled", "Nothing is sent to this endpoint now", detail="Enable the subscription first."
        )
    since = wanted.failed_since or wanted.from_
    again = Again(wanted.ids, since, wanted.to, wanted.failed_since is not None, position_of(wanted.cursor))
    number, reached = await redelivering.send_again(connection, row.id, again)
    await note(connection, desk, row, "redelivered", caller, {"deliveries": number})
    following = None if reached is None else cursor_of(reached)
    return idempotency.Answer(202, {"redelivered": number, "more": following is not None, "next": following})
