"""What the YouTube Data API says when it refuses.

Source: YouTube Data API, "Errors"; callers branch on the reason, never on the words.
"""

from typing import Any

from starlette.responses import JSONResponse


class YouTubeError(Exception):
    """A call that YouTube would refuse, with its status, its reason and its words."""

    def __init__(self, code: int, reason: str, message: str, domain: str = "youtube.comment", **more: Any) -> None:
        """Keep what to answer; ``more`` stands beside the message."""
        super().__init__(message)
        self._code = code
        errors = [{"message": message, "domain": domain, "reason": reason}]
        self._error = {"code": code, "message": message, "errors": errors} | more

    def answer(self) -> JSONResponse:
        """Write the error as Google does."""
        return JSONResponse({"error": self._error}, self._code)


def bad_request(reason: str, message: str) -> YouTubeError:
    """Say that a call is not as it should be."""
    return YouTubeError(400, reason, message, "youtube.parameter")


def missing(reason: str, message: str) -> YouTubeError:
    """Say that something is not there."""
    return YouTubeError(404, reason, message)


def unauthorised(message: str) -> YouTubeError:
    """Say that a token is not accepted."""
    return YouTubeError(401, "authError", message, "global", status="UNAUTHENTICATED")


def wrong_key() -> YouTubeError:
    """Say that an API key is not accepted."""
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]
    words = "API key not valid. Please pass a valid API key."
    return YouTubeError(400, "badRequest", words, "global", status="INVALID_ARGUMENT", details=details)


def no_key() -> YouTubeError:
    """Say that nobody knows who asks."""
    words = "The request is missing a valid API key."
    return YouTubeError(403, "forbidden", words, "global", status="PERMISSION_DENIED")


def quota_exceeded(reason: str = "quotaExceeded", status: int = 403) -> YouTubeError:
    """Say that nothing is left of the day's quota, or of the minute's."""
    words = "The request cannot be completed because you have exceeded your quota."
    return YouTubeError(status, reason, words, "youtube.quota")


def service_failed(status: int, message: str) -> YouTubeError:
    """Say that it is not the caller's fault."""
    return YouTubeError(status, "backendError", message, "youtube.core")
