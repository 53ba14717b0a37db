"""Turns in a thread: what waits behind an older publication is put aside, and called when that has ended.

What must stay true: in every thread with something put aside, an older one is open that is not, or the next is called
within ``ASIDE``. To put aside takes the lock of the older one, which must then still be open; whoever settles that one
does so before or after, and calls the next in a statement of its own, which sees what was put aside before.

So a claim looks at what may go out, not at thousands that wait for one reply that nobody can make out.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.publisher.adapters.tables import OPEN

ASIDE = timedelta(minutes=5)
"""After this what was put aside is looked at again, should nobody have called it."""
MOST_ASIDE = 1000
"""Among how many that are due on an account those are looked for: a few milliseconds of work."""

_ENDED = "state IN ('published', 'failed', 'retracted')"
"""The contrary of open, where a row is found by its id: no planner takes an index of all that is open for it."""

KEEPS_BACK = "(older.purpose = 'answer' OR older.state <> 'unknown' OR older.lease_token IS NOT NULL)"
"""What an open publication must be to keep back what came after it in its thread: no answer in doubt does not."""


async def put_aside(connection: AsyncConnection, keeping_back: Collection[str]) -> int:
    """Put aside what is due and waits behind these; how many that were. What is locked is left for another time."""
    wanted = {"keeping_back": list(keeping_back), "most": MOST_ASIDE, "aside": ASIDE.total_seconds()}
    return (await connection.execute(PUT_ASIDE, wanted)).rowcount


async def pass_on(connection: AsyncConnection, settled: Sequence[str]) -> None:
    """Call the next of the threads of these, where they keep nothing back any more."""
    if settled:
        await connection.execute(PASS_ON, {"settled": list(settled)})


# Looked for among what is due on the account, not in the thread: there may be thousands that were put aside before.
PUT_ASIDE = text(f"""
    WITH older AS (
        SELECT agency, platform, account, thread_key, position FROM publication AS older
        WHERE id = ANY (CAST(:keeping_back AS text[])) AND NOT older.{_ENDED} AND {KEEPS_BACK}
        FOR UPDATE SKIP LOCKED
    )
    UPDATE publication AS p SET aside = true, due_at = statement_timestamp() + make_interval(secs => :aside)
    FROM older CROSS JOIN LATERAL (
        SELECT waiting.id FROM (
            SELECT id, thread_key, position FROM publication AS due
            WHERE (due.agency, due.platform, due.account) = (older.agency, older.platform, older.account)
              AND due.{OPEN} AND due.due_at <= statement_timestamp()
            ORDER BY due.due_at LIMIT :most
        ) AS early JOIN publication AS waiting ON waiting.id = early.id
        WHERE early.thread_key = older.thread_key AND early.position > older.position
          AND waiting.due_at + interval '0' <= statement_timestamp()
        FOR UPDATE OF waiting SKIP LOCKED
    ) AS younger
    WHERE p.id = younger.id
""")  # noqa: S608 - constants of this package
# Due since it was recorded, so that it is not sent after all that came to the account meanwhile.
PASS_ON = text(f"""
    UPDATE publication AS p SET aside = false, due_at = p.recorded_at
    FROM (
        SELECT DISTINCT older.thread_key FROM publication AS older
        WHERE older.id = ANY (CAST(:settled AS text[])) AND (older.{_ENDED} OR NOT {KEEPS_BACK})
    ) AS thread CROSS JOIN LATERAL (
        SELECT waiting.id FROM publication AS waiting
        WHERE waiting.thread_key = thread.thread_key AND waiting.{OPEN} AND waiting.aside
        ORDER BY waiting.position LIMIT 1
    ) AS next
    WHERE p.id = next.id AND p.aside AND NOT p.{_ENDED}
""")  # noqa: S608 - constants of this package
