"""Telling: what happened, written down for all who want to be told, in the transaction of the events.

What must stay true: a message goes only to subscriptions of its own agency; it makes one delivery for each of them,
however often its event arrives; messages of one thread are numbered without a gap in the order in which they came. One
statement a batch: it costs the same for one subscriber as for fifty, and leaves nothing behind where there is none.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.publisher.adapters.callback_secrets import CallbackVault
from services.publisher.adapters.store import signing_keys
from services.publisher.callback_ports import CommentCallback
from services.publisher.domain.messages import Message, reply_of
from services.publisher.domain.subscriptions import callback_subscription
from shared.events import PublicationEvent, PublicationFailed, ResponsePublished
from shared.ids import uuid7


class PostgresAudience:
    """Those who are told; writes through ``connection``, never commits."""

    def __init__(self, connection: AsyncConnection, vault: CallbackVault, first_wait: float = 0.0) -> None:
        """``first_wait`` is the seconds before the first attempt."""
        self._connection = connection
        self._vault = vault
        self._first_wait = first_wait

    async def remember(self, callbacks: Sequence[CommentCallback]) -> None:
        if not callbacks:
            return
        await self._meet_clients({(one.agency, one.client) for one in callbacks})
        names = {
            "comments": [one.comment for one in callbacks],
            "agencies": [one.agency for one in callbacks],
            "subscriptions": [callback_subscription(one.agency, one.client) for one in callbacks],
            "urls": [one.url for one in callbacks],
        }
        await self._connection.execute(_REMEMBER, names)
        # A publisher that has much to catch up with may have answered before it reads what was asked.
        rows = await self._connection.execute(
            _ANSWERED, {"comments": names["comments"], "threads": [one.thread_key for one in callbacks]}
        )
        await self.tell_clients([(row.comment, reply_of(_event(row), uuid7(), row.comment)) for row in rows])

    async def tell(self, messages: Sequence[Message]) -> None:
        if messages:
            await self._connection.execute(_TELL, {**_columns(messages), "wait": self._first_wait})

    async def tell_clients(self, replies: Sequence[tuple[str, Message]]) -> None:
        if replies:
            columns = _columns([message for _, message in replies])
            comments = [comment for comment, _ in replies]
            await self._connection.execute(_TELL_CLIENTS, {**columns, "comments": comments, "wait": self._first_wait})

    async def _meet_clients(self, clients: set[tuple[str, str]]) -> None:
        for agency, client in sorted(clients):
            subscription = callback_subscription(agency, client)
            if await meet(self._connection, subscription, agency, client):
                await signing_keys.add(self._connection, self._vault, agency, subscription, ("hmac-sha256",))


async def meet(connection: AsyncConnection, subscription: str, agency: str, client: str) -> bool:
    """Know a client who wants to hear of replies; whether it was unknown before."""
    met = await connection.execute(_MEET, {"id": subscription, "agency": agency, "client": client})
    return met.scalar_one_or_none() is not None


def _columns(messages: Sequence[Message]) -> dict[str, list[Any]]:
    return {
        "ids": [one.id for one in messages],
        "agencies": [one.agency for one in messages],
        "types": [one.type for one in messages],
        "subjects": [one.subject for one in messages],
        "keys": [one.key for one in messages],
        "ats": [one.at for one in messages],
        "data": [one.data for one in messages],
    }


def _event(row: Any) -> PublicationEvent:
    whose = {
        "agency": row.agency,
        "platform": row.platform,
        "account": row.account,
        "thread": row.thread,
        "publication": row.id,
        "response": row.response,
        "case": row.case_id,
        "comments": tuple(row.comments),
        "purpose": row.purpose,
    }
    if row.state == "published":
        return ResponsePublished(
            **whose,
            native_id=row.native_id,
            text=row.text,
            language=row.language,
            published_at=row.published_at,
        )
    return PublicationFailed(**whose, reason=row.reason, failed_at=row.settled_at)


_MEET = text("""
    INSERT INTO subscription (id, agency, kind, client) VALUES (:id, :agency, 'callback', :client)
    ON CONFLICT DO NOTHING RETURNING id
""")
_REMEMBER = text("""
    INSERT INTO comment_callback (comment, agency, subscription, url)
    SELECT * FROM unnest(
        CAST(:comments AS text[]), CAST(:agencies AS text[]), CAST(:subscriptions AS text[]), CAST(:urls AS text[]))
    ON CONFLICT DO NOTHING
""")
_ANSWERED = text("""
    SELECT asked.comment, p.*
    FROM unnest(CAST(:comments AS text[]), CAST(:threads AS text[])) AS asked (comment, thread)
    JOIN publication AS p ON p.thread_key = asked.thread AND p.platform = 'rest'
        AND p.state IN ('published', 'failed') AND p.corrects IS NULL AND asked.comment = ANY (p.comments)
""")
_TOLD = """
    unnest(
        CAST(:ids AS text[]), CAST(:agencies AS text[]), CAST(:types AS text[]), CAST(:subjects AS text[]),
        CAST(:keys AS text[]), CAST(:ats AS timestamptz[]), CAST(:data AS text[]){more})
    WITH ORDINALITY AS told (id, agency, type, subject, key, at, data{names}, nth)
"""
_NEW = "NOT EXISTS (SELECT FROM message WHERE message.id = told.id)"
_DELIVER = """
    grown AS (
        INSERT INTO message_sequence AS known (agency, key, last)
        SELECT agency, key, count(DISTINCT id) FROM wanted GROUP BY agency, key ORDER BY agency, key
        ON CONFLICT (agency, key) DO UPDATE SET last = known.last + excluded.last
        RETURNING agency, key, last
    ), first AS (
        SELECT DISTINCT ON (id) id, agency, type, subject, key, at, data, nth FROM wanted ORDER BY id, nth
    ), kept AS (
        INSERT INTO message (id, agency, type, subject, sequence, at, data)
        SELECT id, agency, type, subject,
               grown.last - count(*) OVER same_key + row_number() OVER (PARTITION BY agency, key ORDER BY nth), at, data
        FROM first JOIN grown USING (agency, key)
        WINDOW same_key AS (PARTITION BY agency, key)
    )
    INSERT INTO delivery (id, agency, subscription, message, url, state, due_at, settled_at)
    SELECT 'dlv_' || lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0')
                  || substr(replace(gen_random_uuid()::text, '-', ''), 1, 20),
           agency, subscription, id, url, CASE status WHEN 'disabled' THEN 'disabled' ELSE 'waiting' END,
           CASE status WHEN 'enabled' THEN statement_timestamp() + make_interval(secs => :wait) END,
           CASE status WHEN 'disabled' THEN statement_timestamp() END
    FROM wanted ORDER BY nth, subscription
    ON CONFLICT DO NOTHING
"""
_TELL = text(f"""
    WITH wanted AS MATERIALIZED (
        SELECT s.id AS subscription, s.status, CAST(NULL AS text) AS url, told.*
        FROM {_TOLD.format(more="", names="")} JOIN subscription AS s
          ON s.agency = told.agency AND s.deleted_at IS NULL AND s.kind = 'subscription'
          AND s.created_at <= told.at + interval '1 second'
          AND (s.types = '{{}}' OR told.type = ANY (s.types))
          AND (s.subjects = '{{}}' OR told.subject = ANY (s.subjects))
        WHERE {_NEW}
    ), {_DELIVER}
""")  # noqa: S608 - constants of this module
_TELL_CLIENTS = text(f"""
    WITH wanted AS MATERIALIZED (
        SELECT s.id AS subscription, s.status, c.url, told.*
        FROM {_TOLD.format(more=", CAST(:comments AS text[])", names=", comment")}
        JOIN comment_callback AS c ON c.comment = told.comment AND c.agency = told.agency
        JOIN subscription AS s ON s.id = c.subscription
        WHERE {_NEW}
    ), {_DELIVER}
""")  # noqa: S608 - constants of this module
