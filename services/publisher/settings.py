"""The publisher's settings; only ``main`` reads them."""

from typing import Annotated

from pydantic import BaseModel, Field, field_validator, model_validator

from services.publisher.domain.addresses import networks, ports
from services.publisher.domain.retrying import WAITS
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


class CallbackSettings(BaseModel):
    """What subscribers are told, where, and how patiently. Times are seconds unless they say hours."""

    allowed_networks: list[str] = Field([], description="networks beside the public ones, such as 10.20.0.0/16")
    ports: list[str] = Field([], description="ports beside 443, and ranges of them: 8443, 9000-9099")
    waits: list[float] = Field(list(WAITS), min_length=1, max_length=20, description="before each attempt")
    jitter: float = Field(0.2, ge=0, le=0.5, description="by how much of itself a wait is moved")
    honoured_seconds: float = Field(3600, ge=0, description="the longest Retry-After beyond twice the wait itself")
    rest_seconds: float = Field(60, ge=0, description="least wait after a time-out or a 429")
    connect_seconds: float = Field(5, gt=0, description="a connection comes about within this")
    attempt_seconds: float = Field(15, gt=0, description="an attempt ends within this, connecting included")
    lease_seconds: float = Field(30, gt=0, description="how long a claim is ours")
    slow_seconds: float = Field(2, gt=0, description="an endpoint that takes longer gets one attempt at a time")
    concurrency: int = Field(1024, ge=1, le=5000, description="deliveries claimed and not yet settled in one process")
    per_endpoint: int = Field(32, ge=1, le=1000, description="the same for one healthy endpoint")
    breath_ms: int = Field(20, ge=0, le=1000, description="least time between two claims; what is due is gathered")
    idle_seconds: float = Field(1.0, gt=0, le=60, description="look for due deliveries at least this often")
    care_seconds: float = Field(60, gt=0, description="between two looks after endpoints that fail")
    breaker_from: int = Field(5, ge=1, description="failures in a row from which on an endpoint rests in between")
    breaker_first_seconds: float = Field(5, ge=0, description="the first such rest; doubles from there")
    breaker_most_seconds: float = Field(60, ge=0, description="the longest such rest")
    disable_hours: float = Field(120, gt=0, description="of nothing but failure, after which an endpoint is disabled")
    least_failures: int = Field(10, ge=1, description="and not before so many failures")
    spread_hours: float = Field(24, ge=0, description="of which the last is so long after the first")
    warn_hours: list[float] = Field([24, 72, 108], description="of nothing but failure, after which a notice says so")

    @model_validator(mode="after")
    def _attempt_fits_into_lease(self) -> "CallbackSettings":
        if self.lease_seconds < self.attempt_seconds + 5:
            raise ValueError("lease_seconds must be at least 5 more than attempt_seconds")
        return self

    @field_validator("allowed_networks")
    @classmethod
    def _are_networks(cls, names: list[str]) -> list[str]:
        networks(names)
        return names

    @field_validator("ports")
    @classmethod
    def _are_ports(cls, names: list[str]) -> list[str]:
        ports(names)
        return names


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
    callbacks: CallbackSettings = CallbackSettings()
    reach: ReachSettings = ReachSettings()
