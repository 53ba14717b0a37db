"""Sending to Kafka in batches built here, one request a partition.

A batch with a fixed partition costs one future instead of one a record. The partition is chosen from the key by
CRC-32: every record of a key goes the same way, which is all that order asks for.

A producer whose deadline passed is given up: whether the records were written is unknown, so the outbox keeps them
and sends them again. aiokafka's idempotent producer would otherwise wait for ever, in ``stop`` as well.
"""

import asyncio
import contextlib
import zlib
from collections import defaultdict
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.settings import KafkaSettings

SEND_SECONDS = 15.0
STOP_SECONDS = 2.0
MOST_BYTES = 512 * 1024

Record = tuple[str, bytes, bytes, list[tuple[str, bytes]]]
"""Topic, key, value, headers."""


class Producer:
    """Sends batches of records; starts by itself, and anew after a failure."""

    def __init__(self, settings: KafkaSettings, client_id: str) -> None:
        self._settings = settings
        self._client_id = client_id
        self._producer: AIOKafkaProducer | None = None

    async def send(self, records: Sequence[Record]) -> None:
        """Send in order within each key; returns when the broker has everything.

        Raises ``KafkaError``, ``OSError`` or ``TimeoutError``: then some of it may have been written.
        """
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._send(await self._started(), records)
        except BaseException:
            await self._give_up()
            raise

    async def close(self) -> None:
        """Stop within two seconds, whatever the broker does."""
        await self._give_up()

    async def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            self._producer = AIOKafkaProducer(
                bootstrap_servers=self._settings.bootstrap,
                client_id=self._client_id,
                acks="all",
                enable_idempotence=self._settings.idempotent_producer,
                max_batch_size=MOST_BYTES,
                max_request_size=2 * MOST_BYTES,
                linger_ms=0,
                request_timeout_ms=10_000,
            )
            await self._producer.start()
        return self._producer

    async def _send(self, producer: AIOKafkaProducer, records: Sequence[Record]) -> None:
        written = []
        for (topic, partition), chunk in (await self._by_partition(producer, records)).items():
            batch = producer.create_batch()
            for _, key, value, headers in chunk:
                if batch.append(key=key, value=value, timestamp=None, headers=headers) is None:
                    batch.close()
                    written.append(await producer.send_batch(batch, topic, partition=partition))
                    batch = producer.create_batch()
                    batch.append(key=key, value=value, timestamp=None, headers=headers)
            batch.close()
            written.append(await producer.send_batch(batch, topic, partition=partition))
        await asyncio.gather(*written)

    async def _by_partition(
        self, producer: AIOKafkaProducer, records: Sequence[Record]
    ) -> dict[tuple[str, int], list[Record]]:
        counts = {topic: len(await producer.partitions_for(topic)) for topic in {record[0] for record in records}}
        chunks: dict[tuple[str, int], list[Record]] = defaultdict(list)
        for record in records:
            chunks[record[0], zlib.crc32(record[1]) % counts[record[0]]].append(record)
        return chunks

    async def _give_up(self) -> None:
        producer, self._producer = self._producer, None
        if producer is None:
            return
        with contextlib.suppress(KafkaError, OSError, TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await producer.stop()
