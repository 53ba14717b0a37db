"""What a platform's file offers. The modules themselves are the implementations."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from services.ingest.domain.accounts import Account, SecretSet
from services.ingest.domain.entries import Reading

Headers = Mapping[str, str]
"""Header fields by lower-case name."""

SecretShapes = Mapping[str, re.Pattern[str]]
TOKEN = re.compile("[!-~]{1,1024}")
"""What most secrets look like: printable, without spaces."""


class Source(Protocol):
    """A platform, as whoever registers an account for it must know it."""

    @property
    def SECRETS(self) -> SecretShapes:
        """The secrets that an account must have, each with what it looks like."""

    @property
    def NEEDS_BASE_URL(self) -> bool:
        """Whether an account must say on which server it lives."""


class Webhook(Source, Protocol):
    """A platform that pushes signed bodies."""

    @property
    def MOST_BYTES(self) -> int:
        """The largest body taken in."""

    def authenticate(self, body: bytes, headers: Headers, secrets: Sequence[SecretSet], now: datetime) -> None:
        """Return if ``body`` is signed by one of ``secrets``; raises ``BadSignature`` or ``StaleSignature``."""

    def read(self, body: bytes, headers: Headers, account: Account, now: datetime) -> Reading:
        """All that an authentic body says; raises ``Unreadable``."""

    def handshake(self, query: Mapping[str, str], account: Account) -> str:
        """The answer to the platform's question whether we are there; raises ``BadHandshake``."""


class Polled(Source, Protocol):
    """A platform that is asked for what is new."""
