"""The settings of policy; only ``main`` reads them."""

from pathlib import Path

from pydantic import BaseModel, Field

from shared.settings import ServiceSettings


class PolicySettings(BaseModel):
    """Where the agencies' policies are."""

    path: Path = Field(description="folder of agency files (*.yaml), each composed over the baseline")


class Settings(ServiceSettings):
    """All settings of policy."""

    policies: PolicySettings
