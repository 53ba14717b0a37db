"""How far comments have come, written for a whole batch at once, and what was put right afterwards.

The ladder of ``domain.statuses`` holds in the statement too, so that a fact that arrives late takes nothing back.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.statuses import LADDER, Corrected, Progress, Retracted, combined


async def note(connection: AsyncConnection, facts: Iterable[Progress]) -> None:
    """Move comments on, in the caller's transaction. Comments that are not here are passed over."""
    found = combined(facts)
    if not found:
        return
    replies = [fact.reply for fact in found]
    await connection.execute(
        _NOTE,
        {
            "ladder": list(LADDER),
            "comments": [fact.comment for fact in found],
            "statuses": [fact.status for fact in found],
            "cases": [fact.case for fact in found],
            "texts": [reply.text if reply else None for reply in replies],
            "languages": [reply.language if reply else None for reply in replies],
            "responses": [reply.response if reply else None for reply in replies],
            "published": [reply.published_at if reply else None for reply in replies],
        },
    )


async def put_right(connection: AsyncConnection, comments: Sequence[str], change: Corrected | Retracted) -> None:
    """Correct or take away a reply, as far as it is still that of these comments."""
    values = {"comments": sorted(set(comments)), "response": change.response, "at": change.at}
    if isinstance(change, Retracted):
        await connection.execute(_TAKE_BACK, values)
    else:
        await connection.execute(_CORRECT, {**values, "text": change.text, "follower": change.follower})


# What was corrected is not undone by its first publication, told once more.
_NEWER = """
    (u.published_at IS NOT NULL AND u.published_at >= coalesce(c.reply_published_at, '-infinity')
     AND (u.response IS DISTINCT FROM c.reply_response OR c.reply_corrected_at IS NULL))"""
_HIGHER = """
    (array_position(CAST(:ladder AS text[]), u.status) > array_position(CAST(:ladder AS text[]), c.status))"""
_NOTE = text(f"""
    UPDATE comment c SET
        status = CASE WHEN {_HIGHER} THEN u.status ELSE c.status END,
        progressed_at = CASE WHEN {_HIGHER} OR {_NEWER} THEN clock_timestamp() ELSE c.progressed_at END,
        case_id = coalesce(c.case_id, u.case_id),
        reply_text = CASE WHEN {_NEWER} THEN u.text ELSE c.reply_text END,
        reply_language = CASE WHEN {_NEWER} THEN u.language ELSE c.reply_language END,
        reply_response = CASE WHEN {_NEWER} THEN u.response ELSE c.reply_response END,
        reply_corrected_at = CASE WHEN {_NEWER} THEN NULL ELSE c.reply_corrected_at END,
        reply_follower = CASE WHEN {_NEWER} THEN NULL ELSE c.reply_follower END,
        reply_published_at = CASE WHEN {_NEWER} THEN u.published_at ELSE c.reply_published_at END
    FROM unnest(
        CAST(:comments AS text[]), CAST(:statuses AS text[]), CAST(:cases AS text[]), CAST(:texts AS text[]),
        CAST(:languages AS text[]), CAST(:responses AS text[]), CAST(:published AS timestamptz[])
    ) AS u (id, status, case_id, text, language, response, published_at)
    WHERE c.id = u.id
""")  # noqa: S608 - constants of this module
_HELD = "SELECT id FROM comment WHERE id = ANY (CAST(:comments AS text[])) ORDER BY id FOR UPDATE"
_CORRECT = text(f"""
    WITH held AS ({_HELD})
    UPDATE comment c SET
        reply_text = :text, reply_corrected_at = :at, progressed_at = clock_timestamp(),
        reply_follower = coalesce(CAST(:follower AS text), c.reply_follower)
    FROM held
    WHERE c.id = held.id AND c.reply_response = :response
        AND CAST(:at AS timestamptz) > coalesce(c.reply_corrected_at, '-infinity')
""")  # noqa: S608 - constants of this module
# What follows the reply under its own id stays when the first is taken away, and goes on being the answer.
_TAKE_BACK = text(f"""
    WITH held AS ({_HELD})
    UPDATE comment c SET
        status = CASE WHEN c.status IN ('answered', 'closed') THEN 'routed' ELSE c.status END,
        progressed_at = clock_timestamp(), reply_text = NULL, reply_language = NULL, reply_response = NULL,
        reply_published_at = NULL, reply_corrected_at = NULL
    FROM held
    WHERE c.id = held.id AND c.reply_response = :response AND c.reply_follower IS NULL
""")  # noqa: S608 - constants of this module
