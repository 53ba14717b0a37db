"""What agencies offer over Open311, from files: ``<agency>.yaml`` in one folder.

    agency: water-board
    changed: 2026-11-02T09:00:00+05:30        told to clients, so that they look again
    services:
      - service_code: enquiry                 the first one asks for nothing, so that every client can use it
        service_name: General enquiry
        description: Ask us anything about your water supply.
      - service_code: burst-pipe
        service_name: Burst pipe
        description: Water is running out of a pipe in the street.
        keywords: [leak, flood]
        group: Supply
        service_notice: A crew looks at every burst within a day.
        place: required
        attributes:
          - code: running_since
            datatype: datetime
            description: Since when?
          - code: severity
            datatype: singlevaluelist
            required: true
            description: How much water is it?
            values: {trickle: A trickle, stream: A stream}

Names of fields are those of the protocol; attributes are asked in the order of the file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, Self, TypeVar

import yaml
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from services.ingest.domain.attributes import LISTS, Attribute, Datatype
from services.ingest.domain.reports import ENQUIRY, Service

_Text = Annotated[str, Field(min_length=1, max_length=1_000)]
_Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
_Model = TypeVar("_Model", bound=BaseModel)


class BadCatalogue(ValueError):
    """A file of services cannot be used."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What one agency offers, in its own order. ``changed`` is None where the agency has no file."""

    services: tuple[Service, ...] = (ENQUIRY,)
    changed: AwareDatetime | None = None


NOTHING_SAID: Final = Catalogue()
Catalogues = Mapping[str, Catalogue]
"""By agency."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _AttributeFile(_Strict):
    code: _Code
    description: _Text
    datatype: Datatype = "string"
    required: bool = False
    variable: bool = True
    datatype_description: _Text | None = None
    values: dict[_Text, _Text] = {}

    @model_validator(mode="after")
    def _values_belong_to_lists(self) -> Self:
        if bool(self.values) != (self.datatype in LISTS):
            raise ValueError("a list has values, and nothing else has")
        return self

    def attribute(self) -> Attribute:
        return Attribute(**dict(self))


class _ServiceFile(_Strict):
    service_code: _Code
    service_name: _Text
    description: _Text
    keywords: tuple[_Text, ...] = ()
    group: _Text | None = None
    service_notice: _Text | None = None
    place: Literal["required", "optional"] = "optional"
    attributes: tuple[_AttributeFile, ...] = ()

    @model_validator(mode="after")
    def _each_attribute_has_its_own_code(self) -> Self:
        return _unique(self, [one.code for one in self.attributes])

    def service(self) -> Service:
        return Service(
            code=self.service_code,
            name=self.service_name,
            description=self.description,
            keywords=self.keywords,
            group=self.group,
            notice=self.service_notice,
            place=self.place,
            attributes=tuple(one.attribute() for one in self.attributes),
        )


class _CatalogueFile(_Strict):
    agency: _Text
    changed: AwareDatetime
    services: Annotated[tuple[_ServiceFile, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _each_service_has_its_own_code(self) -> Self:
        return _unique(self, [one.service_code for one in self.services])

    @model_validator(mode="after")
    def _the_first_asks_for_nothing(self) -> Self:
        if self.services[0].attributes:
            raise ValueError("the first service has no attributes")
        return self


def read(folder: Path | None) -> Catalogues:
    """The catalogue of every agency that has a file in ``folder``. Raises ``BadCatalogue``."""
    paths = sorted(folder.glob("*.yaml")) if folder is not None else ()
    return {path.stem: _catalogue(path) for path in paths}


def _catalogue(path: Path) -> Catalogue:
    try:
        file = _CatalogueFile.model_validate(yaml.safe_load(path.read_text()))
    except (yaml.YAMLError, ValidationError, UnicodeDecodeError) as error:
        raise BadCatalogue(f"{path}: {error}") from error
    if file.agency != path.stem:
        raise BadCatalogue(f"{path}: the file is named after another agency")
    return Catalogue(tuple(one.service() for one in file.services), file.changed)


def _unique(model: _Model, codes: list[str]) -> _Model:
    if len(set(codes)) < len(codes):
        raise ValueError("two have the same code")
    return model
