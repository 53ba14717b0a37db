"""Word that something has not arrived: kept until it is known what that was, and then the end of its publication.

What must stay true: word may come before the outcome of its own attempt is written down, so it waits for that. It ends
a publication once, whether it was taken for published, is in doubt, or stands in part; it never makes one go out again,
and never touches what is being tried. Whatever names nothing of its own agency's account is forgotten after a while:
others may send from it. Publications are taken as they are free, so that nobody here waits for anybody.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.publisher.adapters import metrics
from services.publisher.adapters.store import corrections, reading
from services.publisher.adapters.store.actor import ACTOR
from services.publisher.adapters.store.settling import announce
from services.publisher.domain import settlements
from services.publisher.domain.settlements import Settlement
from services.publisher.ports import Claim, Settled
from shared import audit
from shared.audit import Entry
from shared.events import ReplyUndelivered
from shared.ids import uuid7

AT_ONCE = 100
WAITS_HOURS = 1
"""How long word waits for what it is about. An outcome is written down within minutes, or never."""
MOST_REASON, MOST_DETAIL = 100, 500


async def hear(connection: AsyncConnection, told: Sequence[ReplyUndelivered]) -> None:
    """Keep word, once however often it comes."""
    columns = {
        "agencies": [one.agency for one in told],
        "platforms": [one.platform for one in told],
        "accounts": [one.account for one in told],
        "natives": [one.native_id or "" for one in told],
        "publications": [one.publication or "" for one in told],
        "reasons": [one.reason[:MOST_REASON] for one in told],
        "details": [one.detail and one.detail[:MOST_DETAIL] for one in told],
    }
    if told:
        await connection.execute(_HEAR, columns)


async def end(connection: AsyncConnection) -> int:
    """End the publications that word is about, as far as they are free; how many those were."""
    told = {row.about: row for row in await connection.execute(_ABOUT, {"most": AT_ONCE})}
    if not told:
        return 0
    rows = list(await connection.execute(_FREE, {"ids": list(told)}))
    for row in rows:
        await _end(connection, row, told[row.id])
    return len(rows)


async def forget(connection: AsyncConnection) -> None:
    """Drop word that was about nothing."""
    await connection.execute(_FORGET, {"hours": WAITS_HOURS})


async def _end(connection: AsyncConnection, row: Any, told: Any) -> None:
    before = reading.progress_of(row)
    settlement = settlements.undelivered(before, told.reason, told.detail, row.native_id)
    at = await reading.write_decision(connection, row.id, settlement)
    claim = Claim(reading.publication_of(row), before, uuid7(), at)
    await announce(connection, [Settled(claim, settlement, None)], {row.id: at})
    if row.retracting is not None and before.posted and before.state != "published":
        # Other parts of it stand, and were to be taken back as soon as that was known.
        await corrections.deletions(connection, [row.id])
    await audit.append(connection, [_entry(row, settlement)], at)
    names = ("agency", "platform", "account", "native_id", "publication")
    await connection.execute(_USED, {name: getattr(told, name) for name in names})
    metrics.UNDELIVERED.labels(row.platform, told.reason).inc()


def _entry(row: Any, settlement: Settlement) -> Entry:
    after = settlement.progress
    details = {"before": row.state, "after": after.state, "reason": after.reason, "outcome": "undelivered"}
    return Entry(agency=row.agency, actor=ACTOR, action="publication.settled", subject=row.id, details=details)


_HEAR = text("""
    INSERT INTO undelivered (agency, platform, account, native_id, publication, reason, detail)
    SELECT * FROM unnest(
        CAST(:agencies AS text[]), CAST(:platforms AS text[]), CAST(:accounts AS text[]), CAST(:natives AS text[]),
        CAST(:publications AS text[]), CAST(:reasons AS text[]), CAST(:details AS text[]))
        AS told (agency, platform, account, native_id, publication, reason, detail)
    ORDER BY agency, platform, account, native_id, publication
    ON CONFLICT DO NOTHING
""")
_TO_BE_ENDED = """
    lease_token IS NULL AND (state IN ('published', 'unknown') OR (state = 'pending' AND posted <> '{}'))"""
_OURS = f"agency = told.agency AND platform = told.platform AND account = told.account AND {_TO_BE_ENDED.strip()}"
# Looked up one by one, each through its own index: behind OFFSET 0 the planner sees no other, whatever it knows of the
# tables. A key names every attempt, an id only one: once the id of what stands is known, only that counts. Parts are
# found by their key; where none was told, among the few of the account that have parts at all.
_ABOUT = text(f"""
    WITH told AS MATERIALIZED (SELECT u.*, split_part(u.publication, '.', 1) AS key FROM undelivered AS u)
    SELECT told.*, found.id AS about FROM told CROSS JOIN LATERAL (
        (SELECT id FROM (
            SELECT * FROM publication WHERE native_id = told.native_id AND account = told.account OFFSET 0) AS known
         WHERE {_OURS} LIMIT 1)
        UNION ALL
        (SELECT id FROM (SELECT * FROM publication WHERE id = told.key OFFSET 0) AS named
         WHERE {_OURS} AND (told.native_id = '' OR state = 'unknown' OR told.native_id = ANY (posted)))
        UNION ALL
        (SELECT id FROM (
            SELECT * FROM publication WHERE account = told.account AND parts IS NOT NULL OFFSET 0) AS parted
         WHERE {_OURS} AND told.key = '' AND told.native_id = ANY (posted) LIMIT 1)
    ) AS found
    LIMIT :most
""")  # noqa: S608 - constants of this module
_FREE = text(f"""
    SELECT * FROM publication WHERE id = ANY (CAST(:ids AS text[])) AND {_TO_BE_ENDED}
    ORDER BY id FOR UPDATE SKIP LOCKED
""")  # noqa: S608 - a constant of this module
_USED = text("""
    DELETE FROM undelivered
    WHERE (agency, platform, account, native_id, publication)
        = (:agency, :platform, :account, :native_id, :publication)
""")
_FORGET = text("DELETE FROM undelivered WHERE heard_at < clock_timestamp() - make_interval(hours => :hours)")
