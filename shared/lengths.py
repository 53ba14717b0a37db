"""How long a text is by each platform's own measure, and how long it may be.

Several measures may hold at once (Bluesky counts graphemes and bytes), and a least length as well (Discourse). In doubt
a text counts as longer, never as shorter: what is refused here can be shortened, what a platform refuses was cleared
for nothing.

Sources, by platform:

- bluesky: lexicon ``app.bsky.feed.post`` (``maxGraphemes`` 300, ``maxLength`` 3000 bytes of UTF-8), and
  ``chat.bsky.convo.defs#messageInput`` (1000 and 10000) for what is not public
- discourse: site settings ``min_post_length`` 20, ``min_personal_message_post_length`` 10, ``max_post_length`` 32000;
  white space around a post is taken away before it is measured
- facebook: 8000 characters, not confirmed by Meta's documentation
- instagram: comments 2200 characters, as the app takes them; not confirmed by Meta's documentation (300 characters and
  four hashtags were the limits of an API that is gone). Messages 1000 bytes of UTF-8 (Send API)
- line: Messaging API reference, text message, 5000 UTF-16 code units
- mastodon: ``configuration.statuses`` of an unchanged server, ``max_characters`` 500, ``characters_reserved_per_url``
  23; StatusLengthValidator: graphemes, ``@user@host`` as ``@user``
- messenger: Send API, 2000 characters
- open311: GeoReport v2, ``description``, 4000 characters
- telegram: Bot API ``sendMessage``, 4096; the server counts characters and the documentation UTF-16 code units
- viber: REST API, 7000 characters
- whatsapp: Cloud API, text messages, 4096 characters
- x: twitter-text, ``config/v3.json`` (see ``shared.weighted_length``); messages 10000 characters (Direct Messages)
- youtube: comments, 10000 characters, not confirmed by Google's documentation

Every other platform has no limit that Parley's own (a draft has at most 5000 characters) could reach.

Mastodon and Discourse are servers of many owners, who set their own limits. Where a server has told its own they hold,
be they higher or lower; else those of an unchanged server.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Literal

from shared import graphemes, links
from shared.weighted_length import weighted_length

Unit = Literal["characters", "graphemes", "utf16", "bytes", "weighted"]
"""What is counted: code points, what a reader sees as one character, UTF-16 code units, bytes of UTF-8, X's weight."""

Facts = Mapping[str, int]
"""What a server told of its limits: ``most_characters``; Mastodon ``characters_per_link``; Discourse
``least_characters`` and ``least_in_messages``."""

NOTHING_TOLD: Facts = MappingProxyType({})
OF_THEIR_SERVER = frozenset({"discourse", "mastodon"})
"""The platforms whose servers have limits of their own."""

URL_ON_MASTODON = 23

_REMOTE_MENTION = re.compile(r"(?<![\w@/])@([\w.-]+)@[\w-]+(?:\.[\w-]+)*(?::\d+)?")


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _on_mastodon(text: str, per_link: int = URL_ON_MASTODON) -> int:
    rest, addressed = links.without_addressed(text)
    return graphemes.count(_REMOTE_MENTION.sub(r"@\1", rest)) + addressed * per_link


def _on_discourse(text: str) -> int:
    return len(text.strip())


_COUNT: dict[Unit, Callable[[str], int]] = {
    "characters": len,
    "graphemes": graphemes.count,
    "utf16": _utf16,
    "bytes": _bytes,
    "weighted": weighted_length,
}


@dataclass(frozen=True, slots=True)
class Limit:
    """So many of a unit at most, and at least. ``count`` is set where a platform has its own way to count the unit."""

    unit: Unit
    most: int
    least: int = 0
    count: Callable[[str], int] | None = None

    def measure(self, text: str) -> int:
        """How long a text is by this measure."""
        return (self.count or _COUNT[self.unit])(text)


@dataclass(frozen=True, slots=True)
class Misfit:
    """A text has ``length`` of a platform's ``unit``, where it takes from ``least`` to ``most``."""

    platform: str
    length: int
    unit: Unit
    most: int
    least: int = 0

    @property
    def is_too_long(self) -> bool:
        """Whether it is beyond the most; otherwise it is too short."""
        return self.length > self.most


_PUBLIC: dict[str, tuple[Limit, ...]] = {
    "bluesky": (Limit("graphemes", 300), Limit("bytes", 3000)),
    "discourse": (Limit("characters", 32_000, least=20, count=_on_discourse),),
    "facebook": (Limit("characters", 8000),),
    "instagram": (Limit("characters", 2200),),
    "line": (Limit("utf16", 5000),),
    "mastodon": (Limit("graphemes", 500, count=_on_mastodon),),
    "messenger": (Limit("characters", 2000),),
    "open311": (Limit("characters", 4000),),
    "telegram": (Limit("utf16", 4096),),
    "viber": (Limit("characters", 7000),),
    "whatsapp": (Limit("characters", 4096),),
    "x": (Limit("weighted", 280),),
    "youtube": (Limit("characters", 10_000),),
}
_PRIVATE: dict[str, tuple[Limit, ...]] = {
    "bluesky": (Limit("graphemes", 1000), Limit("bytes", 10_000)),
    "discourse": (Limit("characters", 32_000, least=10, count=_on_discourse),),
    "instagram": (Limit("bytes", 1000),),
    "x": (Limit("characters", 10_000),),
}
"""Where messages have another limit than what is public."""


def limits(platform: str, public: bool = True, facts: Facts = NOTHING_TOLD) -> tuple[Limit, ...]:
    """The limits of a platform, the one that people think of first, as its server told them; none where it has none."""
    found = None if public else _PRIVATE.get(platform)
    usual = _PUBLIC.get(platform, ()) if found is None else found
    if not facts or platform not in OF_THEIR_SERVER:
        return usual
    return tuple(_as_told(each, platform, public, facts) for each in usual)


def _as_told(usual: Limit, platform: str, public: bool, facts: Facts) -> Limit:
    most = facts.get("most_characters", 0)
    told = replace(usual, most=most) if most > 0 else usual
    if platform == "mastodon":
        return replace(told, count=partial(_on_mastodon, per_link=facts.get("characters_per_link", URL_ON_MASTODON)))
    least = facts.get("least_characters" if public else "least_in_messages", told.least)
    return replace(told, least=min(least, told.most))


def measure(platform: str, text: str, public: bool = True) -> int:
    """How long a text is by the platform's first measure; in characters where it has none."""
    found = limits(platform, public)
    return found[0].measure(text) if found else len(text)


def most(platform: str, public: bool = True) -> int | None:
    """How much of its first measure the platform takes, or None where it has no limit."""
    found = limits(platform, public)
    return found[0].most if found else None


def unit(platform: str, public: bool = True) -> Unit:
    """What the platform's first measure counts."""
    found = limits(platform, public)
    return found[0].unit if found else "characters"


def excess(platform: str, text: str, public: bool = True, facts: Facts = NOTHING_TOLD) -> Misfit | None:
    """By which of its limits a platform would not take this text, or None: it would."""
    for limit in limits(platform, public, facts):
        length = limit.measure(text)
        if not limit.least <= length <= limit.most:
            return Misfit(platform, length, limit.unit, limit.most, limit.least)
    return None


def fits(platform: str, text: str, public: bool = True, facts: Facts = NOTHING_TOLD) -> bool:
    """Whether the platform takes this text in one piece."""
    return excess(platform, text, public, facts) is None
