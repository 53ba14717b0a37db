"""Settings of ingest; only ``main`` reads them."""

from pydantic import BaseModel, Field

from shared.settings import SecretsSettings, ServiceSettings


class IntakeSettings(BaseModel):
    """How arrivals are taken in."""

    group_most: int = Field(500, ge=1, le=5000, description="most arrivals committed in one transaction")
    accounts_refresh_seconds: float = Field(1.0, gt=0, description="how soon a change of accounts is seen everywhere")


class MastodonSettings(BaseModel):
    """How Mastodon accounts are asked. The defaults stay within 300 requests in five minutes for each token."""

    poll_seconds: float = Field(5.0, gt=0, description="time between two looks at an account's notifications")
    reread_seconds: float = Field(30.0, gt=0, description="time between two rounds of reading mentions again")
    reread_batch: int = Field(10, ge=1, le=200, description="mentions read again in one round")
    reread_hours: float = Field(24.0, gt=0, description="how long a mention is watched for edits and deletion")
    backlog_hours: float = Field(24.0, ge=0, description="how old mentions of a newly connected account may be")
    retry_seconds: float = Field(10.0, gt=0, description="pause after no answer, or a refused token")
    timeout_seconds: float = Field(10.0, gt=0, description="longest wait for an answer")


class Settings(ServiceSettings):
    """What ingest needs."""

    secrets: SecretsSettings
    intake: IntakeSettings = IntakeSettings()
    mastodon: MastodonSettings = MastodonSettings()
