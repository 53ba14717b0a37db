"""The parts that both of X's payload families are made of: people, names in a text, pictures, ids.

Sources: X developer documentation, "Data dictionary" of v2 and of v1.1 ("native enriched"). The families say the same
with other words (``username`` and ``screen_name``, ``media_key`` and ``id_str``): here is where that ends.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.ingest.domain.entries import Entry, Malformed, Media, MediaKind
from services.ingest.domain.refusals import Unreadable
from services.ingest.domain.text import clean_name, identifier
from services.ingest.platforms.attached import address
from services.ingest.platforms.json_body import as_list, as_object, count

Part = Mapping[str, Any]
"""An object in a body."""

NOTHING: Part = {}
MOST_MEDIA = 16
"""More than X lets a person attach."""

_KINDS: Mapping[str, MediaKind] = {"photo": "image", "video": "video", "animated_gif": "video"}
_FILM = "video/mp4"


@dataclass(frozen=True, slots=True)
class Person:
    """Who wrote."""

    id: str
    name: str | None = None
    handle: str | None = None
    followers: int | None = None


def person(native_id: str, user: Part) -> Person:
    """The user ``native_id`` as described by ``user``."""
    followers = part(user, "public_metrics").get("followers_count", user.get("followers_count"))
    handle = clean_name(user.get("username", user.get("screen_name")))
    return Person(native_id, clean_name(user.get("name")), handle, count(followers))


def written(value: Part) -> str:
    """The text of a post or message; raises ``Unreadable``."""
    text = value.get("full_text", value.get("text"))
    if not isinstance(text, str):
        raise Unreadable("A post or message has no text.")
    return text


def own_names(value: Part, account: str) -> frozenset[str]:
    """The handles by which a text names ``account``, in lower case."""
    entities = part(value, "entities")
    named = members(entities.get("mentions", entities.get("user_mentions")))
    own = [one for one in named if account in (one.get("id_str"), one.get("id"))]
    handles = [one.get("username", one.get("screen_name")) for one in own]
    return frozenset(handle.lower() for handle in handles if isinstance(handle, str))


def media_of(items: Sequence[Part]) -> tuple[Media, ...]:
    """Pictures and films; of a film, the best version that is one file."""
    return tuple(_attached(item) for item in items[:MOST_MEDIA])


def needed(value: object, name: str) -> str:
    """``value`` as an id; raises ``Unreadable`` with ``name`` where there is none."""
    found = identifier(value)
    if found is None:
        raise Unreadable(f"{name} has no id.")
    return found


def part(value: Part, name: str) -> Part:
    """The object ``name`` in ``value``; an empty one where there is none."""
    found = value.get(name)
    return found if isinstance(found, dict) else NOTHING


def members(value: object) -> list[Part]:
    """The objects in a list that may be missing; what is no object falls out."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def each(value: object, name: str, account: str, read: Callable[[Part], Entry]) -> Iterator[Entry]:
    """What ``read`` makes of every object in the list ``name``; one that is malformed does not take the rest along."""
    try:
        items = as_list(value, name)
    except Unreadable as error:
        yield Malformed(account, error.reason)
        return
    for item in items:
        try:
            yield read(as_object(item, f"An element of {name}"))
        except Unreadable as error:
            yield Malformed(account, error.reason)


def _attached(item: Part) -> Media:
    said = item.get("type")
    kind = _KINDS.get(said, "file") if isinstance(said, str) else "file"
    native_id = identifier(item.get("media_key", item.get("id_str")))
    if kind == "video":
        return Media(kind, _best_film(item), native_id, content_type=_FILM)
    # In the older family ``url`` is the short link that stands in the text.
    return Media(kind, address(item.get("media_url_https", item.get("url"))), native_id)


def _best_film(item: Part) -> str | None:
    variants = members((part(item, "video_info") or item).get("variants"))
    films = [variant for variant in variants if variant.get("content_type") == _FILM]
    return address(max(films, key=_bits, default=NOTHING).get("url"))


def _bits(film: Part) -> int:
    return count(film.get("bitrate", film.get("bit_rate"))) or 0
