"""``parley`` at a shell, where something it needs is not as it should be: one line says what, and nothing is broken."""

import fcntl
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from deploy.local.up import show_addresses
from services.cli import main
from tests.support.ports import free_port_base

PARTS = ("ingest", "policy", "publisher", "town_square")


def up(home: Path, command: str = "up") -> int:
    options = ["--no-demo"] if command == "up" else []
    return main([command, "--home", str(home), "--port-base", str(free_port_base()), *options])


@pytest.mark.parametrize("command", ["up", "demo"])
def test_a_second_parley_in_a_home_leaves_the_first_as_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    address = tmp_path / "parley.json"
    with (tmp_path / ".lock").open("w") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        if command == "up":
            address.write_text("{}")
        assert up(tmp_path, command) == 3
        assert capsys.readouterr().err == f"Parley runs in {tmp_path} already.\n"
        assert address.exists() == (command == "up")


@pytest.mark.parametrize("command", ["up", "demo"])
def test_a_home_that_cannot_be_one_is_told_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    (tmp_path / "file").write_text("not a folder")
    assert up(tmp_path / "file", command) == 3
    said = capsys.readouterr().err
    assert said.startswith(f"{tmp_path / 'file'} cannot be the home of a Parley: ")
    assert said.count("\n") == 1


def test_a_token_of_a_parley_that_does_not_run_is_told_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("not a folder")
    for home in (tmp_path, tmp_path / "file"):
        with pytest.raises(SystemExit) as end:
            main(["token", "governor", "--home", str(home)])
        assert end.value.code == 3
        assert capsys.readouterr().err.startswith(f"No Parley runs in {home}")


def test_a_service_names_each_setting_that_it_misses(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DATABASE__URL", "KAFKA__BOOTSTRAP", "AUTH__ISSUER", "AUTH__JWKS_URL"):
        monkeypatch.delenv(f"PARLEY_{name}", raising=False)
    with pytest.raises(SystemExit) as end:
        main(["serve", "publisher"])
    assert end.value.code == 2
    missed = [line.split(":")[0] for line in capsys.readouterr().err.splitlines()]
    assert missed[:4] == [
        "PARLEY_DATABASE__URL",
        "PARLEY_KAFKA__BOOTSTRAP",
        "PARLEY_AUTH__ISSUER",
        "PARLEY_AUTH__JWKS_URL",
    ]


@pytest.mark.parametrize("service", ["ingest", "policy", "publisher"])
def test_the_document_of_a_service_needs_no_settings(service: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["openapi", service]) == 0
    assert json.loads(capsys.readouterr().out)["info"]["title"] == f"Parley {service}"


def test_an_address_that_is_none_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate", "ingest", "--database", "nonsense"]) == 2
    assert "postgresql://" in capsys.readouterr().err


def test_no_address_is_cut(tmp_path: Path) -> None:
    home = tmp_path / ("a-long-name" * 12)
    home.mkdir()
    found = {part: f"http://127.0.0.1:{port}" for port, part in enumerate(PARTS, start=8001)}
    (home / "parley.json").write_text(json.dumps(found))
    written = io.StringIO()
    show_addresses(home, Console(file=written, width=60))
    lines = written.getvalue().splitlines()
    assert [line for line in lines if line.endswith("http://127.0.0.1:8003/public/passports")]
    assert lines[-1].endswith(str(home / "logs"))
