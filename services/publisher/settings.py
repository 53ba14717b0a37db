"""The publisher's settings; only ``main`` reads them."""

from typing import Annotated

from pydantic import BaseModel, Field, model_validator

from shared.settings import SecretsSettings, ServiceSettings


class DispatchSettings(BaseModel):
    """How much is sent at once, and how long anything may take."""

    concurrency: int = Field(512, ge=1, le=5000, description="publications claimed and not yet settled in one process")
    per_account: int = Field(400, ge=1, le=5000, description="the same for one healthy account")
    connections: int = Field(96, ge=1, le=1000, description="requests under way to one host in one process")
    breath_ms: int = Field(20, ge=0, le=1000, description="least time between two claims; what is due is gathered")
    idle_seconds: float = Field(1.0, gt=0, le=60, description="look for due publications at least this often")
    lease_seconds: float = Field(30, gt=5, description="how long a claim is ours")
    attempt_seconds: float = Field(15, gt=1, description="an attempt ends within this, connecting included")

    @model_validator(mode="after")
    def _attempt_fits_into_lease(self) -> "DispatchSettings":
        if self.lease_seconds < self.attempt_seconds + 5:
            raise ValueError("lease_seconds must be at least 5 more than attempt_seconds")
        return self


class RetrySettings(BaseModel):
    """When something is tried again, and when no longer."""

    first_seconds: float = Field(1, gt=0, description="wait after a first failure; doubles from there")
    most_seconds: float = Field(300, gt=0, description="longest wait between failures")
    look_first_seconds: float = Field(1, gt=0, description="wait before the first look after an unknown outcome")
    look_most_seconds: float = Field(60, gt=0, description="longest wait between looks")
    parked_first_seconds: float = Field(5, gt=0, description="rest of an account whose credentials are dead")
    parked_most_seconds: float = Field(60, gt=0, description="longest such rest")
    throttled_seconds: float = Field(60, gt=0, description="rest of a throttled account that was not told how long")
    settle_seconds: float = Field(
        600, gt=0, description="after this long an unproved unknown is sent again or handed to a person"
    )
    give_up_hours: float = Field(24, gt=0, description="what could not be sent for so long has failed")
    most_resends: int = Field(3, ge=0, description="how often a reply proved absent is sent again")


class PlatformSettings(BaseModel):
    """Where platforms are, unless an account's credentials say otherwise."""

    facebook_url: str = Field("https://graph.facebook.com", description="the Graph API")
    facebook_version: str = Field("v25.0", pattern=r"^v\d+\.\d+$", description="version of the Graph API")
    mastodon_url: str | None = Field(None, description="the server of accounts that name none")
    youtube_url: str = Field("https://www.googleapis.com", description="the YouTube Data API")
    x_url: str = Field("https://api.x.com", description="X's API, version 2")
    telegram_url: str = Field("https://api.telegram.org", description="the Bot API")
    viber_url: str = Field("https://chatapi.viber.com", description="Viber's REST API")
    line_url: str = Field("https://api.line.me", description="the Messaging API")
    postmark_url: str = Field("https://api.postmarkapp.com", description="Postmark's API")
    mailgun_url: str = Field(
        "https://api.mailgun.net", description="Mailgun's API; https://api.eu.mailgun.net in the EU"
    )


class ReachSettings(BaseModel):
    """How far an answer should come, and who looks."""

    parity_share: float = Field(0.1, ge=0, le=1, description="least views of an answer by those of its question")
    parity_shares: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(
        {}, description="the same for agencies that want another, by agency"
    )
    judged_from_hour: int = Field(12, ge=1, le=168, description="hours after publication from which it is judged")
    concurrency: int = Field(4, ge=1, le=64, description="answers measured at once by one process")
    idle_seconds: float = Field(5, gt=0, le=300, description="look for what is to be measured this often")


class Settings(ServiceSettings):
    """All settings of the publisher."""

    secrets: SecretsSettings
    dispatch: DispatchSettings = DispatchSettings()
    retry: RetrySettings = RetrySettings()
    platforms: PlatformSettings = PlatformSettings()
    reach: ReachSettings = ReachSettings()
