"""What a Telegram message holds: words, and what was attached to them.

Source: Telegram, "Bot API" (Message, PhotoSize, Location, Venue, Contact). Files have no address: they are given out
for their ``file_id`` to the bot that got it. A photo comes in several sizes. An animation is listed as a document, too,
for older bots, and a venue as a location. Of a contact that was passed on, the number stays in the raw body.
"""

from collections.abc import Mapping
from typing import Any

from services.ingest.domain.entries import Media, MediaKind
from services.ingest.domain.refusals import Unreadable
from services.ingest.domain.text import clean_name, identifier
from services.ingest.platforms.attached import place
from services.ingest.platforms.json_body import as_object, count

# Of several that one message lists, the first is what was sent.
_FILES: Mapping[str, MediaKind] = {
    "animation": "video",
    "video": "video",
    "video_note": "video",
    "voice": "audio",
    "audio": "audio",
    "sticker": "sticker",
    "document": "file",
}


def words_of(message: Mapping[str, Any]) -> str:
    """What was written, alone or under a file; raises ``Unreadable`` for what is no text."""
    words = message.get("text", message.get("caption"))
    if words is None:
        return ""
    if not isinstance(words, str):
        raise Unreadable("A message's text is not text.")
    return words


def media_of(message: Mapping[str, Any]) -> tuple[Media, ...]:
    """What was attached: one thing at most; raises ``Unreadable``."""
    if "photo" in message:
        return _photo(message["photo"])
    for name, kind in _FILES.items():
        if name in message:
            return (_file(kind, as_object(message[name], name)),)
    if "location" in message:
        return (_location(as_object(message["location"], "location"), message.get("venue")),)
    if "contact" in message:
        contact = as_object(message["contact"], "contact")
        names = (contact.get("first_name"), contact.get("last_name"))
        return (Media("contact", name=clean_name(" ".join(part for part in names if isinstance(part, str)))),)
    return ()


def _photo(sizes: object) -> tuple[Media, ...]:
    known = [size for size in sizes if isinstance(size, dict)] if isinstance(sizes, list) else []
    return (_file("image", max(known, key=_pixels)),) if known else ()


def _pixels(size: Mapping[str, Any]) -> int:
    return (count(size.get("width")) or 0) * (count(size.get("height")) or 0)


def _file(kind: MediaKind, file: Mapping[str, Any]) -> Media:
    return Media(
        kind,
        native_id=identifier(file.get("file_id")),
        name=clean_name(file.get("file_name")),
        content_type=clean_name(file.get("mime_type")),
    )


def _location(location: Mapping[str, Any], venue: object) -> Media:
    """A place, by the name of the venue that is there."""
    name = clean_name(venue.get("title")) if isinstance(venue, dict) else None
    return place(location.get("latitude"), location.get("longitude"), name=name)
