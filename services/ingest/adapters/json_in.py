"""JSON bodies of our own API: read strictly, checked against a model, described in OpenAPI.

Read here and not by the framework, so that who calls is checked before what they send, another content type is told
as such, and times are taken in the strict mode that JSON allows.
"""

from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel

from shared import strict_json
from shared.problems import Problem

Model = TypeVar("Model", bound=BaseModel)


async def read(request: Request, model: type[Model]) -> Model:
    """The body of ``request`` as a ``model``.

    Raises ``Problem`` 415 for another content type, 400 for what is not JSON as read here, and ``ValidationError``
    (422) for fields that do not fit.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise Problem(415, detail="Send application/json.")
    body = await request.body()
    strict_json.read(body)
    return model.model_validate_json(body)


def described(model: type[BaseModel]) -> dict[str, Any]:
    """What OpenAPI says of a body that is read here."""
    schema = model.model_json_schema()
    parts = schema.pop("$defs", {})
    content = {"application/json": {"schema": _inline(schema, parts)}}
    return {"requestBody": {"required": True, "content": content}}


def _inline(schema: Any, parts: dict[str, Any]) -> Any:
    """A schema with its references filled in: a path's own schema has no place for definitions."""
    if isinstance(schema, list):
        return [_inline(one, parts) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inline(parts[schema["$ref"].rpartition("/")[2]], parts)
    return {name: _inline(value, parts) for name, value in schema.items()}
