"""Signatures of callbacks, after Standard Webhooks 1.0.0 (github.com/standard-webhooks/standard-webhooks, the spec).

Signed are the bytes ``{webhook-id}.{webhook-timestamp}.{body}``. A symmetric secret is written ``whsec_`` and 32 random
bytes in base64 and signs as ``v1,<base64 of HMAC-SHA256>``; an Ed25519 key is written ``whsk_`` (its seed, which never
leaves us) and ``whpk_`` (its public half, for the receiver) and signs as ``v1a,<base64>``. Every key that is live
signs, and the header lists the signatures with a space between them: so a receiver may change over in its own time.
"""

import base64
import binascii
import hmac
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

Algorithm = Literal["hmac-sha256", "ed25519"]
Signature = Literal["hmac-sha256", "ed25519", "both"]
"""What a subscriber wants to be signed with."""

SECRET_BYTES = 32
OVERLAP = timedelta(hours=24)
"""How long a key goes on signing after another one took its place."""
MOST_OLD = 5
"""How many such keys there are at most; with one more, the oldest ends at once."""


class NoKey(ValueError):
    """This is no signing key as we write them."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key that signs. ``text`` is how it is written, and is never logged."""

    algorithm: Algorithm
    text: str = field(repr=False)
    _secret: bytes = field(repr=False)
    _private: Ed25519PrivateKey | None = field(default=None, repr=False)

    @classmethod
    def new(cls, algorithm: Algorithm) -> "Key":
        """A key out of 32 random bytes."""
        prefix = "whsec_" if algorithm == "hmac-sha256" else "whsk_"
        return cls.read(prefix + base64.b64encode(os.urandom(SECRET_BYTES)).decode())

    @classmethod
    def read(cls, text: str) -> "Key":
        """The key that is written so. Raises ``NoKey``."""
        prefix, _, encoded = text.partition("_")
        try:
            secret = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise NoKey(NoKey.__doc__) from error
        if len(secret) != SECRET_BYTES or prefix not in ("whsec", "whsk"):
            raise NoKey(NoKey.__doc__)
        if prefix == "whsec":
            return cls("hmac-sha256", text, secret)
        return cls("ed25519", text, secret, Ed25519PrivateKey.from_private_bytes(secret))

    @property
    def public(self) -> str | None:
        """The public half as ``whpk_``; None for a symmetric secret."""
        if self._private is None:
            return None
        return "whpk_" + base64.b64encode(self._private.public_key().public_bytes_raw()).decode()

    def sign(self, content: bytes) -> str:
        """One entry of the header."""
        if self._private is not None:
            return "v1a," + base64.b64encode(self._private.sign(content)).decode()
        return "v1," + base64.b64encode(hmac.digest(self._secret, content, "sha256")).decode()


def algorithms(signature: Signature) -> tuple[Algorithm, ...]:
    """The kinds of keys that a subscriber is given."""
    return ("hmac-sha256", "ed25519") if signature == "both" else (signature,)


def headers(keys: Sequence[Key], message: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of an attempt at ``at``; the id stays, the time and with it the signatures are the attempt's.

    Raises ``NoKey`` where there is nothing to sign with.
    """
    if not keys:
        raise NoKey("there is nothing to sign with")
    timestamp = str(int(at.timestamp()))
    content = f"{message}.{timestamp}.".encode() + body
    return {
        "webhook-id": message,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(key.sign(content) for key in keys),
    }
