"""Forms from outside: urlencoded, and multipart where files come along (WHATWG URL, "urlencoded"; RFC 7578).

A form may carry the proof of who sends it, so it is taken apart before anybody has proved anything. Therefore it has a
bound on its fields, a value is decoded only when it is asked for, and a multipart body, all of it in memory anyway, is
split where its boundary stands: a parser that walks through it takes seconds for the worst of 35 MiB.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from services.ingest.domain.refusals import Unreadable

MULTIPART = "multipart/form-data"
MOST_FIELDS = 1_000
MOST_VALUE_BYTES = 1 << 20
"""Of a longer value only the beginning is decoded."""

_MOST_NAME_BYTES = 256
_MOST_HEAD_BYTES = 4096
# A file name beyond ASCII may be written as RFC 5987 describes, though RFC 7578 asks not to.
_OPTION = re.compile(rb';\s*+(name|filename)(\*?)=(?:"((?:[^"\\]|\\.)*+)"|([^;]*+))', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class File:
    """A file in a form: the name of its field, its own name, what it is said to be, its bytes."""

    name: str
    filename: str
    content_type: str
    content: memoryview = field(repr=False)


class Form:
    """The fields of a form, by name; of several with one name the last one counts. ``raw`` are the values as they
    stand in the body."""

    def __init__(self, raw: Mapping[str, bytes], files: Sequence[File] = (), *, escaped: bool = False) -> None:
        self.raw = raw
        self.files = files
        self._escaped = escaped

    def text(self, name: str) -> str:
        """The value of a field; nothing for one that is not there."""
        raw = self.raw.get(name, b"")[:MOST_VALUE_BYTES]
        return (_unescaped(raw) if self._escaped else raw).decode(errors="replace")


def parse_form(body: bytes, content_type: str) -> Form:
    """The form in ``body``, after its header field Content-Type; raises ``Unreadable``."""
    kind, _, _ = content_type.partition(";")
    return _multipart(body) if kind.strip().lower() == MULTIPART else _urlencoded(body)


def without_files(body: bytes) -> bytes:
    """A multipart body with nothing in its files; any other body, and one that cannot be read, as it came."""
    try:
        parts = list(_parts(body)) if body.startswith(b"--") else []
    except Unreadable:
        return body
    if not any(part.is_file for part in parts):
        return body
    boundary = _boundary(body)
    kept = (part.head + b"\r\n\r\n" + (b"" if part.is_file else part.content) for part in parts)
    return b"".join(boundary + b"\r\n" + part + b"\r\n" for part in kept) + boundary + b"--\r\n"


def _urlencoded(body: bytes) -> Form:
    if body.count(b"&") >= MOST_FIELDS:
        raise Unreadable("The form has too many fields.")
    pairs = (pair.partition(b"=") for pair in body.split(b"&"))
    return Form({_text(_unescaped(name[:_MOST_NAME_BYTES])): value for name, _, value in pairs}, escaped=True)


def _multipart(body: bytes) -> Form:
    values: dict[str, bytes] = {}
    files: list[File] = []
    for part in _parts(body):
        name, filename = (_text(part.options.get(option, b"")) for option in (b"name", b"filename"))
        if part.is_file:
            files.append(File(name, filename, _text(part.headers.get(b"content-type", b"")), part.content))
        else:
            values[name] = bytes(part.content)
    return Form(values, files)


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of a multipart body: its head as it stands, the head's fields by lower-case name, the options of its
    Content-Disposition, its content."""

    head: bytes
    headers: Mapping[bytes, bytes]
    options: Mapping[bytes, bytes]
    content: memoryview

    @property
    def is_file(self) -> bool:
        return b"filename" in self.options


def _parts(body: bytes) -> Iterator[_Part]:
    boundary = _boundary(body)
    first, *others = body.split(b"\r\n" + boundary, MOST_FIELDS)
    if not others or not others.pop().startswith(b"--"):
        raise Unreadable("The form has too many parts, or does not end.")
    for part in (first.removeprefix(boundary), *others):
        yield _part(part)


def _boundary(body: bytes) -> bytes:
    """Two dashes and the boundary: a form begins with it."""
    line, end, _ = body[:_MOST_NAME_BYTES].partition(b"\r\n")
    if not end or not line.startswith(b"--") or len(line) < 3:
        raise Unreadable("The form does not begin with a boundary.")
    return line


def _part(part: bytes) -> _Part:
    end = part.find(b"\r\n\r\n", 0, _MOST_HEAD_BYTES)
    if end < 0 or not part.startswith(b"\r\n"):
        raise Unreadable("A part of the form has no head.")
    head = part[2:end]
    pairs = (line.partition(b":") for line in head.split(b"\r\n"))
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    options = dict(map(_option, _OPTION.finditer(headers.get(b"content-disposition", b""))))
    return _Part(head, headers, options, memoryview(part)[end + 4 :])


def _option(found: re.Match[bytes]) -> tuple[bytes, bytes]:
    name, extended, quoted, bare = found.groups()
    value = bare if quoted is None else quoted.replace(b'\\"', b'"')
    return name.lower(), unquote_to_bytes(value.rpartition(b"'")[2]) if extended else value


def _unescaped(raw: bytes) -> bytes:
    return unquote_to_bytes(raw.replace(b"+", b" "))


def _text(raw: bytes) -> str:
    return raw.decode(errors="replace")
