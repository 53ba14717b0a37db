"""What citizens report over Open311: a service, some words, a place, and who they are.

Descriptions and places are public by the protocol: anyone may list them. Who reported, and what they answered to a
service's questions, is for the officers alone.

Source: GeoReport v2 (wiki.open311.org/GeoReport_v2).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal, NamedTuple

from services.ingest.domain.attributes import Attribute, line, wrong_with
from services.ingest.domain.entries import UNKNOWN_AUTHOR, Media
from services.ingest.domain.statuses import LADDER, Status

REPEATED_WITHIN: Final = timedelta(minutes=10)
"""The protocol has no idempotency: exactly the same report again is a client's repeat for so long, and news later."""

OPEN: Final[tuple[Status, ...]] = ("received", "routed")
CLOSED: Final[tuple[Status, ...]] = tuple(status for status in LADDER if status not in OPEN)
"""How far a comment has come, in the two words that the protocol has."""


@dataclass(frozen=True, slots=True)
class Service:
    """Something that citizens may ask of an agency. ``code`` is unique within the agency and has no dot.

    ``place`` says whether a report makes sense without one: a burst pipe does not, a question does. The protocol has
    every client send a place, so that a service which does not insist refuses nobody.
    """

    code: str
    name: str
    description: str
    keywords: tuple[str, ...] = ()
    group: str | None = None
    notice: str | None = None
    place: Literal["required", "optional"] = "optional"
    attributes: tuple[Attribute, ...] = ()


ENQUIRY: Final = Service("enquiry", "General enquiry", "Ask the agency a question, or tell it something.")
"""What an agency offers that has not said what it does."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is: degrees (WGS 84), words, or the agency's own id of an address."""

    lat: float | None = None
    long: float | None = None
    address: str | None = None
    address_id: str | None = None

    @property
    def known(self) -> bool:
        return self.lat is not None or self.address is not None or self.address_id is not None


@dataclass(frozen=True, slots=True)
class Contact:
    """Who reported, as far as they said. Never shown in public."""

    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    device_id: str | None = None
    account_id: str | None = None

    @property
    def author_id(self) -> str:
        """What tells this person from others."""
        return self.email or self.phone or self.device_id or self.account_id or UNKNOWN_AUTHOR

    @property
    def name(self) -> str:
        """First and last name; empty where there is neither."""
        return " ".join(part for part in (self.first_name, self.last_name) if part)


@dataclass(frozen=True, slots=True)
class Report:
    """What a citizen reported. ``answers`` are by the code of the attribute, those that nobody asked for included."""

    service: Service
    description: str | None
    place: Place
    contact: Contact
    answers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    media_urls: tuple[str, ...] = ()

    @property
    def media(self) -> tuple[Media, ...]:
        """What came with it; nothing is fetched, so that only the address tells a picture from a page."""
        return tuple(Media("image" if _IMAGE.search(url) else "link", url=url) for url in self.media_urls)


_IMAGE = re.compile(r"\.(jpe?g|png|gif|webp)$", re.IGNORECASE)


class Complaint(NamedTuple):
    """A field that keeps a report from being taken, and the way out; never what was sent."""

    field: str
    detail: str


def complaints(report: Report) -> Iterator[Complaint]:
    """All that keeps ``report`` from being taken."""
    service = report.service
    if service.place == "required" and not report.place.known:
        yield Complaint("lat, long", "send both, or address_string, or address_id: this service needs a place")
    # Where neither a place nor answers are asked for, a report without words says nothing.
    if service.place == "optional" and not service.attributes and not report.description:
        yield Complaint("description", "say what is reported")
    for attribute in service.attributes:
        if wrong := wrong_with(attribute, report.answers.get(attribute.code, ())):
            yield Complaint(f"attribute[{attribute.code}]", wrong)


def words(report: Report) -> str:
    """The report as an officer reads it: what the citizen wrote, then a line for everything else that was said."""
    lines = "\n".join(_lines(report))
    return f"{report.description}\n\n{lines}" if report.description else lines


def _lines(report: Report) -> Iterator[str]:
    place = report.place
    yield f"Service: {report.service.name}"
    if place.address is not None:
        yield f"Address: {place.address}"
    if place.address_id is not None:
        yield f"Address id: {place.address_id}"
    if place.lat is not None:
        yield f"Position: {place.lat}, {place.long}"
    asked = {attribute.code: attribute for attribute in report.service.attributes}
    for code, given in report.answers.items():
        yield line(asked.get(code), code, given)
