"""What a home folder keeps from one start to the next: its keys, and the seed that every sample secret grows from.

Without the same keys, what lies sealed in the database of this home could not be opened again.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from joserfc.jwk import ECKey


@dataclass(frozen=True)
class Keep:
    """Made once for a home. ``sealing_key`` is base64 of 32 bytes, ``issuer_key`` a private JWK, ``seed`` 64 hex."""

    sealing_key: str
    issuer_key: str
    seed: str

    def secret(self, name: str, characters: int = 32) -> str:
        """The sample secret of this name: as many (at most 64) lower-case hex characters, always the same here."""
        return self._digest(name).hex()[:characters]

    def signing_secret(self, name: str) -> str:
        """A secret as Standard Webhooks writes it."""
        return "whsec_" + base64.b64encode(self._digest(name)).decode()

    def _digest(self, name: str) -> bytes:
        return hmac.new(self.seed.encode(), name.encode(), hashlib.sha256).digest()


def open_keep(home: Path) -> Keep:
    """The keep of ``home``, made if there is none; readable by its owner only."""
    path = home / "keep.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    keep = Keep(**{field.name: known.get(field.name) or _NEW[field.name]() for field in fields(Keep)})
    if asdict(keep) != known:
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(keep), indent=1))
    return keep


def _issuer_key() -> str:
    return json.dumps(ECKey.generate_key("P-256", {"kid": secrets.token_hex(8)}).as_dict(private=True))


_NEW: dict[str, Callable[[], str]] = {
    "sealing_key": lambda: base64.b64encode(os.urandom(32)).decode(),
    "issuer_key": _issuer_key,
    "seed": lambda: secrets.token_hex(32),
}
