"""From what a client posted to a report, and from a report to an arrival.

A field that is too long or comes twice is told alone; all else that is wrong is told together.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from fastapi import Request

from services.ingest.adapters.open311.answers import Refused
from services.ingest.adapters.open311.forms import Form
from services.ingest.adapters.store.reports import Filing
from services.ingest.domain import language
from services.ingest.domain.accounts import Account
from services.ingest.domain.attributes import NUMBER
from services.ingest.domain.entries import NewComment
from services.ingest.domain.reports import Complaint, Contact, Place, Report, Service, complaints, words
from services.ingest.domain.text import clean, clean_name
from services.ingest.ports import Arrival
from shared import tracing
from shared.ids import CommentId, new_id, uuid7

MOST_DESCRIPTION_CHARACTERS: Final = 4_000
"""GeoReport v2 on ``description``."""

MOST_ADDRESS_CHARACTERS: Final = 1_000
MOST_URL_CHARACTERS: Final = 2_048
MOST_MEDIA: Final = 10
MOST_ATTRIBUTES: Final = 50
MOST_ANSWER_CHARACTERS: Final = 16_000
"""Of all answers together, so that the comment stays what an officer can read."""

_ATTRIBUTE: Final = re.compile(r"attribute\[([^\[\]]{1,64})\]")
_URL: Final = re.compile(r"https?://[^\s/]+(/\S*)?", re.IGNORECASE)
_FARTHEST: Final = {"lat": 90.0, "long": 180.0}


def report_in(form: Form, service: Service) -> Report:
    """What ``form`` reports. Raises ``Refused`` 400 with all that is wrong."""
    wrong: list[Complaint] = []
    report = Report(
        service,
        form.one("description", MOST_DESCRIPTION_CHARACTERS),
        _place(form, wrong),
        _contact(form),
        dict(_answers(form, wrong)),
        _media_urls(form, wrong),
    )
    wrong += complaints(report)
    if wrong:
        raise Refused(400, *(f"{name}: {detail}." for name, detail in wrong))
    return report


def filing(request: Request, form: Form, account: Account, service_code: str, report: Report, now: datetime) -> Filing:
    """``report`` on its way to be kept, as a comment on ``account``."""
    comment = CommentId(new_id("cmt"))
    body = form.kept()
    text = clean(words(report))
    entry = NewComment(
        account=account.account,
        native_id=comment,
        author_id=report.contact.author_id,
        author_name=clean_name(report.contact.name),
        text=text,
        sent_at=now,
        thread=comment,
        # Our own lines around a citizen's words are in English.
        language=language.identify(report.description or text),
        media=report.media,
        comment=comment,
    )
    trace = tracing.traceparent(request.headers.get("traceparent"))
    arrival = Arrival(uuid7(), account, body, now, [(account, entry)], traceparent=trace)
    fingerprint = hashlib.sha256(account.id.encode() + body).hexdigest()
    return Filing(comment, account, report, service_code, fingerprint, arrival)


def _place(form: Form, wrong: list[Complaint]) -> Place:
    lat, long = _degrees(form, "lat", wrong), _degrees(form, "long", wrong)
    if (lat is None) != (long is None) and not wrong:
        wrong.append(Complaint("lat, long", "send both or neither"))
    address = form.one("address_string", MOST_ADDRESS_CHARACTERS)
    return Place(lat, long, " ".join(address.split()) if address else None, form.id("address_id"))


def _degrees(form: Form, name: str, wrong: list[Complaint]) -> float | None:
    given, farthest = form.id(name), _FARTHEST[name]
    if given is None:
        return None
    degrees = float(given) if NUMBER.fullmatch(given) else farthest + 1
    if abs(degrees) <= farthest:
        return degrees
    wrong.append(Complaint(name, f"send decimal degrees from {-farthest:.0f} to {farthest:.0f}"))
    return None


def _contact(form: Form) -> Contact:
    return Contact(**{name: form.id(name) for name in Contact.__slots__})


def _answers(form: Form, wrong: list[Complaint]) -> Iterator[tuple[str, tuple[str, ...]]]:
    answers: Mapping[str, tuple[str, ...]] = {
        found[1]: given for name, given in form.fields.items() if (found := _ATTRIBUTE.fullmatch(name))
    }
    if len(answers) > MOST_ATTRIBUTES:
        wrong.append(Complaint("attribute", f"send at most {MOST_ATTRIBUTES}"))
    elif sum(len(value) for given in answers.values() for value in given) > MOST_ANSWER_CHARACTERS:
        wrong.append(Complaint("attribute", f"send at most {MOST_ANSWER_CHARACTERS} characters in all"))
    else:
        yield from answers.items()


def _media_urls(form: Form, wrong: list[Complaint]) -> tuple[str, ...]:
    urls = form.every("media_url")
    if len(urls) > MOST_MEDIA or any(len(url) > MOST_URL_CHARACTERS or not _URL.fullmatch(url) for url in urls):
        wrong.append(Complaint("media_url", f"send at most {MOST_MEDIA} http or https addresses"))
    return urls
