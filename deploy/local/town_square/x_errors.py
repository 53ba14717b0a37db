"""What X says when it refuses.

Source: X developer documentation, "Response codes and errors": ``{title, detail, type, status}``; what a list of posts
or a post does not have comes under ``errors`` of an answer that is otherwise 200.
"""

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse

PROBLEMS: Final = "https://api.twitter.com/2/problems/"

Headers = Mapping[str, str]


class XError(Exception):
    """A call that X would refuse, with its status and its words."""

    def __init__(self, status: int, title: str, detail: str, kind: str = "about:blank") -> None:
        """Keep what to answer."""
        super().__init__(detail)
        self._status = status
        self._problem = {"title": title, "detail": detail, "type": kind, "status": status}

    def answer(self, headers: Headers | None = None) -> JSONResponse:
        """Write the problem as X does."""
        return JSONResponse(self._problem, self._status, headers)


class OAuthError(Exception):
    """A renewal that X would refuse, in the words of OAuth."""

    def __init__(self, status: int, error: str, description: str) -> None:
        """Keep what to answer."""
        super().__init__(description)
        self._status = status
        self._body = {"error": error, "error_description": description}

    def answer(self) -> JSONResponse:
        """Write the error as OAuth does."""
        return JSONResponse(self._body, self._status)


async def answer_x_error(_: Request, error: Exception) -> JSONResponse:
    """Answer an error in X's shape."""
    assert isinstance(error, XError | OAuthError)
    return error.answer()


def unauthorised() -> XError:
    """Say that a token is not accepted."""
    return XError(401, "Unauthorized", "Unauthorized")


def forbidden(detail: str) -> XError:
    """Say that this is not allowed, and why."""
    return XError(403, "Forbidden", detail)


def said_twice() -> XError:
    """Say that the same words stand there."""
    return forbidden("You are not allowed to create a Tweet with duplicate content.")


def parent_gone() -> XError:
    """Say that there is nothing to answer."""
    return forbidden("You attempted to reply to a Tweet that is deleted or not visible to you.")


def too_long() -> XError:
    """Say that a post has more than 280."""
    return forbidden("Your Tweet text is too long. For more information, see X's documentation on counting characters.")


def bad_request(detail: str) -> XError:
    """Say that a call is not as it should be."""
    return XError(400, "Invalid Request", detail, PROBLEMS + "invalid-request")


def missing(kind: str, value: str) -> dict[str, Any]:
    """Say in an answer that is 200 otherwise that something is not there."""
    problem = {
        "value": value,
        "detail": f"Could not find {kind} with id: [{value}].",
        "title": "Not Found Error",
        "resource_type": kind,
        "parameter": "id",
        "resource_id": value,
        "type": PROBLEMS + "resource-not-found",
    }
    return {"errors": [problem]}
