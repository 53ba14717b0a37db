"""The relay: takes what lies in the outbox to the broker, in order.

One relay at a time for each service (a lease with a fencing token). It reads the oldest unsent rows, sends them, waits
for the broker's word, and only then marks them. If it dies in between, the next one sends them again, and the inboxes
drop what they have seen. It never remembers a position: a transaction that took a lower number may commit later.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import text

from shared import broker, telemetry
from shared.breath import Breath
from shared.cloudevents import Envelope
from shared.database import EVERY_AGENCY, Database
from shared.lease import Lease
from shared.settings import KafkaSettings
from shared.wakeup import Wakeup

BATCH = 500
RENEW_SECONDS = 3.0
IDLE_SECONDS = 1.0
TIDY_SECONDS = 60.0
STRAGGLERS = 2_000
"""So far behind the last sent row a transaction that took a lower number may still commit and be found at once."""

Row = Any


class Outgoing(Protocol):
    """Where the relay sends to."""

    async def send(self, records: Sequence[tuple[str, bytes, bytes, list[tuple[str, bytes]]]]) -> None:
        """Send (topic, key, value, headers) in order; returns when the broker has all of them."""


class Relay:
    """Moves one service's outbox to the broker, for as long as it holds the lease."""

    def __init__(
        self,
        service: str,
        database: Database,
        outgoing: Outgoing,
        wakeup: Wakeup,
        *,
        kafka: KafkaSettings,
        retention_hours: float,
    ) -> None:
        self._service = service
        self._database = database
        self._outgoing = outgoing
        self._wakeup = wakeup
        self._kafka = kafka
        self._retention_hours = retention_hours
        self._lease = Lease(database, "relay")
        self._breath = Breath()
        self._floor = 0
        self._looked_at_all = float("-inf")
        self._tidied = time.monotonic()

    async def run(self) -> None:
        """Send for ever; raises what the database or the broker raises, for the supervisor to start it again."""
        if self._kafka.create_topics:
            await broker.create_topics(self._kafka.bootstrap, partitions=self._kafka.partitions)
        try:
            while True:
                token = await self._lease.take()
                if token is None:
                    await asyncio.sleep(IDLE_SECONDS)
                    continue
                if self._kafka.volatile:
                    await self._tell_a_new_broker_everything()
                await self._send_until_renewal(token)
                await self._tidy()
        finally:
            with contextlib.suppress(Exception):
                await asyncio.shield(self._lease.give_back())

    async def _tell_a_new_broker_everything(self) -> None:
        """A broker that forgets all on stop comes back as another; then all that is retained is unsent again."""
        incarnation = await broker.cluster_id(self._kafka.bootstrap)
        async with self._database.begin(EVERY_AGENCY) as connection:
            is_new = (await connection.execute(_MEET, {"incarnation": incarnation})).scalar_one_or_none()
            if is_new is None:
                return
            again = (await connection.execute(_SEND_AGAIN, {"hours": self._retention_hours})).rowcount
        if self._kafka.create_topics:
            await broker.create_topics(self._kafka.bootstrap, partitions=self._kafka.partitions)
        self._looked_at_all = float("-inf")  # in sequence, before anything new
        telemetry.logger().info("outbox.replayed", events=again)

    async def _send_until_renewal(self, token: int) -> None:
        renew_at = time.monotonic() + RENEW_SECONDS
        while time.monotonic() < renew_at:
            self._wakeup.clear()
            if sent := await self.send_waiting(token):
                await self._breath.take(sent)
            else:
                await self._wakeup.wait(IDLE_SECONDS)

    async def send_waiting(self, token: int) -> int:
        """Send one batch of waiting rows under the fencing ``token``; how many there were."""
        rows = await self._database.run(_WAITING, self._floor_now(), BATCH)
        if not rows:
            telemetry.OUTBOX_OLDEST_AGE.labels(self._service).set(0)
            return 0
        telemetry.OUTBOX_OLDEST_AGE.labels(self._service).set(rows[0]["age"])
        await self._outgoing.send([self._record(row) for row in rows])
        await self._database.run(_MARK, [row["seq"] for row in rows], token)
        telemetry.EVENTS_SENT.labels(self._service).inc(len(rows))
        self._floor = rows[-1]["seq"] - STRAGGLERS
        return len(rows)

    def _floor_now(self) -> int:
        """From where to look. Each second from the very beginning; in between past what was sent long ago, whose
        entries stay in the index until a vacuum and would each be visited again at every look."""
        now = time.monotonic()
        if now - self._looked_at_all >= IDLE_SECONDS:
            self._looked_at_all = now
            return 0
        return self._floor

    def _record(self, row: Row) -> tuple[str, bytes, bytes, list[tuple[str, bytes]]]:
        _, topic, key, payload, event_id, kind, version, subject, agency, time_, traceparent, _ = row
        envelope = Envelope(event_id, kind, version, self._service, subject, time_, agency, traceparent)
        return topic, key.encode(), payload.encode(), envelope.headers()

    async def _tidy(self) -> None:
        if time.monotonic() - self._tidied < TIDY_SECONDS:
            return
        self._tidied = time.monotonic()
        async with self._database.begin(EVERY_AGENCY) as connection:
            await connection.execute(_TIDY, {"hours": self._retention_hours})


async def send_again(database: Database, *, since_hours: float) -> int:
    """Mark retained rows of the last hours as unsent, for the relay to send again; how many."""
    async with database.begin(EVERY_AGENCY) as connection:
        return (await connection.execute(_SEND_AGAIN, {"hours": since_hours})).rowcount


_MEET = text("""
    INSERT INTO consumer_marker (topic, partition, cluster_id) VALUES ('(outbox)', 0, :incarnation)
    ON CONFLICT (topic, partition) DO UPDATE SET cluster_id = excluded.cluster_id
    WHERE consumer_marker.cluster_id <> excluded.cluster_id
    RETURNING 1
""")
_WAITING = """
    SELECT seq, aggregatetype, aggregateid, payload::text, id::text, type, version, subject, agency,
           to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), traceparent,
           extract(epoch FROM clock_timestamp() - created_at)::float AS age
    FROM outbox WHERE sent_at IS NULL AND seq > $1 ORDER BY seq LIMIT $2
"""
_MARK = """
    UPDATE outbox SET sent_at = clock_timestamp() WHERE seq = ANY ($1::bigint[])
    AND EXISTS (SELECT FROM lease WHERE name = 'relay' AND token = $2)
"""
_TIDY = text("""
    DELETE FROM outbox WHERE seq IN (
        SELECT seq FROM outbox WHERE created_at < clock_timestamp() - make_interval(secs => :hours * 3600)
        AND sent_at IS NOT NULL LIMIT 5000)
""")
_SEND_AGAIN = text("""
    UPDATE outbox SET sent_at = NULL
    WHERE sent_at IS NOT NULL AND created_at > clock_timestamp() - make_interval(secs => :hours * 3600)
""")
