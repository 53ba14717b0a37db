"""Finding Java and copying Kafka's jars, once per list of versions.

The pom is the list; a stamp beside the jars holds its digest, so that a changed version is copied
anew and an unchanged one costs nothing, not even a look at Maven.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Final

POM: Final = Path(__file__).with_name("pom.xml")
DEFAULT_JARS: Final = Path(__file__).parents[3] / "build" / "kafka-jars"
OLDEST_JAVA: Final = 17
STAMP: Final = "pom.sha256"
_MAVEN: Final = "{http://maven.apache.org/POM/4.0.0}"


class NeededPartMissing(Exception):
    """Something the broker needs is not on this machine."""


def kafka_version() -> str:
    """The version of Apache Kafka that the pom names."""
    for dependency in ElementTree.parse(POM).iter(f"{_MAVEN}dependency"):
        if dependency.findtext(f"{_MAVEN}groupId") == "org.apache.kafka":
            return dependency.findtext(f"{_MAVEN}version", "")
    raise NeededPartMissing(f"{POM.name} does not list Apache Kafka")


def java() -> str:
    """The `java` to run with, from JAVA_HOME or the path; raises where it is missing or too old."""
    home = os.environ.get("JAVA_HOME")
    program = shutil.which("java", path=f"{home}/bin") if home else None
    program = program or shutil.which("java")
    if program is None:
        raise NeededPartMissing(f"java is not installed; Apache Kafka needs {OLDEST_JAVA} or newer")
    said = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    if found is None or int(found[1]) < OLDEST_JAVA:
        version = found[1] if found else "of unknown version"
        raise NeededPartMissing(f"java is {version}; Apache Kafka needs {OLDEST_JAVA} or newer")
    return program


def ensure_jars(folder: Path = DEFAULT_JARS) -> Path:
    """Have the jars of the pom in `folder` and return it; several processes may ask at once."""
    digest = hashlib.sha256(POM.read_bytes()).hexdigest()
    if _is_current(folder, digest):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_current(folder, digest):
            _replace(folder, digest)
    return folder


def _is_current(folder: Path, digest: str) -> bool:
    stamp = folder / STAMP
    return stamp.is_file() and stamp.read_text() == digest


def _replace(folder: Path, digest: str) -> None:
    """Copy into a new folder and change names last, so that a half copy never counts as a whole one."""
    maven = shutil.which("mvn")
    if maven is None:
        raise NeededPartMissing("mvn is not installed; Maven copies the jars of Apache Kafka")
    sys.stderr.write(f"copying the jars of Apache Kafka {kafka_version()} with Maven\n")
    sys.stderr.flush()
    with tempfile.TemporaryDirectory(prefix=f"{folder.name}.", dir=folder.parent) as scratch:
        fresh = Path(scratch) / "jars"
        _copy_dependencies(maven, fresh)
        (fresh / STAMP).write_text(digest)
        if folder.exists():
            folder.rename(Path(scratch) / "old")
        fresh.rename(folder)


def _copy_dependencies(maven: str, target: Path) -> None:
    copied = subprocess.run(
        [maven, "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", f"-DoutputDirectory={target}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if copied.returncode != 0 or not any(target.glob("kafka_*.jar")):
        errors = [line for line in copied.stdout.splitlines() if line.startswith("[ERROR]")]
        reason = errors[0].removeprefix("[ERROR]").strip() if errors else f"it ended with {copied.returncode}"
        raise NeededPartMissing(f"mvn could not copy the jars of Apache Kafka: {reason}")
