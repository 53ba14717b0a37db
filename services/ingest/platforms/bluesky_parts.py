"""The parts of a post's record that stand beside its text: facets, and what is embedded.

Sources: atproto lexicons ``app.bsky.richtext.facet`` and ``app.bsky.embed.*``. What must stay true:

- A record is whatever its author's client wrote; the network checks little of it. Nothing here raises anything.
- Facets count bytes of UTF-8. A link's address stands in its facet, because clients shorten what they show of it.
- Files lie in their author's repository, under their CID.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from services.ingest.domain.entries import Media, MediaKind
from services.ingest.domain.text import clean_name

MOST_MEDIA = 30
MOST_ADDRESS_CHARACTERS = 2_048

_WEB_ADDRESS = re.compile("https?://[^\x00-\x20\x7f\ud800-\udfff]+")
_CID = re.compile("[A-Za-z0-9]{1,256}")
_BLOBS: Mapping[str, tuple[str | None, str, MediaKind]] = {
    "app.bsky.embed.images": ("images", "image", "image"),
    "app.bsky.embed.gallery": ("items", "image", "image"),
    "app.bsky.embed.video": (None, "video", "video"),
}
"""For each kind of embed: the list that its parts stand in, the part that is a file, and what that file is."""


def mentions(record: Mapping[str, Any]) -> Iterator[tuple[int, int, str]]:
    """The mentions of a record: where each begins and ends, in bytes, and whom it means."""
    for start, end, feature in _features(record):
        did = feature.get("did")
        if feature.get("$type") == "app.bsky.richtext.facet#mention" and isinstance(did, str):
            yield start, end, did


def embeds(record: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What is embedded, by kind; a quote with media is both."""
    embed = record.get("embed")
    if not isinstance(embed, dict):
        return
    if embed.get("$type") != "app.bsky.embed.recordWithMedia":
        yield str(embed.get("$type")), embed
        return
    for part, kind in ((embed.get("record"), "app.bsky.embed.record"), (embed.get("media"), None)):
        if isinstance(part, dict):
            yield kind or str(part.get("$type")), part


def media_of(record: Mapping[str, Any]) -> tuple[Media, ...]:
    """The files and cards that came with a post, and the addresses of its links."""
    links = (feature.get("uri") for _, _, feature in _features(record))
    found = [media for kind, embed in embeds(record) for media in _attached(kind, embed)]
    found += [Media("link", link) for link in links if _is_address(link)]
    return tuple(dict.fromkeys(found))[:MOST_MEDIA]


def _features(record: Mapping[str, Any]) -> Iterator[tuple[int, int, Mapping[str, Any]]]:
    for facet in _objects(record.get("facets")):
        start, end = (_bound(facet.get("index"), name) for name in ("byteStart", "byteEnd"))
        for feature in _objects(facet.get("features")):
            yield start, end, feature


def _bound(index: object, name: str) -> int:
    bound = index.get(name) if isinstance(index, dict) else None
    return bound if type(bound) is int and bound >= 0 else 0


def _attached(kind: str, embed: Mapping[str, Any]) -> Iterator[Media]:
    if kind == "app.bsky.embed.external":
        card = embed.get("external")
        if isinstance(card, dict) and _is_address(card.get("uri")):
            yield Media("link", card["uri"], name=clean_name(card.get("title")))
    elif kind in _BLOBS:
        parts, file, media = _BLOBS[kind]
        for part in _objects(embed.get(parts)) if parts else [embed]:
            blob = part.get(file)
            ref = blob.get("ref") if isinstance(blob, dict) else None
            cid = ref.get("$link") if isinstance(ref, dict) else None
            if isinstance(cid, str) and isinstance(blob, dict) and _CID.fullmatch(cid):
                name, content_type = clean_name(part.get("alt")), clean_name(blob.get("mimeType"))
                yield Media(media, native_id=cid, name=name, content_type=content_type)


def _is_address(value: object) -> bool:
    return (
        isinstance(value, str) and len(value) <= MOST_ADDRESS_CHARACTERS and _WEB_ADDRESS.fullmatch(value) is not None
    )


def _objects(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
