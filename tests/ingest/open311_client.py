"""Two Open311 clients, written from the specification and from what well-known ones do.

``XmlClient`` reads as FixMyStreet does: XML only, items always lists, empty elements nothing, any 2xx is good.
``JsonClient`` reads as City of Bloomington's GeoReporter does: JSON only, ``attribute[code][]`` for several answers,
nothing but 200 is good. Neither uses anything of the server's.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from xml.etree import ElementTree

import httpx

Fields = Mapping[str, str | Sequence[str]]
LISTS = {"services", "attributes", "values", "service_requests", "errors", "endpoints", "formats"}


class NotTaken(Exception):
    """The server said no: the status, and what its errors say."""

    def __init__(self, status: int, errors: list[dict[str, Any]]) -> None:
        self.status = status
        self.errors = errors
        super().__init__(f"{status} {errors}")


@dataclass
class Client:
    """What both have in common: the addresses of the specification, and one jurisdiction."""

    http: httpx.AsyncClient
    key: str = ""
    jurisdiction: str = ""
    base: str = "/open311/v2"
    format: ClassVar[str]

    async def discovery(self) -> dict[str, Any]:
        return dict(self.understand(await self.http.get(f"{self.base}/discovery.{self.format}")))

    async def services(self) -> list[dict[str, Any]]:
        return list(self.understand(await self.get("services")))

    async def definition(self, code: str) -> dict[str, Any]:
        return dict(self.understand(await self.get(f"services/{code}")))

    async def report(self, code: str, **fields: str | Sequence[str]) -> dict[str, Any]:
        (created,) = self.understand(await self.post({"service_code": code, **fields}))
        return dict(created)

    async def request(self, id_: str) -> dict[str, Any]:
        (found,) = self.understand(await self.get(f"requests/{id_}"))
        return dict(found)

    async def requests(self, **asked: str) -> list[dict[str, Any]]:
        return list(self.understand(await self.get("requests", **asked)))

    async def id_of(self, token: str) -> str:
        (found,) = self.understand(await self.get(f"tokens/{token}"))
        return str(found["service_request_id"])

    async def get(self, path: str, **asked: str) -> httpx.Response:
        params = {**asked, **({"jurisdiction_id": self.jurisdiction} if self.jurisdiction else {})}
        return await self.http.get(f"{self.base}/{path}.{self.format}", params=params)

    async def post(self, fields: Fields) -> httpx.Response:
        return await self.http.post(f"{self.base}/requests.{self.format}", data=self.sent(fields))

    def sent(self, fields: Fields) -> dict[str, Any]:
        """All that is posted: the key and the jurisdiction first."""
        own = {"api_key": self.key, "jurisdiction_id": self.jurisdiction}
        return {**{name: value for name, value in own.items() if value}, **fields}

    def understand(self, answer: httpx.Response) -> Any:
        raise NotImplementedError


class JsonClient(Client):
    format = "json"

    def sent(self, fields: Fields) -> dict[str, Any]:
        return {name if isinstance(value, str) else f"{name}[]": value for name, value in super().sent(fields).items()}

    def understand(self, answer: httpx.Response) -> Any:
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        content = json.loads(answer.content)
        if answer.status_code != 200:
            raise NotTaken(answer.status_code, content)
        return content


class XmlClient(Client):
    format = "xml"

    def understand(self, answer: httpx.Response) -> Any:
        assert answer.headers["content-type"] == "text/xml; charset=utf-8"
        assert answer.content.lower().startswith(b"<?xml version='1.0' encoding='utf-8'?>")
        root = ElementTree.fromstring(answer.content)
        content = _simple(root)
        if not answer.is_success:
            assert root.tag == "errors"
            raise NotTaken(answer.status_code, content)
        return content


def _simple(element: ElementTree.Element) -> Any:
    if element.tag in LISTS:
        return [_simple(child) for child in element]
    if len(element):
        return {child.tag: _simple(child) for child in element}
    return element.text or None
