"""The record that a reply becomes in the account's Bluesky repository.

Sources: atproto specifications "TID" and "AT URI"; lexicon ``app.bsky.feed.post``. What must stay true: key and
``createdAt`` follow from the publication alone, so every attempt writes the same record under the same key. A TID has
13 characters: 53 bits of microseconds and 10 bits that tell writers apart, and sorts by time.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from services.publisher.adapters.platforms.bluesky_facets import facets
from services.publisher.domain.publications import Publication
from shared.ids import birth

COLLECTION = "app.bsky.feed.post"

_SORTABLE = "234567abcdefghijklmnopqrstuvwxyz"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WRITERS = 1 << 10


@dataclass(frozen=True, slots=True)
class Answered:
    """What a reply stands under: address and version (``uri``, ``cid``) of the conversation's first post and of the
    one that is answered; ``dids`` are people by their handles, in small letters."""

    root: Mapping[str, str]
    parent: Mapping[str, str]
    dids: Mapping[str, str] = field(default_factory=dict)


def record_key(publication: Publication) -> str:
    """The key that this reply always has: its birth, told apart from others of that millisecond by its id.

    Parts follow each other by a microsecond, so they sort as they are read.
    """
    digest = hashlib.sha256(publication.publication.encode()).digest()
    apart, writer = divmod(int.from_bytes(digest[:4], "big"), _WRITERS)
    born = (birth(publication.publication) - _EPOCH) // timedelta(microseconds=1)
    value = (born + apart % 1000 + publication.part - 1) * _WRITERS + writer
    return "".join(_SORTABLE[value >> shift & 31] for shift in range(60, -1, -5))


def created_at(publication: Publication) -> str:
    """When the reply was made, as records have it; each part a millisecond after the one before."""
    moment = birth(publication.publication) + timedelta(milliseconds=publication.part - 1)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def record_of(publication: Publication, answered: Answered) -> dict[str, Any]:
    """The record, as ``putRecord`` takes it."""
    record: dict[str, Any] = {
        "$type": COLLECTION,
        "text": publication.text,
        "createdAt": created_at(publication),
        "reply": {"root": dict(answered.root), "parent": dict(answered.parent)},
    }
    if publication.language:
        record["langs"] = [publication.language]
    marked = facets(publication.text, answered.dids)
    if marked:
        record["facets"] = marked
    return record


def is_this(record: object, publication: Publication) -> bool:
    """Whether a record is this reply: same text under the same post. Versions may differ, where that was edited."""
    reply = record.get("reply") if isinstance(record, dict) else None
    parent = reply.get("parent") if isinstance(reply, dict) else None
    return (
        isinstance(record, dict)
        and isinstance(parent, dict)
        and parent.get("uri") == publication.reply_to
        and record.get("text") == publication.text
    )


def address_of(account: str, key: str) -> str:
    """The address of a post of the account."""
    return f"at://{account}/{COLLECTION}/{key}"


def place_of(address: str) -> dict[str, str] | None:
    """Repository, collection and key of an address, as calls want them; None if it is none of a post."""
    parts = address.removeprefix("at://").split("/")
    if not address.startswith("at://did:") or len(parts) != 3 or parts[1] != COLLECTION or not parts[2]:
        return None
    return {"repo": parts[0], "collection": parts[1], "rkey": parts[2]}


def page_of(address: str) -> str | None:
    """Where people read a post."""
    place = place_of(address)
    return f"https://bsky.app/profile/{place['repo']}/post/{place['rkey']}" if place else None


def ref_of(uri: object, cid: object) -> dict[str, str] | None:
    """A reference to one version of a post; None if either is missing."""
    return {"uri": uri, "cid": cid} if isinstance(uri, str) and isinstance(cid, str) else None


def root_of(record: object) -> dict[str, str] | None:
    """The reference to the first post of the conversation that a record stands in; None if it is that itself."""
    reply = record.get("reply") if isinstance(record, dict) else None
    root = reply.get("root") if isinstance(reply, dict) else None
    return ref_of(root.get("uri"), root.get("cid")) if isinstance(root, dict) else None
