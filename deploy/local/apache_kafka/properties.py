"""The configuration of one KRaft node that is broker and controller at once, as text.

One node can promise no copies, so every replication factor is 1. What is left at Kafka's own value
is left out; where a line stands, a test of Parley or the small heap needs it.
"""

from dataclasses import dataclass
from pathlib import Path

ADDRESS = "127.0.0.1"

LOG4J2 = """\
status = warn
appender.file.type = Console
appender.file.name = out
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{ISO8601} %p %m (%c{1})%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
logger.server.name = kafka.server
logger.server.level = info
"""


@dataclass(frozen=True)
class Node:
    """Where one node listens and keeps its data."""

    port: int
    controller_port: int
    data: Path

    def render(self) -> str:
        """The text of server.properties."""
        return "".join(f"{key}={_escaped(value)}\n" for key, value in self._settings().items())

    def _settings(self) -> dict[str, str]:
        return {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@{ADDRESS}:{self.controller_port}",
            "listeners": f"PLAINTEXT://{ADDRESS}:{self.port},CONTROLLER://{ADDRESS}:{self.controller_port}",
            "advertised.listeners": f"PLAINTEXT://{ADDRESS}:{self.port}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(self.data),
            # As in production: a topic that nobody declared is a mistake, not a wish.
            "auto.create.topics.enable": "false",
            "num.partitions": "6",
            "default.replication.factor": "1",
            "min.insync.replicas": "1",
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "6",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "6",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "group.min.session.timeout.ms": "6000",
            # A killed node is let back in only once its last life has timed out: 3 s here, 9 s by default.
            "broker.heartbeat.interval.ms": "500",
            "broker.session.timeout.ms": "3000",
            # Kafka would take 128 MiB of a 512 MiB heap for this alone.
            "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
        }


def _escaped(value: str) -> str:
    """A value as java.util.Properties reads it back: backslashes doubled, ISO-8859-1 kept to ASCII."""
    return "".join(character if character.isascii() else _utf16(character) for character in value.replace("\\", "\\\\"))


def _utf16(character: str) -> str:
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
