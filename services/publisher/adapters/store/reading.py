"""Publications as the API shows them, and the writes that a person causes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.publisher.adapters.store import turns
from services.publisher.domain.publications import Progress, Publication
from services.publisher.domain.settlements import SUPERSEDED, Settlement
from shared.ids import PublicationId

Row = Any


@dataclass(frozen=True)
class Filter:
    """Which publications are listed; ``before`` is the position that the page begins below."""

    agency: str | None = None
    state: str | None = None
    account: str | None = None
    before: int | None = None
    limit: int = 50


def askable(name: str) -> str:
    """A name from outside as Postgres can be asked for it; with a NUL, which nothing is called, it could not."""
    return name.replace("\x00", "\ufffd")


async def by_id(connection: AsyncConnection, publication: str, *, lock: bool = False) -> Row | None:
    """One publication as far as the caller may see it."""
    return (await connection.execute(_LOCKED if lock else _BY_ID, {"id": publication})).one_or_none()


async def by_response(connection: AsyncConnection, response: str) -> list[Row]:
    """The publications of a response."""
    return list(await connection.execute(_BY_RESPONSE, {"response": response}))


async def page(connection: AsyncConnection, wanted: Filter) -> list[Row]:
    """The newest first; one more than ``limit`` where there is another page."""
    return list(await connection.execute(_PAGE, {**vars(wanted), "limit": wanted.limit + 1}))


async def attempts(connection: AsyncConnection, publication: str) -> list[Row]:
    """The attempts on a publication, oldest first, the newest hundred."""
    return list(await connection.execute(_ATTEMPTS, {"id": publication}))


async def write_decision(connection: AsyncConnection, publication: str, settlement: Settlement) -> datetime:
    """Write what a person decided; the time of it."""
    after = settlement.progress
    row = await connection.execute(
        _DECIDE,
        {
            "id": publication,
            "state": after.state,
            "due": settlement.due_in is not None,
            "failures": after.failures,
            "resent": after.resent,
            "first_sent_at": after.first_sent_at,
            "sent_at": after.sent_at,
            "reason": after.reason,
            "detail": settlement.detail,
            "native_id": settlement.native_id,
            "posted": list(after.posted),
        },
    )
    at: datetime = row.scalar_one()
    await turns.pass_on(connection, [publication])
    return at


def publication_of(row: Row) -> Publication:
    """The row as the domain knows it."""
    return Publication(
        publication=PublicationId(row.id),
        agency=row.agency,
        platform=row.platform,
        account=row.account,
        thread=row.thread,
        response=row.response,
        case=row.case_id,
        comments=tuple(row.comments),
        reply_to=row.reply_to,
        text=row.text,
        language=row.language,
        traceparent=row.traceparent,
        purpose=row.purpose,
        valid_until=row.valid_until,
        parts=tuple(row.parts or ()),
        corrects=row.corrects,
    )


def progress_of(row: Row) -> Progress:
    """How far the row has come."""
    return Progress(
        state=row.state,
        recorded_at=row.recorded_at,
        attempts=row.attempts,
        failures=row.failures,
        resent=row.resent,
        first_sent_at=row.first_sent_at,
        sent_at=row.sent_at,
        reason=row.reason,
        needs_person=row.needs_person,
        posted=tuple(row.posted),
        parts=len(row.parts or ()) or 1,
        retracting=row.retracting and row.retracting.partition(" ")[2],
    )


_BY_ID = text("SELECT * FROM publication WHERE id = :id")
_LOCKED = text("SELECT * FROM publication WHERE id = :id FOR UPDATE")
_BY_RESPONSE = text("SELECT * FROM publication WHERE response = :response ORDER BY position")
_PAGE = text("""
    SELECT * FROM publication
    WHERE (CAST(:agency AS text) IS NULL OR agency = :agency)
      AND (CAST(:state AS text) IS NULL OR state = :state)
      AND (CAST(:account AS text) IS NULL OR account = :account)
      AND (CAST(:before AS bigint) IS NULL OR position < :before)
    ORDER BY position DESC LIMIT :limit
""")
_ATTEMPTS = text("""
    SELECT * FROM (
        SELECT number, started_at, ended_at, outcome, detail FROM attempt
        WHERE publication = :id ORDER BY number DESC LIMIT 100
    ) AS newest ORDER BY number
""")
# What an answer has overtaken stays so, whatever a person decides: only what stands already can be said to stand.
_DECIDE = text(f"""
    UPDATE publication SET
        state = :state, due_at = CASE WHEN :due THEN statement_timestamp() END, lease_token = NULL, lease_until = NULL,
        failures = :failures, resent = :resent, first_sent_at = CAST(:first_sent_at AS timestamptz),
        sent_at = CAST(:sent_at AS timestamptz), detail = CAST(:detail AS text),
        reason = CASE WHEN reason = '{SUPERSEDED}' AND :due THEN reason ELSE CAST(:reason AS text) END,
        native_id = CAST(:native_id AS text), posted = CAST(:posted AS text[]), needs_person = false,
        published_at = CASE WHEN :state = 'published' THEN statement_timestamp() END,
        settled_at = statement_timestamp()
    WHERE id = :id RETURNING settled_at
""")  # noqa: S608 - a constant of this package
