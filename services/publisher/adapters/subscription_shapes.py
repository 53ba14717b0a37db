"""Subscriptions and deliveries as they are written and read over HTTP.

What is secret goes in and never comes out: a subscription shows the names of its headers and the kind of its
authentication. A secret that signs is shown once, in the answer to the request that made it.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from services.publisher.callback_ports import Credentials
from services.publisher.domain.messages import TYPES
from services.publisher.domain.signing import Key, Signature
from services.publisher.domain.subscriptions import Verification
from shared.clock import rfc3339

HEADER = re.compile(r"x-[a-z0-9]([a-z0-9-]{0,58}[a-z0-9])?", re.IGNORECASE)
"""Names of headers that a subscriber may have added; what belongs to HTTP or to the signature is none of them."""
AGENCY = r"^[^*,\x00]+$"
"""No agency's name opens the rows of others."""
MOST_HEADERS = 10
MOST_SUBJECTS = 100
MOST_IDS = 1000

Name = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f]*$")]
Type = Annotated[str, Field(json_schema_extra={"enum": list(TYPES)})]
Pem = Annotated[SecretStr, Field(min_length=1, max_length=16_384)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Authentication(_Strict):
    """How Parley names itself beside its signature: a bearer token, or a client certificate with its key (both PEM)."""

    bearer: Annotated[SecretStr, Field(min_length=1, max_length=4096)] | None = None
    certificate: Pem | None = None
    private_key: Pem | None = None

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> "Authentication":
        if (self.certificate is None) != (self.private_key is None):
            raise ValueError("certificate and private_key go together")
        if (self.bearer is None) == (self.certificate is None):
            raise ValueError("send either bearer, or certificate and private_key")
        return self

    @field_validator("bearer")
    @classmethod
    def _fits_into_a_header(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and (not _is_printable(token.get_secret_value()) or " " in token.get_secret_value()):
            raise ValueError("a token has printable ASCII characters and no spaces")
        return token


class Wanted(_Strict):
    """What a subscriber wants. Without ``types`` or ``subjects``: everything of the agency.

    ``headers`` and ``authentication`` stay as they are where a PUT does not name them; null takes them away. A PUT that
    names another host, scheme or port has to name them: what opened one endpoint is not shown to another.
    """

    url: Annotated[str, Field(min_length=1, max_length=2048)]
    types: Annotated[list[Type], Field(max_length=len(TYPES))] = []
    subjects: Annotated[list[Name], Field(max_length=MOST_SUBJECTS)] = []
    ordered: bool = Field(False, description="one at a time, the oldest first")
    verification: Verification = Field("none", description="the address must echo a challenge before anything is sent")
    headers: Annotated[dict[str, SecretStr], Field(max_length=MOST_HEADERS)] | None = None
    authentication: Authentication | None = None

    @field_validator("types")
    @classmethod
    def _are_told(cls, types: list[str]) -> list[str]:
        if not set(types) <= set(TYPES):
            raise ValueError("a type is one of " + ", ".join(TYPES))
        return types

    @field_validator("headers")
    @classmethod
    def _are_allowed(cls, headers: dict[str, SecretStr] | None) -> dict[str, SecretStr] | None:
        for name, value in (headers or {}).items():
            if not HEADER.fullmatch(name):
                raise ValueError("the names of headers begin with X- and have letters, digits and hyphens")
            said = value.get_secret_value()
            if len(said) > 1000 or not _is_printable(said) or said != said.strip():
                raise ValueError("the values of headers are at most 1000 printable ASCII characters")
        if len({name.lower() for name in headers or {}}) != len(headers or {}):
            raise ValueError("a header is named once")
        return headers

    def credentials(self, before: Credentials | None = None) -> Credentials:
        """What opens the endpoint; what a PUT does not name is as it was ``before``."""
        before = before or Credentials()
        named = self.model_fields_set
        authentication = self.authentication
        if "authentication" in named:
            bearer, certificate, private_key = (
                _secret(authentication.bearer if authentication else None),
                _secret(authentication.certificate if authentication else None),
                _secret(authentication.private_key if authentication else None),
            )
        else:
            bearer, certificate, private_key = before.bearer, before.certificate, before.private_key
        headers = before.headers
        if "headers" in named:
            headers = {name: value.get_secret_value() for name, value in (self.headers or {}).items()}
        return Credentials(bearer, certificate, private_key, headers)

    def keeps(self, before: Credentials) -> bool:
        """Whether something that opened the endpoint ``before`` is to go on doing so without being named."""
        named = self.model_fields_set
        opens = before.bearer is not None or before.certificate is not None
        return (opens and "authentication" not in named) or (bool(before.headers) and "headers" not in named)


class NewSubscription(Wanted):
    """A subscription to one agency's business."""

    agency: Annotated[str, Field(min_length=1, max_length=256, pattern=AGENCY)]
    signature: Signature = Field("hmac-sha256", description="what deliveries are signed with")


class Rotation(_Strict):
    """New keys; those until now go on signing for 24 hours. Without ``signature``: of the kinds there are."""

    signature: Signature | None = None


class SecretOf(_Strict):
    """The agency that a client's comments go to."""

    agency: Annotated[str, Field(min_length=1, max_length=256, pattern=AGENCY)]


class Redelivery(_Strict):
    """What is to be sent again: these deliveries, those of a span of time, or all that did not arrive since.

    ``cursor`` is the ``next`` of the answer to the same wish before, which goes on where that ended.
    """

    ids: Annotated[list[Name], Field(min_length=1, max_length=MOST_IDS)] | None = None
    from_: Annotated[AwareDatetime, Field(strict=False)] | None = Field(None, alias="from")
    to: Annotated[AwareDatetime, Field(strict=False)] | None = None
    failed_since: Annotated[AwareDatetime, Field(strict=False)] | None = None
    cursor: Annotated[str, Field(max_length=100)] | None = None

    @model_validator(mode="after")
    def _is_one_of_them(self) -> "Redelivery":
        if (self.from_ is None) != (self.to is None):
            raise ValueError("from and to go together")
        if sum(one is not None for one in (self.ids, self.from_, self.failed_since)) != 1:
            raise ValueError("send ids, or from and to, or failed_since")
        return self


def subscription_body(row: Any, keys: Sequence[Any], secrets: Sequence[Key] | None = None) -> dict[str, Any]:
    """A subscription; with its secrets only in the answer to the request that made them."""
    body: dict[str, Any] = {
        "id": row.id,
        "agency": row.agency,
        "kind": row.kind,
        "client": row.client,
        "url": row.url,
        "types": list(row.types),
        "subjects": list(row.subjects),
        "ordered": row.ordered,
        "signature": row.signature,
        "verification": row.verification,
        "headers": row.shown.get("headers", []),
        "authentication": row.shown.get("authentication"),
        "status": row.status,
        "disabled_reason": row.disabled_reason,
        "failures": row.failures,
        "failing_since": _time(row.failing_since),
        "resting_until": _time(row.resting_until),
        "notices": list(reversed(row.notices)),
        "keys": [_key_body(key) for key in keys],
        "version": row.version,
        "created_at": _time(row.created_at),
    }
    return body if secrets is None else body | secrets_body(secrets)


def secrets_body(keys: Sequence[Key]) -> dict[str, Any]:
    """What a receiver checks signatures with: shown in one answer and never again."""
    shared = [key.text for key in keys if key.public is None]
    public = [key.public for key in keys if key.public is not None]
    return {"secret": shared[0] if shared else None, "public_key": public[0] if public else None}


def shown(credentials: Credentials) -> dict[str, Any]:
    """What may be said of credentials."""
    kind = "bearer" if credentials.bearer else "client_certificate" if credentials.certificate else None
    return {"headers": sorted(credentials.headers), "authentication": kind}


def delivery_body(row: Any, attempts: Sequence[Any] | None = None) -> dict[str, Any]:
    """A delivery; with its attempts where they were asked for."""
    body: dict[str, Any] = {
        "id": row.id,
        "agency": row.agency,
        "subscription": row.subscription,
        "message": row.message,
        "type": row.type,
        "subject": row.subject,
        "sequence": row.sequence,
        "kind": row.kind,
        "state": row.state,
        "failures": row.failures,
        "recorded_at": _time(row.recorded_at),
        "due_at": _time(row.due_at),
        "settled_at": _time(row.settled_at),
    }
    if attempts is not None:
        body["attempts"] = [_attempt_body(one) for one in attempts]
    return body


def _attempt_body(row: Any) -> dict[str, Any]:
    return {
        "started_at": _time(row.started_at),
        "ended_at": _time(row.ended_at),
        "outcome": row.outcome,
        "status": row.status,
        "excerpt": row.excerpt,
    }


def _key_body(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "algorithm": row.algorithm,
        "public_key": row.public,
        "created_at": _time(row.created_at),
        "expires_at": _time(row.expires_at),
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)


def _secret(value: SecretStr | None) -> str | None:
    return None if value is None else value.get_secret_value()


def _is_printable(said: str) -> bool:
    return said.isascii() and said.isprintable()
