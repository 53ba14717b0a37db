"""The routes of ``Open311`` as FastAPI and OpenAPI know them: three addresses for each, all that each may answer."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from services.ingest.adapters.open311 import shapes
from services.ingest.adapters.open311.answers import Open311Route
from services.ingest.adapters.open311.api import PREFIX, Open311

Endpoint = Callable[..., Coroutine[Any, Any, Response]]
Described = dict[int | str, dict[str, Any]]


class XmlResponse(Response):
    """For the description only: answers are written in ``answers``."""

    media_type = "text/xml"


_FORMATS: Final[tuple[tuple[str, type[Response]], ...]] = (
    # The plain address comes last: before it, ``x.xml`` would be the name of a service.
    (".json", JSONResponse),
    (".xml", XmlResponse),
    ("", JSONResponse),
)
_PROBLEM: Final = {"application/problem+json": {"schema": {"type": "object"}}}
_REFUSALS: Final = {
    400: "A field is missing or wrong: each entry names one.",
    403: "The `api_key` is missing or not that of the jurisdiction.",
    404: "There is no such service, jurisdiction or request.",
    415: "The body is of a kind that is not read here.",
}


def routes(open311: Open311) -> APIRouter:
    """The routes, ready to be taken into an application."""
    router = APIRouter(prefix=PREFIX, tags=["open311"], route_class=Open311Route)
    get, post = _in_each_format(router, "GET"), _in_each_format(router, "POST")
    get("/discovery", open311.discovery, shapes.DiscoveryOut)
    get("/services", open311.services, list[shapes.ServiceOut], 400, 404)
    get("/services/{service_code}", open311.definition, shapes.DefinitionOut, 400, 404)
    post("/requests", open311.report, list[shapes.CreatedOut], 400, 403, 404, 415, extra=shapes.POSTED)
    get("/requests", open311.requests, list[shapes.RequestOut], 400, 404)
    get("/requests/{service_request_id}", open311.request, list[shapes.RequestOut], 400, 404)
    get("/tokens/{token}", open311.token, list[shapes.TokenOut], 400, 404)
    return router


def _in_each_format(router: APIRouter, method: str) -> Callable[..., None]:
    def add(path: str, endpoint: Endpoint, model: Any, *refusals: int, extra: dict[str, Any] | None = None) -> None:
        for ending, response_class in _FORMATS:
            router.add_api_route(
                path + ending,
                endpoint,
                methods=[method],
                response_class=response_class,
                responses=_answers(model, refusals, either=not ending),
                openapi_extra=extra,
            )

    return add


def _answers(model: Any, refusals: tuple[int, ...], *, either: bool) -> Described:
    """What a route answers; ``either`` where the ``Accept`` header decides between the formats."""
    more: dict[str, Any] = {"content": {"text/xml": {"schema": {"type": "string"}}}} if either else {}
    errors: dict[str, Any] = {"model": list[shapes.ErrorOut], **more}
    answers: Described = {200: {"model": model, **more}}
    answers |= {status: {"description": _REFUSALS[status], **errors} for status in refusals}
    if 415 in refusals:
        # The edge of the service says these for every route, in its own way.
        answers[413] = {"description": "The body is larger than 1 MiB.", "content": _PROBLEM}
        answers[415]["content"] = {**answers[415].get("content", {}), **_PROBLEM}
    answers["4XX"] = {"description": "Anything else that is wrong with the request.", **errors}
    answers[503] = {"description": "The database is away: send the same again.", **errors}
    return answers
