"""Which thread a comment stands in, where the platform only says what it answers.

A comment belongs to the thread of its parent. The parent is a comment that we have, one of our own replies, or one
that came in the same batch; of a parent that nobody knows, its own id has to do, which is right wherever it turns out
to be the root. A post of our own is no thread: each comment directly under it begins one, also where the post is known
by nothing but that its answer says whose it is.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.adapters.store.items import Place
from services.ingest.domain.accounts import Account
from services.ingest.domain.entries import Echo, Kept, Written


async def of_parents(connection: AsyncConnection, entries: Sequence[tuple[Account, Kept]]) -> Mapping[Place, str]:
    """The thread of every entry that names a parent but no thread, by its place."""
    pending: dict[Place, Place] = {
        (account.id, entry.native_id): (account.id, entry.parent)
        for account, entry in entries
        if isinstance(entry, Written | Echo) and entry.thread is None and entry.parent is not None
    }
    if not pending:
        return {}
    known = dict(await known_threads(connection, set(pending.values())))
    for account, entry in entries:
        if isinstance(entry, Written | Echo) and entry.thread is not None:
            is_post = isinstance(entry, Echo) and entry.thread == entry.native_id
            known.setdefault((account.id, entry.native_id), None if is_post else entry.thread)
    answering = {(account.id, entry.native_id) for account, entry in entries if getattr(entry, "answers_us", False)}
    return {place: _climb(place, pending, known, answering) for place in pending}


def _climb(
    place: Place, pending: Mapping[Place, Place], known: Mapping[Place, str | None], answering: Collection[Place]
) -> str:
    passed = {place}
    parent = pending[place]
    while parent not in known and parent in pending and parent not in passed:
        passed.add(parent)
        place, parent = parent, pending[parent]
    # Directly under a post of ours, ``place`` is what begins the thread.
    unknown = None if place in answering else parent[1]
    return known.get(parent, unknown) or place[1]


async def known_threads(connection: AsyncConnection, places: Iterable[Place]) -> Mapping[Place, str | None]:
    """The threads of those ``places`` that are comments or own replies here; None for a post of our own.

    A parent may also be named by our own comment id, as clients of our API know it.
    """
    wanted = sorted(places)
    rows = await connection.execute(
        _KNOWN, {"accounts": [one[0] for one in wanted], "natives": [one[1] for one in wanted]}
    )
    return {(row.account_id, row.native_id): row.thread for row in rows}


_KNOWN = text("""
    WITH wanted AS (
        SELECT * FROM unnest(CAST(:accounts AS text[]), CAST(:natives AS text[])) AS w (account_id, native_id)
    )
    SELECT w.account_id, w.native_id, found.thread
    FROM wanted w CROSS JOIN LATERAL (
        SELECT thread FROM comment c WHERE c.account_id = w.account_id AND c.native_id = w.native_id
        UNION ALL
        SELECT thread FROM comment c WHERE c.id = w.native_id AND c.account_id = w.account_id
        UNION ALL
        SELECT NULLIF(thread, native_id) FROM echo e
        WHERE e.account_id = w.account_id AND e.native_id = w.native_id AND e.thread IS NOT NULL
        LIMIT 1
    ) AS found
""")
