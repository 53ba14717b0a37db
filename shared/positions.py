"""Where a consumer may begin: offsets are believed only of the broker that gave them.

A group that has read a partition before and now finds no offset, or another broker, would jump silently over what it
never saw. On a durable broker that is refused, and a person decides. On a volatile one (which forgets all on stop) the
partition is read anew from its beginning, after the group's offset was set to 0 and before the new broker is taken for
known: whoever dies in between begins there again.
"""

from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy import Column, Integer, MetaData, PrimaryKeyConstraint, Table, Text, text

from shared import telemetry
from shared.database import EVERY_AGENCY, Database


class PositionsLost(RuntimeError):
    """This group has read here before, and its offsets are gone."""


def consumer_marker_table(metadata: MetaData) -> Table:
    """Which partitions this service has read, and on which broker. Without an agency: it is nobody's business."""
    return Table(
        "consumer_marker",
        metadata,
        Column("topic", Text, nullable=False),
        Column("partition", Integer, nullable=False),
        Column("cluster_id", Text, nullable=False),
        PrimaryKeyConstraint("topic", "partition"),
    )


class Positions:
    """The memory of which partitions were read on which broker."""

    def __init__(self, database: Database, *, volatile: bool) -> None:
        self._database = database
        self._volatile = volatile

    async def check(self, consumer: AIOKafkaConsumer, assigned: Sequence[TopicPartition], incarnation: str) -> None:
        """Set where to begin in ``assigned``. Raises ``PositionsLost`` on a durable broker."""
        if not assigned:
            return
        known = await self._known()
        anew = []
        for partition in assigned:
            before = known.get((partition.topic, partition.partition))
            has_offset = await consumer.committed(partition) is not None
            if has_offset and before in (None, incarnation):
                continue
            if before is not None and not self._volatile:
                raise PositionsLost(_explain(partition, before, incarnation))
            anew.append(partition)
        await self._begin_anew(consumer, anew)
        await self._remember(assigned, incarnation)

    async def _begin_anew(self, consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> None:
        if not partitions:
            return
        beginnings = await consumer.beginning_offsets(partitions)
        await consumer.commit(beginnings)
        for partition, offset in beginnings.items():
            consumer.seek(partition, offset)
        telemetry.logger().info("positions.begun", partitions=[f"{one.topic}/{one.partition}" for one in partitions])

    async def _known(self) -> dict[tuple[str, int], str]:
        async with self._database.begin(EVERY_AGENCY) as connection:
            rows = await connection.execute(text("SELECT topic, partition, cluster_id FROM consumer_marker"))
            return {(row.topic, row.partition): row.cluster_id for row in rows}

    async def _remember(self, assigned: Sequence[TopicPartition], incarnation: str) -> None:
        async with self._database.begin(EVERY_AGENCY) as connection:
            await connection.execute(
                _REMEMBER,
                {
                    "topics": [one.topic for one in assigned],
                    "partitions": [one.partition for one in assigned],
                    "incarnation": incarnation,
                },
            )


def _explain(partition: TopicPartition, before: str, now: str) -> str:
    return (
        f"The offsets of {partition.topic}/{partition.partition} are gone or of another broker ({before} before, "
        f"{now} now). Delete its row in consumer_marker to read the partition from its beginning; what was handled "
        "before is recognised."
    )


_REMEMBER = text("""
    INSERT INTO consumer_marker (topic, partition, cluster_id)
    SELECT topic, number, :incarnation
    FROM unnest(CAST(:topics AS text[]), CAST(:partitions AS int[])) AS assigned (topic, number)
    ON CONFLICT (topic, partition) DO UPDATE SET cluster_id = excluded.cluster_id
    WHERE consumer_marker.cluster_id <> excluded.cluster_id
""")
