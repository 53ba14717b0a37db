"""Responses that are taken back or put right, as they come in: in the consumer's transaction.

What must stay true: of a response that is to be taken back nothing goes out any more, whatever its publication is doing
at this moment: what waits ends at once, what is under way is marked and looked at when its outcome is known.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.publisher.adapters.store import accounts, task_rows, turns
from services.publisher.domain.publications import Nature
from services.publisher.domain.tasks import Task
from shared import outbox, wordings
from shared.errors import Dead
from shared.events import PublicationRetracted, ResponseCorrected, ResponseRetracted
from shared.events.responses import PuttingRight
from shared.ids import new_id
from shared.lengths import NOTHING_TOLD, Facts

NEVER_SENT = frozenset({"pending", "failed"})


async def retract(connection: AsyncConnection, order: ResponseRetracted, now: datetime) -> None:
    """Take back what a response and its corrections have put out, or would. Raises ``Dead`` with code
    ``unknown_response``."""
    for row in await _publications(connection, order):
        await _take_back(connection, row, order.retraction, order, now)


async def correct(
    connection: AsyncConnection, order: ResponseCorrected, natures: Mapping[str, Nature], now: datetime
) -> None:
    """Edit what stands where its platform lets us, else let the correction follow it.

    What has not gone out yet is taken back, be it an earlier correction, and the correction goes out in its place: no
    later than that was to, where nothing of the response stands. Where an earlier correction stands as a reply, or is
    on its way, this one follows it: edited into what stands above, it would leave the older words as the last. Raises
    ``Dead`` with code ``unknown_response``.
    """
    rows = await _publications(connection, order)
    replied = any(_is_earlier_reply(row, order) for row in rows)
    until = None if any(row.state == "published" for row in rows) else _until(rows)
    facts = await _facts(connection, rows[0])
    for row in rows:
        if row.corrects is not None:
            if row.response != order.correction and _was_never_sent(row):
                await _take_back(connection, row, order.correction, order, now)
        elif row.state != "published":
            await _take_back(connection, row, order.correction, order, now)
            said = _row(row, order.correction, order.text, order.language, row.reply_to, release_of(order), facts)
            await connection.execute(_CORRECTION, {**said, "until": until})
        elif (
            not replied
            and _can_edit(row, natures.get(row.platform, Nature()), now)
            and len(_wording(row, order.text, facts)) == 1
        ):
            edit = _task(row, "edit", row.native_id, order.correction, order.reason, order.text, order.language)
            await task_rows.record(connection, [edit], release_of(order))
        else:
            said = _row(row, order.correction, order.text, order.language, _last(row), release_of(order), facts)
            await connection.execute(_CORRECTION, {**said, "until": None})


async def is_overtaken(connection: AsyncConnection, task: Task) -> bool:
    """Whether a later correction of the same publication stands, or is to: by another edit or as a reply. The
    publication is locked."""
    return bool((await connection.execute(_OVERTAKEN, {"id": task.task})).scalar_one())


async def follow_up(connection: AsyncConnection, publication: Any, task: Task) -> None:
    """Let a correction follow as a reply, because what it corrects could not be edited."""
    release = (await connection.execute(_RELEASE_OF_TASK, {"id": task.task})).scalar_one()
    facts = await _facts(connection, publication)
    row = _row(publication, task.order, task.text or "", task.language, _last(publication), release, facts)
    await connection.execute(_CORRECTION, {**row, "until": None})


async def deletions(connection: AsyncConnection, publications: Sequence[str]) -> None:
    """Write down the deletion of what was to be taken back while it was being sent, and stands now."""
    for row in await connection.execute(_RETRACTING, {"ids": list(publications)}):
        order, _, reason = row.retracting.partition(" ")
        found = [_task(row, "delete", native_id, order, reason) for native_id in _posted(row)]
        await task_rows.record(connection, found, row.release)


def release_of(order: PuttingRight) -> dict[str, Any]:
    """The authority under which something is put right, as the row keeps it."""
    return {
        "level": order.level,
        "digest": order.digest,
        "policy_version": order.policy_version,
        "authorisations": [one.model_dump(mode="json") for one in order.authorisations],
    }


async def _publications(connection: AsyncConnection, order: PuttingRight) -> Sequence[Any]:
    # Locked first, found then: a correction that follows an edit which failed this moment is seen as well.
    if (await connection.execute(_LOCK, {"response": order.response})).first() is None:
        # Were it passed over, the response would go out as soon as somebody mends what keeps its event from us.
        raise Dead("unknown_response", f"there is no publication of {order.response}")
    return (await connection.execute(_OF_RESPONSE, {"response": order.response})).all()


async def _take_back(connection: AsyncConnection, row: Any, order: str, why: PuttingRight, now: datetime) -> None:
    if row.state == "retracted":
        return
    if _was_never_sent(row):
        await connection.execute(_END, {"id": row.id})
        await turns.pass_on(connection, [row.id])
        never_sent = PublicationRetracted(
            **task_rows.about(row), reason=why.reason, was_published=False, retracted_at=now
        )
        await outbox.stage(connection, [never_sent])
    elif row.state in ("published", "failed"):
        found = [_task(row, "delete", native_id, order, why.reason) for native_id in _posted(row)]
        await task_rows.record(connection, found, release_of(why))
    else:
        await connection.execute(_MARK, {"id": row.id, "why": f"{order} {why.reason}"})


def _was_never_sent(row: Any) -> bool:
    return row.state in NEVER_SENT and row.lease_token is None and not row.posted


def _is_earlier_reply(row: Any, order: ResponseCorrected) -> bool:
    """Whether an earlier correction stands as a reply, or may: in the thread it comes after what it corrects."""
    is_earlier = row.corrects is not None and row.response != order.correction
    return is_earlier and row.state != "retracted" and not _was_never_sent(row)


def _until(rows: Sequence[Any]) -> datetime | None:
    return min((row.valid_until for row in rows if row.valid_until is not None), default=None)


async def _facts(connection: AsyncConnection, row: Any) -> Facts:
    """What the server on which a publication stands told of its limits."""
    whose = row.agency, row.platform, row.account
    return (await accounts.facts(connection, [whose])).get(whose, NOTHING_TOLD)


def _row(
    row: Any,
    correction: str,
    words: str,
    language: str | None,
    reply_to: str,
    release: Mapping[str, Any],
    facts: Facts,
) -> dict[str, Any]:
    return {
        "id": new_id("pub"),
        "corrects": row.id,
        "response": correction,
        "reply_to": reply_to,
        "text": words,
        "parts": json.dumps(parts) if len(parts := _wording(row, words, facts)) > 1 else None,
        "language": language,
        "release": json.dumps(release),
    }


def _wording(row: Any, words: str, facts: Facts) -> tuple[str, ...]:
    """What goes out for a correction; always as a thread where need be: that it is said matters more than in how many
    pieces."""
    reply = wordings.Reply(row.platform, words, row.mention, row.visibility, row.public, facts)
    return reply.wordings(may_split=True)


def _can_edit(row: Any, nature: Nature, now: datetime) -> bool:
    in_time = nature.edit_for is None or now - row.published_at < nature.edit_for
    return "edit" in nature.tasks and in_time and len(_posted(row)) == 1


def _posted(row: Any) -> Sequence[str]:
    return row.posted or ([row.native_id] if row.native_id else [])


def _last(row: Any) -> str:
    return str(_posted(row)[-1])


def _task(
    row: Any,
    kind: Any,
    native_id: str,
    order: str,
    reason: str,
    words: str | None = None,
    language: str | None = None,
) -> Task:
    return Task(
        task=new_id("tsk"),
        agency=row.agency,
        platform=row.platform,
        account=row.account,
        thread=row.thread,
        kind=kind,
        native_id=native_id,
        reply_to=row.reply_to,
        text=words,
        mention=row.mention,
        language=language or row.language,
        reason=reason,
        case=row.case_id,
        order=order,
        publication=row.id,
        traceparent=row.traceparent,
    )


_LOCK = text("SELECT id FROM publication WHERE response = :response FOR UPDATE")
_OF_RESPONSE = text("""
    SELECT * FROM publication
    WHERE response = :response OR corrects IN (SELECT id FROM publication WHERE response = :response)
    ORDER BY position FOR UPDATE
""")
_END = text("""
    UPDATE publication SET state = 'retracted', due_at = NULL, settled_at = statement_timestamp() WHERE id = :id
""")
_MARK = text("UPDATE publication SET retracting = coalesce(retracting, :why) WHERE id = :id")
_RETRACTING = text("SELECT * FROM publication WHERE id = ANY (CAST(:ids AS text[]))")
_OVERTAKEN = text("""
    SELECT EXISTS (
        SELECT FROM task AS later WHERE later.publication = t.publication AND later.kind = 'edit'
            AND later.position > t.position AND later.state IN ('pending', 'done')
    ) OR EXISTS (
        SELECT FROM publication AS later WHERE later.corrects = t.publication AND later.response <> t.ordered_by
            AND later.recorded_at > t.recorded_at AND later.state NOT IN ('failed', 'retracted'))
    FROM task AS t WHERE t.id = :id
""")
_RELEASE_OF_TASK = text("SELECT release FROM task WHERE id = :id")
_CORRECTION = text("""
    INSERT INTO publication
        (id, agency, platform, account, thread, response, case_id, comments, reply_to, text, mention, visibility,
         public, language, traceparent, purpose, corrects, valid_until, parts, subject_line, release,
         due_at)
    SELECT :id, agency, platform, account, thread, :response, case_id, comments, :reply_to, :text, mention, visibility,
           public, CAST(:language AS text), traceparent, 'correction', id,
           CAST(:until AS timestamptz),
           CASE WHEN CAST(:parts AS text) IS NOT NULL
                THEN ARRAY(SELECT jsonb_array_elements_text(CAST(:parts AS jsonb))) END,
           subject_line,
           CAST(:release AS jsonb), statement_timestamp()
    FROM publication WHERE id = :corrects
    ON CONFLICT (response) DO NOTHING
""")
