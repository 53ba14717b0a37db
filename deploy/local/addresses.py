"""Who listens where in the embedded run: one base number, seven neighbours."""

import socket
from dataclasses import dataclass

from deploy.local.errors import CannotRun

HOST = "127.0.0.1"


class PortTaken(CannotRun):
    """A port that is needed is in use."""


@dataclass(frozen=True)
class Addresses:
    """Ports counted from ``base``, as the contract gives them."""

    base: int

    def port(self, part: str) -> int:
        return self.base + 1 + _ORDER.index(part)

    def url(self, part: str) -> str:
        return f"http://{HOST}:{self.port(part)}"

    def address(self, part: str) -> str:
        return f"{HOST}:{self.port(part)}"

    def require_free(self, parts: list[str]) -> None:
        """Raise ``PortTaken`` for the first port that somebody else listens on."""
        for part in parts:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((HOST, self.port(part)))
                except OSError as error:
                    raise PortTaken(
                        f"Port {self.port(part)}, which {part.replace('_', ' ')} needs, is in use. "
                        f"Choose other ports with --port-base (now {self.base})."
                    ) from error


_ORDER = ["ingest", "policy", "publisher", "town_square", "issuer", "broker", "database"]
