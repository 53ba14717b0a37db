"""CloudEvents 1.0 over Kafka in binary mode: attributes in headers, the event's JSON in the value.

Source: CloudEvents specification 1.0.2 and its Kafka protocol binding, section 3.2. ``dataschema`` carries the
version of the event; ``agency`` and ``traceparent`` are extension attributes (the latter without the ``ce_`` prefix,
as W3C Trace Context spells it).
"""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from pydantic import ValidationError

from shared.errors import Dead
from shared.events import EVENTS, Event

LARGEST_EVENT_BYTES = 256 * 1024


class Envelope(NamedTuple):
    """What the headers of an event say; ``time`` is RFC 3339 in UTC."""

    id: str
    type: str
    version: int
    source: str
    subject: str
    time: str
    agency: str
    traceparent: str | None

    def headers(self) -> list[tuple[str, bytes]]:
        """The Kafka headers."""
        written = [
            *_unchanging(self.source, self.type, self.version),
            ("ce_id", self.id.encode()),
            ("ce_subject", self.subject.encode()),
            ("ce_time", self.time.encode()),
            ("ce_agency", self.agency.encode()),
        ]
        if self.traceparent:
            written.append(("traceparent", self.traceparent.encode()))
        return written


@functools.cache
def _unchanging(service: str, type: str, version: int) -> tuple[tuple[str, bytes], ...]:
    return (
        ("ce_specversion", b"1.0"),
        ("content-type", b"application/json"),
        ("ce_source", f"/parley/{service}".encode()),
        ("ce_type", type.encode()),
        ("ce_dataschema", _dataschema(type, version).encode()),
    )


@dataclass(frozen=True)
class Received:
    """An event that arrived, and how."""

    event: Event
    event_id: UUID
    traceparent: str | None = None


def read(headers: Iterable[tuple[str, bytes]], value: bytes | None) -> Received:
    """The event of a record.

    Raises ``Dead`` with code ``no_value``, ``no_attribute``, ``wrong_specversion``, ``unknown_type``,
    ``wrong_version``, ``invalid_id`` or ``invalid_data``.
    """
    attributes = dict(headers)
    if value is None:
        raise Dead("no_value", "the record has no value")
    if _attribute(attributes, "ce_specversion") != "1.0":
        raise Dead("wrong_specversion", "ce_specversion is not 1.0")
    name = _attribute(attributes, "ce_type")
    event = EVENTS.get(name)
    if event is None:
        raise Dead("unknown_type", f"no event is called {name[:80]!r}")
    if _attribute(attributes, "ce_dataschema") != _dataschema(name, event.VERSION):
        raise Dead("wrong_version", f"{name} is read in version {event.VERSION}")
    try:
        event_id = UUID(_attribute(attributes, "ce_id"))
    except ValueError as error:
        raise Dead("invalid_id", "ce_id is not a UUID") from error
    try:
        traceparent = attributes.get("traceparent")
        return Received(event.model_validate_json(value), event_id, traceparent.decode() if traceparent else None)
    except (ValidationError, UnicodeDecodeError) as error:
        # Pydantic's own text would carry the citizen's words into logs.
        raise Dead("invalid_data", f"the value is no {name}") from error


def _attribute(attributes: dict[str, bytes], name: str) -> str:
    try:
        return attributes[name].decode()
    except KeyError as error:
        raise Dead("no_attribute", f"the record has no header {name}") from error
    except UnicodeDecodeError as error:
        raise Dead("no_attribute", f"the header {name} is not UTF-8") from error


def _dataschema(name: str, version: int) -> str:
    return f"urn:parley:event:{name}:{version}"
