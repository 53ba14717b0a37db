"""A refusal of the town square's own routes, in one shape that names the field.

The routes that stand in for a platform refuse in that platform's shape instead; see `mastodon` and `graph_errors`.
"""

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.requests import Request


class Refused(Exception):
    """What was sent cannot be used."""

    def __init__(self, status: int, field: str, message: str) -> None:
        """Name the field and say what is wrong with it."""
        super().__init__(f"{field}: {message}")
        self.status = status
        self.field = field


async def answer_refused(_: Request, refused: Exception) -> JSONResponse:
    """Answer a refusal of our own making."""
    assert isinstance(refused, Refused)
    return JSONResponse({"error": str(refused), "field": refused.field}, refused.status)


async def answer_invalid(_: Request, invalid: Exception) -> JSONResponse:
    """Answer input that does not have the shape the route asks for."""
    assert isinstance(invalid, RequestValidationError)
    first = invalid.errors()[0]
    field = ".".join(str(part) for part in first["loc"] if part not in ("body", "query")) or "body"
    return JSONResponse({"error": f"{field}: {first['msg']}", "field": field}, 422)
