"""What every piece of a policy file has in common: it is closed, strict and frozen."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(min_length=1, max_length=200)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class Part(BaseModel):
    """A closed, frozen piece of a policy."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", populate_by_name=True)
