"""Secrets at rest: AES-256-GCM under one key, each bound to what it belongs to.

Bound means that a sealed secret copied to another account's row does not open there (the account is additional
authenticated data, NIST SP 800-38D).
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
    """Seals and opens with one key of 32 bytes."""

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise ValueError("the key that seals secrets must be 32 bytes")
        self._cipher = AESGCM(key)

    @classmethod
    def from_base64(cls, key: str) -> "Seal":
        """The seal of a key written in base64, as settings carry it."""
        try:
            return cls(base64.b64decode(key, validate=True))
        except binascii.Error as error:
            raise ValueError("the key that seals secrets must be base64") from error

    def seal(self, plaintext: bytes, bound_to: str) -> bytes:
        """Nonce and ciphertext."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plaintext, bound_to.encode())

    def open(self, sealed: bytes, bound_to: str) -> bytes:
        """The plaintext. Raises ``WrongKey``."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to.encode())
        except (InvalidTag, ValueError) as error:  # ValueError: cut so short that not even a nonce is left
            raise WrongKey(WrongKey.__doc__) from error
