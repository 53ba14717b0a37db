"""Claiming: one short transaction that takes what is due and stamps it with a lease.

What must stay true: of each thread only the oldest open publication is taken; no two claimers take the same row; time
is the database's. A row that was being sent when its lease ended comes back as it was, in doubt. What is no answer
keeps nothing back while it is in doubt, except while it is tried: an answer is due sooner than such doubt is over.

Each account is asked for its own share, through an index, so that one account's backlog neither hides nor slows the
others; a paused account is passed over, one in trouble is probed with a single publication. Of an account no more rows
are looked at than there is room for, and a few: what is due and waits for an older one of its thread is put aside
(``turns``), or every claim would read a thread of thousands that nothing moves. The oldest of a thread is
asked for by order, compared by ``<=``, and looked up by the thread's own key: so the planner takes the right indexes
whether it has statistics or not (a plain absence of older ones took 180 ms with 5,000 due rows and none; an index that
shares columns with that of what is due was left for that one, which read the whole backlog for each row).
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.publisher.adapters.credentials import Vault
from services.publisher.adapters.store import turns
from services.publisher.adapters.store.turns import KEEPS_BACK
from services.publisher.adapters.tables import OPEN
from services.publisher.domain.publications import Progress, Publication
from services.publisher.ports import AccountKey, Claim
from shared.database import EVERY_AGENCY, Database
from shared.ids import PublicationId

SPARE = 32
"""How many due rows of an account are looked at beyond its room, should some wait for older ones."""
FIRST = 8
"""Among how many of the first due of an account a claim looks for what is to be put aside."""
MOST_LOOKS = 8
"""How often a claim looks again when all it met was to be put aside."""


async def claim(
    database: Database,
    vault: Vault,
    *,
    room: int,
    room_of: Mapping[AccountKey, int],
    each: int,
    lease: timedelta,
    room_on: Mapping[str, int] = MappingProxyType({}),
) -> Sequence[Claim]:
    """At most ``room`` publications, ``each`` an account unless ``room_of`` says otherwise, leased for ``lease``; of
    the platforms in ``room_on`` no more than it says."""
    wanted = _wanted(room, room_of, each, room_on) | {"lease": lease.total_seconds()}
    for _ in range(MOST_LOOKS):
        claims, put_aside = await _claim_once(database, vault, wanted)
        if claims or not put_aside:
            break
    return claims


def _wanted(room: int, room_of: Mapping[AccountKey, int], each: int, room_on: Mapping[str, int]) -> dict[str, Any]:
    accounts = list(room_of)
    return {
        "agencies": [agency for agency, _, _ in accounts],
        "platforms": [platform for _, platform, _ in accounts],
        "accounts": [account for _, _, account in accounts],
        "rooms": [room_of[account] for account in accounts],
        "open_on": list(room_on),
        "open_rooms": list(room_on.values()),
        "each": each,
        "most": room,
        "spare": SPARE,
        "first": FIRST,
    }


async def _claim_once(database: Database, vault: Vault, wanted: Mapping[str, Any]) -> tuple[list[Claim], int]:
    """What could be claimed, and how many were put aside because an older one of their thread is open."""
    token = uuid.uuid4()
    async with database.begin(EVERY_AGENCY) as connection:
        found = (await connection.execute(CLAIM, {**wanted, "token": token})).all()
        put_aside = await turns.put_aside(connection, found[0].keeping_back) if found[0].keeping_back else 0
        rows = [row for row in found if row.id is not None]
        taken = await _taken(connection, [row for row in rows if row.was != "pending"])
    return [_claim(row, token, vault, taken.get(row.id, frozenset())) for row in rows], put_aside


async def _taken(connection: AsyncConnection, doubtful: Sequence[Any]) -> dict[str, frozenset[str]]:
    """Native ids of our other answers to the same comment: equal text alone must not make one of them the other."""
    if not doubtful:
        return {}
    rows = await connection.execute(_TAKEN, {"ids": [row.id for row in doubtful]})
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row.id, set()).add(row.native_id)
    return {publication: frozenset(native_ids) for publication, native_ids in found.items()}


def _claim(row: Any, token: uuid.UUID, vault: Vault, taken: frozenset[str]) -> Claim:
    publication = Publication(
        PublicationId(row.id),
        row.agency,
        row.platform,
        row.account,
        row.thread,
        row.response,
        row.case_id,
        tuple(row.comments),
        row.reply_to,
        row.text,
        row.mention,
        row.visibility,
        row.public,
        row.language,
        row.traceparent,
        row.purpose,
        row.valid_until,
        tuple(row.parts or ()),
        corrects=row.corrects,
        subject_line=row.subject_line,
    )
    progress = Progress(
        row.was,
        row.recorded_at,
        row.attempts,
        row.failures,
        row.resent,
        row.first_sent_at,
        row.was_sent_at,
        row.reason,
        row.needs_person,
        tuple(row.posted),
        len(row.parts or ()) or 1,
        row.retracting and row.retracting.partition(" ")[2],
    )
    credentials = None if row.sealed is None else vault.open(row, row.facts)
    return Claim(
        publication, progress, token, row.claimed_at, credentials, row.degraded, row.troubles, taken, row.moved
    )


CLAIM = text(f"""
    WITH asked AS MATERIALIZED (
        SELECT a.id, a.agency, a.platform, a.account, a.degraded_at IS NOT NULL AS degraded, a.troubles,
               a.moved_at IS NOT NULL AS moved,
               least(coalesce(busy.room, :each), CASE WHEN a.troubles > 0 THEN 1 END,
                     greatest(coalesce(open_on.room, :most) / a.many, 1)) AS room
        FROM (
            -- One account of each agency, then a second of each: many accounts are no bigger share.
            SELECT account.*, row_number() OVER (PARTITION BY agency ORDER BY random()) AS turn,
                   row_number() OVER (PARTITION BY platform ORDER BY random()) AS place,
                   count(*) OVER (PARTITION BY platform) AS many
            FROM account
            WHERE (paused_until IS NULL OR paused_until <= statement_timestamp())
              -- What is still to go out on an account that is another agency's now is claimed, and ends.
              AND (disabled_at IS NULL OR moved_at IS NOT NULL)
              -- Ten thousand accounts that have nothing to send are not put in order.
              AND (SELECT true FROM publication AS waiting
                  WHERE (waiting.agency, waiting.platform, waiting.account)
                      = (account.agency, account.platform, account.account)
                    AND waiting.{OPEN} AND waiting.due_at <= statement_timestamp() LIMIT 1)
            ORDER BY turn, random()
        ) AS a
        LEFT JOIN unnest(
            CAST(:agencies AS text[]), CAST(:platforms AS text[]), CAST(:accounts AS text[]), CAST(:rooms AS int[])
        ) AS busy (agency, platform, account, room) USING (agency, platform, account)
        LEFT JOIN unnest(CAST(:open_on AS text[]), CAST(:open_rooms AS int[])) AS open_on (platform, room)
            ON open_on.platform = a.platform
        WHERE coalesce(busy.room, :each) > 0 AND a.place <= coalesce(open_on.room, a.place)
        LIMIT :most
    ), ready AS (
        SELECT due.id, due.was, due.was_sent_at, a.id AS account_id, a.degraded, a.troubles, a.moved
        FROM asked AS a CROSS JOIN LATERAL (
            SELECT p.id, p.state AS was, p.sent_at AS was_sent_at
            FROM (
                SELECT id, due_at FROM publication AS due
                WHERE (due.agency, due.platform, due.account) = (a.agency, a.platform, a.account)
                  AND due.{OPEN} AND due.due_at <= statement_timestamp()
                ORDER BY due.due_at LIMIT a.room + :spare
            ) AS early JOIN publication AS p ON p.id = early.id
            -- Asked once more under the lock, in a way that no index answers: the row is found by its id.
            WHERE p.due_at + interval '0' <= statement_timestamp()
              AND p.position <= (
                  SELECT older.position FROM publication AS older
                  WHERE older.thread_key = p.thread_key AND older.{OPEN} AND ({KEEPS_BACK} OR older.id = p.id)
                  ORDER BY older.position LIMIT 1)
            ORDER BY early.due_at LIMIT a.room
            FOR UPDATE OF p SKIP LOCKED
        ) AS due
        LIMIT :most
    ), in_the_way AS (
        SELECT DISTINCT first.id FROM asked AS a CROSS JOIN LATERAL (
            SELECT due.id, due.thread_key FROM publication AS due
            WHERE (due.agency, due.platform, due.account) = (a.agency, a.platform, a.account)
              AND due.{OPEN} AND due.due_at <= statement_timestamp()
            ORDER BY due.due_at LIMIT :first
        ) AS early CROSS JOIN LATERAL (
            SELECT older.id FROM publication AS older
            WHERE older.thread_key = early.thread_key AND older.{OPEN} AND ({KEEPS_BACK} OR older.id = early.id)
            ORDER BY older.position LIMIT 1
        ) AS first
        WHERE first.id <> early.id
    ), taken AS (
        UPDATE publication AS p SET
            state = CASE ready.was WHEN 'pending' THEN 'sending' ELSE 'unknown' END,
            sent_at = CASE ready.was WHEN 'pending' THEN statement_timestamp() ELSE p.sent_at END,
            aside = false,
            lease_token = :token,
            lease_until = statement_timestamp() + make_interval(secs => :lease),
            due_at = statement_timestamp() + make_interval(secs => :lease)
        FROM ready LEFT JOIN credentials AS c ON c.account_id = ready.account_id AND NOT ready.moved
        WHERE p.id = ready.id
        RETURNING p.id, p.agency, p.platform, p.account, p.thread, p.response, p.case_id, p.comments, p.reply_to,
            p.text, p.mention, p.visibility, p.public, p.language, p.traceparent, p.purpose, p.valid_until, p.parts,
            p.posted, p.corrects, p.subject_line, p.retracting, p.recorded_at, p.attempts, p.failures, p.resent,
            p.first_sent_at, p.reason, p.needs_person, ready.was, ready.was_sent_at, ready.account_id, ready.degraded,
            ready.troubles, ready.moved, c.sealed, c.base_url, c.version, c.facts, statement_timestamp() AS claimed_at
    )
    SELECT taken.*, keeping_back.ids AS keeping_back
    FROM (SELECT array_agg(id) AS ids FROM in_the_way) AS keeping_back LEFT JOIN taken ON true
""")  # noqa: S608 - constants of this package
_TAKEN = text("""
    SELECT p.id, theirs.native_id FROM publication AS p JOIN publication AS other
        ON other.agency = p.agency AND other.platform = p.platform AND other.account = p.account
        AND other.reply_to = p.reply_to
    CROSS JOIN LATERAL unnest(other.posted || other.native_id) AS theirs (native_id)
    WHERE theirs.native_id IS NOT NULL AND p.id = ANY (CAST(:ids AS text[]))
""")
