"""Secrets at rest: AES-256-GCM, each bound to what it belongs to.

Bound means that a sealed secret copied to another account's row does not open there (the account is additional
authenticated data, NIST SP 800-38D). The newest key seals; older ones only open what they sealed once, until
``resealing`` has seen to it.
"""

import base64
import binascii
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


class WrongKey(ValueError):
    """This secret was sealed with another key or for another owner."""


class Seal:
    """Seals with one key of 32 bytes, and opens with that and with ``older`` ones."""

    def __init__(self, key: bytes, *older: bytes) -> None:
        if any(len(one) != 32 for one in (key, *older)):
            raise ValueError("the key that seals secrets must be 32 bytes")
        self._cipher = AESGCM(key)
        self._older = [AESGCM(one) for one in older if one != key]

    @classmethod
    def from_base64(cls, key: str, *older: str) -> "Seal":
        """The seal of keys written in base64, as settings carry them."""
        try:
            return cls(*(base64.b64decode(one, validate=True) for one in (key, *older)))
        except binascii.Error as error:
            raise ValueError("the key that seals secrets must be base64") from error

    @property
    def is_being_rotated(self) -> bool:
        """Whether there are older keys, under which something may still be sealed."""
        return bool(self._older)

    def seal(self, plaintext: bytes, bound_to: str) -> bytes:
        """Nonce and ciphertext, under the newest key."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plaintext, bound_to.encode())

    def open(self, sealed: bytes, bound_to: str) -> bytes:
        """The plaintext. Raises ``WrongKey``."""
        for cipher in (self._cipher, *self._older):
            plaintext = _opened(cipher, sealed, bound_to)
            if plaintext is not None:
                return plaintext
        raise WrongKey(WrongKey.__doc__)

    def anew(self, sealed: bytes, bound_to: str) -> bytes | None:
        """The same secret under the newest key; None if it is already. Raises ``WrongKey``."""
        if _opened(self._cipher, sealed, bound_to) is not None:
            return None
        return self.seal(self.open(sealed, bound_to), bound_to)


def _opened(cipher: AESGCM, sealed: bytes, bound_to: str) -> bytes | None:
    try:
        return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to.encode())
    except (InvalidTag, ValueError):  # ValueError: cut so short that not even a nonce is left
        return None
