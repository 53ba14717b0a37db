"""Files: they end where their idea ends, they say why they exist, and they name no machine and no registry."""

import ast
import re
import subprocess
from pathlib import Path

from tests.architecture.applications import ROOT

CEILING = 400
"""Lines. Most files are far below; past this one a file wants to be two rooms."""

REGISTRIES = re.compile(
    r"(?:files\.)?pythonhosted\.org|pypi\.org/simple|registry\.npmjs\.org|repo1?\.maven\.org|repo\.maven\.apache\.org"
    r"|index-url\s*[= ]\s*http|artifactory|nexus\.",
    re.IGNORECASE,
)
MACHINE_PATHS = re.compile(r"(?<![\w.-])/(?:home|Users|root|work)/[a-z]")


def tracked() -> list[Path]:
    """Files of the repository, those not added yet included."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    paths = [ROOT / line for line in listed.stdout.splitlines()]
    return [path for path in paths if path.is_file()]


def sources() -> list[Path]:
    return [path for path in tracked() if path.suffix == ".py" and not path.is_relative_to(ROOT / "tests")]


def found_in(files: list[Path], pattern: re.Pattern[str]) -> list[str]:
    places = []
    for path in files:
        try:
            lines = path.read_text().splitlines()
        except UnicodeDecodeError:
            continue
        places += [
            f"{path.relative_to(ROOT)}:{at}: {line.strip()[:80]}"
            for at, line in enumerate(lines, 1)
            if pattern.search(line)
        ]
    return places


def test_no_registry_address_is_written_down() -> None:
    assert found_in([path for path in tracked() if path != Path(__file__)], REGISTRIES) == []


def test_no_path_of_one_machine_is_written_down() -> None:
    assert found_in([path for path in tracked() if path != Path(__file__)], MACHINE_PATHS) == []


def test_files_end_where_the_idea_ends() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in sources()}
    assert {path: length for path, length in lengths.items() if length > CEILING} == {}


def test_every_module_says_why_it_exists() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in sources()
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_rules_catch_no_error_that_they_cannot_name() -> None:
    broad = re.compile(r"^\s*except( Exception| BaseException)?( as \w+)?:")
    rules = [path for path in sources() if "domain" in path.parts or path.name == "ports.py"]
    assert rules
    assert found_in(rules, broad) == []
