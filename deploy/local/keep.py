"""What a home folder keeps from one start to the next: keys and account secrets.

Without the same keys, what lies sealed in the database of this home could not be opened again.
"""

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from joserfc.jwk import ECKey


@dataclass(frozen=True)
class Keep:
    """Made once for a home. ``sealing_key`` is base64 of 32 bytes, ``issuer_key`` a private JWK."""

    sealing_key: str
    issuer_key: str
    facebook_secret: str
    facebook_verify_token: str
    page_token: str
    mastodon_token: str
    standard_secret: str
    open311_key: str


def open_keep(home: Path) -> Keep:
    """The keep of ``home``, made if there is none; readable by its owner only."""
    path = home / "keep.json"
    if path.exists():
        return Keep(**json.loads(path.read_text()))
    keep = Keep(
        sealing_key=base64.b64encode(os.urandom(32)).decode(),
        issuer_key=json.dumps(ECKey.generate_key("P-256", {"kid": secrets.token_hex(8)}).as_dict(private=True)),
        facebook_secret=secrets.token_hex(16),
        facebook_verify_token=secrets.token_urlsafe(16),
        page_token=secrets.token_urlsafe(32),
        mastodon_token=secrets.token_urlsafe(32),
        standard_secret="whsec_" + base64.b64encode(os.urandom(32)).decode(),
        open311_key=secrets.token_urlsafe(24),
    )
    path.touch(mode=0o600)
    path.write_text(json.dumps(asdict(keep), indent=1))
    return keep
