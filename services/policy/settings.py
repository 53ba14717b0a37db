"""The settings of policy; only ``main`` reads them."""

from pathlib import Path

from pydantic import BaseModel, Field

from shared.settings import ServiceSettings


class PolicySettings(BaseModel):
    """Where the agencies' policies are."""

    path: Path = Field(description="folder of agency files (*.yaml), each composed over the baseline")


class TimekeepingSettings(BaseModel):
    """How closely time is followed."""

    look_seconds: float = Field(1.0, gt=0, le=3600, description="between two looks for timers that are due")
    centre_duty_post: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="the post of the centre's duty officer, who is told where nobody above in an agency is there",
    )


class Settings(ServiceSettings):
    """All settings of policy."""

    policies: PolicySettings
    timekeeping: TimekeepingSettings = TimekeepingSettings()
