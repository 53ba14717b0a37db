"""An agency's account on a platform, as intake needs it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.ingest.domain.health import Ailment
from shared.ids import AccountId

SecretSet = Mapping[str, str]
"""One generation of an account's secrets, by name (``app_secret``, ``verify_token``, ``secret``, ``token``)."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account. ``account`` is the platform's own id and stands in the webhook's route.

    ``secrets`` are the live generations, newest first: two while one is being rotated out. ``base_url`` is set
    where the platform has many servers (Mastodon). ``ailment`` is what it suffers from, None where it is well.
    """

    id: AccountId
    agency: str
    platform: str
    account: str
    name: str
    connected_at: datetime
    secrets: tuple[SecretSet, ...] = field(default=(), repr=False)
    base_url: str | None = None
    ailment: Ailment | None = None

    @property
    def degraded(self) -> bool:
        """Whether it does not work as it should."""
        return self.ailment is not None

    def every(self, name: str) -> tuple[str, ...]:
        """The live values of one secret, newest first."""
        return tuple(secrets[name] for secrets in self.secrets if name in secrets)


LIVE_GENERATIONS = 2


def rotated(secrets: tuple[SecretSet, ...], newest: SecretSet) -> tuple[SecretSet, ...]:
    """The live generations after ``newest`` came in: the previous one stays valid, older ones end."""
    kept = [generation for generation in secrets if dict(generation) != dict(newest)]
    return (newest, *kept)[:LIVE_GENERATIONS]


def retired(secrets: tuple[SecretSet, ...]) -> tuple[SecretSet, ...]:
    """The newest generation alone: the previous one ends at once."""
    return secrets[:1]
