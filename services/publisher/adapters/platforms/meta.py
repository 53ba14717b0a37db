"""What Meta's platforms share: calls to the Graph API, the meaning of its errors, and its headers.

Sources: Meta, "Graph API: Error handling" (branch on ``code`` and ``error_subcode``, never on text), "Rate limits"
(throttle codes and usage headers), "Messenger Platform: Error codes", "Securing Graph API calls". What must stay true:

- The token travels in the ``Authorization`` header, not in the address, which ends up in logs.
- Codes 1 and 2, ``is_transient`` and any 5xx say nothing of whether the call was carried out before it failed; only
  what a product documents of its own codes (WhatsApp has some with 500) is believed whatever the status.
- 100 with subcode 33 means gone, or not for us: Graph does not tell the two apart.
"""

import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from services.publisher.adapters import metrics
from services.publisher.adapters.http import Answer, Http, NoAnswer, NothingSent
from services.publisher.adapters.platforms import budgets, times
from services.publisher.domain.outcomes import (
    NOT_POSSIBLE,
    CredentialsDead,
    Published,
    Refused,
    Throttled,
    Unavailable,
    Unknown,
)
from services.publisher.ports import Credentials

Code = tuple[int | None, int | None]
"""Code and subcode of an error; None where there is none, or where any will do."""

THROTTLED = frozenset({4, 17, 32, 341, 613, *range(80001, 80015)})
DEAD = frozenset({102, 190})
NOT_PERMITTED = frozenset({3, 10, *range(200, 300)})
UNSURE = frozenset({1, 2})
"""Unknown or temporary on Meta's side; the reply may have been made before it noticed."""
DUPLICATE = 506
"""An identical reply was just made: ours, most likely."""
BLOCKED = 368
CLOCK_SKEW = timedelta(minutes=2)
"""How far Meta's clock may lie before ours; its times have whole seconds besides."""
OBJECT_GONE: Code = (100, 33)

Refusal = Throttled | Unavailable | Refused | CredentialsDead | Unknown


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one product says beyond the common table: a subcode or None for all of a code.

    ``reasons`` are refusals for good, ``dead`` what parks the account until a person has seen to it, ``waits`` how many
    seconds a throttle lasts (None: not told), ``unsure`` what leaves open whether the reply stands.
    """

    platform: str
    reasons: Mapping[Code, str] = field(default_factory=dict)
    dead: frozenset[Code] = frozenset()
    waits: Mapping[Code, float | None] = field(default_factory=dict)
    unsure: frozenset[Code] = frozenset()


class Graph:
    """The Graph API as one product uses it."""

    def __init__(self, http: Http, dialect: Dialect, *, default_version: str) -> None:
        self._http = http
        self._default_version = default_version
        self.dialect = dialect

    @property
    def attempt_seconds(self) -> float:
        """How long an attempt may take, whatever it consists of."""
        return self._http.total_seconds

    def version(self, credentials: Credentials) -> str:
        """The version that an account speaks, ``v25.0`` for example."""
        return credentials.version or self._default_version

    async def get(self, credentials: Credentials, path: tuple[str, ...], query: Mapping[str, str]) -> Answer:
        """Read a node or an edge. Raises ``NothingSent`` and ``NoAnswer``."""
        url = self._url(credentials, path)
        return await self._http.get(self.dialect.platform, url, headers(credentials), {**query, **proof(credentials)})

    async def ask(
        self, credentials: Credentials, method: str, path: tuple[str, ...], content: dict[str, Any] | None = None
    ) -> Answer | Unavailable | Unknown:
        """Have something done; the answer, or what it means that there is none."""
        url = f"{self._url(credentials, path)}?{urlencode(proof(credentials))}".removesuffix("?")
        try:
            if content is not None:
                return await self._http.post(self.dialect.platform, url, headers(credentials), content)
            return await self._http.request(self.dialect.platform, method, url, headers(credentials))
        except NothingSent as nothing:
            return Unavailable(str(nothing))
        except NoAnswer as unanswered:
            return Unknown(str(unanswered))

    def _url(self, credentials: Credentials, path: tuple[str, ...]) -> str:
        parts = "/".join(quote(part, safe="") for part in path)
        return f"{credentials.base_url}/{self.version(credentials)}/{parts}"


def headers(credentials: Credentials) -> dict[str, str]:
    """What proves who calls."""
    return {"authorization": f"Bearer {credentials.token}"}


def proof(credentials: Credentials) -> dict[str, str]:
    """What proves that the app itself calls, which an app may demand: an HMAC of the token under the app's secret."""
    secret = credentials.secrets.get("app_secret")
    if secret is None:
        return {}
    return {"appsecret_proof": hmac.digest(secret.encode(), credentials.token.encode(), "sha256").hex()}


def outcome_of(
    answer: Answer, dialect: Dialect, native_id_of: Callable[[Mapping[str, Any]], object]
) -> Published | Refusal:
    """What the answer to a reply means; ``native_id_of`` finds its id in the body."""
    body = answer.object()
    if isinstance(body.get("error"), dict) or answer.status == 429:
        return refusal_of(answer, dialect)
    native_id = native_id_of(body)
    if 200 <= answer.status < 300 and isinstance(native_id, str) and native_id:
        return Published(native_id, rest=budgets.rest_of_meta(answer.headers))
    metrics.UNREADABLE.labels(dialect.platform).inc()
    return Unknown(f"an answer that is not documented, status {answer.status}")


def refusal_of(answer: Answer, dialect: Dialect) -> Refusal:
    """What an error means; by code and subcode, never by text."""
    error = _error(answer)
    code, subcode = code_of(answer)
    said = f"status {answer.status}, code {code}, subcode {subcode}"
    own = _in_dialect(code, subcode, answer, dialect, said)
    if own is not None:
        return own
    if answer.status >= 500:
        return Unknown(said)
    if code in THROTTLED or answer.status == 429:
        return Throttled(_wait(answer), said)
    if code in DEAD:
        return CredentialsDead(said)
    if code == DUPLICATE:
        return Unknown(f"{said}: the same reply was just made")
    if code in UNSURE or error.get("is_transient") is True:
        return Unknown(said)
    if (code, subcode) == OBJECT_GONE:
        return Refused(NOT_POSSIBLE, said)
    if code in NOT_PERMITTED:
        return Refused("not_permitted", said)
    if code == BLOCKED:
        return Refused("blocked", said)
    if code is None:
        return Unknown(said)
    return Refused("rejected", said)


def is_gone(answer: Answer) -> bool:
    """Whether Graph itself, not something before it, says that what was asked for does not exist, or not for us."""
    code = code_of(answer)
    return code == OBJECT_GONE if answer.status != 404 else code[0] is not None


def code_of(answer: Answer) -> Code:
    """Code and subcode of the error in an answer, None each where there is none."""
    error = _error(answer)
    code, subcode = error.get("code"), error.get("error_subcode")
    return code if isinstance(code, int) else None, subcode if isinstance(subcode, int) else None


def reaches_before(items: Iterable[Mapping[str, Any]], name: str, since: datetime) -> bool:
    """Whether any item of a list was written before ``since``, as it says under ``name``."""
    return any(written < since for one in items if (written := times.iso(one.get(name))) is not None)


def _error(answer: Answer) -> Mapping[str, Any]:
    error = answer.object().get("error")
    return error if isinstance(error, dict) else {}


def _in_dialect(code: int | None, subcode: int | None, answer: Answer, dialect: Dialect, said: str) -> Refusal | None:
    for key in ((code, subcode), (code, None)):
        if key in dialect.reasons:
            return Refused(dialect.reasons[key], said)
        if key in dialect.dead:
            return CredentialsDead(said)
        if key in dialect.waits:
            return Throttled(_wait(answer) or dialect.waits[key], said)
        if key in dialect.unsure:
            return Unknown(said)
    return None


def _wait(answer: Answer) -> float | None:
    return answer.retry_after() or budgets.regain_of_meta(answer.headers)
