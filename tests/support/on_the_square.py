"""An example's account on a real town square, and the channel that speaks there."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from services.publisher.adapters.http import Http
from services.publisher.domain.publications import Publication
from services.publisher.ports import Credentials
from tests.local.support import Square, open_square
from tests.publisher.examples import Example

Channel = TypeVar("Channel")


@dataclass(frozen=True)
class Stage(Generic[Channel]):
    """Everything that a test of a channel on the square needs."""

    square: Square
    channel: Channel
    credentials: Credentials
    example: Example

    def a_reply(self) -> Publication:
        return self.example.a_reply(self.square.http, self.example.account["account"])

    def fault(self, kind: str) -> None:
        self.square.fault(self.example.account["platform"], kind)

    def replies(self) -> list[dict[str, str]]:
        return self.square.replies(self.example.account["platform"])


@asynccontextmanager
async def on_the_square(
    home: Path, example: Example, channel: Callable[[Http], Channel]
) -> AsyncIterator[Stage[Channel]]:
    """A square of its own, which holds a hung request for 0.3 s."""
    http = Http()
    with open_square(home) as square:
        known = [{**example.account, "token": example.token}]
        square.http.put("/accounts", json=known).raise_for_status()
        credentials = Credentials(example.token, square.url + example.path, secrets=example.secrets)
        try:
            yield Stage(square, channel(http), credentials, example)
        finally:
            await http.close()
