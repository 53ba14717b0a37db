"""Arrivals of nothing but new comments, in one statement and one round trip: the way that nearly everything takes.

A new comment's event says all that its row does, so the event alone is handed over, and Postgres makes the row of it.
Comments, events and bodies are written together or not at all. What turns out to be known already is left to
``arrivals``, which knows about edits and repeats.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from services.ingest.adapters.store import births, threads
from services.ingest.adapters.store.items import Item, Place, items_of
from services.ingest.domain.entries import ORIGINAL, NewComment
from services.ingest.ports import Arrival
from shared import outbox
from shared.database import EVERY_AGENCY, Database
from shared.events import CommentReceived
from shared.ids import uuid7
from shared.topics import TOPIC_OF


def is_plain(arrival: Arrival) -> bool:
    """Whether ``arrival`` can take this way."""
    return (
        bool(arrival.kept)
        and arrival.unreadable is None
        and not arrival.revoked
        and all(type(entry) is NewComment and _is_as_written(entry) for _, entry in arrival.kept)
    )


def _is_as_written(entry: NewComment) -> bool:
    return entry.revision == ORIGINAL and entry.edited_at is None and entry.callback is None


async def write(database: Database, arrivals: Sequence[Arrival], group: Sequence[Arrival]) -> Mapping[UUID, list[Item]]:
    """Write what is new in ``arrivals``; of each its items, noted as filed and changed where they were new.

    ``group`` is all that arrived together: a parent may stand in what goes the other way.
    """
    inherited = await _inherited(database, arrivals, group)
    items = {arrival.id: items_of(arrival, inherited) for arrival in arrivals}
    everything = [item for own in items.values() for item in own]
    events = [_received(item) for item in everything]
    rows = await database.run(
        _WRITE,
        [item.account.id for item in everything],
        [item.arrival.id for item in everything],
        [item.arrival.traceparent for item in everything],
        [uuid7() for _ in everything],
        [event.key for event in events],
        outbox.payloads_of(events),
        [one.id for one in arrivals],
        [one.account.agency for one in arrivals],
        [one.account.id for one in arrivals],
        [one.received_at for one in arrivals],
        [one.body for one in arrivals],
    )
    born = frozenset(rows[0]["born"] or ())
    for item in everything:
        if item.comment in born:
            item.filed, item.changed = item.comment, True
    return items


async def _inherited(database: Database, arrivals: Sequence[Arrival], group: Sequence[Arrival]) -> Mapping[Place, str]:
    written = [entry for arrival in arrivals for _, entry in arrival.kept]
    if all(isinstance(entry, NewComment) and entry.thread is not None for entry in written):
        return {}
    entries = [kept for arrival in group for kept in arrival.kept]
    async with database.begin(EVERY_AGENCY) as connection:
        return await threads.of_parents(connection, entries)


def _received(item: Item) -> CommentReceived:
    event = births.received(item)
    assert event is not None, "a new comment is announced"
    return event


# Rows go in sorted, so that two transactions cannot wait for each other; events in the order of arrival.
_WRITE = f"""
    WITH arriving AS MATERIALIZED (
        SELECT given.*, event.*
        FROM unnest($1::text[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::text[])
             WITH ORDINALITY AS given (account_id, raw_id, traceparent, event_id, key, payload, place)
        CROSS JOIN LATERAL json_to_record(payload::json) AS event (
            comment text, agency text, platform text, account text, native_id text, thread text,
            received_at timestamptz, parent text, author json, text text, language text, language_confidence real,
            media json, public bool, visibility text, window_ends_at timestamptz, reach bigint, subject_line text,
            sent_at timestamptz)
    ), newborn AS (
        INSERT INTO comment (
            id, agency, account_id, platform, account, native_id, thread, received_at, raw_id, revision, status,
            revision_key, parent, author_id, author_name, author_handle, author_followers, text, language,
            language_confidence, media, public, visibility, window_ends_at, reach, subject_line, sent_at)
        SELECT
            comment, agency, account_id, platform, account, native_id, thread, received_at, raw_id, 1, 'received',
            '{ORIGINAL}', parent, author->>'id', author->>'name', author->>'handle',
            (author->>'followers')::bigint, text, language, language_confidence, NULLIF(media::text, '[]'),
            public, visibility, window_ends_at, reach, subject_line, sent_at
        FROM arriving AS born WHERE {births.NOT_OURS}
        ORDER BY account_id COLLATE "C", native_id COLLATE "C"
        ON CONFLICT (account_id, native_id) DO NOTHING
        RETURNING id, raw_id
    ), staged AS (
        INSERT INTO outbox (id, agency, aggregatetype, aggregateid, type, version, subject, traceparent, payload)
        SELECT
            event_id, agency, '{TOPIC_OF[CommentReceived].name}', key, '{CommentReceived.__name__}',
            {CommentReceived.VERSION}, comment, traceparent, payload::json
        FROM arriving WHERE comment IN (SELECT id FROM newborn) ORDER BY place
    ), kept AS (
        INSERT INTO raw_body (id, agency, account_id, received_at, body)
        SELECT * FROM unnest($7::uuid[], $8::text[], $9::text[], $10::timestamptz[], $11::bytea[]) AS body (id)
        WHERE id IN (SELECT raw_id FROM newborn)
    )
    SELECT array_agg(id) AS born, pg_notify('{outbox.CHANNEL}', current_schema()) FROM newborn
"""  # noqa: S608 - constants of this module
