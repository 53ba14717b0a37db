"""CPU time by process, user and system, in the groups that the table shows.

PostgreSQL is a postmaster and its children. Some of them end between two looks; the postmaster then carries their time,
so nothing is lost.
"""

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass

import psutil

Seconds = dict[str, float]


WITH_CHILDREN = "postgres"
"""The name under which PostgreSQL is given."""


class Processes:
    """Processes by the name they are shown under."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._processes = {name: psutil.Process(pid) for name, pid in pids.items()}

    def seconds(self) -> Seconds:
        """CPU seconds of each since it was started."""
        return {
            name: _with_children(process) if name == WITH_CHILDREN else _own(process)
            for name, process in self._processes.items()
        }


class Watch:
    """What the processes of a system, this process and everyone else on the machine use from now on."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._processes = Processes(pids)
        self._before = self._look()

    def used(self) -> "Used":
        """CPU seconds since the watch began."""
        seconds, own, machine = self._look()
        seconds_before, own_before, machine_before = self._before
        by_name = {name: seconds[name] - seconds_before[name] for name in seconds}
        mine = own - own_before
        others = machine - machine_before - mine - sum(by_name.values())
        return Used(by_name, mine, max(others, 0.0))

    def _look(self) -> tuple[Seconds, float, float]:
        return self._processes.seconds(), own_seconds(), _machine_seconds()


@dataclass(frozen=True)
class Used:
    """CPU seconds: of the system by process, of load generator and stub, of everyone else (a disturbance)."""

    system: Seconds
    generator: float
    others: float


def own_seconds() -> float:
    """CPU seconds of this process: of the load generator, and of the stub where it was used."""
    times = os.times()
    return times.user + times.system


def _machine_seconds() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq)


def _own(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _with_children(process: psutil.Process) -> float:
    total = 0.0
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            total += _own(child)
    times = process.cpu_times()
    return total + float(times.user + times.system + times.children_user + times.children_system)
