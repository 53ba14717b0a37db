"""Settings of ingest; only ``main`` reads them."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from shared.settings import SecretsSettings, ServiceSettings


class IntakeSettings(BaseModel):
    """How arrivals are taken in."""

    group_most: int = Field(500, ge=1, le=5000, description="most arrivals committed in one transaction")
    accounts_refresh_seconds: float = Field(1.0, gt=0, description="how soon a change of accounts is seen everywhere")


class LimitSettings(BaseModel):
    """How much one client may ask of one process over ``/v1``, reading and writing together."""

    requests_per_second: float = Field(100, gt=0, description="sustained")
    burst: int = Field(300, ge=25, description="at once; a batch counts as 1 and one more for each 50 comments")


class HealthSettings(BaseModel):
    """When an account counts as degraded."""

    failing_signatures: int = Field(10, ge=1, description="refused deliveries in a row that mean a wrong secret")
    again_after_seconds: float = Field(600, ge=0, description="pause before one process says so of an account again")
    check_seconds: float = Field(5, gt=0, description="time between two looks for silent accounts")


class PlatformPolling(BaseModel):
    """How the accounts of one platform are asked."""

    poll_seconds: float = Field(5.0, gt=0, description="time between two looks at what is new")
    least_seconds: float = Field(1.0, ge=0, description="least time between two looks, however often a stream wakes")
    reread_seconds: float = Field(30.0, gt=0, description="time between two rounds of reading comments again")
    reread_batch: int = Field(10, ge=1, le=200, description="comments read again in one round")
    reread_hours: float = Field(24.0, gt=0, description="how long a comment is watched for edits and deletion")
    backlog_hours: float = Field(24.0, ge=0, description="how old comments of a newly connected account may be")
    grace_seconds: float = Field(60.0, ge=0, description="how long a comment may take by webhook before it is a gap")
    retry_seconds: float = Field(10.0, gt=0, description="first pause after no answer, or a refusal; it grows")
    reconnect_seconds: float = Field(1.0, gt=0, description="first pause after a stream ended; it grows")
    patience_seconds: float = Field(600.0, gt=0, description="how long without an answer before an account is degraded")
    deaf_seconds: float = Field(3600.0, gt=0, description="time before a server without a stream is asked for it again")
    silence_seconds: float = Field(90.0, gt=0, description="a stream that is silent for so long is dead")
    timeout_seconds: float = Field(10.0, gt=0, description="longest silence within an answer")
    stream_url: str | None = Field(None, description="where the stream is, if not on the accounts' own servers")


class BlueskyPolling(PlatformPolling):
    """The list is short work for a server that allows 3,000 requests in five minutes; the stream is the network's."""

    reread_batch: int = Field(50, ge=1, le=200)
    stream_url: str | None = "wss://jetstream2.us-east.bsky.network/subscribe"


class YouTubePolling(PlatformPolling):
    """A look costs 1 of a project's 10,000 units a day, a round of reading again 2 to 4. The defaults take less than
    half for one channel and leave the rest for replies, 50 units each; a project with more channels looks less often.
    """

    poll_seconds: float = Field(60.0, gt=0)
    reread_seconds: float = Field(120.0, gt=0)
    reread_batch: int = Field(50, ge=1, le=200)


class MastodonPolling(PlatformPolling):
    """The defaults stay within 300 requests in five minutes for each token, however often the stream wakes."""

    least_seconds: float = Field(2.0, ge=0)


class FacebookPolling(PlatformPolling):
    """A look finds what a webhook lost; the limit is counted for a Page's whole day."""

    poll_seconds: float = Field(300.0, gt=0)
    backlog_hours: float = Field(0.0, ge=0)
    timeout_seconds: float = Field(30.0, gt=0)


class InstagramPolling(FacebookPolling):
    """As Facebook."""


class XPolling(PlatformPolling):
    """A look finds what a webhook lost; each post that it brings is paid for."""

    poll_seconds: float = Field(900.0, gt=0)
    backlog_hours: float = Field(0.0, ge=0)


class DiscoursePolling(PlatformPolling):
    """A look finds what a webhook lost: Discourse repeats nothing by itself."""

    poll_seconds: float = Field(120.0, gt=0)
    backlog_hours: float = Field(0.0, ge=0)


class PollingSettings(BaseModel):
    """Every platform that is asked, under its name."""

    bluesky: BlueskyPolling = BlueskyPolling()
    mastodon: MastodonPolling = MastodonPolling()
    facebook: FacebookPolling = FacebookPolling()
    instagram: InstagramPolling = InstagramPolling()
    x: XPolling = XPolling()
    discourse: DiscoursePolling = DiscoursePolling()
    youtube: YouTubePolling = YouTubePolling()

    def of(self, platform: str) -> PlatformPolling:
        """How the accounts of ``platform`` are asked."""
        wanted: PlatformPolling = getattr(self, platform)
        return wanted


class Open311Settings(BaseModel):
    """What Open311 clients are told of this server."""

    services: Path | None = Field(None, description="folder of <agency>.yaml files with what each agency offers")
    contact: str = Field("Ask the agency that you report to.", description="whom to ask, told to clients")
    key_service: str = Field("Each agency gives out its own keys.", description="how to get a key, told to clients")
    type: Literal["production", "test"] = Field("production", description="whether reports are in earnest")


class Settings(ServiceSettings):
    """What ingest needs."""

    secrets: SecretsSettings
    intake: IntakeSettings = IntakeSettings()
    health: HealthSettings = HealthSettings()
    limits: LimitSettings = LimitSettings()
    open311: Open311Settings = Open311Settings()
    polling: PollingSettings = PollingSettings()
