"""The broker that tests talk to: the embedded one, or Apache Kafka with ``PARLEY_TEST_BROKER=apache``.

One runs for the whole session. A test that needs a broker to die or to come late has one of its own (``new_broker``).
Tests do not see each other's records because each has topics of its own (``fresh_topic``).
"""

import asyncio
import atexit
import functools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local import broker as embedded
from deploy.local.apache_kafka import ApacheKafka
from shared.ids import uuid7
from shared.settings import KafkaSettings
from shared.topics import Topic
from tests.support.ports import free_port

APACHE = "apache"
EMBEDDED = "embedded"
START_SECONDS = 20.0


class Broker:
    """A broker of its own port; ``start`` after ``stop`` or ``kill`` brings it back at the same address.

    ``volatile`` says that it forgets all when it ends, ``idempotent`` that it takes idempotent producers.
    """

    bootstrap: str
    volatile: bool
    idempotent: bool

    def start(self) -> None:
        """Return once it answers."""
        raise NotImplementedError

    def stop(self) -> None:
        """End it in order."""
        raise NotImplementedError

    def kill(self) -> None:
        """End it as a crash would."""
        raise NotImplementedError

    def settings(self, **overrides: Any) -> KafkaSettings:
        """Settings of a service that uses this broker, with short waits."""
        usual: dict[str, Any] = {
            "bootstrap": self.bootstrap,
            "idempotent_producer": self.idempotent,
            "volatile": self.volatile,
            "fetch_max_wait_ms": 20,
            "session_timeout_ms": 6000,
        }
        return KafkaSettings(**usual | overrides)


class EmbeddedBroker(Broker):
    """The broker out of a wheel, as ``parley up`` starts it: in memory, a new identity at each start."""

    volatile = True
    idempotent = False

    def __init__(self) -> None:
        self.bootstrap = f"127.0.0.1:{free_port()}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            embedded.command(self.bootstrap),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        _wait_for_port(self.bootstrap, self._process)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


class ApacheBroker(Broker):
    """Apache Kafka: the broker of production."""

    volatile = False
    idempotent = True

    def __init__(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="parley-kafka-"))
        self._server = ApacheKafka(self._home)
        self.bootstrap = self._server.bootstrap
        atexit.register(shutil.rmtree, self._home, ignore_errors=True)

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def kill(self) -> None:
        self._server.kill()


def new_broker(kind: str | None = None) -> Broker:
    """A broker that is not started yet and ends with the session at the latest. ``kind`` overrules the environment."""
    wanted = kind or os.environ.get("PARLEY_TEST_BROKER", EMBEDDED)
    if wanted not in (APACHE, EMBEDDED):
        raise ValueError(f"PARLEY_TEST_BROKER is {wanted!r}; it may be {APACHE} or {EMBEDDED}")
    made: Broker = ApacheBroker() if wanted == APACHE else EmbeddedBroker()
    atexit.register(made.kill)
    return made


@functools.cache
def broker() -> Broker:
    """The session's broker, started. Where it cannot be had, tests fail; they are never passed over."""
    made = new_broker()
    made.start()
    return made


async def fresh_topic(on: Broker, *, partitions: int = 1) -> Topic:
    """A new, empty topic, and its companion for the dead."""
    topic = Topic(f"test.{uuid7().hex}", (), partitions=partitions)
    await create(on, topic)
    return topic


async def create(on: Broker, *topics: Topic) -> None:
    """Create ``topics`` and their companions where they are missing."""
    wanted = [NewTopic(topic.name, topic.partitions, 1) for topic in topics]
    wanted += [NewTopic(topic.dead, 1, 1) for topic in topics]
    admin = AIOKafkaAdminClient(bootstrap_servers=on.bootstrap)
    async with asyncio.timeout(START_SECONDS):
        await admin.start()
        try:
            answer = await admin.create_topics(wanted)
            refused = [error for error in answer.topic_errors if error[1] not in (0, 36)]
            assert not refused, refused
        finally:
            await admin.close()


def _wait_for_port(address: str, process: "subprocess.Popen[bytes]") -> None:
    host, port = address.split(":")
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((host, int(port))) == 0:
                return
        time.sleep(0.01)
    raise RuntimeError(f"the broker did not start at {address}")
