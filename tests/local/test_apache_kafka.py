"""Apache Kafka without a container: its list of jars, its configuration, and that the real thing runs.

What starts it is marked, because it needs Java 17 and, the first time, Maven.
"""

import asyncio
import hashlib
import os
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import UnknownTopicOrPartitionError

from deploy.local.apache_kafka import ApacheKafka, NeededPartMissing, NotReady
from deploy.local.apache_kafka.jars import POM, STAMP, ensure_jars, kafka_version
from deploy.local.apache_kafka.properties import Node

ROOT: Final = Path(__file__).parents[2]
Result = TypeVar("Result")
MAVEN: Final = {"m": "http://maven.apache.org/POM/4.0.0"}


class TestPom:
    def test_names_every_version_exactly(self) -> None:
        pom = ElementTree.parse(POM)
        named = pom.findall(".//m:dependency", MAVEN) + pom.findall(".//m:plugin", MAVEN)
        assert named
        for each in named:
            assert re.fullmatch(r"\d+(\.\d+)+", each.findtext("m:version", "", MAVEN))

    def test_names_no_repository(self) -> None:
        pom = ElementTree.parse(POM)
        assert not pom.findall(".//m:url", MAVEN)
        assert not re.search("repositor(y|ies)>", POM.read_text())
        assert set(re.findall(r"https?://[^\s\"<]+", POM.read_text())) == {MAVEN["m"]}

    def test_asks_for_apache_kafka_4(self) -> None:
        assert kafka_version().startswith("4.")


class TestConfiguration:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        text = Node(19092, 19093, Path("/data")).render()
        return dict(line.split("=", 1) for line in text.splitlines())

    def test_is_broker_and_controller_at_once(self, settings: dict[str, str]) -> None:
        assert settings["process.roles"] == "broker,controller"
        assert settings["controller.quorum.voters"] == "1@127.0.0.1:19093"

    def test_listens_on_this_machine_only(self, settings: dict[str, str]) -> None:
        assert settings["listeners"] == "PLAINTEXT://127.0.0.1:19092,CONTROLLER://127.0.0.1:19093"
        assert settings["advertised.listeners"] == "PLAINTEXT://127.0.0.1:19092"

    def test_makes_no_topic_that_nobody_declared(self, settings: dict[str, str]) -> None:
        assert settings["auto.create.topics.enable"] == "false"

    def test_asks_for_no_copies(self, settings: dict[str, str]) -> None:
        copies = [value for name, value in settings.items() if re.search(r"replication|isr|insync", name)]
        assert copies == ["1"] * 7

    def test_lets_a_group_start_at_once(self, settings: dict[str, str]) -> None:
        assert settings["group.initial.rebalance.delay.ms"] == "0"
        assert settings["group.min.session.timeout.ms"] == "6000"
        assert settings["num.partitions"] == "6"

    def test_keeps_data_in_the_folder_it_was_given(self, settings: dict[str, str]) -> None:
        assert settings["log.dirs"] == "/data"

    def test_writes_a_folder_as_java_reads_it(self) -> None:
        assert "log.dirs=/\\u0dc3\\ud83d\\ude00\\\\x\n" in Node(1, 2, Path("/ස😀\\x")).render()


class TestJars:
    def test_current_jars_are_not_copied_again(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        jars = tmp_path / "jars"
        jars.mkdir()
        (jars / STAMP).write_text(_digest_of_the_pom())
        assert ensure_jars(jars) == jars

    def test_jars_of_another_list_are_not_current(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        jars = tmp_path / "jars"
        jars.mkdir()
        (jars / STAMP).write_text("another")
        with pytest.raises(NeededPartMissing, match="mvn is not installed"):
            ensure_jars(jars)


class TestCommandWithoutItsParts:
    def test_missing_java_is_said_in_one_line(self, tmp_path: Path) -> None:
        ended = _command(tmp_path, 19092, PATH=str(tmp_path), JAVA_HOME="")
        assert ended.wait(20) == 3
        assert _said(ended) == "java is not installed; Apache Kafka needs 17 or newer\n"

    def test_old_java_is_said_in_one_line(self, tmp_path: Path) -> None:
        java = tmp_path / "java"
        java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
        java.chmod(0o755)
        ended = _command(tmp_path, 19092, PATH=str(tmp_path), JAVA_HOME="")
        assert ended.wait(20) == 3
        assert _said(ended) == "java is 11; Apache Kafka needs 17 or newer\n"

    def test_missing_maven_is_said_in_one_line(self, tmp_path: Path) -> None:
        java = tmp_path / "java"
        java.write_text("#!/bin/sh\necho 'openjdk version \"21.0.2\"' >&2\n")
        java.chmod(0o755)
        ended = _command(tmp_path, 19092, PATH=str(tmp_path), JAVA_HOME="")
        assert ended.wait(20) == 3
        assert _said(ended) == "mvn is not installed; Maven copies the jars of Apache Kafka\n"


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApacheKafka]:
    with ApacheKafka(tmp_path_factory.mktemp("kafka")) as kafka:
        yield kafka


@pytest.mark.apache_kafka
class TestRunning:
    def test_what_an_idempotent_producer_sent_reaches_a_group(self, kafka: ApacheKafka) -> None:
        _run(_declare(kafka.bootstrap, "once"))
        _run(_send(kafka.bootstrap, "once", 200))
        assert _run(_consume(kafka.bootstrap, "once", "readers", 200)) == [str(n) for n in range(200)]

    def test_an_undeclared_topic_is_not_made(self, kafka: ApacheKafka) -> None:
        with pytest.raises((UnknownTopicOrPartitionError, TimeoutError)):
            _run(asyncio.wait_for(_send(kafka.bootstrap, "undeclared", 1), 3))

    def test_a_killed_node_comes_back_as_itself_with_its_records(self, kafka: ApacheKafka) -> None:
        _run(_declare(kafka.bootstrap, "kept"))
        _run(_send(kafka.bootstrap, "kept", 50))
        identity = (kafka.home / "data" / "meta.properties").read_text()
        address, pid = kafka.bootstrap, kafka.pid
        kafka.kill()
        assert kafka.pid is None
        kafka.start()
        assert kafka.bootstrap == address
        assert kafka.pid != pid
        assert (kafka.home / "data" / "meta.properties").read_text() == identity
        assert len(_run(_consume(kafka.bootstrap, "kept", "readers", 50))) == 50

    def test_a_group_goes_on_after_a_kill_where_it_had_committed(self, kafka: ApacheKafka) -> None:
        _run(_declare(kafka.bootstrap, "resumed"))
        _run(_send(kafka.bootstrap, "resumed", 10))
        _run(_consume(kafka.bootstrap, "resumed", "resuming", 10))
        kafka.kill()
        kafka.start()
        _run(_send(kafka.bootstrap, "resumed", 3))
        assert _run(_consume(kafka.bootstrap, "resumed", "resuming", 3)) == ["0", "1", "2"]

    def test_a_taken_port_is_refused(self, kafka: ApacheKafka, tmp_path: Path) -> None:
        with pytest.raises(NeededPartMissing, match=f"port {kafka.port} "):
            ApacheKafka(tmp_path, kafka.port).start()

    def test_what_kept_it_from_starting_is_said(self, tmp_path: Path) -> None:
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "meta.properties").write_text("version=1\nnode.id=7\ncluster.id=x\n")
        with pytest.raises(NotReady, match="node"):
            ApacheKafka(tmp_path).start()

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_to_the_command_ends_it_and_leaves_nothing(self, tmp_path: Path, number: signal.Signals) -> None:
        kafka = ApacheKafka(tmp_path)
        ended = _command(tmp_path, kafka.port)
        try:
            assert ended.stdout is not None
            line = ended.stdout.readline()
            assert line == f"Apache Kafka {kafka_version()} ready on 127.0.0.1:{kafka.port}\n"
            child = _child_of(ended.pid)
            ended.send_signal(number)
            assert ended.wait(30) == 0
        finally:
            ended.terminate()
            ended.wait(30)
        assert not Path(f"/proc/{child}").exists()

    def test_a_signal_while_it_starts_leaves_nothing(self, tmp_path: Path) -> None:
        ended = _command(tmp_path, ApacheKafka(tmp_path).port)
        try:
            while not (tmp_path / "kafka.log").exists():
                assert ended.poll() is None
                time.sleep(0.01)
            time.sleep(0.2)
            child = _child_of(ended.pid)
            ended.terminate()
            assert ended.wait(30) == 0
        finally:
            ended.terminate()
            ended.wait(30)
        assert not Path(f"/proc/{child}").exists()

    def test_a_node_that_dies_ends_the_command_with_one(self, tmp_path: Path) -> None:
        kafka = ApacheKafka(tmp_path)
        ended = _command(tmp_path, kafka.port)
        try:
            assert ended.stdout is not None
            ended.stdout.readline()
            os.kill(_child_of(ended.pid), signal.SIGKILL)
            assert ended.wait(30) == 1
        finally:
            ended.terminate()
            ended.wait(30)


def _digest_of_the_pom() -> str:
    return hashlib.sha256(POM.read_bytes()).hexdigest()


def _command(home: Path, port: int, **environment: str) -> subprocess.Popen[str]:
    jars = ["--jars", str(home / "jars")] if environment else []
    return subprocess.Popen(
        [sys.executable, "-m", "deploy.local.apache_kafka", "--home", str(home), "--port", str(port), *jars],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _said(ended: subprocess.Popen[str]) -> str:
    return ended.communicate(timeout=5)[1]


def _child_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def _run(work: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run(asyncio.wait_for(work, 30))


async def _declare(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, 1)])
    finally:
        await admin.close()


async def _send(bootstrap: str, topic: str, count: int) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True)
    await producer.start()
    try:
        sent = [await producer.send(topic, str(n).encode()) for n in range(count)]
        await asyncio.gather(*sent)
    finally:
        await producer.stop()


async def _consume(bootstrap: str, topic: str, group: str, count: int) -> list[str]:
    """The next `count` values that a group has not committed; it commits them."""
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        values = [(await consumer.getone()).value.decode() for _ in range(count)]
        await consumer.commit()
        return values
    finally:
        await consumer.stop()
