"""The fields of a platform call, which clients send as a form or as JSON; these platforms take either.

What is itself an object or a list stays JSON, which is how a form carries it.
"""

import json
from urllib.parse import parse_qsl

from starlette.requests import Request


class Unreadable(Exception):
    """The body is neither a form nor a JSON object."""


async def read_fields(request: Request) -> dict[str, str]:
    """Read the body's fields as text; a missing body has none."""
    body = await request.body()
    if not body:
        return {}
    try:
        if "json" in request.headers.get("content-type", ""):
            return _from_json(body)
        return dict(parse_qsl(body.decode(), keep_blank_values=True))
    except ValueError as broken:
        raise Unreadable(Unreadable.__doc__) from broken


def _from_json(body: bytes) -> dict[str, str]:
    fields = json.loads(body)
    if not isinstance(fields, dict):
        raise Unreadable(Unreadable.__doc__)
    return {name: _text(value) for name, value in fields.items() if value is not None}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value)
    return str(value)
