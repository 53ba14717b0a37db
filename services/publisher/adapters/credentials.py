"""Outbound credentials: sealed in the row, opened for the attempt, never shown.

What must stay true: a token leaves this module only inside ``Credentials``, whose repr hides it. It is sealed for one
account and opens for no other. The address to talk to is the account's own, or its platform's from the settings.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from services.publisher.ports import Credentials
from shared import telemetry
from shared.secrets import Seal, WrongKey

MOST_REMEMBERED = 1000
_WITH_SECRETS = b"\x00"
"""Begins what holds more than a token; no token begins so."""


class Vault:
    """Seals and opens the tokens of accounts; ``addresses`` are the platforms' own, by platform."""

    def __init__(self, seal: Seal, addresses: Mapping[str, str]) -> None:
        self._seal = seal
        self._addresses = addresses
        # Keyed by what is in the row: new credentials are another key, so nothing outdated is ever used.
        self._opened: dict[tuple[str, bytes, str | None, str | None], Credentials | None] = {}

    def seal(self, account_id: str, token: str, secrets: Mapping[str, str] = MappingProxyType({})) -> bytes:
        """The token, and what goes with it, as they may be stored for this account."""
        words = _WITH_SECRETS + json.dumps({"token": token, **secrets}).encode() if secrets else token.encode()
        return self._seal.seal(words, account_id)

    def open(self, row: Any, facts: Mapping[str, int] | None = None) -> Credentials | None:
        """The credentials of a row (``account_id, platform, sealed, base_url, version``) with what their server told of
        its limits; None if unreadable."""
        key = (row.account_id, bytes(row.sealed), row.base_url, row.version)
        if key not in self._opened:
            if len(self._opened) >= MOST_REMEMBERED:
                self._opened.clear()
            self._opened[key] = self._read(row)
        opened = self._opened[key]
        return replace(opened, facts=facts) if opened and facts else opened

    def _read(self, row: Any) -> Credentials | None:
        base_url = row.base_url or self._addresses.get(row.platform)
        if base_url is None:
            return None
        try:
            words = self._seal.open(bytes(row.sealed), row.account_id)
        except WrongKey:
            telemetry.logger().error("credentials.unreadable", account=row.account_id)
            return None
        secrets = json.loads(words.removeprefix(_WITH_SECRETS)) if words.startswith(_WITH_SECRETS) else {}
        token = secrets.pop("token", None) or words.decode()
        return Credentials(token, base_url.rstrip("/"), row.version, secrets)
