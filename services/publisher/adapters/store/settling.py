"""Settling: what came of claims, written together in one transaction with its attempts, events and audit rows.

What must stay true: every update filters on the lease token, so that a process which slept through its lease changes
nothing, and announces nothing. Rows that no update touched are reported as not kept. What an answer overtook while it
was tried stays marked so for as long as it is open.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.publisher.adapters import metrics
from services.publisher.adapters.store import accounts, corrections, turns
from services.publisher.adapters.store.actor import ACTOR
from services.publisher.adapters.tables import OPEN
from services.publisher.domain.settlements import SUPERSEDED
from services.publisher.ports import Settled
from shared import audit, outbox
from shared.audit import Entry
from shared.database import EVERY_AGENCY, Database
from shared.events import (
    Event,
    PublicationCorrected,
    PublicationFailed,
    PublicationRetracted,
    PuttingRightFailed,
    ResponsePublished,
)

MOST_DETAIL_BYTES = 8 * 1024
SEPARATOR = "\x1f"


async def settle(database: Database, batch: Sequence[Settled]) -> Sequence[bool]:
    """Write a batch down; for each whether the lease was still ours."""
    async with database.begin(EVERY_AGENCY) as connection:
        rows = {row.id: row for row in await connection.execute(_SETTLE, _columns(batch))}
        kept = [one for one in batch if _was_kept(rows, one)]
        await _record_attempts(connection, kept, rows)
        await announce(connection, kept, {row.id: row.settled_at for row in rows.values()})
        await turns.pass_on(connection, [one.claim.publication.publication for one in kept])
        await _take_back(connection, kept, rows)
        changed = await accounts.follow(connection, kept)
        if kept:
            now = rows[kept[0].claim.publication.publication].settled_at
            await audit.append(connection, [*map(_settled, kept), *changed], now)
    _count(batch, rows)
    return [_was_kept(rows, one) for one in batch]


def _was_kept(rows: dict[str, Any], settled: Settled) -> bool:
    row = rows.get(settled.claim.publication.publication)
    return row is not None and row.token == settled.claim.lease


async def _take_back(connection: AsyncConnection, kept: Sequence[Settled], rows: dict[str, Any]) -> None:
    """What was to be taken back while it was under way, and stands now, is to be deleted."""
    stands = [
        one.claim.publication.publication for one in kept if one.settlement.progress.state in ("published", "failed")
    ]
    unwanted = [publication for publication in stands if rows[publication].retracting is not None]
    if unwanted:
        await corrections.deletions(connection, unwanted)


async def announce(connection: AsyncConnection, settled: Sequence[Settled], at: dict[str, datetime]) -> None:
    """Stage the events of publications that ended."""
    events = []
    traceparents = []
    corrected = await _corrected(connection, settled)
    for one in settled:
        event = event_of(one, at[one.claim.publication.publication], corrected)
        if event is not None:
            events.append(event)
            traceparents.append(one.claim.publication.traceparent)
    await outbox.stage(connection, events, traceparents)


async def _corrected(connection: AsyncConnection, settled: Sequence[Settled]) -> dict[str, str]:
    """The responses of the publications that corrections among ``settled`` put right."""
    wanted = [one.claim.publication.corrects for one in settled if one.claim.publication.corrects is not None]
    if not wanted:
        return {}
    return {row.id: row.response for row in await connection.execute(_RESPONSES, {"ids": wanted})}


def event_of(settled: Settled, at: datetime, corrected: Mapping[str, str] = MappingProxyType({})) -> Event | None:
    """What the world is told about a settlement, if anything; ``corrected`` are the responses that corrections mend."""
    publication = settled.claim.publication
    progress = settled.settlement.progress
    whose: dict[str, Any] = {
        "agency": publication.agency,
        "platform": publication.platform,
        "account": publication.account,
        "thread": publication.thread,
        "publication": publication.publication,
        "response": publication.response,
        "case": publication.case,
        "comments": publication.comments,
        "purpose": "answer" if publication.purpose == "correction" else publication.purpose,
    }
    if progress.state == "retracted":
        return PublicationRetracted.model_construct(
            **whose, reason=progress.reason or "retracted", was_published=False, retracted_at=at
        )
    if publication.corrects is not None:
        mended = {"publication": publication.corrects, "response": corrected[publication.corrects]}
        return _correction_event({**whose, **mended}, settled, at)
    # Our own columns, checked when they came in: no second validation on the hot path.
    if progress.state == "published":
        return ResponsePublished.model_construct(
            **whose,
            native_id=settled.settlement.native_id or "",
            text=publication.text,
            language=publication.language,
            published_at=at,
        )
    if progress.state == "failed":
        return PublicationFailed.model_construct(
            **whose, reason=progress.reason or "", detail=cut(settled.settlement.detail, 500), failed_at=at
        )
    return None


def _correction_event(whose: dict[str, Any], settled: Settled, at: datetime) -> Event | None:
    publication, progress = settled.claim.publication, settled.settlement.progress
    if progress.state == "published":
        return PublicationCorrected.model_construct(
            **whose,
            correction=publication.response,
            native_id=settled.settlement.native_id or "",
            text=publication.text,
            language=publication.language,
            how="reply",
            corrected_at=at,
        )
    if progress.state == "failed":
        return PuttingRightFailed.model_construct(
            **whose,
            order=publication.response,
            action="correct",
            reason=progress.reason or "",
            detail=cut(settled.settlement.detail, 500),
            failed_at=at,
        )
    return None


def cut(detail: str | None, most: int = MOST_DETAIL_BYTES) -> str | None:
    """A detail as it may be kept: at most ``most`` bytes of UTF-8, without what Postgres cannot hold."""
    if detail is None:
        return None
    return detail.replace("\x00", "").encode("utf-8", "replace")[:most].decode("utf-8", "ignore")


async def _record_attempts(connection: AsyncConnection, kept: Sequence[Settled], rows: dict[str, Any]) -> None:
    tried = [(one, one.attempt) for one in kept if one.attempt is not None]
    if not tried:
        return
    await connection.execute(
        _ATTEMPTS,
        {
            "publications": [one.claim.publication.publication for one, _ in tried],
            "numbers": [rows[one.claim.publication.publication].attempts for one, _ in tried],
            "agencies": [one.claim.publication.agency for one, _ in tried],
            "started": [attempt.started_at for _, attempt in tried],
            "ended": [attempt.ended_at for _, attempt in tried],
            "outcomes": [attempt.outcome for _, attempt in tried],
            "details": [cut(attempt.detail) for _, attempt in tried],
        },
    )


def _settled(settled: Settled) -> Entry:
    before, after = settled.claim.progress, settled.settlement.progress
    details: dict[str, Any] = {"before": before.state, "after": after.state}
    if settled.attempt is not None:
        details["outcome"] = settled.attempt.outcome
    if after.reason is not None:
        details["reason"] = after.reason
    return Entry(
        agency=settled.claim.publication.agency,
        actor=ACTOR,
        action="publication.settled",
        subject=settled.claim.publication.publication,
        details=details,
    )


def _columns(batch: Sequence[Settled]) -> dict[str, list[Any]]:
    after = [(one.settlement, one.settlement.progress) for one in batch]
    return {
        "ids": [one.claim.publication.publication for one in batch],
        "tokens": [one.claim.lease for one in batch],
        "tried": [0 if one.attempt is None else 1 for one in batch],
        "states": [progress.state for _, progress in after],
        "due_in": [None if one.due_in is None else one.due_in.total_seconds() for one, _ in after],
        "failures": [progress.failures for _, progress in after],
        "resent": [progress.resent for _, progress in after],
        "first_sent": [progress.first_sent_at for _, progress in after],
        "sent": [progress.sent_at for _, progress in after],
        "reasons": [progress.reason for _, progress in after],
        "details": [cut(one.detail) for one, _ in after],
        "persons": [progress.needs_person for _, progress in after],
        "native_ids": [one.native_id for one, _ in after],
        "urls": [one.url for one, _ in after],
        # unnest would flatten an array of arrays; the separator is in no platform's id.
        "posted": [SEPARATOR.join(progress.posted) for _, progress in after],
    }


def _count(batch: Sequence[Settled], rows: dict[str, Any]) -> None:
    for one in batch:
        platform = one.claim.publication.platform
        if not _was_kept(rows, one):
            metrics.LEASES_LOST.labels(platform).inc()
            continue
        if one.attempt is not None:
            metrics.ATTEMPTS.labels(platform, one.attempt.outcome).inc()
        if one.settlement.progress.needs_person and not one.claim.progress.needs_person:
            metrics.NEEDS_PERSON.labels(platform).inc()


_SETTLE = text(f"""
    UPDATE publication AS p SET
        state = s.state,
        due_at = clock_timestamp() + make_interval(secs => s.due_in),
        lease_token = NULL,
        lease_until = NULL,
        attempts = p.attempts + s.tried,
        failures = s.failures,
        resent = s.resent,
        first_sent_at = s.first_sent_at,
        sent_at = s.sent_at,
        reason = CASE WHEN p.reason = '{SUPERSEDED}' AND s.{OPEN} THEN p.reason ELSE s.reason END,
        detail = s.detail,
        needs_person = s.needs_person,
        native_id = s.native_id,
        url = coalesce(p.url, s.url),
        posted = string_to_array(s.posted, chr(31)),
        published_at = CASE s.state WHEN 'published' THEN statement_timestamp() END,
        settled_at = statement_timestamp()
    FROM unnest(
        CAST(:ids AS text[]), CAST(:tokens AS uuid[]), CAST(:tried AS int[]), CAST(:states AS text[]),
        CAST(:due_in AS float[]), CAST(:failures AS int[]), CAST(:resent AS int[]),
        CAST(:first_sent AS timestamptz[]), CAST(:sent AS timestamptz[]), CAST(:reasons AS text[]),
        CAST(:details AS text[]), CAST(:persons AS boolean[]), CAST(:native_ids AS text[]), CAST(:urls AS text[]),
        CAST(:posted AS text[]))
        AS s (id, token, tried, state, due_in, failures, resent, first_sent_at, sent_at, reason, detail, needs_person,
              native_id, url, posted)
    WHERE p.id = s.id AND p.lease_token = s.token
    RETURNING p.id, p.attempts, p.settled_at, p.retracting, s.token
""")  # noqa: S608 - constants of this package
_RESPONSES = text("SELECT id, response FROM publication WHERE id = ANY (CAST(:ids AS text[]))")
_ATTEMPTS = text("""
    INSERT INTO attempt (publication, number, agency, started_at, ended_at, outcome, detail)
    SELECT * FROM unnest(
        CAST(:publications AS text[]), CAST(:numbers AS int[]), CAST(:agencies AS text[]),
        CAST(:started AS timestamptz[]), CAST(:ended AS timestamptz[]), CAST(:outcomes AS text[]),
        CAST(:details AS text[]))
""")
