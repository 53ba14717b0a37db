"""``Idempotency-Key`` on our own POSTs: the same request twice is one effect and one answer.

After draft-ietf-httpapi-idempotency-key-header-07: 400 where the key is missing, 422 where it came with another body
before, 409 while the first request still runs. The claim stands in the transaction of the effect, so a process that
is killed leaves neither behind. An answer is kept for 72 hours; refusals of invalid input are not kept.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from sqlalchemy import Column, DateTime, Integer, MetaData, PrimaryKeyConstraint, Table, Text, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from shared.database import EVERY_AGENCY, Database, agency_column
from shared.problems import Problem

KEPT_HOURS = 72
MOST_CHARACTERS = 255


@dataclass(frozen=True)
class Claim:
    """A request that wants to have its effect once. ``fingerprint`` is the SHA-256 of the raw body."""

    agency: str
    principal: str
    method: str
    path: str
    key: str
    fingerprint: str


@dataclass(frozen=True)
class Answer:
    """What was answered."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        return Response(
            json.dumps(self.body, ensure_ascii=False),
            self.status,
            self.headers,
            media_type="application/json",
        )


def idempotency_table(metadata: MetaData) -> Table:
    """One row for each request that had its effect."""
    return Table(
        "idempotency_key",
        metadata,
        agency_column(),
        Column("principal", Text, nullable=False),
        Column("method", Text, nullable=False),
        Column("path", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("fingerprint", Text, nullable=False),
        Column("status", Integer),
        Column("body", Text),
        Column("headers", Text),
        Column("claimed_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
        PrimaryKeyConstraint("principal", "method", "path", "key", "agency"),
    )


def idempotency_key(request: Request) -> str:
    """The key of a request, quoted (a structured-field string) or bare. Raises ``Problem`` 400."""
    key = request.headers.get("idempotency-key", "").strip()
    if len(key) >= 2 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not key or len(key) > MOST_CHARACTERS or not key.isprintable():
        raise Problem(
            400,
            "idempotency-key-missing",
            "An Idempotency-Key is needed",
            detail=f"Send a header Idempotency-Key of 1 to {MOST_CHARACTERS} characters; it is kept {KEPT_HOURS} h.",
        )
    return key


async def claim_of(request: Request, principal: str, agency: str) -> Claim:
    """The claim that ``request`` makes for ``principal`` on a thing of ``agency``."""
    return Claim(
        agency=agency,
        principal=principal,
        method=request.method,
        path=request.url.path,
        key=idempotency_key(request),
        fingerprint=hashlib.sha256(await request.body()).hexdigest(),
    )


async def once(connection: AsyncConnection, claim: Claim, effect: Callable[[], Awaitable[Answer]]) -> Answer:
    """Have ``effect`` in this transaction, or give the answer that it had before.

    Raises ``Problem`` 422 ``idempotency-key-reused`` and 409 ``request-in-progress``.
    """
    names = vars(claim)
    try:
        claimed = (await connection.execute(_CLAIM, names)).scalar_one_or_none()
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == "55P03":
            raise in_progress() from error
        raise
    if claimed is None:
        return earlier_answer(claim, (await connection.execute(_EARLIER, names)).one_or_none())
    answer = await effect()
    await connection.execute(
        _KEEP,
        {
            **names,
            "status": answer.status,
            "body": json.dumps(answer.body),
            "headers": json.dumps(answer.headers),
        },
    )
    return answer


async def answered_before(connection: AsyncConnection, claim: Claim) -> Answer | None:
    """The answer that the same request had; None if it is new. For what is costly, or would now be refused.

    Raises ``Problem`` 422 ``idempotency-key-reused``.
    """
    row = (await connection.execute(_EARLIER, vars(claim))).one_or_none()
    return None if row is None else earlier_answer(claim, row)


def earlier_answer(claim: Claim, row: Any) -> Answer:
    """The kept answer of a row (fingerprint, status, body, headers), if it was the same request."""
    if row is None or row.status is None:
        raise in_progress()
    if row.fingerprint != claim.fingerprint:
        raise key_reused()
    return Answer(row.status, json.loads(row.body), json.loads(row.headers))


def key_reused() -> Problem:
    return Problem(
        422,
        "idempotency-key-reused",
        "This Idempotency-Key came with another body before",
        detail="Use a new key for a new request.",
    )


def in_progress() -> Problem:
    return Problem(409, "request-in-progress", "The same request is still running", headers={"Retry-After": "1"})


async def tidy(database: Database) -> None:
    """Forget answers after their time."""
    async with database.begin(EVERY_AGENCY) as connection:
        await connection.execute(_TIDY, {"hours": KEPT_HOURS})


_SAME = "agency = :agency AND principal = :principal AND method = :method AND path = :path AND key = :key"
_CLAIM = text("""
    INSERT INTO idempotency_key (agency, principal, method, path, key, fingerprint)
    VALUES (:agency, :principal, :method, :path, :key, :fingerprint)
    ON CONFLICT DO NOTHING RETURNING 1
""")
_EARLIER = text(f"SELECT fingerprint, status, body, headers FROM idempotency_key WHERE {_SAME}")  # noqa: S608
_KEEP = text(f"UPDATE idempotency_key SET status = :status, body = :body, headers = :headers WHERE {_SAME}")  # noqa: S608
_TIDY = text("DELETE FROM idempotency_key WHERE claimed_at < clock_timestamp() - make_interval(hours => :hours)")
