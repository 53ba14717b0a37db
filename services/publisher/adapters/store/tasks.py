"""Tasks as rows: claimed for a lease, settled under its token together with what follows from them.

What must stay true: the end of a task, the state of its publication, the event and the audit row are one transaction. A
publication counts as taken back when nothing of it is left to delete; a correction that could not be made by editing
follows as a reply, unless that was taken back, or put right once more, meanwhile. Edits of one publication are made one
after the other, so that the last word stays.
"""

import json
import math
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.publisher.adapters.credentials import Vault
from services.publisher.adapters.store import accounts, task_rows
from services.publisher.adapters.store.actor import ACTOR
from services.publisher.adapters.store.corrections import follow_up, is_overtaken
from services.publisher.adapters.store.rooms import columns_of
from services.publisher.adapters.store.settling import cut
from services.publisher.domain.outcomes import CredentialsDead
from services.publisher.domain.settlements import SUPERSEDED
from services.publisher.ports import ClaimedTask, Rooms, SettledTask
from shared import audit, outbox
from shared.audit import Entry
from shared.database import EVERY_AGENCY, Database
from shared.events import (
    Event,
    ModerationEnded,
    PublicationCorrected,
    PublicationRetracted,
    PuttingRightFailed,
)

LOOKED = 64
"""Among how many of an account's due tasks a claim looks for those whose turn it is."""
RETRACTED = "retracted"
"""The reason of a correction that came to nothing because what it corrects was taken back."""
MOST_DETAIL = 2000
MOST_EVIDENCE_BYTES = 32 * 1024


class PostgresTasks:
    """The tasks in Postgres."""

    def __init__(self, database: Database, vault: Vault, *, lease: timedelta = timedelta(seconds=60)) -> None:
        self._database = database
        self._vault = vault
        self._lease = lease

    async def claim(self, rooms: Rooms) -> Sequence[ClaimedTask]:
        token = uuid.uuid4()
        wanted = {**columns_of(rooms), "looked": LOOKED, "token": token, "lease": self._lease.total_seconds()}
        async with self._database.begin(EVERY_AGENCY) as connection:
            rows = (await connection.execute(CLAIM, wanted)).all()
        return [self._claimed(row, token) for row in rows]

    def _claimed(self, row: Any, token: uuid.UUID) -> ClaimedTask:
        credentials = None if row.sealed is None else self._vault.open(row, row.facts)
        age = row.claimed_at - row.recorded_at
        return ClaimedTask(task_rows.task_of(row), token, row.claimed_at, age, row.attempts, credentials, row.moved)

    async def settle(self, settled: SettledTask) -> bool:
        async with self._database.begin(EVERY_AGENCY) as connection:
            row = (await connection.execute(_SETTLE, _columns(settled))).one_or_none()
            if row is None:
                return False
            ended = settled.ending.state != "pending"
            # The publication before its account, and the account before its credentials, as in settling.
            events = await _events(connection, settled, row.settled_at) if ended else []
            if settled.ending.pause is not None or isinstance(settled.effect, CredentialsDead):
                await connection.execute(_REST, _account(settled))
            if isinstance(settled.effect, CredentialsDead):
                await accounts.look_after(connection, [settled.claim.task.whose])
            if ended:
                await outbox.stage(connection, events)
                await audit.append(connection, [_entry(settled)], row.settled_at)
        return True


async def _events(connection: AsyncConnection, settled: SettledTask, at: datetime) -> list[Event]:
    task, ending = settled.claim.task, settled.ending
    if task.comment is not None:
        return [_moderated(settled, at)]
    publication = (await connection.execute(_PUBLICATION, {"id": task.publication})).one()
    whose = task_rows.about(publication)
    if task.kind == "edit":
        if ending.state != "done":
            if (await connection.execute(_GOES, {"publication": publication.id})).scalar_one():
                return [_failed(settled, whose, "correct", RETRACTED, at)]
            if await is_overtaken(connection, task):
                return [_failed(settled, whose, "correct", SUPERSEDED, at)]
            # It cannot be edited (any more): the correction follows as a reply, and says so by itself when it stands.
            await follow_up(connection, publication, task)
            return []
        await connection.execute(_REWORD, {"id": publication.id, "text": task.text})
        edited = PublicationCorrected(
            **whose,
            correction=task.order,
            native_id=task.native_id,
            text=task.text or "",
            language=task.language,
            how="edit",
            corrected_at=at,
        )
        return [edited]
    if ending.state != "done":
        return [_failed(settled, whose, "retract", ending.reason or ending.state, at)]
    left = (await connection.execute(_LEFT, {"publication": publication.id})).scalar_one()
    if left > 0 or publication.state == "retracted":
        return []
    await connection.execute(_TAKEN_BACK, {"id": publication.id})
    return [PublicationRetracted(**whose, reason=task.reason, was_published=True, retracted_at=at)]


def _failed(
    settled: SettledTask, whose: dict[str, Any], action: Literal["correct", "retract"], reason: str, at: datetime
) -> PuttingRightFailed:
    detail = cut(settled.ending.detail, 500)
    order = settled.claim.task.order
    return PuttingRightFailed(**whose, order=order, action=action, reason=reason, detail=detail, failed_at=at)


def _moderated(settled: SettledTask, at: datetime) -> ModerationEnded:
    task, ending = settled.claim.task, settled.ending
    assert task.comment is not None
    assert task.kind in ("hide", "show", "remove")
    return ModerationEnded(
        agency=task.agency,
        platform=task.platform,
        account=task.account,
        thread=task.thread,
        order=task.order,
        case=task.case,
        comment=task.comment,
        action=task.kind,
        outcome="done" if ending.state == "done" else "failed",
        reason=ending.reason,
        detail=cut(ending.detail, 500),
        ended_at=at,
    )


def _entry(settled: SettledTask) -> Entry:
    task, ending = settled.claim.task, settled.ending
    details = {"kind": task.kind, "order": task.order, "state": ending.state, "about": task.publication or task.comment}
    return Entry(agency=task.agency, actor=ACTOR, action="task.settled", subject=task.task, details=details)


def _columns(settled: SettledTask) -> dict[str, Any]:
    ending = settled.ending
    evidence = None if settled.evidence is None else _keepable(settled.evidence)
    if evidence is not None and len(json.dumps(evidence)) > MOST_EVIDENCE_BYTES:
        evidence = {**evidence, "body": "too large to keep"}
    return {
        "id": settled.claim.task.task,
        "token": settled.claim.lease,
        "state": ending.state,
        "due_in": None if ending.due_in is None else ending.due_in.total_seconds(),
        "detail": cut(ending.detail, MOST_DETAIL),
        "evidence": json.dumps([] if evidence is None else [evidence]),
    }


def _keepable(found: Any) -> Any:
    """What a platform answered as JSON that Postgres holds: no NUL, no half of a character, no number beyond all."""
    match found:
        case str():
            return found.replace("\x00", "").encode("utf-8", "replace").decode()
        case float() if not math.isfinite(found):
            return None
        case Mapping():
            return {_keepable(name): _keepable(value) for name, value in found.items()}
        case list() | tuple():
            return [_keepable(value) for value in found]
        case _:
            return found


def _account(settled: SettledTask) -> dict[str, Any]:
    task = settled.claim.task
    rest = settled.ending.pause or settled.ending.due_in or timedelta(0)
    return {"agency": task.agency, "platform": task.platform, "account": task.account, "seconds": rest.total_seconds()}


# Each account is asked for its own share through an index: a dead one's thousands are neither read nor in front of
# others'. What is done to one thing is done in the order in which it was ordered, else the older of two edits would
# stand at the end. Only a deletion waits for nothing: what it finds undone has nothing left to be done to. The row is
# asked once more under the lock, in a way that no index answers.
CLAIM = text("""
    WITH asked AS MATERIALIZED (
        SELECT a.id, a.agency, a.platform, a.account, a.moved_at IS NOT NULL AS moved,
               least(coalesce(busy.room, :each), CASE WHEN a.troubles > 0 THEN 1 END,
                     greatest(coalesce(open_on.room, :each_on) / a.many, 1)) AS room
        FROM (
            SELECT account.*, row_number() OVER (PARTITION BY platform ORDER BY random()) AS place,
                   count(*) OVER (PARTITION BY platform) AS many
            FROM account
            WHERE (paused_until IS NULL OR paused_until <= statement_timestamp())
              AND (disabled_at IS NULL OR moved_at IS NOT NULL)
              AND (SELECT true FROM task AS waiting
                  WHERE (waiting.agency, waiting.platform, waiting.account)
                      = (account.agency, account.platform, account.account)
                    AND waiting.state = 'pending' AND waiting.due_at <= statement_timestamp() LIMIT 1)
        ) AS a
        LEFT JOIN unnest(
            CAST(:agencies AS text[]), CAST(:platforms AS text[]), CAST(:accounts AS text[]), CAST(:rooms AS int[])
        ) AS busy (agency, platform, account, room) USING (agency, platform, account)
        LEFT JOIN unnest(CAST(:open_on AS text[]), CAST(:open_rooms AS int[])) AS open_on (platform, room)
            ON open_on.platform = a.platform
        WHERE coalesce(busy.room, :each) > 0 AND a.place <= coalesce(open_on.room, :each_on)
        ORDER BY a.place, random() LIMIT :most
    ), ready AS (
        SELECT due.id, asked.id AS account_id, asked.moved
        FROM asked CROSS JOIN LATERAL (
            SELECT t.id FROM (
                SELECT id, due_at FROM task AS due
                WHERE (due.agency, due.platform, due.account) = (asked.agency, asked.platform, asked.account)
                  AND due.state = 'pending' AND due.due_at <= statement_timestamp()
                ORDER BY due.due_at LIMIT :looked
            ) AS early JOIN task AS t ON t.id = early.id
            WHERE t.due_at + interval '0' <= statement_timestamp()
              AND (t.kind = 'delete' OR t.position <= (
                  SELECT older.position FROM task AS older
                  WHERE older.native_id = t.native_id AND older.state = 'pending'
                    AND (older.agency, older.platform, older.account) = (t.agency, t.platform, t.account)
                  ORDER BY older.native_id, older.position LIMIT 1))
            ORDER BY early.due_at LIMIT asked.room
            FOR UPDATE OF t SKIP LOCKED
        ) AS due
        LIMIT :most
    )
    UPDATE task AS t SET lease_token = :token, due_at = statement_timestamp() + make_interval(secs => :lease)
    FROM ready LEFT JOIN credentials AS c ON c.account_id = ready.account_id AND NOT ready.moved
    WHERE t.id = ready.id
    RETURNING t.*, ready.account_id, ready.moved, c.sealed, c.base_url, c.version, c.facts,
        statement_timestamp() AS claimed_at
""")
_SETTLE = text("""
    UPDATE task SET
        state = :state, attempts = attempts + 1, lease_token = NULL, detail = :detail,
        due_at = CASE WHEN :state = 'pending'
                      THEN clock_timestamp() + make_interval(secs => coalesce(CAST(:due_in AS float), 0)) END,
        evidence = CASE WHEN jsonb_array_length(evidence) < 5
                        THEN evidence || CAST(:evidence AS jsonb) ELSE evidence END,
        settled_at = clock_timestamp()
    WHERE id = :id AND lease_token = :token
    RETURNING settled_at
""")
_REST = text("""
    UPDATE account SET paused_until = greatest(paused_until, clock_timestamp() + make_interval(secs => :seconds))
    WHERE (agency, platform, account) = (:agency, :platform, :account)
""")
_PUBLICATION = text("SELECT * FROM publication WHERE id = :id FOR UPDATE")
_REWORD = text("""
    UPDATE publication SET text = :text, first_text = coalesce(first_text, text) WHERE id = :id
""")
# An order that failed is made good by a later one.
_LEFT = text("""
    SELECT count(DISTINCT native_id) FROM task AS t
    WHERE t.publication = :publication AND t.kind = 'delete' AND NOT EXISTS (
        SELECT FROM task AS done WHERE done.publication = t.publication AND done.native_id = t.native_id
            AND done.kind = 'delete' AND done.state = 'done')
""")
_GOES = text("""
    SELECT EXISTS (SELECT FROM task
        WHERE publication = :publication AND kind = 'delete' AND state IN ('pending', 'done'))
""")
_TAKEN_BACK = text("UPDATE publication SET state = 'retracted' WHERE id = :id")
