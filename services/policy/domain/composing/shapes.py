"""What each kind of policy file may say, as models made from the policy's own.

An agency's file says who it is, and of everything else only what differs from the baseline; the files of units, of
the centre and those that others include say less. Nothing is written twice: a field added to a policy can be written
in a file at once, and the published JSON Schema follows.
"""

import functools
import json
from collections.abc import Collection
from copy import copy
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError, create_model
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema

from services.policy.domain.composing.composition import OF_A_UNIT, OF_THE_CENTRE, Document
from services.policy.domain.composing.faults import Fault, faults_of
from services.policy.domain.composing.joining import OF_A_PART
from services.policy.domain.parts import Id, Part
from services.policy.domain.policies import Policy, Rule, Scales, Topic

FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\.(yaml|yml|json)$")]
"""A file of the same folder."""

_TAKEN = frozenset({"common"})
"""Names of the interface where an agency's would stand."""

JSON_SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def faults_of_shape(document: Document) -> list[Fault]:
    """Where a file is not what a file of its kind may be; none for one that can be composed."""
    shape = shape_of(document)
    try:
        shape.model_validate_json(json.dumps(document))
    except ValidationError as invalid:
        return [_of_another_file(fault, shape) for fault in faults_of(invalid, shape)]
    except (ValueError, RecursionError) as unreadable:
        return [Fault((), str(unreadable))]
    if document.get("agency") in _TAKEN:
        return [Fault(("agency",), "no agency is called so: what all of them have in common is found by this name")]
    return []


def _of_another_file(fault: Fault, shape: type[BaseModel]) -> Fault:
    """A section that an agency's file has is no unknown key, only misplaced."""
    section, *below = fault.location or ("",)
    misplaced = not below and section in _sections(agency_file()) and section not in _sections(shape)
    return Fault(fault.location, _NOT_HERE[shape.__name__]) if misplaced else fault


_NOT_HERE = {
    "UnitFile": "a unit may not set this; it is the agency's",
    "CentreFile": "the centre sets a floor; this section is the agencies'",
    "PartFile": "a part has no such section; it belongs in the file that includes it",
}


def shape_of(document: Document) -> type[BaseModel]:
    """The model of the kind of file that this is: a part, the centre's, a unit's, or else an agency's."""
    kinds = {"part": part_file, "centre": centre_file, "unit": unit_file}
    return next((shape for key, shape in kinds.items() if key in document), agency_file)()


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a policy file of any kind."""
    union = (agency_file(), unit_file(), centre_file(), part_file())
    schemas = {shape.__name__: shape.model_json_schema(schema_generator=_Closed) for shape in union}
    definitions: dict[str, Any] = {}
    for schema in schemas.values():
        definitions |= schema.pop("$defs", {})
    made = {
        "$schema": JSON_SCHEMA_DIALECT,
        "title": "Parley policy file",
        "description": "A file of a policy folder: an agency's, a unit's, the centre's, or a part that others include.",
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in schemas],
        "$defs": dict(sorted((definitions | schemas).items())),
    }
    described: dict[str, Any] = json.loads(json.dumps(made).replace("``", "`"))
    return described


_INCLUDE = (
    tuple[FileName, ...],
    Field((), description="files of the same folder whose sections join beneath this one's"),
)
_FOR_EDITORS: dict[str, Any] = {
    "schema_": (str, Field("", alias="$schema", description="where an editor finds this schema"))
}


@functools.cache
def agency_file() -> type[BaseModel]:
    """An agency's file: its name and version, and whatever differs from the baseline."""
    return _file(
        "AgencyFile",
        "An agency's policy: what it says is read over the baseline, above the centre's floor.",
        _sections(Policy),
        required=("agency", "name", "version"),
        include=_INCLUDE,
    )


@functools.cache
def unit_file() -> type[BaseModel]:
    """A unit's file beside its agency's."""
    return _file(
        "UnitFile",
        "A unit of an agency: topics of its own, and what is said about them.",
        OF_A_UNIT,
        required=("agency",),
        unit=(Id, Field(description="the unit's name within its agency")),
        include=_INCLUDE,
    )


@functools.cache
def centre_file() -> type[BaseModel]:
    """What the centre of government asks of every agency of a deployment."""
    return _file(
        "CentreFile",
        "The centre of government: a floor that no agency goes below, and what is needed to say it.",
        OF_THE_CENTRE,
        centre=(Literal[True], ...),
    )


@functools.cache
def part_file() -> type[BaseModel]:
    """A file that is there to be included by others."""
    return _file(
        "PartFile",
        "Sections for files that include this one; it is no policy by itself.",
        OF_A_PART,
        part=(Literal[True], ...),
        include=_INCLUDE,
    )


def _file(
    name: str, says: str, sections: Collection[str], required: Collection[str] = (), **more: tuple[Any, Any]
) -> type[BaseModel]:
    known = _sections(Policy)
    fields: dict[str, Any] = {
        section: _field(field, section not in required) for section, field in known.items() if section in sections
    }
    model: type[BaseModel] = create_model(name, __base__=Part, __doc__=says, **{**more, **fields, **_FOR_EDITORS})
    return model


def _sections(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _field(field: FieldInfo, optional: bool) -> tuple[Any, FieldInfo]:
    annotation = _LOOSER.get(field.annotation, field.annotation)
    return annotation, _left_out(field) if optional else field


def _left_out(field: FieldInfo) -> FieldInfo:
    """The field as one that need not be there; its value is never read."""
    if not field.is_required():
        return field
    optional = copy(field)
    optional.default_factory = lambda: None
    return optional


def _variant(model: type[BaseModel], without: Collection[str] = (), optional: Collection[str] = ()) -> Any:
    """A model with fewer fields, or fewer that must be there: the baseline and composition supply them."""
    fields: dict[str, Any] = {
        name: (field.annotation, _left_out(field) if name in optional else field)
        for name, field in model.model_fields.items()
        if name not in without
    }
    return create_model(model.__name__, __base__=Part, __doc__=model.__doc__, **fields)


_topic_in_a_file = _variant(Topic, optional=("phrases",))
_rule_in_a_file = _variant(Rule, without=("layer", "unit"))
_LOOSER: dict[Any, Any] = {
    Scales: _variant(Scales, optional=Scales.model_fields),
    tuple[Topic, ...]: tuple.__class_getitem__((_topic_in_a_file, ...)),
    tuple[Rule, ...]: tuple.__class_getitem__((_rule_in_a_file, ...)),
}
"""What a file may leave out within a section."""


class _Closed(GenerateJsonSchema):
    """Editors show a key by its name and description; a third name only hides these."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def dict_schema(self, schema: Any) -> dict[str, Any]:
        """A mapping whose keys have a form has no other keys."""
        made = super().dict_schema(schema)
        return {**made, "additionalProperties": False} if "patternProperties" in made else made
