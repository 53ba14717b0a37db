"""What clients read: services, their questions, requests. Names of fields are those of the protocol.

A request shows what its sender said in public: never who they are, and never what they answered to a service's
questions. What was deleted or hidden since keeps its place, without its words.

Source: GeoReport v2 (wiki.open311.org/GeoReport_v2) and its Service Discovery (wiki.open311.org/Service_Discovery).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Row

from services.ingest.adapters.open311.catalogues import Catalogue
from services.ingest.adapters.open311.jurisdictions import full_code
from services.ingest.adapters.store import media
from services.ingest.domain.accounts import Account
from services.ingest.domain.attributes import Attribute
from services.ingest.domain.reports import OPEN, Service

SPECIFICATION: Final = "http://wiki.open311.org/GeoReport_v2"
_NEVER_CHANGED: Final = datetime.fromtimestamp(0, UTC)
_WITHOUT_REPLY: Final = "Closed without a published reply."
_WITHDRAWN: Final = "Withdrawn."


@dataclass(frozen=True, slots=True)
class About:
    """Whom to ask about this server, how to get a key, and whether it is in earnest (``production``) or a ``test``,
    and how clients reach it (None for as they just did)."""

    contact: str
    key_service: str
    type: str
    public_url: str | None


def w3c(moment: datetime) -> str:
    """``2026-11-22T08:30:00Z``: whole seconds, because not every client reads fractions."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def discovery(about: About, url: str, accounts: Iterable[tuple[Account, Catalogue]]) -> dict[str, Any]:
    """Where the routes are and what they speak; the changeset grows with what services there are."""
    changes = [moment for one, offered in accounts for moment in (one.connected_at, offered.changed) if moment]
    changeset = w3c(max(changes, default=_NEVER_CHANGED))
    endpoint = {
        "specification": SPECIFICATION,
        "url": url,
        "changeset": changeset,
        "type": about.type,
        "formats": ["text/xml", "application/json"],
    }
    return {
        "changeset": changeset,
        "contact": about.contact,
        "key_service": about.key_service,
        "endpoints": [endpoint],
    }


def service(account: Account, offered: Service) -> dict[str, Any]:
    """A service in the list."""
    return {
        "service_code": full_code(account, offered),
        "service_name": offered.name,
        "description": offered.description,
        "metadata": bool(offered.attributes),
        "type": "realtime",
        "keywords": ", ".join(offered.keywords),
        "group": offered.group or account.name,
    }


def definition(account: Account, offered: Service) -> dict[str, Any]:
    """A service with its questions."""
    questions = [_attribute(order, one) for order, one in enumerate(offered.attributes, start=1)]
    return {"service_code": full_code(account, offered), "attributes": questions}


def _attribute(order: int, asked: Attribute) -> dict[str, Any]:
    told: dict[str, Any] = {
        "variable": asked.variable,
        "code": asked.code,
        "datatype": asked.datatype,
        "required": asked.required,
        "datatype_description": asked.datatype_description,
        "order": order,
        "description": asked.description,
    }
    if asked.values:
        told["values"] = [{"key": key, "name": name} for key, name in asked.values.items()]
    return told


def created(comment: str, offered: Service, account_id: str | None) -> dict[str, Any]:
    """The answer to a report."""
    return {"service_request_id": comment, "service_notice": offered.notice, "account_id": account_id}


def request(row: Row[Any], agency: str, notice: str | None) -> dict[str, Any]:
    """A request as anyone may read it; ``agency`` is what people call the agency responsible."""
    withheld = row.hidden or row.status == "deleted"
    pictures = [] if withheld else media.read(row.media)
    return {
        "service_request_id": row.comment,
        "status": "open" if row.status in OPEN else "closed",
        "status_notes": _notes(row),
        "service_name": row.service_name,
        "service_code": row.service_code,
        "description": None if withheld else row.description,
        "agency_responsible": agency,
        "service_notice": notice,
        "requested_datetime": w3c(row.requested_at),
        "updated_datetime": w3c(row.progressed_at or row.requested_at),
        "expected_datetime": None,
        "address": None if withheld else row.address,
        "address_id": None if withheld else row.address_id,
        "zipcode": None,
        "lat": None if withheld else row.lat,
        "long": None if withheld else row.long,
        "media_url": pictures[0]["url"] if pictures else None,
    }


def _notes(row: Row[Any]) -> str | None:
    """Why a request stands as it does: the published reply, where there is one."""
    unanswered: Mapping[str, str] = {"closed": _WITHOUT_REPLY, "deleted": _WITHDRAWN}
    reply: str | None = row.reply_text
    return reply or unanswered.get(row.status)
