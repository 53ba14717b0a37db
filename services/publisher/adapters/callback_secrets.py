"""Keys and credentials of endpoints: sealed in the row, opened for the attempt, shown once or never.

What must stay true: a key is sealed for one subscription and opens for no other; nothing here is ever logged. What was
opened is remembered by what is in the row, so nothing outdated is used after a rotation.
"""

import json
from typing import TypeVar

from services.publisher.callback_ports import Credentials
from services.publisher.domain.signing import Key, NoKey
from shared import telemetry
from shared.secrets import Seal, WrongKey

MOST_REMEMBERED = 4000
NOTHING = Credentials()

Opened = TypeVar("Opened", Key, Credentials)


class CallbackVault:
    """Seals and opens what belongs to subscriptions."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal
        self._keys: dict[tuple[str, bytes], Key | None] = {}
        self._credentials: dict[tuple[str, bytes], Credentials] = {}

    def seal_key(self, subscription: str, key: Key) -> bytes:
        """A key as it may be stored for this subscription."""
        return self._seal.seal(key.text.encode(), f"{subscription}:key")

    def open_key(self, subscription: str, sealed: bytes) -> Key | None:
        """The key; None where it cannot be opened."""
        place = (subscription, sealed)
        if place not in self._keys:
            _make_room(self._keys)
            try:
                self._keys[place] = Key.read(self._seal.open(sealed, f"{subscription}:key").decode())
            except (WrongKey, NoKey, UnicodeDecodeError):
                telemetry.logger().error("signing_key.unreadable", subscription=subscription)
                self._keys[place] = None
        return self._keys[place]

    def seal_credentials(self, subscription: str, credentials: Credentials) -> bytes | None:
        """What opens an endpoint, as it may be stored; None where nothing does."""
        if credentials == NOTHING:
            return None
        said = {
            "bearer": credentials.bearer,
            "certificate": credentials.certificate,
            "private_key": credentials.private_key,
            "headers": dict(credentials.headers),
        }
        return self._seal.seal(json.dumps(said).encode(), f"{subscription}:credentials")

    def open_credentials(self, subscription: str, sealed: bytes | None) -> Credentials:
        """What opens an endpoint. Raises ``WrongKey`` where it was sealed with another key: it is not to be asked
        without."""
        if sealed is None:
            return NOTHING
        place = (subscription, sealed)
        if place not in self._credentials:
            _make_room(self._credentials)
            said = json.loads(self._seal.open(sealed, f"{subscription}:credentials"))
            self._credentials[place] = Credentials(**said)
        return self._credentials[place]


def _make_room(remembered: dict[tuple[str, bytes], Opened | None] | dict[tuple[str, bytes], Opened]) -> None:
    if len(remembered) >= MOST_REMEMBERED:
        remembered.clear()
