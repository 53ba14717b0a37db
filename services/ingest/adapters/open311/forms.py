"""What a client posts, as fields: from a form, from a form in parts, or from JSON.

The protocol has clients post ``application/x-www-form-urlencoded`` in UTF-8; those that attach files use
``multipart/form-data``, and JSON is taken because people try it. In JSON, ``attribute`` may be an object. An empty
field is a field that was not sent. Some clients put ``api_key`` and ``jurisdiction_id`` into the address.

Source: GeoReport v2, "POST Service Request" (wiki.open311.org/GeoReport_v2).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from fastapi import Request
from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile

from services.ingest.adapters.open311.answers import Refused
from services.ingest.domain.text import clean
from shared import strict_json

MOST_FIELDS: Final = 200
MOST_NAME_CHARACTERS: Final = 256
MOST_ID_CHARACTERS: Final = 256
MOST_KEY_CHARACTERS: Final = 1_024
_KEY: Final = "api_key"
_IN_ADDRESS: Final = (_KEY, "jurisdiction_id")
_FORM: Final = "application/x-www-form-urlencoded"
_PARTS: Final = "multipart/form-data"
_CHARSETS: Final = frozenset({b"utf-8", b"utf8", b"us-ascii"})

Pairs = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Form:
    """Fields by name, each with all its values; none is empty, none has a NUL, and line ends are ``\\n``."""

    fields: Mapping[str, tuple[str, ...]]

    def every(self, name: str) -> tuple[str, ...]:
        """All values of a field."""
        return self.fields.get(name, ())

    def one(self, name: str, most: int) -> str | None:
        """The value of a field that has at most one, of at most ``most`` characters. Raises ``Refused``."""
        values = self.every(name)
        if len(values) > 1:
            raise Refused(400, f"{name}: send it once.")
        if values and len(values[0]) > most:
            raise Refused(400, f"{name}: send at most {most} characters.")
        return values[0] if values else None

    def id(self, name: str) -> str | None:
        """The value of a field that names something. Raises ``Refused``."""
        return self.one(name, MOST_ID_CHARACTERS)

    @property
    def api_key(self) -> str | None:
        """What opens the jurisdiction. Raises ``Refused``."""
        return self.one(_KEY, MOST_KEY_CHARACTERS)

    def kept(self) -> bytes:
        """The fields as they are stored: without the key, and the same bytes for the same fields."""
        return json.dumps({name: self.fields[name] for name in sorted(self.fields) if name != _KEY}).encode()


async def read(request: Request) -> Form:
    """What ``request`` carries. Raises ``Refused`` 400 or 415, and ``strict_json.Malformed``."""
    fields = _gathered((name, request.query_params[name]) for name in _IN_ADDRESS if name in request.query_params)
    return Form({**fields, **_gathered(await _pairs(request))})


async def _pairs(request: Request) -> Pairs:
    content_type, parameters = parse_options_header(request.headers.get("content-type", _FORM))
    # UTF-8 is required everywhere; and some of Python's codecs would be at a large body for minutes.
    if parameters.get(b"charset", b"utf-8").lower() not in _CHARSETS:
        raise Refused(415, "charset: send UTF-8.")
    match content_type:
        case b"application/x-www-form-urlencoded":
            return _from_form(await request.body())
        case b"multipart/form-data":
            return await _from_parts(request)
        case b"application/json":
            return _from_json(strict_json.read(await request.body()))
    raise Refused(415, f"Content-Type: send {_FORM}, {_PARTS} or application/json.")


def _from_form(body: bytes) -> Pairs:
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except UnicodeDecodeError as error:
        raise Refused(400, "The form is not UTF-8.") from error
    except ValueError as error:
        raise _too_many() from error


async def _from_parts(request: Request) -> Pairs:
    pairs = []
    async with request.form(max_files=MOST_FIELDS, max_fields=MOST_FIELDS) as form:
        for name, value in form.multi_items():
            if not isinstance(value, UploadFile):
                pairs.append((name, value))
            elif value.filename or value.size:
                raise Refused(400, "Files are not taken: send the address of each in media_url.")
    return pairs


def _from_json(body: Any) -> Pairs:
    if not isinstance(body, dict):
        raise Refused(400, "Send a JSON object.")
    attributes = body.pop("attribute", {})
    if not isinstance(attributes, dict):
        raise Refused(400, "attribute: send an object of answers by code.")
    named = {**body, **{f"attribute[{code}]": answer for code, answer in attributes.items()}}
    return [(name, said) for name, value in named.items() for said in _values(value)]


def _values(value: Any) -> Iterator[str]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict | list):
            raise Refused(400, "Fields are texts, numbers, or lists of them; only attribute is an object.")
        if one is not None:
            yield str(one).lower() if isinstance(one, bool) else str(one)


def _gathered(pairs: Pairs) -> dict[str, tuple[str, ...]]:
    """The values of each field; ``name[]`` is how forms write a field with several."""
    fields: dict[str, tuple[str, ...]] = {}
    for count, (name, value) in enumerate(pairs, start=1):
        if count > MOST_FIELDS or len(name) > MOST_NAME_CHARACTERS:
            raise _too_many()
        said = clean(value).strip()
        if said:
            name = clean(name).removesuffix("[]")
            fields[name] = (*fields.get(name, ()), said)
    return fields


def _too_many() -> Refused:
    return Refused(400, f"Send at most {MOST_FIELDS} fields with names of at most {MOST_NAME_CHARACTERS} characters.")
