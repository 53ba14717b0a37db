"""A platform that answers what it was told to: a real server on a socket, for what is to be checked on the wire."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.platform_stand_in import Answer, PlatformStandIn, Request


@dataclass
class ScriptedPlatform(PlatformStandIn):
    """Answers by method and path; whatever has no line in the script is an assertion that fails."""

    script: dict[tuple[str, str], Callable[[Request], Answer]] = field(default_factory=dict)

    def answers(self, method: str, path: str, content: Any, status: int = 200, **headers: str) -> None:
        """Answer this from now on; in names of header fields ``_`` stands for ``-``."""
        answer = (status, content, {name.replace("_", "-"): said for name, said in headers.items()})
        self.script[method, path] = lambda _: answer

    def _dialect(self) -> Callable[[Request], Answer]:
        return lambda request: self.script[request.method, request.path](request)
