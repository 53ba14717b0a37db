"""Free ports for servers that tests start."""

import socket


def free_port() -> int:
    """A port of the loopback address that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def free_port_base(count: int = 10) -> int:
    """A number N such that N+1 … N+count are all free."""
    for _ in range(200):
        base = free_port() - 1
        if base + count < 65535 and all(_is_free(base + offset) for offset in range(1, count + 1)):
            return base
    raise RuntimeError("no run of free ports was found")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
