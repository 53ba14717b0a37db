"""A whole Parley for a test: ``parley up`` as a process, spoken to from outside only.

With ``PARLEY_TEST_BROKER=apache`` it stands on Apache Kafka, which this module starts; else on the embedded broker.
"""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

from deploy.local.apache_kafka.server import ApacheKafka
from tests.support.ports import free_port_base

UP_SECONDS = 90.0
OPENING_HOURS = "What are your opening hours on Saturday?"
"""A question that the passport office's cleared line answers by itself."""

Json = dict[str, Any]


class Parley:
    """One running ``parley up``."""

    def __init__(
        self, home: Path, kafka: ApacheKafka | None, *options: str, env: Mapping[str, str] | None = None
    ) -> None:
        self.home = home
        self._kafka = kafka
        self._base = free_port_base()
        self._output = (home / "up.log").open("wb")
        command = [sys.executable, "-m", "services.cli", "up", "--no-demo", "--home", str(home)]
        self.process = subprocess.Popen(
            [*command, "--port-base", str(self._base), *options],
            stdout=self._output,
            stderr=self._output,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, **(env or {})},
        )
        self.client = httpx.Client(timeout=60, trust_env=False)

    def wait_until_up(self) -> None:
        wait_for(lambda: (self.home / "parley.json").exists() or self.process.poll() is not None, UP_SECONDS)
        assert self.process.poll() is None, (self.home / "up.log").read_text()

    @property
    def found(self) -> Json:
        found: Json = json.loads((self.home / "parley.json").read_text())
        return found

    def account(self, platform: str, agency: str = "passports") -> dict[str, str]:
        accounts: list[dict[str, str]] = self.found["accounts"]
        return next(one for one in accounts if (one["platform"], one["agency"]) == (platform, agency))

    def officer(self, agency: str, level: str) -> dict[str, str]:
        officers: list[dict[str, str]] = self.found["officers"]
        return next(one for one in officers if (one["agency"], one["level"]) == (agency, level))

    def pid(self, name: str) -> int:
        pid = self.found["pids"][name]
        assert isinstance(pid, int), f"{name} is down"
        return pid

    def send(self, name: str, number: signal.Signals) -> None:
        os.kill(self.pid(name), number)

    def kill(self, name: str) -> None:
        """SIGKILL a process of it and wait until another one has taken its place."""
        before = self.pid(name)
        os.kill(before, signal.SIGKILL)
        wait_for(lambda: self.found["pids"][name] not in (None, before), 10)

    def send_broker(self, number: signal.Signals) -> None:
        if self._kafka is None:
            self.send("broker", number)
        else:
            assert self._kafka.pid is not None, "Apache Kafka is down"
            os.kill(self._kafka.pid, number)

    def kill_broker(self) -> None:
        """SIGKILL the broker and have it back: the embedded one has forgotten everything, Apache Kafka nothing."""
        if self._kafka is None:
            self.kill("broker")
        else:
            self._kafka.kill()
            self._kafka.start()

    def get(self, service: str, path: str, token: str = "admin") -> Json:
        headers = {"Authorization": f"Bearer {self.found['tokens'][token]}"}
        answer = self.client.get(f"{self.found[service]}{path}", headers=headers)
        answer.raise_for_status()
        found: Json = answer.json()
        return found

    def comments(self, agency: str = "passports", **query: str) -> list[Json]:
        """Every comment of an agency, over all pages."""
        items: list[Json] = []
        cursor: str | None = ""
        while cursor is not None:
            words = "&".join(f"{name}={value}" for name, value in {**query, "cursor": cursor}.items() if value)
            page = self.get("ingest", f"/v1/comments?agency={agency}&limit=200&{words}")
            items += page["items"]
            cursor = page["next"]
        return items

    def comment(self, native_id: str, agency: str = "passports") -> Json | None:
        return next((one for one in self.comments(agency) if one["native_id"] == native_id), None)

    def replies(self, platform: str) -> list[Json]:
        """What the town square has recorded as replies."""
        answer = self.client.get(f"{self.found['town_square']}/replies", params={"platform": platform})
        answer.raise_for_status()
        items: list[Json] = answer.json()["items"]
        return items

    def misbehave(self, platform: str, kind: str, count: int = 1) -> None:
        """Have the town square misbehave at the next replies on a platform."""
        fault = {"platform": platform, "kind": kind, "count": count}
        self.client.post(f"{self.found['town_square']}/faults", json=fault).raise_for_status()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(20)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.client.close()
            self._output.close()


@contextlib.contextmanager
def running_parley(*options: str, env: Mapping[str, str] | None = None) -> Iterator[Parley]:
    """A Parley of its own in a new home, on the broker that the run asks for; ``env`` are settings beside its own."""
    with tempfile.TemporaryDirectory(prefix="parley-") as folder, _broker(Path(folder)) as kafka:
        home = Path(folder) / "home"
        home.mkdir()
        broker_options = () if kafka is None else ("--kafka", kafka.bootstrap)
        parley = Parley(home, kafka, *broker_options, *options, env=env)
        try:
            parley.wait_until_up()
            yield parley
        finally:
            parley.stop()


@contextlib.contextmanager
def _broker(folder: Path) -> Iterator[ApacheKafka | None]:
    """Apache Kafka where the run asks for it; None where ``parley up`` shall bring its own."""
    if os.environ.get("PARLEY_TEST_BROKER") != "apache":
        yield None
        return
    kafka = ApacheKafka(folder / "kafka")
    kafka.start()
    try:
        yield kafka
    finally:
        kafka.stop()


def facebook_comment(
    account: dict[str, str],
    comment: str,
    text: str,
    *,
    verb: str = "add",
    author: str = "7000000000000001",
    **value: Any,
) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a signed Page feed webhook with one comment."""
    page, now = account["account"], int(time.time())
    content = {
        "item": "comment",
        "verb": verb,
        "comment_id": comment,
        "post_id": f"{page}_900000000000001",
        "parent_id": f"{page}_900000000000001",
        "from": {"id": author, "name": "A citizen"},
        "created_time": now,
        "message": text,
        **value,
    }
    entry = {"id": page, "time": now, "changes": [{"field": "feed", "value": content}]}
    return sign_facebook(account, json.dumps({"object": "page", "entry": [entry]}).encode())


def sign_facebook(account: dict[str, str], body: bytes) -> tuple[bytes, dict[str, str]]:
    signature = hmac.new(account["secret"].encode(), body, hashlib.sha256).hexdigest()
    return body, {"X-Hub-Signature-256": f"sha256={signature}", "Content-Type": "application/json"}


def sign_standard(account: dict[str, str], message_id: str, body: bytes) -> tuple[bytes, dict[str, str]]:
    now = str(int(time.time()))
    key = base64.b64decode(account["secret"].removeprefix("whsec_"))
    signature = base64.b64encode(hmac.new(key, f"{message_id}.{now}.".encode() + body, hashlib.sha256).digest())
    headers = {"webhook-id": message_id, "webhook-timestamp": now, "webhook-signature": f"v1,{signature.decode()}"}
    return body, {**headers, "Content-Type": "application/json"}


def wait_for(condition: Callable[[], object], seconds: float, what: str = "") -> None:
    """Look until ``condition`` holds; fails after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what or condition}"
        time.sleep(0.1)
