"""Free ports for servers that tests start.

They lie below the range from which systems give outgoing connections their ports (from 32768 on Linux, from 49152
elsewhere): a port of that range that is free now may be some connection's a moment later, and a server that wants it
then cannot start. No port is given twice by one process.
"""

import random
import socket

_PORTS = range(10_000, 32_000)
_given: set[int] = set()
_dice = random.SystemRandom()


def free_port() -> int:
    """A port of the loopback address that nobody listens on at this moment."""
    return free_port_base(1) + 1


def free_port_base(count: int = 10) -> int:
    """A number N such that N+1 … N+count are all free."""
    for _ in range(200):
        base = _dice.randrange(_PORTS.start, _PORTS.stop - count)
        wanted = range(base + 1, base + count + 1)
        if _given.isdisjoint(wanted) and all(_is_free(port) for port in wanted):
            _given.update(wanted)
            return base
    raise RuntimeError("no run of free ports was found")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
