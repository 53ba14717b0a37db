"""How a forum refuses: `errors` for people, `error_type` for programs; and who asked, wherever the key was good."""

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from .faults import Failures

_NOT_FOUND: Final = "The requested URL or resource could not be found."
_BAD_KEY: Final = "You are not permitted to view the requested resource. The API username or key is invalid."
_FORBIDDEN: Final = "You are not permitted to view the requested resource."
_READ_ONLY: Final = "The site is in read only mode. Interactions are disabled."
_TOO_MANY: Final = "You’ve performed this action too many times, please try again later."


class DiscourseError(Exception):
    """A call that a forum would refuse."""

    def __init__(
        self,
        status: int,
        words: str,
        kind: str | None = None,
        *,
        username: str | None = None,
        headers: Mapping[str, str] | None = None,
        **more: object,
    ) -> None:
        """Keep what to answer; `username` is whose key it was, if anybody's."""
        super().__init__(words)
        self._status = status
        self._headers = dict(headers or {}) | ({"X-Discourse-Username": username} if username else {})
        self._body = more | {"errors": [words]} | ({"error_type": kind} if kind else {})

    def answer(self) -> JSONResponse:
        """Write the error as a forum does."""
        return JSONResponse(self._body, self._status, self._headers)


async def answer_discourse_error(_: Request, error: Exception) -> JSONResponse:
    """Answer an error in the forum's shape."""
    assert isinstance(error, DiscourseError)
    return error.answer()


def bad_key() -> DiscourseError:
    """Nobody has this key, or not under this name."""
    return DiscourseError(403, _BAD_KEY, "invalid_access")


def forbidden(username: str) -> DiscourseError:
    """The key is good, and does not allow this."""
    return DiscourseError(403, _FORBIDDEN, "invalid_access", username=username)


def not_found(username: str) -> DiscourseError:
    """What was asked for is not there, or not for this user."""
    return DiscourseError(404, _NOT_FOUND, "not_found", username=username)


def unfit(username: str, words: str) -> DiscourseError:
    """A post that cannot be taken as it is."""
    return DiscourseError(422, words, username=username, action="create_post")


def failures(username: str) -> Failures:
    """How the forum words its failures; what is before it answers in HTML."""

    def throttled() -> Response:
        extras = {"wait_seconds": 1, "time_left": "1 second"}
        return DiscourseError(429, _TOO_MANY, "rate_limit", headers={"Retry-After": "1"}, extras=extras).answer()

    return {
        "accept_then_500": lambda: HTMLResponse("<html><h1>Oops</h1></html>", 500),
        "throttle": throttled,
        "down": lambda: DiscourseError(503, _READ_ONLY, "read_only", username=username).answer(),
        "token_dead": lambda: bad_key().answer(),
        "parent_gone": lambda: not_found(username).answer(),
    }
