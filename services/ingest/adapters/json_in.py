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

JSON = "application/json"
MERGE_PATCH = (JSON, "application/merge-patch+json")
"""What a change may be sent as (RFC 7396): what is left out stays, null takes away."""


def content_type_of(request: Request) -> str:
    """The content type of a body, without parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read(request: Request, model: type[Model], *kinds: str) -> Model:
    """The body of ``request`` as a ``model``; ``kinds`` are the content types, by default JSON alone.

    Raises ``Problem`` 415 for another content type, 400 for what is not JSON as read here, and ``ValidationError``
    (422) for fields that do not fit.
    """
    if content_type_of(request) not in (kinds or (JSON,)):
        raise Problem(415, detail=f"Send {' or '.join(kinds or (JSON,))}.")
    body = await request.body()
    strict_json.read(body)
    return model.model_validate_json(body)


def described(model: type[BaseModel], *kinds: str) -> dict[str, Any]:
    """What OpenAPI says of a body that is read here."""
    content = {kind: {"schema": schema_of(model)} for kind in kinds or (JSON,)}
    return {"requestBody": {"required": True, "content": content}}


def schema_of(model: type[BaseModel]) -> Any:
    """The JSON schema of ``model``, whole in itself."""
    schema = model.model_json_schema()
    parts = schema.pop("$defs", {})
    return _inline(schema, parts)


def _inline(schema: Any, parts: dict[str, Any]) -> Any:
    """A schema with its references filled in: a path's own schema has no place for definitions."""
    if isinstance(schema, list):
        return [_inline(one, parts) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inline(parts[schema["$ref"].rpartition("/")[2]], parts)
    return {name: _inline(value, parts) for name, value in schema.items()}
