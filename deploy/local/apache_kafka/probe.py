"""Asking a broker whether it answers, with two requests of the Kafka protocol and no client.

An open port says little: Kafka binds it before it can serve. It is ready once it names its versions
and, in its metadata, itself.
"""

import socket
import struct

_METADATA = 3
_API_VERSIONS = 18


def answers(host: str, port: int, timeout_seconds: float = 2.0) -> bool:
    """Whether the broker at `host:port` tells its API versions and lists itself as a broker."""
    try:
        with socket.create_connection((host, port), timeout=timeout_seconds) as connection:
            connection.settimeout(timeout_seconds)
            versions = _ask(connection, _API_VERSIONS, 0, b"")
            error: int = struct.unpack_from(">h", versions)[0]
            # Version 1, no topics asked for.
            metadata = _ask(connection, _METADATA, 1, struct.pack(">i", 0))
    except (OSError, struct.error):
        return False
    return error == 0 and port in _broker_ports(metadata)


def _ask(connection: socket.socket, api: int, version: int, body: bytes) -> bytes:
    client = b"parley-probe"
    request = struct.pack(">hhih", api, version, api, len(client)) + client + body
    connection.sendall(struct.pack(">i", len(request)) + request)
    (length,) = struct.unpack(">i", _read(connection, 4))
    return _read(connection, length)[4:]


def _read(connection: socket.socket, length: int) -> bytes:
    received = b""
    while len(received) < length:
        piece = connection.recv(length - len(received))
        if not piece:
            raise ConnectionResetError("the broker closed the connection")
        received += piece
    return received


def _broker_ports(metadata: bytes) -> list[int]:
    """The ports in the broker list of a Metadata response, version 1."""
    (count,) = struct.unpack_from(">i", metadata)
    ports, at = [], 4
    for _ in range(count):
        (host_length,) = struct.unpack_from(">h", metadata, at + 4)
        at += 6 + host_length
        port, rack_length = struct.unpack_from(">ih", metadata, at)
        ports.append(port)
        at += 6 + max(rack_length, 0)
    return ports
