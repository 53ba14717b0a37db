"""The broker itself: which one it is, and which topics it has.

A broker has an identity, its cluster id. Offsets mean something only within one identity: a broker that kept nothing
over a restart (the embedded one) comes back as another, and whoever stood at an offset must begin anew.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from shared.topics import DEAD_PARTITIONS, DEAD_RETENTION_HOURS, TOPICS

ADMIN_SECONDS = 10.0
_ALREADY_THERE = 36
_HOUR_MILLISECONDS = 3_600_000


async def cluster_id(bootstrap: str) -> str:
    """The identity of the broker. Raises ``KafkaError``, ``OSError`` or ``TimeoutError`` while it is away."""
    async with _admin(bootstrap) as admin:
        return str((await admin.describe_cluster())["cluster_id"])


async def create_topics(bootstrap: str, *, partitions: int | None = None, replication: int = 1) -> None:
    """Create the topics that are missing. On a cluster of its own an operator does this with manifests instead."""
    wanted = []
    for topic in TOPICS:
        wanted.append(_new(topic.name, partitions or topic.partitions, topic.retention_hours, replication))
        wanted.append(_new(topic.dead, DEAD_PARTITIONS, DEAD_RETENTION_HOURS, replication))
    async with _admin(bootstrap) as admin:
        answer = await admin.create_topics(wanted)
    for name, code, *_ in answer.topic_errors:
        if code not in (0, _ALREADY_THERE):
            raise KafkaError(f"topic {name} could not be created: broker error {code}")


def _new(name: str, partitions: int, retention_hours: int, replication: int) -> NewTopic:
    retention = str(retention_hours * _HOUR_MILLISECONDS)
    return NewTopic(name, partitions, replication, topic_configs={"retention.ms": retention})


@contextlib.asynccontextmanager
async def _admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=5000)
    async with asyncio.timeout(ADMIN_SECONDS):
        try:
            await admin.start()
            yield admin
        finally:
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                await admin.close()
