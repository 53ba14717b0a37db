"""One Apache Kafka node as a child process: start, stop, kill, and start again on the same data.

What must stay true: a folder keeps its cluster id for as long as it has data, so that a killed node
comes back as itself; and the child has its own process group, so that a signal to us reaches it once,
from us.
"""

import base64
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from deploy.local.apache_kafka.jars import DEFAULT_JARS, NeededPartMissing, ensure_jars, java, kafka_version
from deploy.local.apache_kafka.probe import answers
from deploy.local.apache_kafka.properties import ADDRESS, LOG4J2, Node

_HEAP: Final = ("-Xms256m", "-Xmx512m")
_JVM: Final = (
    "-server",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent",
    "-Djava.awt.headless=true",
)
# java would answer these with a line on stderr, or with another heap than the one written here.
_NOT_INHERITED: Final = ("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH")


class NotReady(Exception):
    """Apache Kafka ended, or did not answer in time."""


class ApacheKafka:
    """A node that keeps its data under `home`; ports that are not given are free ones, and kept."""

    def __init__(
        self,
        home: Path,
        port: int | None = None,
        controller_port: int | None = None,
        *,
        jars: Path = DEFAULT_JARS,
        ready_within_seconds: float = 60.0,
        stopped_within_seconds: float = 20.0,
    ) -> None:
        self.home = home.absolute()
        self.port = port or _free_port()
        self.controller_port = controller_port or _free_port()
        self.version = kafka_version()
        self._jars = jars.absolute()
        self._ready_within_seconds = ready_within_seconds
        self._stopped_within_seconds = stopped_within_seconds
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """What a client gives as its bootstrap servers."""
        return f"{ADDRESS}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The process id of the running node, or None."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def log(self) -> Path:
        """What the node wrote about itself."""
        return self.home / "kafka.log"

    def start(self) -> Self:
        """Start the node and return once it answers; does nothing where it runs."""
        if self.pid is not None:
            return self
        program = java()
        ensure_jars(self._jars)
        self._refuse_taken_ports()
        self._write_configuration()
        self._format(program)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command(program, _HEAP), "kafka.Kafka", str(self.home / "server.properties")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(),
                start_new_session=True,
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.kill()
            raise
        return self

    def wait(self) -> int:
        """Wait for the node to end by itself and return its exit code."""
        return self._process.wait() if self._process is not None else 0

    def stop(self) -> None:
        """Let the node close its logs and end; kill it where that takes too long."""
        if self._process is None:
            return
        self._signal(signal.SIGTERM)
        try:
            self._process.wait(self._stopped_within_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End the node as a crash would, with nothing closed."""
        if self._process is None:
            return
        self._signal(signal.SIGKILL)
        self._process.wait()
        self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _signal(self, number: signal.Signals) -> None:
        pid = self.pid
        if pid is not None:
            # Nobody has waited for it yet, so the id is still its own.
            os.killpg(pid, number)

    def _command(self, program: str, heap: tuple[str, ...]) -> list[str]:
        return [
            program,
            *heap,
            *_JVM,
            f"-Dlog4j2.configurationFile={(self.home / 'log4j2.properties').as_uri()}",
            "-cp",
            f"{self._jars}/*",
        ]

    def _refuse_taken_ports(self) -> None:
        for port in (self.port, self.controller_port):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((ADDRESS, port))
                except OSError as error:
                    reason = f"port {port} on {ADDRESS} cannot be had: {error.strerror}"
                    raise NeededPartMissing(reason) from None

    def _write_configuration(self) -> None:
        if "," in str(self.home):
            raise NeededPartMissing(f"Kafka reads a comma as the end of a folder's name: {self.home}")
        self.home.mkdir(parents=True, exist_ok=True)
        node = Node(self.port, self.controller_port, self.home / "data")
        (self.home / "server.properties").write_text(node.render())
        (self.home / "log4j2.properties").write_text(LOG4J2)

    def _format(self, program: str) -> None:
        """Give new storage a cluster id; storage that has one keeps it."""
        if (self.home / "data" / "meta.properties").exists():
            return
        formatted = subprocess.run(
            [
                *self._command(program, ("-Xmx128m", "-XX:TieredStopAtLevel=1")),
                "kafka.tools.StorageTool",
                "format",
                "--cluster-id",
                _new_cluster_id(),
                "--config",
                str(self.home / "server.properties"),
            ],
            capture_output=True,
            text=True,
            env=_environment(),
            check=False,
        )
        if formatted.returncode != 0:
            said = (formatted.stderr or formatted.stdout).strip().splitlines()
            raise NotReady(f"the storage could not be formatted: {said[0] if said else formatted.returncode}")

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + self._ready_within_seconds
        while not answers(ADDRESS, self.port):
            if self._process.poll() is not None:
                raise NotReady(f"Apache Kafka ended with {self._process.returncode}: {self._last_words()}")
            if time.monotonic() > deadline:
                limit = f"{self._ready_within_seconds:g} s"
                raise NotReady(f"Apache Kafka did not answer within {limit}; see {self.log}")
            time.sleep(0.05)

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-60:]
        failures = [line for line in lines if "Exception" in line or " ERROR " in line]
        return (failures or lines or ["it said nothing"])[-1]


def run(home: Path, port: int, controller_port: int | None, jars: Path) -> int:
    """Run one node in the foreground until it ends or a signal comes; returns the exit code.

    0 after SIGINT or SIGTERM, 3 where a needed part is missing, 1 where Kafka failed by itself.
    """

    class Interrupted(Exception):
        """SIGINT or SIGTERM came."""

    def interrupt(number: int, frame: object) -> None:
        # A second signal must not cut the orderly end short.
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        raise Interrupted

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, interrupt)
    kafka = ApacheKafka(home, port, controller_port, jars=jars)
    try:
        with kafka:
            sys.stdout.write(f"Apache Kafka {kafka.version} ready on {kafka.bootstrap}\n")
            sys.stdout.flush()
            code = kafka.wait()
        sys.stderr.write(f"Apache Kafka ended with {code}; see {kafka.log}\n")
        return 1
    except Interrupted:
        return 0
    except NeededPartMissing as missing:
        sys.stderr.write(f"{missing}\n")
        return 3
    except NotReady as reason:
        sys.stderr.write(f"{reason}\n")
        return 1


def _environment() -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        port: int = probe.getsockname()[1]
        return port


def _new_cluster_id() -> str:
    """A random id as Kafka writes them; one that began with a dash would be read as an option."""
    while (text := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return text
