"""``/v1/callback-secrets``: what a client checks the callbacks of its comments with.

A comment may name where its client wants to hear of the reply. What is sent there is signed with a secret of that
client and that agency. It exists from the first such comment on, and is shown when the client asks for one: each
asking makes a new secret, and those until now go on signing for 24 hours.
"""

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.publisher.adapters.store import audience, signing_keys
from services.publisher.adapters.subscription_shapes import SecretOf, secrets_body
from services.publisher.adapters.subscriptions_api import Desk, found, note
from services.publisher.domain.signing import Key
from services.publisher.domain.subscriptions import callback_subscription
from shared import idempotency
from shared.auth import Caller, requires
from shared.problems import Problem
from shared.strict_json import StrictRoute


def router(desk: Desk) -> APIRouter:
    """The one route."""
    routes = APIRouter(prefix="/v1/callback-secrets", tags=["subscriptions"], route_class=StrictRoute)

    @routes.post("", status_code=201)
    async def create_callback_secret(
        wanted: SecretOf, request: Request, caller: Caller = requires("comments:write")
    ) -> Response:
        """A new secret that signs the callbacks of the caller's comments to an agency: shown once."""
        if not caller.may_see(wanted.agency):
            raise Problem(403, "not-your-agency", "The token does not speak to this agency")
        secrets: list[Key] = []
        async with desk.database.begin(caller.scope) as connection:
            claim = await idempotency.claim_of(request, caller.subject, wanted.agency)

            async def effect() -> idempotency.Answer:
                subscription = callback_subscription(wanted.agency, caller.subject)
                await audience.meet(connection, subscription, wanted.agency, caller.subject)
                row = await found(connection, subscription, lock=True)
                made = await signing_keys.add(connection, desk.vault, row.agency, row.id, ("hmac-sha256",))
                secrets.extend(made)
                await note(connection, desk, row, "rotated", caller, {"signature": "hmac-sha256"})
                return idempotency.Answer(201, {"agency": row.agency, "subscription": row.id})

            answer = await idempotency.once(connection, claim, effect)
        body = answer.body | {"secret": secrets_body(secrets)["secret"]}
        return idempotency.Answer(answer.status, body, answer.headers).response()

    return routes
