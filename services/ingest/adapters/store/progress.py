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
        return
    said = {**values, "text": change.text, "language": change.language, "follower": change.follower}
    await connection.execute(_CORRECT, said)
    if change.follower is not None:
        await connection.execute(_ANSWER_INSTEAD, said)


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
        reply_language = coalesce(CAST(:language AS text), c.reply_language),
        reply_follower = coalesce(CAST(:follower AS text), c.reply_follower)
    FROM held
    WHERE c.id = held.id AND c.reply_response = :response
        AND CAST(:at AS timestamptz) > coalesce(c.reply_corrected_at, '-infinity')
""")  # noqa: S608 - constants of this module
# A correction of what never went out, or went meanwhile, is the reply by itself.
_ANSWER_INSTEAD = text(f"""
    WITH held AS ({_HELD})
    UPDATE comment c SET
        status = CASE WHEN c.status = 'deleted' THEN c.status ELSE 'answered' END, progressed_at = clock_timestamp(),
        reply_text = :text, reply_language = CAST(:language AS text),
        reply_response = :follower, reply_published_at = :at, reply_corrected_at = :at
    FROM held
    WHERE c.id = held.id AND c.reply_response IS NULL
""")  # noqa: S608 - constants of this module
# The first wording and what follows it go one by one, in any order; with the last of them the reply is gone.
_TAKE_BACK = text(f"""
    WITH held AS ({_HELD}), gone AS (
        SELECT c.id, c.reply_response = CAST(:response AS text) AND c.reply_follower IS NULL AS whole
        FROM comment c JOIN held USING (id)
        WHERE CAST(:response AS text) IN (c.reply_response, c.reply_follower))
    UPDATE comment c SET
        status = CASE WHEN whole AND c.status IN ('answered', 'closed') THEN 'routed' ELSE c.status END,
        progressed_at = clock_timestamp(),
        reply_text = CASE WHEN NOT whole THEN c.reply_text END,
        reply_language = CASE WHEN NOT whole THEN c.reply_language END,
        reply_response = CASE WHEN whole THEN NULL WHEN c.reply_response = CAST(:response AS text) THEN c.reply_follower
                              ELSE c.reply_response END,
        reply_published_at = CASE WHEN NOT whole THEN c.reply_published_at END,
        reply_corrected_at = CASE WHEN NOT whole THEN c.reply_corrected_at END,
        reply_follower = NULL
    FROM gone WHERE c.id = gone.id
""")  # noqa: S608 - constants of this module
