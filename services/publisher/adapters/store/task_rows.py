"""Tasks as they are written down and read back, and what every event about their publication says."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.publisher.domain.tasks import Task


def task_of(row: Any) -> Task:
    """The row as the domain knows it."""
    return Task(
        task=row.id,
        agency=row.agency,
        platform=row.platform,
        account=row.account,
        thread=row.thread,
        kind=row.kind,
        native_id=row.native_id,
        reply_to=row.reply_to,
        text=row.text,
        mention=row.mention,
        language=row.language,
        reason=row.reason,
        case=row.case_id,
        order=row.ordered_by,
        publication=row.publication,
        comment=row.comment,
        traceparent=row.traceparent,
    )


async def record(connection: AsyncConnection, tasks: Sequence[Task], release: dict[str, Any]) -> None:
    """Write tasks down that are not known yet."""
    for task in tasks:
        row = {
            "id": task.task,
            "agency": task.agency,
            "platform": task.platform,
            "account": task.account,
            "thread": task.thread,
            "kind": task.kind,
            "native_id": task.native_id,
            "reply_to": task.reply_to,
            "text": task.text,
            "mention": task.mention,
            "language": task.language,
            "reason": task.reason,
            "case_id": task.case,
            "ordered_by": task.order,
            "publication": task.publication,
            "comment": task.comment,
            "traceparent": task.traceparent,
            "release": json.dumps(release),
        }
        await connection.execute(_RECORD, row)


def about(publication: Any) -> dict[str, Any]:
    """What every event about a publication says of it."""
    return {
        "agency": publication.agency,
        "platform": publication.platform,
        "account": publication.account,
        "thread": publication.thread,
        "publication": publication.id,
        "response": publication.response,
        "case": publication.case_id,
        "comments": tuple(publication.comments),
        "purpose": "answer" if publication.purpose == "correction" else publication.purpose,
    }


_RECORD = text("""
    INSERT INTO task (id, agency, platform, account, thread, kind, native_id, reply_to, text, mention, language, reason,
                      case_id, ordered_by, publication, comment, traceparent, release, due_at)
    VALUES (:id, :agency, :platform, :account, :thread, :kind, :native_id, CAST(:reply_to AS text), CAST(:text AS text),
            CAST(:mention AS text), CAST(:language AS text), :reason, :case_id, :ordered_by, CAST(:publication AS text),
            CAST(:comment AS text), CAST(:traceparent AS text), CAST(:release AS jsonb), statement_timestamp())
    ON CONFLICT (ordered_by, native_id) DO NOTHING
""")
