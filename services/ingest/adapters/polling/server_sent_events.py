"""Server-sent events, as they come over the wire piece by piece.

Source: WHATWG HTML, "Server-sent events" (parsing an event stream). A line ends with CR LF, LF or CR; a line that
begins with a colon is a comment, which servers send to show that they are there.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

from services.ingest.domain.refusals import Unreadable

MOST_BYTES = 4 << 20
"""Of one event: more than a status can be."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its kind (``message`` where none is said) and its data."""

    kind: str
    data: str


@dataclass(slots=True)
class _Begun:
    """An event whose end has not come yet."""

    kind: str = ""
    data: list[str] = field(default_factory=list)
    size: int = 0


async def events(pieces: AsyncIterator[bytes]) -> AsyncIterator[Event]:
    """The events in a stream; one that the end cuts off is none. Raises ``Unreadable`` for one without an end."""
    begun = _Begun()
    async for line in _lines(pieces):
        if line:
            _take(begun, line)
        elif begun.data:
            yield Event(begun.kind or "message", "\n".join(begun.data))
            begun = _Begun()
        else:
            begun = _Begun()


def _take(begun: _Begun, line: bytes) -> None:
    begun.size += len(line)
    if begun.size > MOST_BYTES:
        raise Unreadable("An event is too large.")
    name, _, value = line.decode(errors="replace").partition(":")
    value = value.removeprefix(" ")
    if name == "event":
        begun.kind = value
    elif name == "data":
        begun.data.append(value)


async def _lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Whole lines without their ends."""
    rest, ended_with_cr = b"", False
    async for piece in pieces:
        if ended_with_cr and piece.startswith(b"\n"):
            piece = piece[1:]  # the second half of a line end that was cut in two
        ended_with_cr = piece.endswith(b"\r")
        *whole, rest = _split(rest + piece)
        for line in whole:
            yield line
        if len(rest) > MOST_BYTES:
            raise Unreadable("A line is too long.")


def _split(text: bytes) -> Iterator[bytes]:
    return iter(text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"))
