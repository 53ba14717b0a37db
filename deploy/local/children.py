"""Child processes that are kept running: one that dies is started again, with a line on screen.

Each child leads a process group of its own, so that Ctrl-C reaches only us and we stop them in order.
"""

import asyncio
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 1.0
SETTLED_SECONDS = 5.0

_PR_SET_PDEATHSIG = 1

Say = Callable[[str], None]


class Child:
    """One command under watch. ``pid`` is None while its process is down."""

    def __init__(
        self,
        name: str,
        command: Callable[[], Sequence[str]],
        log: Path,
        say: Say,
        *,
        env: Mapping[str, str] | None = None,
        as_user: tuple[int, int] | None = None,
    ) -> None:
        """``command`` is asked anew at each start. ``as_user`` is the user and group id to run as."""
        self.name = name
        self.restarts = 0
        self.on_change: Callable[[], None] = lambda: None
        self._command = command
        self._log = log
        self._say = say
        self._env = env
        self._as_user = as_user
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def start(self) -> None:
        """Start the process, and from now on start it again whenever it ends."""
        await self._spawn()
        self._watch = asyncio.create_task(self._keep(), name=f"watch {self.name}")

    async def stop(self, seconds: float, *, first: signal.Signals = signal.SIGTERM) -> None:
        """Ask the process to end, then kill its group."""
        if self._watch is not None:
            self._watch.cancel()
        if self._process is None:
            return
        if self._process.returncode is None:
            _signal(self._process.pid, first, group=False)
            try:
                await asyncio.wait_for(self._process.wait(), seconds)
            except TimeoutError:
                self._say(f"{self.name} did not end in time and is killed")
        _signal(self._process.pid, signal.SIGKILL, group=True)
        await self._process.wait()

    async def _spawn(self) -> None:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        user, group = self._as_user or (None, None)
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self._env} if self._env is not None else None,
                start_new_session=True,
                cwd="/" if user is not None else None,
                user=user,
                group=group,
                extra_groups=None if user is None else [],
                preexec_fn=_end_with_parent,
            )
        self.on_change()

    async def _keep(self) -> None:
        pause = PAUSE_SECONDS
        while True:
            assert self._process is not None, "a child is watched after it was started"
            began = time.monotonic()
            code = await self._process.wait()
            self.on_change()
            self.restarts += 1
            self._say(f"{self.name} ended ({_describe(code)}); starting it again")
            pause = (
                PAUSE_SECONDS if time.monotonic() - began > SETTLED_SECONDS else min(pause * 2, LONGEST_PAUSE_SECONDS)
            )
            await asyncio.sleep(pause)
            await self._spawn()


def _end_with_parent() -> None:
    """In the child: ask Linux for a SIGTERM when we die, so that a killed parent leaves nothing running."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _describe(code: int) -> str:
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"


def _signal(pid: int, number: signal.Signals, *, group: bool) -> None:
    try:
        if group:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
    except ProcessLookupError:
        pass
