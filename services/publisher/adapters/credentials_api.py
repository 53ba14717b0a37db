"""Credentials over HTTP: given and taken away, never read back.

What must stay true: no answer, log line or audit row holds a token. ``PUT`` is the whole edit of something that nobody
can read, so there is no version to compare and ``If-Match`` is not asked for; the last one holds, and each is audited.
"""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, field_validator
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from services.publisher.adapters.bell import Bell
from services.publisher.adapters.credentials import Vault
from services.publisher.adapters.store import credentials
from services.publisher.adapters.store.reading import askable
from shared import audit, idempotency
from shared.audit import Entry
from shared.auth import Caller, requires
from shared.clock import rfc3339
from shared.database import Database
from shared.problems import not_found
from shared.strict_json import StrictRoute

ADDRESS = r"^https?://[A-Za-z0-9.\-:\[\]]+(/[A-Za-z0-9._~/\-]*)?$"


Secret = Annotated[SecretStr, Field(min_length=1, max_length=4096)]
SecretName = Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,39}$")]


class NewCredentials(BaseModel):
    """A token, and where it is good if not at the platform's own address.

    ``base_url`` is an http or https address without user, query or fragment; ``version`` one of the Graph API.
    ``secrets`` are what the platform asks for beside the token, by name: ``refresh_token``, ``client_id`` and
    ``client_secret`` (X, YouTube), ``username`` (Discourse), ``sender_name`` (Viber), ``app_id``, ``app_secret`` and
    ``human_agent`` (Meta), ``message_stream`` (Postmark), ``domain`` (Mailgun), ``reply_to`` (both),
    ``jurisdiction_id`` (Open311). ``expires_at`` is when the token runs out; where it can be renewed, Parley does it
    before.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    token: Secret
    base_url: Annotated[str, Field(max_length=500, pattern=ADDRESS)] | None = None
    version: Annotated[str, Field(pattern=r"^v\d{1,3}\.\d{1,3}$")] | None = None

    secrets: dict[SecretName, Secret] = Field(default_factory=dict, max_length=10)
    expires_at: AwareDatetime | None = Field(None, strict=False, description="RFC 3339")

    @field_validator("token")
    @classmethod
    def _fits_into_a_header(cls, token: SecretStr) -> SecretStr:
        words = token.get_secret_value()
        if not (words.isascii() and words.isprintable()) or " " in words:
            raise ValueError("a token has printable ASCII characters and no spaces")
        return token

    @field_validator("secrets")
    @classmethod
    def _are_one_line_each(cls, secrets: dict[str, SecretStr]) -> dict[str, SecretStr]:
        if "token" in secrets:
            raise ValueError("the token has a field of its own")
        if not all(secret.get_secret_value().isprintable() for secret in secrets.values()):
            raise ValueError("a secret is printable and has one line")
        return secrets


def router(database: Database, vault: Vault, bell: Bell) -> APIRouter:
    """The routes of an account's credentials."""
    routes = APIRouter(prefix="/v1/accounts", tags=["accounts"], route_class=StrictRoute)

    @routes.put("/{account_id}/credentials")
    async def put_credentials(
        account_id: str, given: NewCredentials, caller: Caller = requires("accounts:write")
    ) -> Response:
        """Give an account new credentials; what waited for them goes out at once. 404 if not yours or unknown."""
        async with database.begin(caller.scope) as connection:
            account = await _account(connection, account_id)
            secrets = {name: secret.get_secret_value() for name, secret in given.secrets.items()}
            sealed = vault.seal(account_id, given.token.get_secret_value(), secrets)
            at = await credentials.put(
                connection, account, sealed, given.base_url, given.version, caller.subject, given.expires_at
            )
            if at is None:
                raise not_found("account")
            entry = _entry(account, "credentials.replaced", caller, {"base_url": given.base_url})
            await audit.append(connection, [entry], at)
            account = await _account(connection, account_id)
        bell.ring()
        return JSONResponse(_body(account))

    @routes.get("/{account_id}/credentials")
    async def read_credentials(account_id: str, caller: Caller = requires("accounts:write")) -> Response:
        """Whether an account has credentials, since when, until when and what they allow; never which.

        ``rights`` are true, false, or null where the platform does not tell; null as a whole before the first probe.
        """
        async with database.begin(caller.scope) as connection:
            account = await _account(connection, account_id)
        if account.updated_at is None:
            raise not_found("set of credentials")
        return JSONResponse(_body(account))

    @routes.post("/{account_id}/credentials/probes", status_code=202)
    async def probe(account_id: str, request: Request, caller: Caller = requires("accounts:write")) -> Response:
        """Find out now what the credentials allow; read the answer at ``Location``. 404 if there are none."""
        async with database.begin(caller.scope) as connection:
            account = await _account(connection, account_id)
            claim = await idempotency.claim_of(request, caller.subject, account.agency)

            async def effect() -> idempotency.Answer:
                if not await credentials.probe(connection, account_id):
                    raise not_found("set of credentials")
                where = f"/v1/accounts/{account_id}/credentials"
                return idempotency.Answer(202, {"account": account.account, "state": "probing"}, {"Location": where})

            answer = await idempotency.once(connection, claim, effect)
        return answer.response()

    @routes.delete("/{account_id}/credentials")
    async def delete_credentials(account_id: str, caller: Caller = requires("accounts:write")) -> Response:
        """Take an account's credentials away; what is due for it waits. Doing it again changes nothing."""
        async with database.begin(caller.scope) as connection:
            account = await _account(connection, account_id)
            at = await credentials.delete(connection, account_id)
            if at is not None:
                await audit.append(connection, [_entry(account, "credentials.removed", caller, {})], at)
        return Response(status_code=204)

    return routes


async def _account(connection: AsyncConnection, account_id: str) -> Any:
    account = await credentials.account(connection, askable(account_id))
    if account is None:
        raise not_found("account")
    return account


def _body(account: Any) -> dict[str, Any]:
    return {
        "account": account.account,
        "platform": account.platform,
        "updated_at": rfc3339(account.updated_at),
        "present": True,
        "expires_at": _time(account.expires_at),
        "probed_at": _time(account.probed_at),
        "rights": account.rights,
        "facts": account.facts,
        "detail": account.probe_detail,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)


def _entry(account: Any, action: str, caller: Caller, details: dict[str, Any]) -> Entry:
    return Entry(agency=account.agency, actor=caller.subject, action=action, subject=account.id, details=details)
