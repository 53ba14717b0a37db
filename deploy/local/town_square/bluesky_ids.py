"""The names of things on Bluesky: repositories, records, versions.

Sources: atproto specifications, "DID", "TID", "AT URI", "Data Model". A version's CID here is a hash over the record's
JSON in one fixed order instead of over its DAG-CBOR: it looks the same, and equal records have equal ones.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, Final

POSTS: Final = "app.bsky.feed.post"
"""The collection that posts lie in."""

_SORTABLE: Final = "234567abcdefghijklmnopqrstuvwxyz"
_TID: Final = re.compile("[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")
_DAG_CBOR_SHA256: Final = bytes((0x01, 0x71, 0x12, 0x20))


def did_of(name: str) -> str:
    """Make the DID that somebody has here; the same name always gets the same."""
    return f"did:plc:{_base32(hashlib.sha256(name.encode()).digest())[:24]}"


def tid(number: int) -> str:
    """Make the record key that stands for an id of the square: microseconds and a clock id, sortable as text."""
    value = ((number >> 16) * 1000 << 10) + (number & 0xFFFF)
    return "".join(_SORTABLE[value >> shift & 31] for shift in range(60, -1, -5))


def is_tid(key: str) -> bool:
    """Tell whether a record key has the form that posts must have."""
    return _TID.fullmatch(key) is not None


def cid_of(record: Mapping[str, Any]) -> str:
    """Name a version of a record by its content."""
    content = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "b" + _base32(_DAG_CBOR_SHA256 + hashlib.sha256(content.encode()).digest())


def uri_of(repo: str, key: str) -> str:
    """Give the address of a post."""
    return f"at://{repo}/{POSTS}/{key}"


def repo_of(uri: str) -> str:
    """Give the DID of whoever wrote what lies at this address."""
    return uri.removeprefix("at://").partition("/")[0]


def _base32(content: bytes) -> str:
    return base64.b32encode(content).decode().lower().rstrip("=")
