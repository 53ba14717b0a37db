"""Errors that people and programs can use: ``application/problem+json`` (RFC 9457).

Every error of every route is a problem with a stable ``type``. Invalid input names each field by JSON pointer and
says what to do; it never repeats the input.
"""

import json
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from shared import telemetry
from shared.database import is_passing
from shared.group_commit import Closed
from shared.strict_json import Malformed

TYPE = "urn:parley:problem:"
RETRY_SECONDS = 2

_TITLES = {
    400: ("malformed-request", "The request cannot be read"),
    401: ("unauthenticated", "Who is calling is not known"),
    403: ("forbidden", "The caller may not do this"),
    404: ("not-found", "There is no such thing"),
    405: ("method-not-allowed", "This method is not offered here"),
    409: ("conflict", "The request does not fit the present state"),
    412: ("stale", "What is to be changed has changed meanwhile"),
    413: ("too-large", "The body is too large"),
    415: ("unsupported-media-type", "The body is of a kind that is not read here"),
    428: ("if-match-missing", "An If-Match is needed"),
    429: ("quota-exceeded", "Too many requests"),
    503: ("unavailable", "A needed part is away; try again soon"),
}


class Problem(Exception):
    """An answer that is an error. ``members`` are extra fields of the problem object."""

    def __init__(
        self,
        status: int,
        kind: str | None = None,
        title: str | None = None,
        *,
        detail: str | None = None,
        headers: dict[str, str] | None = None,
        **members: Any,
    ) -> None:
        known = _TITLES.get(status, ("error", "Something went wrong"))
        self.status = status
        self.kind = kind or known[0]
        self.title = title or known[1]
        self.detail = detail
        self.headers = headers or {}
        self.members = members
        super().__init__(f"{status} {self.kind}")

    def body(self) -> dict[str, Any]:
        """The problem object."""
        body: dict[str, Any] = {"type": TYPE + self.kind, "title": self.title, "status": self.status}
        if self.detail:
            body["detail"] = self.detail
        return body | self.members

    def response(self) -> Response:
        """The HTTP answer."""
        return Response(
            json.dumps(self.body(), ensure_ascii=False),
            self.status,
            self.headers,
            media_type="application/problem+json",
        )


def not_found(what: str) -> Problem:
    """404: also for what belongs to another agency, so that nobody learns that it exists."""
    return Problem(404, detail=f"There is no such {what}, or it is not yours to see.")


def unavailable() -> Problem:
    """503 with ``Retry-After``: whoever calls shall send the same again."""
    return Problem(503, headers={"Retry-After": str(RETRY_SECONDS)})


def install(app: FastAPI) -> None:
    """Have every error of ``app`` answered as a problem."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(ValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


async def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response()


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = error.detail if isinstance(error, Malformed) else None
    return Problem(error.status_code, detail=detail, headers=dict(error.headers or {})).response()


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError | ValidationError)
    return invalid(error).response()


def invalid(error: RequestValidationError | ValidationError) -> Problem:
    """422 with each field that does not fit; 400 for what is not JSON at all."""
    found = error.errors()
    if any(one["type"] == "json_invalid" for one in found):
        return Problem(400, "invalid-json", "The body is not valid JSON")
    errors = [{"pointer": _pointer(one["loc"]), "detail": _told(one["msg"])} for one in found[:20]]
    return Problem(422, "invalid-input", "Some of the input is not valid", errors=errors)


def _told(message: str) -> str:
    """A validator's sentence as it was written, without the name of the exception that carried it."""
    sentence = message.removeprefix("Value error, ")
    return sentence if sentence == message else sentence[:1].upper() + sentence[1:]


def _pointer(location: tuple[int | str, ...]) -> str:
    """JSON pointer (RFC 6901) into the body; ``?name`` for a query parameter, as there is no pointer to one."""
    if location and location[0] == "query":
        return f"?{location[-1]}"
    parts = location[1:] if location and location[0] in ("body", "path", "header") else location
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1")[:80] for part in parts)


async def _unexpected(request: Request, error: Exception) -> Response:
    return answer_to(error, request.url.path).response()


def answer_to(error: Exception, path: str) -> Problem:
    """The problem for an error that no route foresaw: 503 where it will pass, else 500."""
    if isinstance(error, Closed) or is_passing(error):
        telemetry.logger().warning("request.unavailable", path=path, error=type(error).__name__)
        return unavailable()
    telemetry.logger().error("request.failed", path=path, error=type(error).__name__, exc_info=error)
    return Problem(500, "internal", "Something went wrong on our side")
