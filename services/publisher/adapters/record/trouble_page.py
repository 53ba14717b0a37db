"""Problems on the public pages, in words for whoever reads them in a browser; programs get the problem as ever."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.responses import Response

from services.publisher.adapters.record.caching import for_people
from services.publisher.adapters.record.page import HEADERS, HTML_TYPE, back_to, document
from services.publisher.domain.record import Page
from shared.problems import Problem

Handler = Callable[[Request, Any], Response | Awaitable[Response]]

PREFIX = "/public/"
KINDS: tuple[type[Exception], ...] = (Problem, RequestValidationError)

NOT_FOUND = (
    "Page not found",
    "If you typed the web address, check that it is correct. If you pasted it, check that you copied all of it.",
)
NO_RECEIPT = (
    "We have no receipt for this comment",
    "Check the number of your comment: it begins with <b>cmt_</b>. If your comment was sent only now, try again in a "
    "few minutes. If it was sent to another agency, look for it there.",
)
NO_NUMBER = ("Enter the number of your comment", "It begins with <b>cmt_</b> and is not longer than 100 characters.")
NOT_READ = (
    "This page cannot be shown",
    "Something in its web address is not right. You can begin again with the newest responses.",
)


def install(app: FastAPI) -> None:
    """Show the problems that ``app`` answers already as pages to those who ask for pages."""
    for kind in KINDS:
        app.add_exception_handler(kind, _in_words(app.exception_handlers[kind]))


def _in_words(answer: Handler) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handle(request: Request, error: Exception) -> Response:
        answered = answer(request, error)
        problem = answered if isinstance(answered, Response) else await answered
        if not request.url.path.startswith(PREFIX) or not for_people(request) or problem.status_code not in _WORDS:
            return problem
        body = _page(request, problem.status_code)
        return Response(body, problem.status_code, headers={**HEADERS, "Vary": "Accept"}, media_type=HTML_TYPE)

    return handle


def _page(request: Request, status: int) -> bytes:
    """What is wrong as the heading, then what to do. Nothing of the address is repeated: anybody may have made it."""
    about_receipts = "/receipts" in request.url.path
    title, advice = _WORDS[status][about_receipts]
    agency = Page(str(request.path_params.get("agency", "")), title)
    may_be_here = status != 404 or "/" in request.url.path.removeprefix(PREFIX)
    way = back_to(agency) if may_be_here else ""
    return document(agency, title, f"<p>{advice}</p>\n{way}", lead=None, is_whole=about_receipts)


_WORDS = {
    400: (NOT_READ, NOT_READ),
    404: (NOT_FOUND, NO_RECEIPT),
    422: (NOT_READ, NO_NUMBER),
}
