"""What a WhatsApp message holds, by its ``type``: words, and what was attached to them.

Sources: Meta, "WhatsApp webhooks: messages" (text, image, audio, video, document, sticker, location, contacts, button,
interactive, unsupported); the recorded samples of pywa (``message.json``, ``callback_*.json``). Media are given out
for their id; an address, where there is one, asks for a token. A tap on a button says the words of the button.
"""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from services.ingest.domain.entries import Media, MediaKind
from services.ingest.domain.refusals import Unreadable
from services.ingest.domain.text import clean_name, identifier
from services.ingest.platforms import meta
from services.ingest.platforms.attached import address, place
from services.ingest.platforms.json_body import as_list, as_object
from services.ingest.platforms.meta import Part


class Content(NamedTuple):
    """What was written, and what came with it."""

    text: str
    media: tuple[Media, ...] = ()


UNREAD: Mapping[str, str] = {
    "reaction": "reaction",
    "system": "system",
    "order": "order",
    "unsupported": "unsupported",
    "interactive": "unsupported",
}
"""Types of which nothing is read, and as what they are counted; ``interactive`` where no button or row was tapped."""


def content_of(message: Part) -> Content | None:
    """What a message holds; None where that is of no use here; raises ``Unreadable``."""
    kind = message.get("type")
    if not isinstance(kind, str) or kind not in _READERS:
        return None
    return _READERS[kind](message.get(kind))


def _text(value: object) -> Content:
    body = as_object(value, "text").get("body")
    if not isinstance(body, str):
        raise Unreadable("A text has no body.")
    return Content(body)


def _file(kind: MediaKind, value: object) -> Content:
    part = as_object(value, kind)
    media = Media(
        kind,
        address(part.get("url")),
        identifier(part.get("id")),
        clean_name(part.get("filename")),
        clean_name(part.get("mime_type")),
    )
    return Content(meta.words(part.get("caption")), (media,))


def _location(value: object) -> Content:
    part = as_object(value, "location")
    name = ", ".join(filter(None, (clean_name(part.get("name")), clean_name(part.get("address")))))
    url = address(part.get("url"))
    return Content("", (place(part.get("latitude"), part.get("longitude"), url=url, name=name or None),))


def _cards(value: object) -> Content:
    """Contacts that were passed on; their numbers stay in the raw body."""
    cards = (one for one in as_list(value, "contacts") if isinstance(one, dict))
    return Content("", tuple(Media("contact", name=_card_name(one)) for one in islice(cards, meta.MOST_MEDIA)))


def _card_name(card: Part) -> str | None:
    name = card.get("name")
    return clean_name(name.get("formatted_name")) if isinstance(name, dict) else None


def _button(value: object) -> Content:
    return Content(meta.words(as_object(value, "button").get("text")))


def _interactive(value: object) -> Content | None:
    """A tap on a button or on a row of a list."""
    reply = value.get("button_reply", value.get("list_reply")) if isinstance(value, dict) else None
    return Content(meta.words(reply.get("title"))) if isinstance(reply, dict) else None


_READERS: Mapping[str, Callable[[Any], Content | None]] = {
    "text": _text,
    "image": partial(_file, "image"),
    "video": partial(_file, "video"),
    "audio": partial(_file, "audio"),
    "document": partial(_file, "file"),
    "sticker": partial(_file, "sticker"),
    "location": _location,
    "contacts": _cards,
    "button": _button,
    "interactive": _interactive,
}
