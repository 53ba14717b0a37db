"""Identifiers: prefixed, opaque to clients, sorted by birth.

An id is a prefix that names the noun and a UUID of version 7 (RFC 9562, section 5.7), so that rows born together
lie together in an index. Clients may rely on the prefix and on nothing else.
"""

import hashlib
import time
from datetime import UTC, datetime, timedelta
from typing import NewType
from uuid import UUID

from shared.entropy import Entropy

CommentId = NewType("CommentId", str)
CaseId = NewType("CaseId", str)
ResponseId = NewType("ResponseId", str)
PublicationId = NewType("PublicationId", str)
AccountId = NewType("AccountId", str)

_ENTROPY = Entropy(10)
_VERSION_AND_VARIANT = (7 << 76) | (2 << 62)
_RANDOM_BITS = (0xFFF << 64) | ((1 << 62) - 1)


def uuid7() -> UUID:
    """A UUID that sorts by the millisecond of its birth."""
    random = int.from_bytes(_ENTROPY.take(), "big") & _RANDOM_BITS
    return UUID(int=(time.time_ns() // 1_000_000) << 80 | _VERSION_AND_VARIANT | random)


def new_id(prefix: str) -> str:
    """A new id, for example ``cmt_019aa3f2c1e47c55a0f3b2d98e6f1a07``."""
    return f"{prefix}_{uuid7().hex}"


def birth(identifier: str) -> datetime:
    """When one of our own ids was made, to the millisecond: what must not change between two tries is taken from here.

    Raises ``ValueError`` for what is no id of ours.
    """
    made = UUID(hex=identifier.rpartition("_")[2])
    if made.version != 7:
        raise ValueError(f"not an id of ours: {identifier!r}")
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=made.int >> 80)


def account_id(platform: str, account: str, agency: str = "") -> AccountId:
    """The one id of an agency's account: the same in every service, without asking.

    ``agency`` takes part only where the platform's own id does not tell one agency's account from another's
    (a REST client that writes to several agencies).
    """
    digest = hashlib.sha256("\x1f".join((platform, account, agency)).encode()).hexdigest()
    return AccountId(f"acc_{digest[:24]}")
