"""How Open311 answers: one content, written as JSON or as XML, errors included.

JSON follows the protocol's Spark convention: what XML wraps in a container is a bare array, and the root has no name.
What is not known is ``null`` or an empty element, as in the specification's own examples.

The address decides between the two (``.json``, ``.xml``), else the ``Accept`` header, else it is JSON.

Source: GeoReport v2, "Format Support" and "Errors" (wiki.open311.org/GeoReport_v2).
"""

import json
import re
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final, Literal
from xml.etree import ElementTree

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from shared.group_commit import Closed
from shared.problems import answer_to

JSON: Final = "application/json; charset=utf-8"
XML: Final = "text/xml; charset=utf-8"

_ITEMS: Final = {
    "services": "service",
    "attributes": "attribute",
    "values": "value",
    "service_requests": "request",
    "errors": "error",
    "endpoints": "endpoint",
    "formats": "format",
}
"""What stands in each container, in XML."""

_NOT_IN_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_QUALITY: Final = re.compile(r"q=([01](?:\.\d{0,3})?)", re.ASCII)


class Refused(Exception):
    """A request that is not answered as asked: each description names a field and the way out, and no input."""

    def __init__(self, status: int, *descriptions: str) -> None:
        self.status = status
        self.descriptions = descriptions
        super().__init__(f"{status}: {' '.join(descriptions)}")


_FORESEEN = (Refused, RequestValidationError, HTTPException, Closed, SQLAlchemyError, OSError)


class Open311Route(APIRoute):
    """A route whose errors are written as Open311 writes them."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_or_say_why_not(request: Request) -> Response:
            try:
                return await handle(request)
            except _FORESEEN as error:
                return _error(request, error)

        return handle_or_say_why_not


def write(request: Request, root: str, content: Any) -> Response:
    """``content`` in the format that ``request`` asks for; ``root`` is its name in XML."""
    return _write(request, root, content, 200, {})


def _write(request: Request, root: str, content: Any, status: int, headers: dict[str, str]) -> Response:
    if _asked_for(request) == "xml":
        return Response(_xml(root, content), status, headers, media_type=XML)
    return Response(json.dumps(content, ensure_ascii=False), status, headers, media_type=JSON)


def _error(request: Request, error: Exception) -> Response:
    status, descriptions, headers = _said(error, request.scope["path"])
    errors = [{"code": status, "description": description} for description in descriptions]
    return _write(request, "errors", errors, status, headers)


def _said(error: Exception, path: str) -> tuple[int, Iterable[str], dict[str, str]]:
    """Status, descriptions and headers for an error."""
    match error:
        case Refused(status=status, descriptions=descriptions):
            return status, descriptions, {}
        case RequestValidationError():
            return 400, [f"{one['loc'][-1]}: {one['msg']}." for one in error.errors()[:20]], {}
        case HTTPException(status_code=status, detail=detail):
            return status, [detail], dict(error.headers or {})
    problem = answer_to(error, path)
    return problem.status, [problem.title], problem.headers


def _asked_for(request: Request) -> Literal["json", "xml"]:
    path: str = request.scope["path"]
    if path.endswith(".xml"):
        return "xml"
    accepted = request.headers.get("accept", "")
    wanted = not path.endswith(".json") and _weight(accepted, "/xml") > _weight(accepted, "/json")
    return "xml" if wanted else "json"


def _weight(accepted: str, kind: str) -> float:
    """How much an ``Accept`` header wants a kind that it names."""
    weights = [0.0]
    for entry in accepted.lower().split(","):
        media_type, _, parameters = entry.partition(";")
        if media_type.strip().endswith(kind):
            quality = _QUALITY.search(parameters)
            weights.append(float(quality[1]) if quality else 1.0)
    return max(weights)


def _xml(root: str, content: Any) -> bytes:
    element = ElementTree.Element(root)
    _fill(element, content)
    written: bytes = ElementTree.tostring(element, encoding="utf-8", xml_declaration=True)
    return written


def _fill(element: ElementTree.Element, content: Any) -> None:
    if isinstance(content, dict):
        for name, value in content.items():
            _fill(ElementTree.SubElement(element, name), value)
    elif isinstance(content, list):
        for value in content:
            _fill(ElementTree.SubElement(element, _ITEMS[element.tag]), value)
    elif content is not None:
        said = str(content).lower() if isinstance(content, bool) else str(content)
        element.text = _NOT_IN_XML.sub("\ufffd", said)
