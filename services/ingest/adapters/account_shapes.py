"""What ``/v1/accounts`` takes and gives: which secrets an account needs is asked of the platforms themselves."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import Row
from starlette.responses import JSONResponse, Response

from services.ingest.adapters.store import accounts as store
from services.ingest.adapters.versions import etag
from services.ingest.domain.health import State
from services.ingest.platforms import PLATFORMS
from services.ingest.platforms.base import Platform
from shared.problems import Problem

CONNECTABLE = frozenset(name for name, one in PLATFORMS.items() if one.secrets or one.optional_secrets)
MOST_HOURS = 366 * 24


def _secrets_of(platform: Platform) -> str:
    names = [*sorted(platform.secrets), *(f"{name} (if any)" for name in sorted(platform.optional_secrets))]
    return f"{platform.name}: {', '.join(names)}"


_NAMES = sorted(CONNECTABLE)
_SECRETS = "; ".join(_secrets_of(PLATFORMS[name]) for name in _NAMES)
_WITH_SERVER = [name for name in _NAMES if PLATFORMS[name].base_url != "unused"]

Secrets = dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=1024)]]
SECRETS = Field(description=f"by platform: {_SECRETS}")
BASE_URL = Field(
    None,
    max_length=2048,
    pattern=r"^https?://[^\s/?#]+$",
    description=f"the server that the account lives on ({', '.join(_WITH_SERVER)})",
)
SPEAKS = Field(
    None,
    gt=0,
    le=MOST_HOURS,
    allow_inf_nan=False,
    description="an account that is not heard for this many hours is degraded; null where silence is usual",
)


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class AccountIn(_Strict):
    """An account to connect. ``account`` is the platform's own id and stands in the webhook's route."""

    agency: str = Field(min_length=1, max_length=256, pattern=r"^[^*,\x00]+$")
    platform: str = Field(min_length=1, max_length=32, description=f"one of {', '.join(_NAMES)}")
    account: str = Field(min_length=1, max_length=256, pattern=r"^[^\s/?#]+$")
    name: str = Field(min_length=1, max_length=256, description="what people call it")
    secrets: Secrets = SECRETS
    base_url: str | None = BASE_URL
    speaks_every_hours: float | None = SPEAKS


class SecretsIn(_Strict):
    """The next secrets of an account; ``base_url`` where its server has moved."""

    secrets: Secrets = SECRETS
    base_url: str | None = BASE_URL


class AccountChangeIn(_Strict):
    """What may be changed of an account; what is left out stays (RFC 7396)."""

    speaks_every_hours: float | None = SPEAKS


class AccountOut(BaseModel):
    """An account.

    ``trouble`` says for machines why it is degraded, ``trouble_detail`` for people what to check. ``last_heard_at`` is
    exact to a minute. ``version`` is the ETag, without its quotes.
    """

    id: str
    agency: str
    platform: str
    account: str
    name: str
    base_url: str | None
    state: State
    trouble: str | None
    trouble_detail: str | None
    troubled_at: AwareDatetime | None
    last_heard_at: AwareDatetime | None
    speaks_every_hours: float | None
    connected_at: AwareDatetime
    disabled_at: AwareDatetime | None
    version: int


class AccountPage(BaseModel):
    items: list[AccountOut]
    next: str | None


def shown(row: Row[Any]) -> Response:
    """An account as an answer, with its version."""
    return JSONResponse(store.view(row), headers={"ETag": etag(row.version)})


def check(platform: str, secrets: Mapping[str, str], base_url: str | None) -> None:
    """Raise ``Problem`` 422 unless the platform exists and the account has just what it needs."""
    if platform not in CONNECTABLE:
        raise _invalid([("/platform", f"Connect one of: {', '.join(_NAMES)}.")])
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
