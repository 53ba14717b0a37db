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
    found = {row.id: row for row in await connection.execute(_ABOUT, {"most": AT_ONCE})}
    for row in found.values():
        await _end(connection, row)
    return len(found)


async def forget(connection: AsyncConnection) -> None:
    """Drop word that was about nothing."""
    await connection.execute(_FORGET, {"hours": WAITS_HOURS})


async def _end(connection: AsyncConnection, row: Any) -> None:
    before = reading.progress_of(row)
    settlement = settlements.undelivered(before, row.told_reason, row.told_detail, row.native_id)
    at = await reading.write_decision(connection, row.id, settlement)
    claim = Claim(reading.publication_of(row), before, uuid7(), at)
    await announce(connection, [Settled(claim, settlement, None)], {row.id: at})
    if row.retracting is not None and before.posted and before.state != "published":
        # Other parts of it stand, and were to be taken back as soon as that was known.
        await corrections.deletions(connection, [row.id])
    await audit.append(connection, [_entry(row, settlement)], at)
    names = ("agency", "platform", "account", "told_native_id", "told_publication")
    await connection.execute(_USED, {name: getattr(row, name) for name in names})
    metrics.UNDELIVERED.labels(row.platform, row.told_reason).inc()


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
_OURS = "(p.agency, p.platform, p.account) = (u.agency, u.platform, u.account)"
# A key names every attempt, an id only one: once the id of what stands is known, only that counts.
_ABOUT = text(f"""
    SELECT p.*, told.native_id AS told_native_id, told.publication AS told_publication, told.reason AS told_reason,
           told.detail AS told_detail
    FROM (
        SELECT u.*, p.id AS about FROM undelivered AS u JOIN publication AS p
            ON {_OURS} AND p.native_id = u.native_id AND p.native_id IS NOT NULL
        UNION ALL
        SELECT u.*, p.id AS about FROM undelivered AS u JOIN publication AS p
            ON {_OURS} AND p.parts IS NOT NULL AND p.posted @> ARRAY[u.native_id] AND u.native_id <> ''
        UNION ALL
        SELECT u.*, p.id AS about FROM undelivered AS u JOIN publication AS p
            ON {_OURS} AND p.id = split_part(u.publication, '.', 1)
            AND (u.native_id = '' OR (p.state = 'unknown' AND NOT p.posted @> ARRAY[u.native_id]))
    ) AS told JOIN publication AS p ON p.id = told.about
    WHERE p.lease_token IS NULL
      AND (p.state IN ('published', 'unknown') OR (p.state = 'pending' AND p.posted <> '{{}}'))
    ORDER BY p.id LIMIT :most
    FOR UPDATE OF p SKIP LOCKED
""")  # noqa: S608 - a constant of this module
_USED = text("""
    DELETE FROM undelivered
    WHERE (agency, platform, account, native_id, publication)
        = (:agency, :platform, :account, :told_native_id, :told_publication)
""")
_FORGET = text("DELETE FROM undelivered WHERE heard_at < clock_timestamp() - make_interval(hours => :hours)")
