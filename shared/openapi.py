"""What every route of our own API may answer beside its success, written into the OpenAPI document once.

The problems follow from what a route is: one that asks for a scope may refuse the caller, one with a body may refuse
the body, and any may find the database away. What only one route knows (a stale version) it declares itself.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

SCHEME = "bearer"

_PROBLEM = {
    "type": "object",
    "description": "RFC 9457. `type` is stable; `errors` name each field that does not fit, by JSON pointer.",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "format": "uri", "examples": ["urn:parley:problem:invalid-input"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
_MEANINGS = {
    400: "The request cannot be read",
    401: "No bearer token, or none that is good",
    403: "The token does not allow this, or does not speak for this agency",
    404: "There is no such thing, or it is not yours to see",
    409: "The request does not fit the present state, or the same request is under way",
    413: "The body is too large",
    415: "The body is of a kind that is not read here",
    422: "Some of the input is not valid; each field is named",
    429: "Too many requests; `Retry-After` says when to come again",
    503: "A needed part is away; send the same again after `Retry-After` seconds",
}
_WITH_BODY = frozenset({"post", "put", "patch"})
_ALWAYS = (400, 401, 403, 422, 429, 503)


def describe(app: FastAPI, document: dict[str, Any]) -> dict[str, Any]:
    """``document`` of ``app`` with the problems and the scope of every route that asks for one."""
    components = document.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = _PROBLEM
    components["securitySchemes"] = {SCHEME: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    for route in _routes(app.routes):
        scope = _scope_of(route.dependant)
        for method in sorted(method.lower() for method in route.methods or ()):
            operation = document.get("paths", {}).get(route.path_format, {}).get(method)
            if operation is not None and scope is not None:
                _describe(operation, route.path_format, method, scope)
    return document


def _describe(operation: dict[str, Any], path: str, method: str, scope: str) -> None:
    operation["security"] = [{SCHEME: [one]} for one in scope.split(" or ")]
    statuses = [
        *_ALWAYS,
        *((404,) if "{" in path else ()),
        *((409,) if method == "post" else ()),
        *((413, 415) if method in _WITH_BODY else ()),
    ]
    answers = operation["responses"]
    for status in statuses:
        own = answers.get(str(status), {})
        answers[str(status)] = {
            "description": own.get("description") if _is_own(own) else _MEANINGS[status],
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    operation["responses"] = dict(sorted(answers.items()))
    operation.setdefault("parameters", []).extend(_headers_of(method, answers))


def _headers_of(method: str, answers: dict[str, Any]) -> list[dict[str, Any]]:
    """The header fields that the routes read by themselves."""
    if method == "post":
        return [_header("Idempotency-Key", "The same key with the same body gets the same answer for 72 hours.")]
    if "428" in answers:
        return [_header("If-Match", "The `ETag` of what is changed, as it was last read.")]
    return []


def _header(name: str, description: str) -> dict[str, Any]:
    schema = {"type": "string", "minLength": 1, "maxLength": 255}
    return {"name": name, "in": "header", "required": True, "description": description, "schema": schema}


def _is_own(answer: dict[str, Any]) -> bool:
    """Whether the route says itself what the status means there; FastAPI's own 422 does not."""
    return bool(answer.get("description")) and answer["description"] not in ("Validation Error", "Unprocessable Entity")


def _routes(found: Iterable[Any]) -> Iterator[APIRoute]:
    for route in found:
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "original_router"):
            yield from _routes(route.original_router.routes)


def _scope_of(dependant: Dependant) -> str | None:
    for inner in dependant.dependencies:
        rule = getattr(inner.call, "rule", "")
        if rule.startswith("scope "):
            return str(rule.removeprefix("scope "))
        if (deeper := _scope_of(inner)) is not None:
            return deeper
    return None
