"""Settings that two or more services share, in nested pieces.

They come from environment variables with the prefix ``PARLEY_`` and ``__`` between the levels, for example
``PARLEY_DATABASE__URL``; a file of the same name in ``/run/secrets`` does as well. Only a service's ``main`` reads
them.
"""

from pathlib import Path
from typing import Self

from pydantic import BaseModel, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SECRETS_FOLDER = Path("/run/secrets")


class DatabaseSettings(BaseModel):
    """Postgres of one service."""

    url: SecretStr = Field(description="postgresql:// address of the working role")
    migration_url: SecretStr | None = Field(None, description="address of the owning role; for migrations only")
    pool_size: int = Field(6, ge=2, le=100, description="connections kept by one process")


class KafkaSettings(BaseModel):
    """The broker."""

    bootstrap: str = Field(description="host:port, several separated by commas")
    idempotent_producer: bool = Field(True, description="off only for a broker that cannot do it")
    volatile: bool = Field(False, description="the broker forgets all on stop; consumers may then begin anew")
    create_topics: bool = Field(False, description="create missing topics at start")
    partitions: int | None = Field(None, ge=1, le=1000, description="of topics created so; else as topics.py says")
    fetch_max_wait_ms: int = Field(100, ge=5, le=5000, description="how long the broker may hold an empty fetch")
    batch_size: int = Field(500, ge=1, le=5000, description="most records handled in one transaction")
    session_timeout_ms: int = Field(15_000, ge=6000, description="after this long a silent consumer is replaced")


class AuthSettings(BaseModel):
    """Who may call: bearer tokens of one issuer."""

    issuer: str = Field(description="the `iss` that tokens must carry")
    jwks_url: str = Field(description="where the issuer publishes its keys")
    audience: str = Field("parley", description="the `aud` that tokens must carry")


class HttpSettings(BaseModel):
    """Where the service listens."""

    host: str = Field("127.0.0.1", description="address to bind")
    port: int = Field(8080, ge=1, le=65535, description="port to bind")
    public_url: str | None = Field(None, description="how clients reach the service, for Link and Location")


class LogSettings(BaseModel):
    """What is logged."""

    level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")


class SecretsSettings(BaseModel):
    """The keys that account secrets and credentials are sealed with.

    A new key is first rolled out as an older one, then as ``key`` with the one before among ``older_keys``: so every
    process can open what any other seals.
    """

    key: SecretStr = Field(description="32 bytes in base64; seals")
    older_keys: list[SecretStr] = Field([], max_length=10, description="more of these, that open what they sealed once")
    receipts_key: SecretStr | None = Field(
        None, description="the key that receipts' ids are made with, if it is not `key`: never changes"
    )

    @property
    def keys(self) -> list[str]:
        """The newest key, and the older ones."""
        return [one.get_secret_value() for one in (self.key, *self.older_keys)]

    @property
    def key_of_receipts(self) -> str:
        """What receipts' ids are made with."""
        return (self.receipts_key or self.key).get_secret_value()


class RetentionSettings(BaseModel):
    """How long sent and handled events are kept; handled ones always longer."""

    outbox_hours: float = Field(48, gt=0, description="sent events stay this long, for a replay")
    inbox_hours: float = Field(24 * 14, gt=0, description="handled events stay known this long")

    @model_validator(mode="after")
    def _handled_events_outlive_sent_ones(self) -> Self:
        if self.inbox_hours <= self.outbox_hours:
            raise ValueError("inbox_hours must be longer than outbox_hours, or a replay is handled twice")
        return self


class ServiceSettings(BaseSettings):
    """What every service needs."""

    model_config = SettingsConfigDict(
        env_prefix="PARLEY_",
        env_nested_delimiter="__",
        secrets_dir=SECRETS_FOLDER if SECRETS_FOLDER.is_dir() else None,
        frozen=True,
    )

    database: DatabaseSettings
    kafka: KafkaSettings
    auth: AuthSettings
    http: HttpSettings = HttpSettings()
    log: LogSettings = LogSettings()
    retention: RetentionSettings = RetentionSettings()
    drain_seconds: float = Field(8, gt=0, description="work under way at a stop gets this long")
