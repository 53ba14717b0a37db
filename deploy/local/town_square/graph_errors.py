"""How Meta's Graph API refuses; callers branch on code and subcode, never on the words."""

import secrets
from collections.abc import Callable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse

from .faults import Failures

THROTTLED_HEADERS: Final = {"Retry-After": "1"}


class GraphError(Exception):
    """A call that Graph would refuse."""

    def __init__(
        self,
        code: int,
        subcode: int | None,
        message: str,
        *,
        status: int = 400,
        kind: str = "OAuthException",
        headers: Mapping[str, str] | None = None,
        transient: bool = False,
    ) -> None:
        """Keep what to answer."""
        super().__init__(message)
        self._status = status
        self._headers = headers
        self._error: dict[str, object] = {"message": message, "type": kind, "code": code}
        if subcode is not None:
            self._error["error_subcode"] = subcode
        if transient:
            self._error["is_transient"] = True

    def answer(self) -> JSONResponse:
        """Write the error as Graph does, with a fresh trace id."""
        error = self._error | {"fbtrace_id": "A" + secrets.token_urlsafe(16)}
        return JSONResponse({"error": error}, self._status, self._headers)


async def answer_graph_error(_: Request, error: Exception) -> JSONResponse:
    """Answer an error in Graph's shape."""
    assert isinstance(error, GraphError)
    return error.answer()


def token_dead() -> GraphError:
    """Say that a token opens nothing, or no longer."""
    return GraphError(190, 467, "Error validating access token: The session is invalid.")


def missing(node: str) -> GraphError:
    """Say that something is gone, or not for the one who asks."""
    words = (
        f"Unsupported request. Object with ID '{node}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation."
    )
    return GraphError(100, 33, words, kind="GraphMethodException")


def bad(words: str) -> GraphError:
    """Say what is wrong with a parameter."""
    return GraphError(100, None, f"(#100) {words}")


def no_such_field(field: str) -> GraphError:
    """Say that a node has no such field."""
    return bad(f"Tried accessing nonexisting field ({field})")


def unknown(status: int, code: int) -> GraphError:
    """Say that something went wrong, and nothing of what."""
    return GraphError(code, None, "An unexpected error has occurred.", status=status, transient=True)


def failures(throttled: Callable[[], GraphError], gone: Callable[[], GraphError]) -> Failures:
    """Word the failures of a product of Meta's, which all say alike that they are broken or closed."""
    return {
        "accept_then_500": lambda: unknown(500, 1).answer(),
        "throttle": lambda: throttled().answer(),
        "down": lambda: unknown(503, 2).answer(),
        "token_dead": lambda: token_dead().answer(),
        "parent_gone": lambda: gone().answer(),
    }
