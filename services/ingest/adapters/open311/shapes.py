"""The routes' shapes for OpenAPI: what is answered and what is posted. Nothing here reads or writes anything."""

from typing import Any, Literal

from pydantic import BaseModel

Number = int | float


class EndpointOut(BaseModel):
    specification: str
    url: str
    changeset: str
    type: Literal["production", "test"]
    formats: list[str]


class DiscoveryOut(BaseModel):
    """Where the routes are, what they speak, and how to get a key."""

    changeset: str
    contact: str
    key_service: str
    endpoints: list[EndpointOut]


class ServiceOut(BaseModel):
    """A service. `metadata` says whether it has questions, which its definition then lists."""

    service_code: str
    service_name: str
    description: str
    metadata: bool
    type: Literal["realtime"]
    keywords: str
    group: str


class ValueOut(BaseModel):
    key: str
    name: str


class AttributeOut(BaseModel):
    variable: bool
    code: str
    datatype: Literal["string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"]
    required: bool
    datatype_description: str | None
    order: int
    description: str
    values: list[ValueOut] = []


class DefinitionOut(BaseModel):
    """The questions of a service, in their order."""

    service_code: str
    attributes: list[AttributeOut]


class CreatedOut(BaseModel):
    service_request_id: str
    service_notice: str | None
    account_id: str | None


class RequestOut(BaseModel):
    """A request as anyone may read it. Times are W3C date and time in UTC; `status_notes` is the published reply."""

    service_request_id: str
    status: Literal["open", "closed"]
    status_notes: str | None
    service_name: str
    service_code: str
    description: str | None
    agency_responsible: str
    service_notice: str | None
    requested_datetime: str
    updated_datetime: str
    expected_datetime: str | None
    address: str | None
    address_id: str | None
    zipcode: str | None
    lat: Number | None
    long: Number | None
    media_url: str | None


class TokenOut(BaseModel):
    service_request_id: str
    token: str


class ErrorOut(BaseModel):
    """What is wrong: the HTTP status again, and a sentence that names the field and the way out."""

    code: int
    description: str


_TEXT: dict[str, Any] = {"type": "string"}
_ID: dict[str, Any] = {"type": "string", "maxLength": 256}
_REPORT: dict[str, Any] = {
    "type": "object",
    "required": ["api_key", "service_code"],
    "properties": {
        "api_key": _TEXT,
        "jurisdiction_id": _ID,
        "service_code": _ID,
        "description": {"type": "string", "maxLength": 4000},
        "lat": {"type": "number", "minimum": -90, "maximum": 90},
        "long": {"type": "number", "minimum": -180, "maximum": 180},
        "address_string": {"type": "string", "maxLength": 1000},
        "address_id": _ID,
        "first_name": _ID,
        "last_name": _ID,
        "email": _ID,
        "phone": _ID,
        "device_id": _ID,
        "account_id": _ID,
        "media_url": {"type": "string", "maxLength": 2048, "format": "uri"},
    },
    "additionalProperties": _TEXT,
    "description": "Answers to the questions of a service are fields `attribute[<code>]`, and for a list of several "
    "`attribute[<code>][]`, repeated.",
}
POSTED: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {"schema": _REPORT},
            "multipart/form-data": {"schema": _REPORT},
            "application/json": {"schema": _REPORT},
        },
    }
}
